"""The whole job against cocoindex, each in its own environment and process: first run, unchanged, five files appended.

Both read the same folder into LanceDB with the same model folder. Wall time is of the whole process, imports included.
Corpus tokens are those of the folder's own texts, counted by the model's tokenizer, less those that a cut at the
window lost: a peer is neither paid for text that it dropped nor for text that it added.

    python -m venv .peer-venv && .peer-venv/bin/pip install 'cocoindex[lancedb]==1.0.26' sentence-transformers
    python benchmarks/peers.py FOLDER --peer-python .peer-venv/bin/python [--every 1] [--json]

`--every 3` takes every third file, sorted by path. Results go to benchmarks/results/<commit>.json.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import record as records
from benchmarks.common import packaged, sizer
from benchmarks.record import Check

ROOT = Path(__file__).resolve().parent.parent
WINDOW = 254
APPENDED = (
    "This paragraph was appended to see what a small change costs. It is some fifty words long, the same in each of "
    "the files that it was appended to, and says nothing that any of them says already, so that whoever follows the "
    "folder has to notice it, cut it, embed it and store it, and nothing else at all."
)

PEER = """
import asyncio, sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, AsyncIterator
import cocoindex as coco
from cocoindex.connectors import lancedb, localfs
from cocoindex.ops.sentence_transformers import SentenceTransformerEmbedder
from cocoindex.ops.text import RecursiveSplitter
from cocoindex.resources.file import FileLike, PatternFilePathMatcher
from cocoindex.resources.id import IdGenerator
from numpy.typing import NDArray

folder, model, base = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
CONNECTION = coco.ContextKey[lancedb.LanceAsyncConnection]("lance")
embedder = SentenceTransformerEmbedder(model)
splitter = RecursiveSplitter()


@dataclass
class Piece:
    id: int
    source: str
    text: str
    embedding: Annotated[NDArray, embedder]


@coco.lifespan
async def lifespan(builder: coco.EnvironmentBuilder) -> AsyncIterator[None]:
    builder.settings.db_path = base / "state"
    builder.provide(CONNECTION, await lancedb.connect_async(str(base / "lancedb")))
    yield


@coco.fn
async def one_chunk(chunk, source, ids, table):
    table.declare_row(
        row=Piece(
            id=await ids.next_id(chunk.text), source=source, text=chunk.text, embedding=await embedder.embed(chunk.text)
        )
    )


@coco.fn(memo=True)
async def one_file(file: FileLike, table) -> None:
    text = await file.read_text()
    ids = IdGenerator()
    await coco.map(one_chunk, splitter.split(text, chunk_size=1000), str(file.file_path.path), ids, table)


@coco.fn
async def everything() -> None:
    table = await lancedb.mount_table_target(
        CONNECTION,
        table_name="pieces",
        table_schema=await lancedb.TableSchema.from_class(Piece, primary_key=["id"]),
    )
    files = localfs.walk_dir(folder, recursive=True, path_matcher=PatternFilePathMatcher(included_patterns=["**/*.txt"]))
    await coco.mount_each(one_file, files.items(), table)


coco.App(coco.AppConfig(name="bench"), everything).update_blocking()
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer-python", type=Path, required=True, help="python of the environment with cocoindex")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    record = records.Record("peers of the whole job", arguments.results)
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as base:
        result = compare(Path(base), arguments)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>28}  {value}")
    checks = [
        Check("first run, corpus tokens a second, against cocoindex", result["first_run_ratio"], 3.2),
        Check("unchanged run, wall, against cocoindex", result["unchanged_ratio"], 0.3, at_most=True),
        Check("5 appended files, wall, against cocoindex", result["appended_ratio"], 0.25, at_most=True),
        Check("tokens of ours lost to a cut", result["tokens_lost"]["ours"], 0, at_most=True, unit="tokens"),
    ]
    record.told(f"cocoindex, {arguments.folder.name}, every {arguments.every}", result, checks)
    sys.exit(record.end())


def compare(base, arguments):
    arguments.model_folder, arguments.window = packaged(), WINDOW + 2
    counter = sizer(arguments)
    docs = base / "docs"
    docs.mkdir()
    for path in sorted(arguments.folder.rglob("*.txt"))[:: arguments.every]:
        target = docs / path.relative_to(arguments.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    tokens = sum(counter.count(path.read_text("utf-8")) for path in docs.rglob("*.txt"))
    program = base / "peer.py"
    program.write_text(PEER)
    ours = [sys.executable, "-m", "embedingest", "ingest", str(docs), "--state", str(base / "ours"),
            "--db", str(base / "ours/lancedb"), "--json"]  # fmt: skip
    theirs = [str(arguments.peer_python), str(program), str(docs), str(arguments.model_folder), str(base / "theirs")]
    (base / "theirs").mkdir()
    times = {"ours": [timed(ours)], "cocoindex": [timed(theirs)]}
    lost = {"ours": lost_tokens(base / "ours/lancedb", "chunks", counter),
            "cocoindex": lost_tokens(base / "theirs/lancedb", "pieces", counter)}  # fmt: skip
    for name, command in (("ours", ours), ("cocoindex", theirs)):
        times[name].append(timed(command))
    for path in sorted(docs.rglob("*.txt"))[:: max(1, len(list(docs.rglob("*.txt"))) // 5)][:5]:
        with path.open("a") as file:
            file.write(f"\n\n{APPENDED}\n")
    for name, command in (("ours", ours), ("cocoindex", theirs)):
        times[name].append(timed(command))
    speed = {name: (tokens - lost[name]) / times[name][0] for name in times}
    return {
        "corpus_tokens": tokens,
        "tokens_lost": lost,
        "first_run_seconds": {name: round(run[0], 1) for name, run in times.items()},
        "corpus_tokens_per_second": {name: round(value) for name, value in speed.items()},
        "first_run_ratio": round(speed["ours"] / speed["cocoindex"], 2),
        "unchanged_seconds": {name: round(run[1], 2) for name, run in times.items()},
        "unchanged_ratio": round(times["ours"][1] / times["cocoindex"][1], 2),
        "appended_seconds": {name: round(run[2], 2) for name, run in times.items()},
        "appended_ratio": round(times["ours"][2] / times["cocoindex"][2], 2),
    }


def timed(command):
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "COCOINDEX_DISABLE_USAGE_TRACKING": "1",
        "PYTHONPATH": str(ROOT),
    }
    if "embedingest" not in command:
        environment.pop("PYTHONPATH")
    began = time.perf_counter()
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    took = time.perf_counter() - began
    if run.returncode:
        raise SystemExit(f"{command[:3]} failed:\n{run.stderr[-3000:]}")
    return took


def lost_tokens(db, table, counter):
    """Tokens beyond the model's window, which no vector holds."""
    import lancedb

    rows = lancedb.connect(db).open_table(table).search().select(["text"]).limit(10**9).to_arrow()
    return sum(max(0, counter.count(text) - WINDOW) for text in rows.column("text").to_pylist())


if __name__ == "__main__":
    main()

"""The engine on processors that this machine is not: on one core, without its newer instructions, in fp32.

    python benchmarks/processors.py                         all-MiniLM-L6-v2, every row
    python benchmarks/processors.py --rows "one core"       some rows
    python benchmarks/processors.py --texts 16 --repeats 1  a smoke run
    python benchmarks/processors.py --answer there.json     on a machine of another kind, or one that is emulated
    python benchmarks/processors.py --answered there.json   here: how near its vectors are to those of this machine

Each row is a process of its own that is held to it from its start, as sentence-transformers in the same process is: to
cores by the scheduler of the system, to instructions by what oneDNN, OpenVINO, MKL and torch read from the environment.
Its models are compiled anew. What runs is chosen by the processor's flags, which this cannot change: where a row is to
be like a processor without bf16, it asks for fp32, as `auto` does there.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine import hardware
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import compare

import common
import engine_peers as peers
import record as records
import texts as corpora
from record import Check

LIMITED = "ONEDNN_MAX_CPU_ISA"
QUERIES, BLOCK = 60, 10
FEW = ("The walrus sleeps on the ice and eats clams.", "Stocks fell.", "Wie schläft das Walross? " * 20)


@dataclass(frozen=True)
class Held:
    """What a row is held to."""

    cores: int | None = None
    precision: str = "auto"
    environment: dict = field(default_factory=dict)


ROWS = {
    "as it is": Held(),
    "fp32": Held(precision="fp32"),
    "bf16 without AMX": Held(environment={LIMITED: "AVX512_CORE_BF16"}),
    "AVX2": Held(
        precision="fp32",
        environment={LIMITED: "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    ),
    "one core": Held(cores=1),
    "one core, AVX2": Held(
        cores=1,
        precision="fp32",
        environment={LIMITED: "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    ),
}
NEEDS = {"bf16 without AMX": "avx512_bf16"}  # of the processor, for a row to tell anything


def row(record, asked, name):
    held, needed = ROWS[name], NEEDS.get(name)
    if needed is not None and needed not in hardware.flags():
        print(f"  left out: this processor has no {needed}")
        record.keep(name, {"left_out": f"this processor has no {needed}"})
        return
    found = in_a_process(held, asked)
    rate, query = found["ratios"]["tokens_per_second"], found["ratios"]["query_p50"]
    print(f"  {found['runtime']['runtime']}, {found['runtime']['precision']}, {found['runtime']['threads']} threads; "
          f"{found['ratios']['tokens_per_processor_second']:.2f} × the tokens of a processor second")  # fmt: skip
    record.told(name, {**asdict(held), **found}, [
        Check("tokens/s against sentence-transformers", rate, 1.0),
        Check("p50 of a 10-token query against sentence-transformers", query, 1.0, at_most=True),
        Check("least cosine to sentence-transformers", found["gate"]["least"], 0.9995, unit=""),
    ])  # fmt: skip


def in_a_process(held, asked):
    command = [sys.executable, __file__, "--inside", held.precision, "--texts", str(asked.texts),
               "--repeats", str(asked.repeats), *(["--corpus", *map(str, asked.corpus)] if asked.corpus else [])]  # fmt: skip
    command += ["--model", str(asked.model)] if asked.model else []
    if held.cores is not None:
        cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[: held.cores]))
        command = ["taskset", "-c", cores, *command]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, **held.environment, "EMBEDINGEST_CACHE": cache, "HF_HUB_OFFLINE": "1",
                       "PYTHONPATH": str(records.HERE.parent)}  # fmt: skip
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def inside(asked):
    """Both by turns, in this process; the figures as one line of JSON."""
    folder = ModelFolder.open(asked.model or common.packaged())
    chosen = corpora.chunks(asked.corpus, asked.texts, folder.tokenizer_path, folder.max_tokens)
    queries = corpora.queries(corpora.documents(None), QUERIES + 2 * BLOCK, folder.tokenizer_path)
    engine = open_engine(EngineConfig(keep_alive=-1), {"bench": ModelConfig(path=folder.path, precision=asked.inside)})
    reference = peers.SentenceTransformers(folder.path)

    def ours(texts, priority="bulk"):
        return engine.embed(texts, model="bench", priority=priority).vectors

    tokens = engine.embed(chosen, model="bench", priority="bulk").tokens
    truth, gate = reference(chosen), None
    spent = {"embedingest": [], "sentence-transformers": []}
    for _ in range(asked.repeats):
        for name, answer in (("embedingest", ours), ("sentence-transformers", reference)):
            wall, processor = time.perf_counter(), time.process_time()
            vectors = answer(chosen)
            spent[name].append((time.perf_counter() - wall, time.process_time() - processor))
            if name == "embedingest":
                gate = compare(truth, vectors).as_dict()
    milliseconds = single(queries, {"embedingest": partial(ours, priority="query"), "sentence-transformers": reference})
    seconds = {name: [statistics.median(kind) for kind in zip(*found, strict=True)] for name, found in spent.items()}
    us, them = seconds["embedingest"], seconds["sentence-transformers"]
    print(json.dumps({
        "texts": len(chosen), "tokens": tokens, "runtime": dict(engine.running()[0].runtime), "gate": gate,
        "cores": hardware.cores(), "seconds_wall_and_processor": spent, "query_p50_ms": milliseconds,
        "tokens_per_second": {name: tokens / wall for name, (wall, _) in seconds.items()},
        "ratios": {"tokens_per_second": them[0] / us[0], "tokens_per_processor_second": them[1] / us[1],
                   "query_p50": milliseconds["embedingest"] / milliseconds["sentence-transformers"]},
    }))  # fmt: skip


def answer(file, encoder):
    """What the engine of this machine answers for a few texts, and by what, as a file of JSON."""
    model = ModelConfig(path=common.packaged(), encoder=encoder)
    with closing(open_engine(EngineConfig(), {"bench": model})) as engine:
        vectors = engine.embed(FEW, model="bench").vectors.tolist()
        file.write_text(json.dumps({
            "architecture": platform.machine(), "runtime": dict(engine.running()[0].runtime), "vectors": vectors,
            "versions": {name: version(name) for name in ("numpy", "openvino", "tokenizers", "torch")},
        }))  # fmt: skip


def answered(record, file):
    there = json.loads(file.read_text())
    with closing(
        open_engine(EngineConfig(), {"bench": ModelConfig(path=common.packaged(), precision="fp32")})
    ) as engine:
        here = engine.embed(FEW, model="bench").vectors
    least = compare(here, np.array(there.pop("vectors"), np.float32)).as_dict()["least"]
    check = Check(f"least cosine of {len(FEW)} texts to this machine in fp32", least, 0.9995, unit="")
    record.told(there["architecture"], {**there, "least_cosine": least}, [check])


def single(queries, answers):
    """The median of single queries in milliseconds, by turns in blocks: threads of a runtime spin on after each."""
    spent = {name: [] for name in answers}
    for start in range(0, len(queries), BLOCK):
        for name, answer in answers.items():
            time.sleep(0.05)
            for query in queries[start : start + BLOCK]:
                began = time.perf_counter()
                answer([query])
                spent[name] += [1e3 * (time.perf_counter() - began)] if start >= 2 * BLOCK else []
    return {name: statistics.median(found) for name, found in spent.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=None, help="default: the packaged all-minilm")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    parser.add_argument("--answer", type=Path, metavar="FILE", help="write the vectors of a few texts there, no more")
    parser.add_argument(
        "--encoder",
        default="auto",
        help="with --answer; `sentence-transformers` where an emulator is too slow for a trial",
    )
    parser.add_argument("--answered", type=Path, metavar="FILE", help="compare what another machine wrote, no more")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    corpora.corpus_option(parser)
    asked = parser.parse_args()
    if asked.inside is not None:
        return inside(asked)
    if asked.answer is not None:
        return answer(asked.answer, asked.encoder)
    run = records.Record(f"processors {common.known_name(ModelFolder.open(asked.model or common.packaged()))}", asked.results)  # fmt: skip
    if asked.answered is not None:
        return records.run(run, {"answered": partial(answered, run, asked.answered)})
    return records.run(run, {name: partial(row, run, asked, name) for name in asked.rows})


if __name__ == "__main__":
    sys.exit(main())

"""What title and headings in front of each chunk do to a search: the same files in four tables, the same questions.

    python benchmarks/context.py COLLECTION…              folders with corpus.jsonl.gz, queries.tsv and qrels.txt
    python benchmarks/context.py scifact --files 1200 --tables title    abstracts, the judged ones first; none has headings
    python benchmarks/context.py --manuals unpacked pages the collection `pages`, of the manual pages of a package

Each document of a collection is a Markdown file with its title in the front matter, so that the title is in no chunk by
itself; headings are those of its text. `pages` are whole manual pages without the section NAME, and its questions are
what NAME says of a page in a few words, where no other page has the same: of the many chunks of a page only some
have the words of the question.
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import collection
from scifact import read

from embedingest import registry

from record import RESULTS, Record

ROOT = Path(__file__).resolve().parent.parent
TABLES = {"none": None, "title": "title", "headings": "headings", "both": "title,headings"}
LONGEST = 60_000
"""Characters of a manual page: longer ones are references of everything."""


def manuals(unpacked, folder):
    """The collection `pages` of the manual pages of programs, in `unpacked/usr/share/man/man1`."""
    loader = registry.load("loaders", "man")()
    pages = {}
    for path in sorted(unpacked.glob("usr/share/man/man1/*.1.gz")):
        document = loader.load(gzip.decompress(path.read_bytes()), path.name)
        found = re.match(r"# NAME\n+(\S.*?) - (.+)\n+(?=#)", document.text)
        if found and len(document.text) <= LONGEST:
            pages[path.name.partition(".")[0]] = (document.title, document.text[found.end() :], found[2].strip())
    asked = Counter(question for *_, question in pages.values())
    folder.mkdir(parents=True, exist_ok=True)
    documents = [{"_id": name, "title": title, "text": text} for name, (title, text, _) in pages.items()]
    own = {f"q{name}": question for name, (*_, question) in pages.items() if asked[question] == 1}
    collection.write(folder, documents, own, {key: [key.removeprefix("q")] for key in own})
    print(f"{len(pages)} pages, {len(own)} questions")


def write_out(data, folder, most):
    """The documents of a collection as files, the judged ones first."""
    _, judged = read(data)
    wanted = {name for relevant in judged.values() for name in relevant}
    folder.mkdir()
    with gzip.open(data / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = sorted(map(json.loads, lines), key=lambda one: one["_id"] not in wanted)
    for one in documents[:most]:
        front = f"---\ntitle: {json.dumps(one['title'])}\n---\n"
        (folder / f"{one['_id']}.md").write_text(f"{front}{one['text']}\n", "utf-8")


def program(home, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "embedingest", *arguments, "--json"]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def measure(record, home, data, arguments):
    """Four tables of one collection, and what each gains against the one without context, by mode."""
    write_out(data, home / data.name, arguments.files)
    options = [] if arguments.max_tokens is None else ["--max-tokens", str(arguments.max_tokens)]
    figures = {}
    for table in ("none", *arguments.tables):
        parts = TABLES[table]
        contextual = ["--contextual", parts] if parts else []
        report = program(home, "ingest", data.name, "--table", table, *contextual, *options)
        against = ["--against-table", "none"] if parts else []
        questions = [str(data / "queries.tsv"), str(data / "qrels.txt")]
        found = program(home, "evaluate", *questions, "--table", table, *against)
        figures[table] = {
            "chunks": report["chunks"]["new"], "tokens": report["embedded"]["tokens"],
            "ndcg_at_10": {mode: one["ndcg@10"] for mode, one in found["modes"].items()},
            **({"gain": found["against"]["improvements"]} if parts else {}),
        }  # fmt: skip
        print(f"  {table}: {figures[table]}", flush=True)
    record.told(data.name, {"queries": found["queries"], **figures}, [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument(
        "--manuals", action="store_true", help="make the second folder of what is unpacked in the first"
    )
    parser.add_argument("--files", type=int, help="so many documents, the judged ones first; default: all")
    parser.add_argument(
        "--tables", nargs="+", choices=[*TABLES][1:], default=[*TABLES][1:], help="of these; default: all"
    )
    parser.add_argument("--max-tokens", type=int, help="of a chunk; default: that of the program")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    arguments = parser.parse_args()
    if arguments.manuals:
        manuals(*arguments.data)
        return
    record = Record("context", arguments.results)
    for data in arguments.data:
        print(data.name, flush=True)
        with tempfile.TemporaryDirectory(prefix="embedingest-context-") as home:
            measure(record, Path(home), data.resolve(), arguments)
    sys.exit(record.end())


if __name__ == "__main__":
    main()

"""A collection of documents, questions and what answers them, in the form that scifact.py and `evaluate` read."""

import argparse
import gzip
import json
from pathlib import Path


def places(description):
    """Where the packages are unpacked and where the collection goes, as the command names them."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    return arguments


def write(folder, documents, queries, answers):
    """`documents` have `_id`, `title` and `text`; `queries` are by key, and so are the keys of what `answers` each."""
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in documents)
    (folder / "queries.tsv").write_text("".join(f"{key}\t{said}\n" for key, said in queries.items()), "utf-8")
    lines = [f"{key} 0 {document} 1\n" for key in queries for document in answers[key]]
    (folder / "qrels.txt").write_text("".join(lines), "utf-8")

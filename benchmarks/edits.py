"""Replays (before, after) pairs of documents and prints what share of the characters is embedded again.

    python benchmarks/edits.py FILE.jsonl.gz [--model-folder FOLDER] [--max-tokens N]

One JSON object a line: `path`, `before`, `after`. A chunk's characters count as embedded again when no chunk of
the version before has the same embedded text. The peers: the whole document (what most pipelines do), and
semantic-text-splitter's Markdown splitter with the same tokenizer and ids from content, where it is installed.
"""

import argparse
import gzip
import json
from pathlib import Path

from embedingest import registry
from embedingest.types import Document

import common
import record as records

OURS = "embedingest, default settings"
MOST_AGAIN = 19
LEAST_MEAN = 60


def replay(pairs, cut, count):
    """Share of characters embedded again, mean size in tokens, chunks, over every `after`."""
    again = total = tokens = chunks = 0
    for pair in pairs:
        old = set(cut(pair["before"]))
        new = cut(pair["after"])
        again += sum(len(text) for text in new if text not in old)
        total += sum(map(len, new))
        tokens += sum(map(count, new))
        chunks += len(new)
    return again / total, tokens / chunks, chunks


def ours(sizer, **settings):
    chunker = registry.load("chunkers", "structured")(**settings)

    def cut(text):
        document = Document(source="page.md", text=text, markup="markdown", mime="text/markdown")
        return [chunk.prefix + chunk.text for chunk in chunker.chunk(document, sizer)]

    return cut


def peer(sizer):
    try:
        from semantic_text_splitter import MarkdownSplitter
    except ImportError:
        return None
    return MarkdownSplitter.from_callback(sizer.count, (sizer.capacity // 2, sizer.capacity)).chunks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, default=None, help="replay only the first so many pairs")
    parser.add_argument("--max-tokens", type=int, default=None)
    parser.add_argument("--no-peer", action="store_true", help="leave out the slow peer")
    parser.add_argument("--results", default=records.RESULTS)
    common.add_model(parser)
    arguments = parser.parse_args()
    sizer = common.sizer(arguments)
    with gzip.open(arguments.file, "rt", encoding="utf-8") as lines:
        pairs = [json.loads(line) for line in lines][: arguments.limit]
    capacity = min(sizer.capacity, arguments.max_tokens or sizer.capacity)
    schemes = {
        OURS: ours(sizer, max_tokens=arguments.max_tokens),
        "embedingest, heading path embedded": ours(sizer, max_tokens=arguments.max_tokens, heading_prefix=True),
        "whole document": lambda text: [text],
    }
    if not arguments.no_peer and (splitter := peer(sizer)):
        schemes["semantic-text-splitter, Markdown, ids from content"] = splitter
    print(f"{len(pairs)} edits; chunks hold at most {capacity} tokens")
    print(f"{'scheme':52} {'embedded again':>15} {'mean size':>10} {'of maximum':>11} {'chunks':>8}")
    record = records.Record(f"edits {arguments.file.name.partition('.')[0]}", arguments.results)

    def row(name):
        share, mean, chunks = replay(pairs, schemes[name], sizer.count)
        print(f"{name:52} {share:>14.1%} {mean:>10.0f} {mean / capacity:>10.0%} {chunks:>8}")
        figures = {"edits": len(pairs), "maximum_tokens": capacity, "again_percent": 100 * share, "mean_tokens": mean,
                   "chunks": chunks}  # fmt: skip
        checks = [
            records.Check("embedded again", 100 * share, MOST_AGAIN, at_most=True, unit="%"),
            records.Check("mean size of the maximum", 100 * mean / capacity, LEAST_MEAN, unit="%"),
        ]
        record.told(name, figures, checks if name == OURS else ())

    return records.run(record, {name: lambda name=name: row(name) for name in schemes})


if __name__ == "__main__":
    raise SystemExit(main())

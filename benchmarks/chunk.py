"""Tokens a second on one core: chunking against what it stands before, the tokenizer alone and the engine.

    python benchmarks/chunk.py FOLDER [--engine]

Reads the text files of a folder through the loaders, chunks them, and tokenises the same texts once more bare.
With `--engine` some hundred chunks also go through the model of `--model`, so that the ratio is of one run.
"""

import argparse
from pathlib import Path

from embedingest import registry
from embedingest.errors import DocumentError
from embedingest.ingest.load.choose import HEAD_BYTES, choose

import common


def documents(folder):
    loaders = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        try:
            name = choose(path.name, data[:HEAD_BYTES])
            loader = loaders.setdefault(name, registry.load("loaders", name)())
            yield loader.load(data, path.name)
        except DocumentError:
            continue


def engine_rate(chunks, model):
    from embedingest.build.models import open_engine

    engine = open_engine()
    engine.embed([chunk.text for chunk in chunks[:8]], model=model)
    result, took = common.seconds(lambda: engine.embed([chunk.text for chunk in chunks], model=model))
    engine.close()
    return result.tokens / took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", action="store_true", help="measure the engine in the same run")
    parser.add_argument("--model", default="all-minilm")
    parser.add_argument("--megabytes", type=float, default=4.0, help="stop reading after so much text")
    common.add_model(parser)
    arguments = parser.parse_args()
    sizer = common.sizer(arguments)
    read, left = [], arguments.megabytes * 1e6
    for document in documents(arguments.folder):
        if left <= 0:
            break
        read.append(document)
        left -= len(document.text)
    chunker = {markup: registry.load("chunkers", name)() for markup, name in CHUNKERS.items()}
    chunks, took = common.seconds(lambda: [c for d in read for c in chunker[d.markup].chunk(d, sizer)])
    tokens = sum(sizer.count(chunk.text) for chunk in chunks)
    _, bare = common.seconds(lambda: [sizer.starts(document.text) for document in read])
    print(f"{len(read)} documents, {sum(len(d.text) for d in read) / 1e6:.1f} M characters, {len(chunks)} chunks")
    print(f"chunking             {tokens / took:>12,.0f} tokens/s")
    print(f"tokenizer alone      {tokens / bare:>12,.0f} tokens/s   chunking is {bare / took:.2f} of it")
    if arguments.engine:
        rate = engine_rate(chunks[:400], arguments.model)
        print(f"engine               {rate:>12,.0f} tokens/s   chunking is {tokens / took / rate:.0f} x it")


CHUNKERS = {"text": "structured", "markdown": "structured", "code": "code", "rows": "rows"}

if __name__ == "__main__":
    main()

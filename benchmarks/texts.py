"""Real texts for the benchmarks: chunks of documents, at their natural lengths, always the same."""

import gzip
import json
import random
from pathlib import Path


def documents(corpus):
    """Texts of a folder (`.txt`, `.md`, `.rst`) or of a `.jsonl[.gz]` file with `title` and `text`."""
    if corpus is None:
        from pydoc_data.topics import topics

        return [topics[name] for name in sorted(topics)]
    found = []
    for path in corpus:
        if path.is_dir():
            files = sorted(f for f in path.rglob("*") if f.suffix in (".txt", ".md", ".rst"))
            found += [file.read_text("utf-8", "replace") for file in files]
        else:
            opener = gzip.open if path.suffix == ".gz" else open
            with opener(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    entry = json.loads(line)
                    text = entry.get("text") or entry.get("abstract") or ""
                    found.append(f"{entry.get('title', '')} {' '.join(text) if isinstance(text, list) else text}")
    return found


def chunks(corpus, count, tokenizer_json, window, *, seed=1):
    """`count` chunks of at most `window` tokens, as a token-aware splitter cuts real documents."""
    from semantic_text_splitter import TextSplitter
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_json))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    splitter = TextSplitter.from_huggingface_tokenizer(tokenizer, (window // 3, window - 2))
    texts = documents(corpus)
    random.Random(seed).shuffle(texts)
    found = []
    for text in texts:
        found += splitter.chunks(text[:40_000])
        if len(found) >= count * 2:
            break
    random.Random(seed).shuffle(found)
    return found[:count]


def corpus_option(parser):
    parser.add_argument(
        "--corpus", type=Path, nargs="+", default=None, help="folders or .jsonl files; default: Python's own manual"
    )

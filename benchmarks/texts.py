"""Real texts for the benchmarks: pieces of documents at mixed lengths, and short queries; always the same."""

import gzip
import json
import random
from itertools import chain, zip_longest
from pathlib import Path

SHORTEST = 12


def documents(corpus):
    """Texts of folders (`.txt`, `.md`, `.rst`) and of `.jsonl[.gz]` files with `title` and `text`, taking turns."""
    if corpus is None:
        from pydoc_data.topics import topics

        return [topics[name] for name in sorted(topics)]
    turns = zip_longest(*(shuffled(of_folder(path) if path.is_dir() else of_lines(path)) for path in corpus))
    found = [text for text in chain.from_iterable(turns) if text]
    if not found:
        raise SystemExit(f"no texts in {', '.join(map(str, corpus))}")
    return found


def of_folder(folder):
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".txt", ".md", ".rst"))
    return [file.read_text("utf-8", "replace") for file in files]


def of_lines(path):
    found = []
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            text = entry.get("text") or entry.get("abstract") or ""
            found.append(f"{entry.get('title', '')} {' '.join(text) if isinstance(text, list) else text}")
    return found


def shuffled(texts):
    random.Random(1).shuffle(texts)
    return texts


def chunks(corpus, count, tokenizer_json, window):
    """`count` pieces of at most `window` tokens, cut between words, no two alike.

    Their lengths are spread from a dozen tokens to the window, more of them short than long as in real documents (about
    95 tokens on average for a window of 256).
    """
    tokenizer, lengths = whole(tokenizer_json), spread(window)
    found = {}
    for text in documents(corpus):
        for piece in cut(text[:100_000], tokenizer, lengths):
            found[piece] = None
        if len(found) >= count * 2:
            break
    if len(found) < count:
        raise SystemExit(f"the corpus holds {len(found)} pieces; ask for no more, or name a larger --corpus")
    return shuffled(list(found))[:count]


def spread(window):
    """Endless lengths in content tokens, the same each time."""
    chance = random.Random(2)
    while True:
        yield SHORTEST + round((window - 2 - SHORTEST) * chance.random() ** 1.9)


def cut(text, tokenizer, lengths):
    """Pieces of a text, the next one beginning where the last ended; each ends where a word does."""
    spans = [span for span in tokenizer.encode(text, add_special_tokens=False).offsets if span[1] > span[0]]
    starts = [i for i, (begin, _) in enumerate(spans) if i == 0 or text[begin - 1].isspace()]
    at, limit = 0, 0
    for i, start in enumerate(starts):
        end = starts[i + 1] if i + 1 < len(starts) else len(spans)
        limit = limit or next(lengths)
        if end - at > limit and start > at:
            piece = text[spans[at][0] : spans[start - 1][1]]
            if start - at >= SHORTEST // 2 and start - at <= limit:
                yield piece
            at, limit = start, 0


def queries(texts, count, tokenizer_json, tokens=10):
    """`count` queries of consecutive words with exactly so many tokens, special ones included; no two alike."""
    tokenizer, found = whole(tokenizer_json), {}
    words = [word for text in texts for word in text.split() if word.isalpha()]
    special = len(tokenizer.encode("").ids)
    at = 0
    while at < len(words) and len(found) < count:
        length, last = special, at
        while last < len(words) and length < tokens:
            length += len(tokenizer.encode(words[last], add_special_tokens=False).ids)
            last += 1
        if length == tokens:
            found[" ".join(words[at:last])] = None
        at = last
    if len(found) < count:
        raise SystemExit(f"the texts hold {len(found)} queries of {tokens} tokens, and {count} are needed")
    return list(found)


def whole(tokenizer_json):
    """The tokenizer without its truncation and padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_json))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def corpus_option(parser):
    parser.add_argument(
        "--corpus", type=Path, nargs="+", default=None, help="folders or .jsonl files; default: Python's own manual"
    )

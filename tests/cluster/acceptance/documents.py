"""Documents for trials of many: small ones of several kinds, copies, and those that do harm.

Everything follows from the seed, so that two libraries of one seed are equal byte for byte.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Final

from tests import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["OLD", "copies_of", "edit", "harm", "held", "library", "marked"]

OLD: Final = 1_700_000_000
"""When all documents were changed, in seconds: long ago, so that no run reads one again for its youth."""

_THINGS: Final = (
    "walrus ice mill water wheel gate river miller sack grain stone lever rope bell tower clock harbour lantern boat "
    "anchor sail ledger letter garden orchard apple fence horse cart road bridge market coin scale baker oven bread"
)
_WORDS: Final = _THINGS.split()
_SHARED: Final = 40
"""Paragraphs that many documents have in common, so that parts of one run meet the same texts."""


def library(folder: Path, count: int = 2_000, seed: int = 1) -> Path:
    """`count` small documents in folders of fifty: Markdown, text, HTML, CSV, code and JSON, one in twenty a copy.

    Beside them, in `kinds/`, a sound file of every format.
    """
    chance = random.Random(seed)
    shared = [_paragraph(chance) for _ in range(_SHARED)]
    for number in range(count):
        if number % 20 == 19:
            source = _place(folder, number - 1 - chance.randrange(10))
            data, suffix = source.read_bytes(), source.suffix
        else:
            kind = _KINDS[number % len(_KINDS)]
            data, suffix = kind[1](chance, number, shared).encode(), kind[0]
        _write(folder / f"{number // 50:03}" / f"{number:05}{suffix}", data)
    for name, data in samples.good().items():
        _write(folder / "kinds" / name, data)
    return folder


def copies_of(folder: Path, texts: int, copies: int, seed: int = 1, each: int = 100) -> Path:
    """`texts` different paragraphs, each `copies` times, `each` to a document and no two of a document alike."""
    chance = random.Random(seed)
    paragraphs = [f"{_paragraph(chance)} This is text {number}." for number in range(texts)]
    assert texts % each == 0
    for number in range(texts * copies // each):
        first = number * each % texts
        lines = paragraphs[first : first + each]
        chance.shuffle(lines)
        # A heading of its own keeps each paragraph a chunk; its words are not embedded.
        _write(folder / f"{number:05}.txt", "\n\n".join(lines).encode())
    return folder


def harm(folder: Path) -> list[str]:
    """A broken PDF, a document that ends its reader, one that never ends, one of 2 GiB; the names of the first three.

    The second and the third do so where the loader `moody` reads `.moody` (`tests/ingest/strangers.py`).
    """
    _write(folder / "broken.pdf", b"%PDF-1.4\n" + samples.pdf(pages=[["page"]] * 3)[9:140])
    _write(folder / "ends-its-reader.moody", b"abort")
    _write(folder / "never-ends.moody", b"hang")
    with (folder / "two-gigabytes.txt").open("wb") as file:
        file.truncate(2 * 2**30)
    _age(folder / "two-gigabytes.txt")
    return ["broken.pdf", "ends-its-reader.moody", "never-ends.moody"]


def edit(folder: Path, share: float = 0.02, seed: int = 2) -> dict[str, list[Path]]:
    """What people do between two runs: some documents get a paragraph, some go, some move, a few copies are made."""
    chance = random.Random(seed)
    documents = sorted(path for path in folder.rglob("*.md") if path.is_file())
    some = chance.sample(documents, max(4, int(len(documents) * share * 4)))
    quarter = len(some) // 4
    edited, gone, moved, copied = (some[n * quarter : (n + 1) * quarter] for n in range(4))
    for path in edited:
        _write(path, path.read_bytes() + f"\n\n{_paragraph(chance)} Added to {path.name}.\n".encode())
    for path in gone:
        path.unlink()
    for path in moved:
        path.rename(path.with_name(f"moved-{path.name}"))
    for path in copied:
        _write(path.with_name(f"copy-{path.name}"), path.read_bytes())
    return {"edited": edited, "gone": gone, "moved": moved, "copied": copied}


def held(folder: Path, word: Path) -> Path:
    """A document that the loader `moody` reads until the file `word` is there; `word.pid` tells that it has begun."""
    path = folder / "held.moody"
    _write(path, f"hold {word}".encode())
    return path


def marked(folder: Path, word: str) -> Path:
    """A document of one sentence with `word` in it."""
    path = folder / f"{word}.md"
    _write(path, f"# {word}\n\nA sentence with the word {word} in it.\n".encode())
    return path


def _markdown(chance: random.Random, number: int, shared: list[str]) -> str:
    sections = [
        f"## Part {part}\n\n{_paragraph(chance)}\n\n{chance.choice(shared)}" for part in range(chance.randrange(1, 4))
    ]
    return f"# Document {number}\n\n" + "\n\n".join(sections) + "\n"


def _text(chance: random.Random, number: int, shared: list[str]) -> str:
    return f"Note {number}.\n\n{_paragraph(chance)}\n\n{chance.choice(shared)}\n"


def _html(chance: random.Random, number: int, shared: list[str]) -> str:
    body = "".join(f"<p>{text}</p>" for text in (_paragraph(chance), chance.choice(shared)))
    return f"<html><head><title>Page {number}</title></head><body><h1>Page {number}</h1>{body}</body></html>"


def _csv(chance: random.Random, number: int, _: list[str]) -> str:
    rows = [f"{chance.choice(_WORDS)},{chance.randrange(100)},{number}" for _ in range(8)]
    return "thing,count,number\n" + "\n".join(rows) + "\n"


def _code(chance: random.Random, number: int, _: list[str]) -> str:
    return "\n\n".join(
        f'def {chance.choice(_WORDS)}_{number}_{n}():\n    """{_paragraph(chance, 1)}"""\n    return {n}'
        for n in range(3)
    )


def _json(chance: random.Random, number: int, shared: list[str]) -> str:
    return f'{{"number": {number}, "said": "{_paragraph(chance, 1)}", "shared": "{chance.choice(shared)}"}}\n'


_KINDS: Final[tuple[tuple[str, Callable[[random.Random, int, list[str]], str]], ...]] = (
    (".md", _markdown),
    (".txt", _text),
    (".md", _markdown),
    (".html", _html),
    (".csv", _csv),
    (".py", _code),
    (".json", _json),
)


def _paragraph(chance: random.Random, sentences: int = 3) -> str:
    return " ".join(
        f"The {' '.join(chance.choices(_WORDS, k=7))} is number {chance.randrange(10_000)}." for _ in range(sentences)
    )


def _place(folder: Path, number: int) -> Path:
    return next((folder / f"{number // 50:03}").glob(f"{number:05}.*"))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    changed = path.exists()
    path.write_bytes(data)
    _age(path, 60 if changed else 0)


def _age(path: Path, younger: int = 0) -> None:
    os.utime(path, (OLD + younger, OLD + younger))

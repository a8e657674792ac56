"""Chunks that are a heading alone: they say where something stands, and nothing of it. What follows stands for them.

Such rows are in tables of earlier versions, and come from some chunkers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from embedingest.types import Row

__all__ = ["REACH", "followers", "heading_words", "is_bare"]

REACH: Final = 8
"""How many rows on what follows a heading is looked for: headings may stand one below the other."""

_LONGEST: Final = 2000
_UNDERLINE: Final = re.compile(r"[=-]+")
_MARKS: Final = re.compile(r"[*_`#\\\s]+")


def is_bare(row: Row) -> bool:
    """Whether a row is headings alone (of its own `heading_path`), and more of its document follows."""
    if not row.heading_path or len(row.text) > _LONGEST or row.chunk_index + 1 >= row.chunk_count:
        return False
    lines = (line.strip() for line in row.text.split("\n"))
    headings = {heading_words(line) for line in lines if line and not _UNDERLINE.fullmatch(line)}
    return bool(headings) and headings <= {heading_words(heading) for heading in row.heading_path}


def heading_words(heading: str) -> str:
    """A heading without the marks of its format."""
    return _MARKS.sub(" ", heading).strip()


def followers(bare: Sequence[Row], around: Iterable[Row]) -> Mapping[str, Row]:
    """By id of a bare row: the next row `around` it that is not bare, below the same heading of the same document."""
    later = sorted(around, key=lambda row: row.chunk_index)
    found: dict[str, Row] = {}
    for row in bare:
        for other in later:
            same = (other.source, other.content_hash) == (row.source, row.content_hash)
            below = other.heading_path[: len(row.heading_path)] == row.heading_path
            if same and below and other.chunk_index > row.chunk_index and not is_bare(other):
                found[row.id] = other
                break
    return found

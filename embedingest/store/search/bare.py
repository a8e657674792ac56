"""Chunks that say where something stands, and nothing of it: contents, and headings, for which what follows stands.

Headings alone are in tables of earlier versions, and come from some chunkers; contents are in texts that are kept as
they are, line by line.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from embedingest.types import Row

__all__ = ["REACH", "followers", "heading_words", "is_bare", "is_contents"]

REACH: Final = 8
"""How many rows on what follows a heading is looked for: headings may stand one below the other."""

_LONGEST: Final = 2000
_FEWEST: Final = 4
"""Entries of a contents."""
_LONGEST_ENTRY: Final = 400
_LINK: Final = re.compile(r"(?:[-*+]|\d{1,3}[.)])\s+\[.+\]\(#[^()\s]*\)")
_SIGNS: Final = ("](#", "....", ". . . .")
"""One of them is in every contents."""
_LEADER: Final = re.compile(r"(\d{1,5})\s*+(?:\. ?){4}")
"""A page's number and dots before it, read from the end of a line: forwards, each dot could be where they begin."""
_UNDERLINE: Final = re.compile(r"[=-]+")
_MARKS: Final = re.compile(r"[*_`#\\\s]+")


def is_bare(row: Row) -> bool:
    """Whether a row is headings alone (of its own `heading_path`), and more of its document follows."""
    if not row.heading_path or len(row.text) > _LONGEST or row.chunk_index + 1 >= row.chunk_count:
        return False
    headings = set(map(heading_words, _lines(row.text)))
    return bool(headings) and headings <= {heading_words(heading) for heading in row.heading_path}


def is_contents(row: Row) -> bool:
    """Whether a row is a table of contents, below its headings or a title: links into its own document alone, or
    titles with leaders of dots to numbers that rise. A document that is nothing else has no such rows.
    """
    if row.chunk_count < 2 or not any(sign in row.text for sign in _SIGNS):
        return False
    lines = _lines(row.text)
    first = next((place for place, line in enumerate(lines) if _entry(line) is not None), len(lines))
    entries = [_entry(line) for line in lines[first:]]
    if len(entries) < _FEWEST or None in entries or not _are_above(lines[:first], row):
        return False
    numbers = [number for number in entries if number]
    return all(one <= next_ for one, next_ in pairwise(numbers))


def _are_above(lines: list[str], row: Row) -> bool:
    """Whether lines are headings of the row, and one more that no markup tells from others."""
    headings = {heading_words(heading) for heading in row.heading_path} | {heading_words(row.title or "")}
    return sum(heading_words(line) not in headings for line in lines) <= 1


def _entry(line: str) -> int | None:
    """The page that an entry of a contents leads to, 0 for a place; `None` of another line."""
    if len(line) > _LONGEST_ENTRY:
        return None
    if _LINK.fullmatch(line):
        return 0
    found = _LEADER.match(line[::-1])
    titled = found is not None and found.end() < len(line) and line[0] != "."
    return int(found[1][::-1]) if found and titled else None


def _lines(text: str) -> list[str]:
    stripped = (line.strip() for line in text.split("\n"))
    return [line for line in stripped if line and not _UNDERLINE.fullmatch(line)]


def heading_words(heading: str) -> str:
    """A heading without the marks of its format."""
    return _MARKS.sub(" ", heading).strip()


def followers(bare: Sequence[Row], around: Iterable[Row]) -> Mapping[str, Row]:
    """By id of a bare row: the next row `around` it that is not bare, below the same heading of the same document.

    For a contents that is what follows it, below the heading that it shares.
    """
    later = sorted(around, key=lambda row: row.chunk_index)
    found: dict[str, Row] = {}
    for row in bare:
        above = row.heading_path[:-1] if is_contents(row) else row.heading_path
        for other in later:
            same = (other.source, other.content_hash) == (row.source, row.content_hash)
            below = other.heading_path[: len(above)] == above
            if same and below and other.chunk_index > row.chunk_index and not (is_bare(other) or is_contents(other)):
                found[row.id] = other
                break
    return found

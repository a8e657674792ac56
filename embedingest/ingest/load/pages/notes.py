"""Footnotes below a column: they are read behind the page's text, which goes on in the next column. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from embedingest.ingest.load.pages.page import Line, Page

__all__ = ["begins_note", "put_notes_last"]

_RAISED: Final = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")
_NOTE: Final = re.compile(f"[{''.join(_RAISED)}]{{1,4}} ")


def begins_note(text: str) -> bool:
    """Whether a line begins with a note's number."""
    return _NOTE.match(text) is not None


def put_notes_last(page: Page) -> None:
    """Put notes that stand below a column before those of the last one, or at the end."""
    if _RAISED.isdisjoint([line[0][:1] for line in page.lines]) or not any(begins_note(line[0]) for line in page.lines):
        return  # nearly all
    lines, at = page.lines, 0
    text: list[Line] = []
    notes: list[Line] = []
    while at < len(lines):
        end = at + 1
        if begins_note(lines[at].text):
            end = next((place for place in range(end, len(lines)) if _is_above(lines[place], lines[at])), len(lines))
            if end == len(lines):
                break
            (notes if _stand_apart(lines[at], lines[end]) else text).extend(lines[at:end])
        else:
            text.append(lines[at])
        at = end
    page.lines = [*text, *notes, *lines[at:]]


def _is_above(line: Line, other: Line) -> bool:
    return line.box.bottom > other.box.top


def _stand_apart(line: Line, other: Line) -> bool:
    return line.box.right < other.box.left or other.box.right < line.box.left

"""Notes of FictionBook, in a body of their own: each behind the sign that leads to it. Knows no other parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.markup.xml_words import bare, joined, local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["mark_notes"]

_BODIES: Final = frozenset({"notes", "footnotes", "endnotes", "comments"})
_LONGEST: Final = 12
"""Characters of a sign; what is longer is the title of a note."""


def mark_notes(book: Element) -> None:
    """Put the title of each note of a book, which is its sign, in brackets before its words."""
    for body in book:
        named = next((value for key, value in body.attrib.items() if bare(key) == "name"), "")
        if local(body) == "body" and named.lower() in _BODIES:
            for note in body:
                _mark(note)


def _mark(note: Element) -> None:
    title = next((child for child in note if local(child) == "title"), None)
    first = next((child for child in note if local(child) == "p"), None)
    if local(note) != "section" or title is None or first is None:
        return
    sign = " ".join(joined(title).split()).strip("[]{}(). ")
    if 0 < len(sign) <= _LONGEST and " " not in sign:
        note.remove(title)
        first.text = f"[{sign}] {first.text or ''}"

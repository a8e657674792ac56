"""Lists that a wiki text writes in tags (`<ol>`, `<ul>`, `<li>`) as lines of its own lists. Knows no other tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.wiki.asides import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NUMBER", "TagLists"]

_TAG: Final = re.compile(r"<(/?)(ol|ul|li)(\s[^<>]{0,1000})?/?>", re.IGNORECASE)
_OPENS: Final = re.compile(r"<[ou]l[\s>]", re.IGNORECASE)
_CLOSES: Final = re.compile(r"</[ou]l\s*>", re.IGNORECASE)
_COUNT: Final = re.compile(r"\b(?:start|value)\s{0,9}=\s{0,9}[\"']?(\d{1,9})", re.IGNORECASE)
_OWN: Final = re.compile(r"[*#]{1,40}")
_DEEPEST: Final = 39
NUMBER: Final = re.compile("\ue082(\\d{1,12})\ue083")
"""Stands before the words of an item that says its number."""


class TagLists:
    """Takes the lines of a text, outside its tables, in their order.

    A list that nothing below closes is none, and a heading closes all.
    """

    def __init__(self, text: str) -> None:
        self._closers = len(_CLOSES.findall(text))
        self._open: list[str] = []  # `#` or `*`, for each list that is open
        self._numbers: list[int] = []  # what the last item of each of them has
        self._base = ""  # the mark of a list of the wiki's own that they stand in
        self._waits = False  # an item has begun, and has no words yet
        self._in_item = False

    def lines(self, line: str) -> Iterator[str]:
        """The line as one or more, with the marks of lists in the place of their tags."""
        if not self._open and not (self._closers and _OPENS.search(line)):
            yield line
            return
        if line.startswith("="):
            self._open.clear()
            yield line
            return
        own = _OWN.match(line)
        self._base = self._base if self._open else own[0] if own else ""
        at = 0
        for tag in _TAG.finditer(line):
            yield from self._said(line[at : tag.start()])
            at = tag.end()
            yield from self._tagged(tag[2].lower(), tag[3] or "", closes=bool(tag[1]))
        yield from self._said(line[at:])

    @property
    def _prefix(self) -> str:
        return (self._base + "".join(self._open[:_DEEPEST]))[:_DEEPEST]

    def _said(self, words: str) -> Iterator[str]:
        """Words between tags: those of an item that has begun, more of it, or words beside all items."""
        words = words.strip()
        if not words:
            return
        if not self._open or not self._in_item:
            yield words
        elif self._waits:
            yield self._begun(words)
        elif MARK.fullmatch(words):  # a listing
            yield words
        else:
            yield f"{self._prefix}{'' if _OWN.match(words) else ': '}{words}"

    def _begun(self, words: str) -> str:
        """The first line of an item."""
        self._waits = False
        number = f"\ue082{self._numbers[-1]}\ue083" if self._open[-1] == "#" else ""
        return f"{self._prefix} {number}{words}"

    def _tagged(self, kind: str, settings: str, *, closes: bool) -> Iterator[str]:
        count = _COUNT.search(settings)
        if kind == "li":
            self._in_item = self._waits = bool(self._open) and not closes
            if self._waits:
                self._numbers[-1] = int(count[1]) if count else self._numbers[-1] + 1
        elif closes and self._open:
            self._open.pop()
            self._numbers.pop()
            self._waits, self._in_item = False, bool(self._open)
            if not self._open:
                yield ""
        elif not closes and self._closers:
            if self._waits:
                yield self._begun("")
            self._closers -= 1
            self._open.append("#" if kind == "ol" else "*")
            self._numbers.append(int(count[1]) - 1 if count else 0)
            self._waits = self._in_item = False

"""Equations of rich text, whose groups are called as the elements of Office's equations are. Writes no Markdown."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Final

from embedingest.ingest.load.office.names import M
from embedingest.ingest.load.office.runs import Hanging, words

__all__ = ["RtfMath"]

_MOST_ELEMENTS: Final = 20_000
_SETTINGS: Final = frozenset(
    ["chr", "begChr", "endChr", "sepChr", "type", "degHide", "subHide", "supHide", "pos", "vertJc", "limLoc", "grow"]
)
"""Elements whose words are a value, and are not read."""


class RtfMath:
    """The tree of the equation under way, group by group."""

    def __init__(self) -> None:
        self._root = ET.Element(M + "oMath")
        self._open: list[tuple[ET.Element, int]] = []
        self._count = 0

    def begin(self, word: str, depth: int) -> None:
        """The group at this depth is an element."""
        if self._count >= _MOST_ELEMENTS or not word.startswith("m") or (self._open and self._open[-1][1] >= depth):
            return
        self._count += 1
        self._open.append((ET.SubElement(self._here, M + word[1:]), depth))

    def say(self, text: str) -> None:
        """Words of the innermost element."""
        here = self._here
        if here.tag.removeprefix(M) in _SETTINGS:
            here.set(M + "val", here.get(M + "val", "") + text.strip())
        elif here.tag == M + "r":
            ET.SubElement(here, M + "t").text = text

    def end(self, depth: int) -> None:
        """The group at this depth ends."""
        while self._open and self._open[-1][1] >= depth:
            self._open.pop()

    def taken(self) -> str:
        """The equation in a line; the next one begins."""
        said = " ".join(words(self._root, Hanging()).split())
        self._root, self._open, self._count = ET.Element(M + "oMath"), [], 0
        return said

    @property
    def _here(self) -> ET.Element:
        return self._open[-1][0] if self._open else self._root

"""Paragraphs of rich text set in letters of one width: listings, unless the whole text is typed so."""

from __future__ import annotations

from embedingest.ingest.load.common.listing import listing

__all__ = ["Listing"]


class Listing:
    """The listing under way, and how much of the text is set as one."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._lines: list[str] = []
        self._is_set = False
        self._typed = self._words = 0

    def say(self, text: str, *, typed: bool) -> None:
        """More words of the paragraph under way, `typed` in letters of one width."""
        self._is_set = self._is_set or (not typed and not text.isspace())

    def cell(self) -> None:
        """The words so far are a cell's."""
        self._is_set = False

    def take(self, text: str, *, apart: bool) -> bool:
        """Whether a paragraph is a part of a listing, and is kept for it; one that is `apart` is an item or heading."""
        typed, self._is_set = not self._is_set, False
        count = len(text.split())
        self._words += count
        self._typed += count * typed
        if not typed or apart or not self._wanted or not (text.strip() or self._lines):
            return False
        self._lines.append(text)
        return True

    def ended(self) -> str:
        """The listing as Markdown, or as words if it is one long line; empty where none is under way."""
        lines, self._lines = self._lines, []
        return listing(lines)

    @property
    def is_all(self) -> bool:
        """Whether most words were taken for listings."""
        return self._wanted and 2 * self._typed > self._words

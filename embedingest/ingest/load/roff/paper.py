"""What a manual page is written on: headings, tags over their words, marks of lists, listings. Knows no macros."""

from __future__ import annotations

import itertools
from typing import Final

from embedingest.ingest.load.common.assembly import heading
from embedingest.ingest.load.common.markdown_escape import escaped
from embedingest.ingest.load.markup.page import Page, fenced

__all__ = ["Paper"]


class Paper:
    """Lines become paragraphs; one that ends in `\\c` goes on with the next."""

    def __init__(self) -> None:
        self.page: Final = Page()
        self.indent = ""
        self._mark = ""
        self._line: list[str] = []
        self._number = 0
        self._glued = False
        self._listing: list[tuple[int, str]] | None = None
        self._begun = 0

    def text(self, words: str, number: int, *, glue: bool = False) -> None:
        """A line of running text or of a listing; a blank one parts blocks."""
        glued, self._glued = self._glued, glue
        if self._listing is not None:
            if glued and self._listing:
                words = self._listing.pop()[1] + words
            self._listing.append((number, words.rstrip()))
            return
        if not glued:
            self.end_line()
        if not words.strip():
            if not glued:
                self.page.part()
            return
        if not self._line:
            self._number = number
        self._line.append(words if glued else words.lstrip())

    def end_line(self) -> None:
        """Write the line that is under way."""
        line, self._line = "".join(self._line), []
        if line.strip():
            mark, self._mark = self._mark, ""
            words = f"{mark} {line}" if mark else escaped(line)
            self.page.line(self.indent + words, self._number)

    def part(self, number: int) -> None:
        if self._listing is not None:
            self._listing.append((number, ""))
            return
        self.end_line()
        self._mark = ""
        self.page.part()

    def heading(self, level: int, words: str, number: int) -> None:
        self.verbatim(on=False, number=number)
        self.end_line()
        self._mark = ""
        self.page.part()
        if words.strip():
            self.page.line(heading(level, words), number)
            self.page.part()

    def tag(self, words: str, number: int) -> None:
        """A line of its own over what it explains."""
        self.end_line()
        self.text(words, number)
        self.end_line()

    def mark(self, mark: str) -> None:
        """The next line is an item of a list."""
        self.end_line()
        self._mark = mark

    def verbatim(self, *, on: bool, number: int) -> None:
        """Begin or end a listing."""
        if on and self._listing is None:
            self.end_line()
            self._listing, self._begun = [], number
        elif not on and self._listing is not None:
            listing, self._listing = self._listing, None
            while listing and not listing[-1][1]:
                listing.pop()
            listing = list(itertools.dropwhile(lambda line: not line[1], listing))
            if listing:
                self.page.block(fenced(listing, min(self._begun, listing[0][0])))

    def end(self) -> None:
        self.verbatim(on=False, number=0)
        self.end_line()

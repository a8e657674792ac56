"""The Markdown that rich text becomes: paragraphs, rows, notes below their paragraph. Knows no control words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.assembly import Assembly, grid, pipe_table
from embedingest.ingest.load.common.counting import written
from embedingest.ingest.load.common.items import Depths, Items, width
from embedingest.ingest.load.common.markdown_escape import escaped_lines, label
from embedingest.ingest.load.common.raised import on_the_line
from embedingest.ingest.load.common.struck import in_signs
from embedingest.ingest.load.markup.rtf_edges import Edges, Row, in_columns
from embedingest.ingest.load.markup.rtf_listing import Listing
from embedingest.ingest.load.markup.rtf_notes import Notes

if TYPE_CHECKING:
    from embedingest.ingest.load.markup.rtf_lists import RtfLists

__all__ = ["Place", "RtfPage"]

_MOST_COLUMNS: Final = 400
_DEEPEST: Final = 9
_HUNG: Final = re.compile(r"\A([•◦‣▪·–]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxlIVXL]{1,6})[.)])[ ]?\t[\t ]*(?=\S)")
"""What stands before an item that is one by its looks alone: a bullet or number, and a tab behind it."""


@dataclass(slots=True)
class Place:
    """What a paragraph says of itself, until one begins anew."""

    in_table: bool = False
    goes_on: bool = False  # whether it is an initial letter of the next
    level: int = 0  # of a heading
    ls: int = 0
    depth: int = 0  # in how many items it stands
    li: int = 0  # where its lines begin, in twips
    fi: int = 0  # how far from there the first does

    def take(self, word: str, number: int | None) -> None:
        """A control word about a paragraph."""
        if word == "intbl":
            self.in_table = True
        elif word == "dropcapli":
            self.goes_on = True
        elif word == "outlinelevel" and number is not None:
            self.level = number + 1 if 0 <= number < 9 else 0
        elif word == "ilvl":
            self.depth = max(0, number or 0)
        elif word in {"ls", "li", "fi"}:
            setattr(self, word, number or 0)


class RtfPage:
    """The Markdown under construction: a paragraph, a table's row, notes that wait for the paragraph's end."""

    def __init__(self, lists: RtfLists, *, listings: bool) -> None:
        self.lists = lists
        self.listing = Listing(wanted=listings)
        self.notes = Notes()
        self._blocks = Items(Assembly())
        self._depths = Depths()
        self._edges: list[int] = []  # of the open items that are so by their looks
        self._rows: list[Row] = []
        self._row: list[str] = []
        self.words: list[str] = []
        self.mark: list[str] = []
        self.edges = Edges()
        self._light = False  # whether any word of the paragraph is not bold
        self.place = Place()
        self.title: str | None = None

    def say(self, text: str, *, bold: bool, typed: bool) -> None:
        """More words of the paragraph under way, `typed` in letters of one width."""
        self.words.append(text)
        self._light = self._light or (not bold and not text.isspace())
        self.listing.say(text, typed=typed)

    def paragraph(self) -> None:
        if self.place.in_table or self._row:
            self.words.append("\n")
            return
        if self.place.goes_on:
            return
        self.end_table()
        text = _said(self.words).strip("\n")
        mark = " ".join(_said(self.mark).split())
        if text.strip() and self.place.ls:
            counted = self.lists.label(self.place.ls, self.place.depth)
            mark = mark or counted
        light, self._light = self._light, False
        self.words, self.mark = [], []
        if not self.listing.take(text, apart=bool(mark or self.place.level)):
            self._written(text.strip(" "), mark, light=light)
        self._add_below(self.notes.of_paragraph)

    def _written(self, text: str, mark: str, *, light: bool) -> None:
        """A paragraph that is no listing."""
        hung = _HUNG.match(text) if not mark and self.place.fi < 0 else None
        if hung is not None:
            mark, text = hung[1], text[hung.end() :]
            self._edges = [edge for edge in self._edges if edge < self.place.li]
            self.place.depth = len(self._edges)
            self._edges.append(self.place.li)
        block = (not light and label(text)) or escaped_lines(text)
        if self.place.level and text:
            text = f"{mark} {text}".strip()
            heading = " ".join(text.split())
            self.title = self.title or heading
            self._add(f"{'#' * min(6, self.place.level)} {heading}")
        elif mark and text:
            self._item(mark, block)
        elif text:
            self._edges = []
            self._add(block)

    def _item(self, mark: str, block: str) -> None:
        """An item behind its mark, at its depth."""
        self._end_listing()
        mark = written(mark, bullet=not any(map(str.isalnum, mark)))
        self._blocks.enter(self._depths.begin(min(self.place.depth, _DEEPEST), mark) + width(mark), mark)
        self._blocks.add(block)

    def _add(self, block: str) -> None:
        """A block that stands in no list."""
        self._end_listing()
        self._blocks.enter(0, "")
        self._blocks.add(block)

    def _end_listing(self) -> None:
        if listing := self.listing.ended():
            self._blocks.enter(0, "")
            self._blocks.add(listing)

    def cell(self) -> None:
        if len(self._row) < _MOST_COLUMNS:
            self._row.append(_said(self.words))
        else:
            self._row[-1] += " " + _said(self.words)
        self.words, self._light = [], False
        self.listing.cell()

    def row(self) -> None:
        if any(word.strip() for word in self.words):
            self.cell()
        self.words = []
        self._rows.append(self.edges.row(self._row))
        self._row = []

    def end_table(self) -> None:
        if self._rows:
            self._add(pipe_table(grid(in_columns(self._rows))))
            self._rows = []
            self._add_below(self.notes.of_table)

    def end_apart(self, kind: str) -> None:
        """A note or a box ends."""
        self.notes.end(kind, self.words, _said, in_table=self.place.in_table or bool(self._row))

    def _add_below(self, blocks: list[str]) -> None:
        for block in blocks:
            self._add(escaped_lines(block))
        blocks.clear()

    def finish(self) -> str:
        if self._row:
            self.row()
        self.place.in_table = self.place.goes_on = False
        self.paragraph()
        self._end_listing()
        self._add_below(self.notes.of_text)
        return self._blocks.finish()


def _said(words: list[str]) -> str:
    return in_signs(on_the_line("".join(words))).replace("\u00ad", "")

"""The Markdown that rich text becomes: paragraphs, rows, notes below their paragraph. Knows no control words."""

from __future__ import annotations

from typing import Final

from embedingest.ingest.load.common.assembly import Assembly, grid, pipe_table
from embedingest.ingest.load.common.counting import written
from embedingest.ingest.load.common.items import Depths, Items, width
from embedingest.ingest.load.common.markdown_escape import escaped_lines, label
from embedingest.ingest.load.common.raised import on_the_line
from embedingest.ingest.load.common.struck import in_signs
from embedingest.ingest.load.markup.rtf_edges import Edges, Row, in_columns

__all__ = ["RtfPage"]

_MOST_COLUMNS: Final = 400
_DEEPEST: Final = 9


class RtfPage:
    """The Markdown under construction: a paragraph, a table's row, notes that wait for the paragraph's end."""

    def __init__(self) -> None:
        self._blocks = Items(Assembly())
        self._depths = Depths()
        self._rows: list[Row] = []
        self._row: list[str] = []
        self._below: tuple[list[str], list[str]] = [], []  # notes and boxes of the paragraph, and of the table
        self.words: list[str] = []
        self.mark: list[str] = []
        self.apart: dict[str, list[str]] = {"footnote": [], "shptxt": []}  # words of a note or box under way
        self.edges = Edges()
        self._light = False  # whether any word of the paragraph is not bold
        self.in_table = False
        self.goes_on = False  # whether the paragraph is an initial letter of the next
        self.level = 0
        self.depth = 0  # in how many items the next one stands
        self.title: str | None = None

    def say(self, text: str, *, bold: bool) -> None:
        """More words of the paragraph under way."""
        self.words.append(text)
        self._light = self._light or (not bold and not text.isspace())

    def paragraph(self) -> None:
        if self.in_table or self._row:
            self.words.append("\n")
            return
        if self.goes_on:
            return
        self.end_table()
        text = _said(self.words).strip(" \n")
        mark = " ".join(_said(self.mark).split())
        block = (not self._light and label(text)) or escaped_lines(text)
        self.words, self.mark, self._light = [], [], False
        if self.level and text:
            text = f"{mark} {text}".strip()
            heading = " ".join(text.split())
            self.title = self.title or heading
            self._add(f"{'#' * min(6, self.level)} {heading}")
        elif mark and text:
            self._item(mark, block)
        elif text:
            self._add(block)
        self._add_below(self._below[0])

    def _item(self, mark: str, block: str) -> None:
        """An item behind its mark, at its depth."""
        mark = written(mark, bullet=not any(map(str.isalnum, mark)))
        self._blocks.enter(self._depths.begin(min(self.depth, _DEEPEST), mark) + width(mark), mark)
        self._blocks.add(block)

    def _add(self, block: str) -> None:
        """A block that stands in no list."""
        self._blocks.enter(0, "")
        self._blocks.add(block)

    def cell(self) -> None:
        if len(self._row) < _MOST_COLUMNS:
            self._row.append(_said(self.words))
        else:
            self._row[-1] += " " + _said(self.words)
        self.words, self._light = [], False

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
            self._add_below(self._below[1])

    def end_apart(self, kind: str) -> None:
        """A note, or a box with its paragraphs, is to stand below the paragraph or table under way."""
        said = _said(self.apart[kind])
        lines = said.split("\n") if kind == "shptxt" else [said]
        blocks = (" ".join(line.split()) for line in lines)
        self._below[self.in_table or bool(self._row)].extend(filter(None, blocks))
        self.apart[kind] = []

    def _add_below(self, blocks: list[str]) -> None:
        for block in blocks:
            self._add(escaped_lines(block))
        blocks.clear()

    def finish(self) -> str:
        if self._row:
            self.row()
        self.in_table = self.goes_on = False
        self.paragraph()
        return self._blocks.finish()


def _said(words: list[str]) -> str:
    return in_signs(on_the_line("".join(words))).replace("\u00ad", "")

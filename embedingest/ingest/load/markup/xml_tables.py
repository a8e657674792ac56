"""Rows of tables of XML with their cells in their columns: CALS, HTML, TEI, OpenDocument, SpreadsheetML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.assembly import MOST_SPAN, Cell, grid
from embedingest.ingest.load.markup.xml_words import bare, joined, local
from embedingest.numerals import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

__all__ = ["GROUPS", "PARTS", "ROWS", "Rows"]

ROWS: Final = frozenset(["row", "tr", "table-row", "strow", "sthead"])
PARTS: Final = frozenset(["thead", "tbody", "tfoot"])
GROUPS: Final = PARTS | {"table", "informaltable", "simpletable", "tgroup"}
"""Hold rows; no cell reaches beyond them."""

_COMMENTS: Final = frozenset(["annotation", "comment"])
_MIDNIGHT: Final = re.compile(r"(?<=\d\d-\d\d)T00:00:00(?:\.0+)?|(?<=T\d\d:\d\d:\d\d)\.000")
_MOST_COLUMNS: Final = 256
_ACROSS: Final = {"colspan": 0, "cols": 0, "mergeacross": 1}
_DOWN: Final = {"rowspan": 0, "rows": 0, "morerows": 1, "mergedown": 1}
"""What says how many columns or rows a cell fills, with what that leaves out."""

_COVERED: Final = Cell("", covered=True)
_EMPTY: Final = Cell("")


class Rows:
    """The rows of a table under way. A cell that fills rows stands in each, one that fills columns in the first."""

    def __init__(self) -> None:
        self._found: list[list[str]] = []
        self._columns: dict[str, tuple[int, int]] = {}  # the first and the last of those that a name stands for
        self._taken: dict[int, int] = {}  # columns that cells above fill, and for how many rows more
        self._row: list[Cell] = []
        self._lines = grid(self._given())

    def begin(self, group: Element) -> None:
        """A group of rows begins: what it says of its columns counts, and no cell above it reaches into it."""
        self._taken.clear()
        at = -1
        for child in group:
            if local(child) == "colspec":
                at = whole(child.get("colnum"), at + 2, least=1, most=_MOST_COLUMNS) - 1
                self._columns |= {name: (at, at) for name in [child.get("colname")] if name}
            elif local(child) == "spanspec":
                self._columns |= {name: self._between(child.attrib) for name in [child.get("spanname")] if name}

    def add(self, row: Element) -> dict[str, int]:
        """Append a row. Gives how many comments on its cells were left out, and formulas that have no value."""
        self._row = []
        below: dict[int, int] = {}
        beyond: list[str] = []
        comments = formulas = 0
        for cell in row:
            for said in [each for each in cell if local(each) in _COMMENTS]:  # on a cell of a sheet
                comments += 1
                cell.remove(said)
            text = " ".join(_MIDNIGHT.sub("", joined(cell, every=True)).split())
            formulas += not text and not len(cell) and any(bare(key).lower() == "formula" for key in cell.attrib)
            if len(self._row) < _MOST_COLUMNS:
                below |= self._cell(cell, text)
            elif text:
                beyond.append(text)
        while len(self._row) <= max(self._taken, default=-1):
            self._row.append(_COVERED if len(self._row) in self._taken else _EMPTY)
        self._taken = {column: left - 1 for column, left in self._taken.items() if left > 1} | below
        line = next(self._lines)
        if beyond:
            line[-1] = " ".join([line[-1], *beyond])
        while line and not line[-1]:
            line.pop()
        if line:
            self._found.append(line)
        return {"comments_left_out": comments, "formulas_without_values": formulas}

    def ended(self) -> list[list[str]]:
        """All rows so far; the next one begins another table."""
        found, self._found = self._found, []
        if found:
            self._taken.clear()
        return found

    def _given(self) -> Iterator[list[Cell]]:
        while True:
            yield self._row

    def _cell(self, cell: Element, text: str) -> dict[int, int]:
        """Put a cell in its column. Gives the columns that it fills in rows below, and in how many."""
        said = {bare(key).lower(): value for key, value in cell.attrib.items()}
        if "covered" in local(cell):
            repeated = whole(said.get("number-columns-repeated"), 1, least=1, most=_MOST_COLUMNS)
            self._row += [_COVERED] * min(repeated, _MOST_COLUMNS - len(self._row))
            return {}
        first, last = self._between(said)
        self._go_to(first)
        room = _MOST_COLUMNS - len(self._row)
        repeated = min(whole(said.get("number-columns-repeated"), 1, least=1, most=_MOST_COLUMNS), room)
        across = min(max(_span(said, _ACROSS), last - first + 1), room)
        down = _span(said, _DOWN)
        start = len(self._row)
        own = whole(said.get("number-rows-spanned"), 1, least=1, most=MOST_SPAN)  # its rows say what they cover
        self._row += [Cell(text, down=max(down, own))] * max(repeated, min(1, room)) + [_EMPTY] * (across - 1)
        return dict.fromkeys(range(start, start + across), down - 1) if down > 1 else {}

    def _between(self, said: Mapping[str, str]) -> tuple[int, int]:
        """The first and the last column that a cell says it fills; -1 where it does not say so."""
        if (number := whole(said.get("index"), 0, most=_MOST_COLUMNS)) > 0:
            return number - 1, -1
        if (named := said.get("spanname", "")) in self._columns:
            return self._columns[named]
        first = self._columns.get(said.get("namest") or said.get("colname") or "", (-1, -1))[0]
        last = self._columns.get(said.get("nameend", ""), (-1, -1))[0]
        return first, last if last >= first >= 0 else first

    def _go_to(self, first: int) -> None:
        """Go on to a column, or to the next that no cell above fills."""
        while len(self._row) < first or (first < 0 and len(self._row) in self._taken):
            self._row.append(_COVERED if len(self._row) in self._taken else _EMPTY)


def _span(said: Mapping[str, str], names: Mapping[str, int]) -> int:
    return max(whole(said.get(name), 1 - beside, least=0, most=MOST_SPAN) + beside for name, beside in names.items())

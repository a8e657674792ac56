"""Tables between `.TS` and `.TE`: rows of cells, their layout read over. Knows no macros."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.roff.characters import arguments, plain

if TYPE_CHECKING:
    from embedingest.ingest.load.roff.paper import Paper
    from embedingest.ingest.load.roff.source import Line

__all__ = ["Table"]

_TAB: Final = re.compile(r"tab[ \t]*\((.)\)")
_RULE: Final = re.compile(r"[_=\s]*\Z|(?:\\[_=^]\s*)+\Z")


class Table:
    """Takes lines until its end; a cell may hold several between `T{` and `T}`."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, list[str]]] = []
        self._tab = "\t"
        self._head = True
        self._cell: list[str] | None = None

    def add(self, line: Line) -> None:
        if line.name:
            self._request(line)
        elif self._head:
            tab = _TAB.search(line.rest)
            self._tab = tab[1] if tab else self._tab
            self._head = not line.rest.rstrip().endswith(".")
        elif self._cell is not None:
            self._in_cell(line)
        elif not _RULE.match(line.rest):
            self._row(line.rest.split(self._tab), line.number)

    def _request(self, line: Line) -> None:
        if line.name == "T&":
            self._head = True
        elif self._cell is not None and line.name not in {"br", "sp", "nf", "fi", "ad", "na", "hy", "nh"}:
            self._cell.append(" ".join(plain(each) for each in arguments(line.rest)))

    def _row(self, cells: list[str], number: int) -> None:
        opened = cells[-1].strip() == "T{"
        self._rows.append((number, ["" if cell.strip() in {"\\^", "_"} else plain(cell).strip() for cell in cells]))
        if opened:
            self._rows[-1][1].pop()
            self._cell = []

    def _in_cell(self, line: Line) -> None:
        if not line.rest.startswith("T}"):
            if self._cell is not None:
                self._cell.append(plain(line.rest).strip())
            return
        number, row = self._rows[-1]
        row.append(" ".join(self._cell or []))
        self._cell = None
        rest = line.rest[2:]
        if rest.startswith(self._tab):
            self._rows.pop()
            before = list(row)
            self._row(rest[len(self._tab) :].split(self._tab), number)
            self._rows[-1][1][:0] = before

    def write(self, paper: Paper) -> None:
        if self._cell is not None and self._rows:
            self._rows[-1][1].append(" ".join(self._cell))
        paper.verbatim(on=False, number=0)
        paper.end_line()
        for number, row in self._rows:
            paper.page.row(row, number)
        paper.page.end_table()

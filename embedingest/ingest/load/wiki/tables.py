"""Tables of a wiki text: rows, headers, spans. Tables in tables are words of their cell. Knows no other lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.assembly import MOST_SPAN, Cell, grid, pipe_table

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Table"]

_SPAN: Final = re.compile(r"(?i)\b(row|col)span\s*=\s*[\"']?\s*(\d{1,3})")
_LAYOUT: Final = re.compile(r"\s*(?:[\w-]{1,40}\s*=\s*(?:\"[^\"|]{0,400}\"|'[^'|]{0,400}'|[^\s|]{1,200})\s*)+\Z")


class Table:
    """Takes the lines below `{|` up to the `|}` that closes it."""

    def __init__(self) -> None:
        self.caption = ""
        self._rows: list[list[tuple[str, list[str]]]] = [[]]
        self._into: list[str] | None = None
        self._depth = 0

    def add(self, line: str) -> bool:
        """Take a line; whether the table goes on behind it."""
        stripped = line.strip()
        if stripped.startswith("{|"):
            self._depth += 1
        elif stripped.startswith("|}"):
            self._depth -= 1
            return self._depth >= 0
        elif self._depth:
            self._nested(stripped)
        elif stripped.startswith("|-"):
            self._rows.append([])
            self._into = None
        elif stripped.startswith("|+"):
            self.caption = _words(stripped[2:])[1]
            self._into = None
        elif stripped.startswith(("|", "!")):
            self._cells(stripped)
        elif self._into is not None:
            self._into.append(stripped)
        return True

    @property
    def text(self) -> str:
        """The table as Markdown."""
        cells = [[_cell(layout, " ".join(parts)) for layout, parts in row] for row in self._rows if row]
        return pipe_table(grid(_covered(cells)))

    def _cells(self, line: str) -> None:
        body = line[1:].replace("!!", "||") if line[0] == "!" else line[1:]
        for each in body.split("||"):
            layout, words = _words(each)
            self._into = [words]
            self._rows[-1].append((layout, self._into))

    def _nested(self, line: str) -> None:
        if self._into is None or line.startswith("|-"):
            return
        mark = line[:1]
        body = line[1:].lstrip("+") if mark in {"|", "!"} else line
        self._into += [_words(each)[1] for each in body.replace("!!", "||").split("||")]


def _covered(rows: list[list[Cell]]) -> Iterator[list[Cell]]:
    """The rows with a cell for each place that one above them fills."""
    filled: dict[int, tuple[int, int]] = {}
    for row in rows:
        line: list[Cell] = []
        column = 0
        waiting = iter(row)
        while True:
            down, across = filled.pop(column, (0, 0))
            cell = Cell("", across, down, covered=True) if down else next(waiting, None)
            if cell is None:
                break
            line.append(cell)
            if cell.down > 1:
                filled[column] = (min(cell.down, MOST_SPAN) - 1, cell.across)
            column += min(cell.across, MOST_SPAN)
        yield line


def _words(cell: str) -> tuple[str, str]:
    """The layout of a cell and its words, which a bar parts where there is a layout."""
    layout, bar, words = cell.partition("|")
    if bar and (not layout.strip() or _LAYOUT.match(layout)):
        return layout, words.strip()
    return "", cell.strip()


def _cell(layout: str, text: str) -> Cell:
    spans = {kind.lower(): int(count) for kind, count in _SPAN.findall(layout)}
    return Cell(text, across=max(1, spans.get("col", 1)), down=spans.get("row", 1) or MOST_SPAN)  # 0: all that follow

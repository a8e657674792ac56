"""Tables written as text: a line a row, cells parted by a bar, spans over sheets and headers. Knows no formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.load.common.header_row import headers
from embedingest.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["RowText"]


class RowText:
    """Sheets written one below the other."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._length = 0
        self.spans: list[Span] = []

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def sheet(
        self,
        name: str,
        rows: Sequence[list[str]],
        first_row: int = 1,
        below: Iterable[str] = (),
        *,
        ragged: bool = False,
        numbers: Mapping[int, int] | None = None,
    ) -> bool:
        """Append a sheet, and lines `below` it; whether it has cells.

        Blank rows keep their line, so that rows can be counted, but those above the first that is not. Where rows are
        `ragged`, one that has as many cells as the header belongs to it, however few of them are filled.
        `numbers` say where rows stood that were moved together, both from 0.
        """
        start = self._length
        skipped = next((place for place, row in enumerate(rows) if any(cell.strip() for cell in row)), len(rows))
        filled = rows[skipped:]
        lines = [_line(row) + "\n" for row in filled]
        while lines and lines[-1] == "\n":
            lines.pop()
        self._mark_headers(filled, lines, start, ragged=ragged)
        told = [" ".join(each.split()) for each in below]
        lines += ["\n"] * bool(lines and any(told)) + [f"{each}\n" for each in told if each]
        self._lines += lines
        self._length += sum(map(len, lines))
        if self._length > start:
            if name:
                self.spans.append(Span(start, self._length, "sheet", name))
            self._number(lines[: len(filled)], start, first_row + skipped, numbers or {})
        return bool(filled)

    def _number(self, lines: Sequence[str], start: int, row: int, numbers: Mapping[int, int]) -> None:
        """A span from each row on whose number is not the next one."""
        due, at = 0, start
        for new, line in enumerate(lines, row - 1):
            number = numbers.get(new, due or new) if numbers else new
            if number != due or at == start:
                self.spans.append(Span(at, self._length, "first_row", number + 1))
            due, at = number + 1, at + len(line)
            if not numbers:
                return

    def _mark_headers(self, rows: Sequence[list[str]], lines: list[str], start: int, *, ragged: bool) -> None:
        at, place = start, 0
        for header in headers(rows, ragged=ragged):
            first, last = (header, header) if isinstance(header, int) else header
            at += sum(map(len, lines[place:first]))
            end = at + sum(map(len, lines[first : last + 1]))
            words = "" if isinstance(header, int) else "".join(lines[first : last + 1]).strip()
            self.spans.append(Span(at, end, "header", words))
            at, place = end, last + 1


def _line(row: list[str]) -> str:
    cells = [" ".join(cell.split()) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return " | ".join(cells)

"""Markdown under construction that knows the line of the file each of its own came from. Knows no formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.assembly import pipe_table
from embedingest.types import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Page", "fenced"]


class Page:
    """Lines of text, blocks one blank line apart. `rows` of a table wait until it ends."""

    def __init__(self) -> None:
        self._lines: Final[list[str]] = []
        self._length = 0
        self._shift = 0
        self._rows: list[tuple[int, list[str]]] = []
        self.spans: Final[list[Span]] = []
        self.notices: Final[dict[str, int]] = {}

    def line(self, words: str, number: int) -> None:
        """Append a line that stands on line `number` (from 1) of the file. A blank one parts blocks."""
        self.end_table()
        self._line(words.rstrip(), number)

    def part(self) -> None:
        """End the block: a blank line, unless there is one."""
        self.end_table()
        if self._lines and self._lines[-1]:
            self._line("", 0)

    def block(self, lines: Sequence[tuple[int, str]]) -> None:
        """Append lines with their numbers as a block of its own, with blank lines within as they are."""
        self.part()
        for number, words in lines:
            self._line(words, number)
        self.part()

    def row(self, cells: list[str], number: int) -> None:
        """Append a row of a table, which ends with the next line."""
        if not self._rows:
            self.part()
        if any(cell.strip() for cell in cells):
            self._rows.append((number, cells))

    def end_table(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            numbers = [rows[0][0], *(number for number, _ in rows)]
            numbers.sort()  # the line below the header stands where the header does
            for number, line in zip(numbers, pipe_table(cells for _, cells in rows).split("\n"), strict=True):
                self._line(line, number)
            self._line("", 0)

    def count(self, kind: str, count: int = 1) -> None:
        if count:
            self.notices[kind] = self.notices.get(kind, 0) + count

    @property
    def text(self) -> str:
        """All of it, without blanks at the end."""
        self.end_table()
        whole = "\n".join(self._lines).rstrip()
        return whole + "\n" if whole else ""

    def line_spans(self) -> tuple[Span, ...]:
        """`line` spans from where on the lines of the file are others than those of the text."""
        length = len(self.text)
        return tuple(Span(span.start, length, span.kind, span.value) for span in self.spans if span.start < length)

    def _line(self, words: str, number: int) -> None:
        if not words and (not self._lines or (number == 0 and not self._lines[-1])):
            return
        if words and number - len(self._lines) - 1 != self._shift:
            self._shift = number - len(self._lines) - 1
            self.spans.append(Span(self._length, self._length, "line", number))
        self._lines.append(words)
        self._length += len(words) + 1


def fenced(lines: Sequence[tuple[int, str]], number: int, language: str = "") -> list[tuple[int, str]]:
    """A listing between fences longer than any in it; the first fence stands on line `number`."""
    ticks = max((len(words) - len(words.lstrip("`")) for words in (line.strip() for _, line in lines)), default=0)
    fence = "`" * max(3, ticks + 1)
    last = lines[-1][0] if lines else number
    return [(number, f"{fence}{language}"), *lines, (last + 1, fence)]

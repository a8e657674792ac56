"""Parts put together to one text with spans over them. Knows no formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Assembly", "pipe_table"]


class Assembly:
    """A text under construction: blocks stand one blank line apart."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self.spans: list[Span] = []

    def add(self, block: str) -> tuple[int, int]:
        """Append a block without the blanks around it; where it lies. A blank one is left out."""
        block = block.strip("\n").rstrip()
        if not block:
            return self._length, self._length
        if self._blocks:
            self._length += 2
        start = self._length
        self._blocks.append(block)
        self._length += len(block)
        return start, self._length

    def span(self, start: int, kind: str, value: str | int) -> None:
        """Mark everything from `start` to what was added last. An empty stretch is not marked."""
        if self._length > start:
            self.spans.append(Span(start, self._length, kind, value))

    @property
    def next(self) -> int:
        """Where the next block will begin."""
        return self._length + 2 if self._blocks else 0

    @property
    def text(self) -> str:
        return "\n\n".join(self._blocks) + ("\n" if self._blocks else "")


def pipe_table(rows: Iterable[Iterable[str]]) -> str:
    """Rows of cells as a Markdown table, the first row its header; empty rows left out."""
    cells = [[" ".join(cell.replace("|", "\\|").split()) for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    width = max(map(len, cells), default=0)
    if width == 0:
        return ""
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])

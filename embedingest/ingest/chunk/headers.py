"""The header rows of tables in marked-up text, which every chunk of their rows is embedded with. Knows no models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.chunk.lines import DELIMITER_ROW
from embedingest.ingest.load.common.header_row import header_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.chunk.blocks import Block

__all__ = ["Table", "tables"]

_GRID_BORDER: Final = re.compile(r"\+(?:-+\+)+$")
_GRID_DELIMITER: Final = re.compile(r"\+(?:=+\+)+$")
_BAR: Final = re.compile(r"(?<!\\)\|")
_MOST_LINES: Final = 12
_MOST_ROWS: Final = 8
_LONGEST: Final = 8000


class Table(NamedTuple):
    """A table whose rows begin at `rows`, with its header as one text, ended by a line break."""

    start: int
    rows: int
    end: int
    header: str


def tables(text: str, blocks: tuple[Block, ...], end: int) -> Iterator[Table]:
    """The tables with a header among blocks that reach to `end`."""
    for index, block in enumerate(blocks):
        if block.kind == "table":
            stop = blocks[index + 1].start if index + 1 < len(blocks) else end
            found = _header(text[block.start : min(stop, block.start + _LONGEST)])
            if found is not None and block.start + found[1] < stop:
                yield Table(block.start, block.start + found[1], stop, found[0])


def _second_row(lines: list[str]) -> str | None:
    """The row below the delimiter where the header is of two: that above it names groups of its columns."""
    rows = [_BAR.split(line.strip().strip("|")) for line in (lines[0], *lines[2:_MOST_ROWS])]
    return lines[2] if header_rows(rows) == (0, 1) else None


def _header(text: str) -> tuple[str, int] | None:
    """The header of a table and where its rows begin."""
    lines = text.split("\n", _MOST_LINES)[:_MOST_LINES]
    if len(lines) > 2 and "|" in lines[0] and "-" in lines[1] and DELIMITER_ROW.match(lines[1].strip()):
        names = _second_row(lines)
        rows = [lines[0], *([] if names is None else [names])]
        return "".join(row.strip() + "\n" for row in rows), len(lines[1]) + 1 + sum(len(row) + 1 for row in rows)
    if len(lines) > 3 and lines[0].strip() == "|===" and lines[1].strip() and not lines[2].strip():
        return lines[1].strip() + "\n", sum(map(len, lines[:3])) + 3
    if _GRID_BORDER.match(lines[0].strip()):
        for index, line in enumerate(lines):
            if _GRID_DELIMITER.match(line.strip()):
                words = "\n".join(each.strip() for each in lines[1:index])
                return (words + "\n", sum(map(len, lines[: index + 1])) + index + 1) if words else None
    return None

"""The rows and cells of a table of Word that are its own, in their columns. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.assembly import MOST_SPAN, Cell
from embedingest.ingest.load.office.names import FALLBACK, W
from embedingest.ingest.load.office.package import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree.ElementTree import Element

__all__ = ["only_cell", "table_cells"]

_ENDS: Final = frozenset({W + "tbl", W + "tr", W + "tc", W + "p", FALLBACK})


def only_cell(table: Element) -> Element | None:
    """The cell of a table that has but one, which frames what is in it."""
    rows = list(_own(table, W + "tr"))
    cells = list(_own(rows[0], W + "tc")) if len(rows) == 1 else []
    return cells[0] if len(cells) == 1 else None


def table_cells(table: Element, say: Callable[[Element], str]) -> Iterator[Iterator[Cell]]:
    """The cells of each row; rows whose deletion is tracked are left out."""
    for row in _own(table, W + "tr"):
        if row.find(f"{W}trPr/{W}del") is None:
            yield _cells(row, say)


def _cells(row: Element, say: Callable[[Element], str]) -> Iterator[Cell]:
    before = row.find(f"{W}trPr/{W}gridBefore")
    for _ in range(0 if before is None else number(before.get(W + "val"), 0, MOST_SPAN)):
        yield Cell("")
    for cell in _own(row, W + "tc"):
        across, merged = cell.find(f"{W}tcPr/{W}gridSpan"), cell.find(f"{W}tcPr/{W}vMerge")
        width = 1 if across is None else number(across.get(W + "val"), 1, MOST_SPAN)
        goes_on = merged is not None and merged.get(W + "val", "continue") == "continue"
        yield Cell(say(cell), width, down=1 if merged is None else MOST_SPAN, covered=goes_on)


def _own(parent: Element, wanted: str) -> Iterator[Element]:
    """Elements of this kind below, also within controls and tracked changes, but not within other tables' parts."""
    stack = list(reversed(parent))
    while stack:
        node = stack.pop()
        if node.tag == wanted:
            yield node
        elif node.tag not in _ENDS:
            stack.extend(reversed(node))

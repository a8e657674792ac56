"""How the rows a document should have differ from those it has: new, kept, refreshed, gone. A pure function.

Knows neither how to embed nor how to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedingest.types import Row

__all__ = ["Difference", "difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What makes the rows a document has into the rows it should have.

    `new` rows have no row of their id yet, `refreshed` ones have one that differs in some column, `kept` counts
    those that are right already, `gone` are the ids of rows that should not be there.
    """

    new: tuple[Row, ...] = ()
    refreshed: tuple[Row, ...] = ()
    gone: tuple[str, ...] = ()
    kept: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.new or self.refreshed or self.gone)


def difference(should: Iterable[Row], has: Iterable[Row]) -> Difference:
    """Compare by id. Rows of equal id and equal columns are kept; the order of either side does not matter."""
    present = {row.id: row for row in has}
    new: list[Row] = []
    refreshed: list[Row] = []
    wanted: set[str] = set()
    kept = 0
    for row in should:
        wanted.add(row.id)
        old = present.get(row.id)
        if old is None:
            new.append(row)
        elif old != row:
            refreshed.append(row)
        else:
            kept += 1
    gone = tuple(key for key in present if key not in wanted)
    return Difference(tuple(new), tuple(refreshed), gone, kept)

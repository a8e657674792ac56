"""Where the cells of sheets of OpenDocument stand: what spans several rows, what has no value, what stands far apart.

Cells that stand far apart are moved together before a table is made of all that lies between.

Looks at the bytes of a sheet, not at its tree: a sheet may have millions of cells.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.office.sheets.workbook import SheetFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["closed_up_sheets", "grid_facts"]

_TAG: Final = re.compile(
    rb"<(/?)(?:\w+:)?(table|table-row|table-cell|covered-table-cell)(?=[\s/>])((?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>"
)
_REPEATED: Final = re.compile(rb"""[\s:]number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,9})["']""")
_VALUE: Final = re.compile(rb"[\s:](?:value-type|formula)\s*=")
_TYPE: Final = re.compile(rb"[\s:]value-type\s*=")
_FORMULA: Final = re.compile(rb"[\s:]formula\s*=")
_DOWN: Final = re.compile(rb"""[\s:]number-rows-spanned\s*=\s*["'](\d{1,7})["']""")
_NAME: Final = re.compile(rb"""[\s:]name\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_MOST_ROWS: Final = 2**21
_MOST_COLUMNS: Final = 2**15
_MOST_CELLS: Final = 50_000_000


@dataclass(slots=True)
class _Sheet:
    """Rows and columns that hold anything, from 0, and how many cells do."""

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    cells: int = 0

    @property
    def is_sparse(self) -> bool:
        if not self.cells:
            return False
        return SheetFacts(
            cells=self.cells,
            rows=(min(self.rows), max(self.rows)),
            columns=(min(self.columns), max(self.columns)),
        ).is_sparse


@dataclass(slots=True)
class _Run:
    """A row or a cell, repeated: where its tag stands, from which place on, whether anything is in it."""

    tag: re.Match[bytes]
    sheet: int
    place: int
    count: int
    is_row: bool
    filled: bool = False
    name: bytes = b""
    """Of the sheet, as it is written."""
    row: int = 0
    """The row of a cell."""


def grid_facts(content: bytes, name: str) -> dict[str, SheetFacts]:
    """By the names of the sheets: the cells that span several rows, formulas without a stored value.

    Raises DocumentError (`bomb`) as `closed_up_sheets` does.
    """
    if b"number-rows-spanned" not in content and b"formula" not in content:
        return {}
    found: dict[str, SheetFacts] = {}
    for run in _runs(content, name):
        if run.is_row or run.tag[2] != b"table-cell":
            continue
        attributes = run.tag[3]
        down = _DOWN.search(attributes)
        is_uncalculated = _FORMULA.search(attributes) and not _TYPE.search(attributes)
        if is_uncalculated and (attributes.endswith(b"/") or not _has_text(content, run.tag.end())):
            _of(found, run).without_value += run.count
        elif run.filled and down and int(down[1]) > 1:
            _of(found, run).merged.append(((run.row, run.place), (run.row + int(down[1]) - 1, run.place)))
    return found


def _of(found: dict[str, SheetFacts], run: _Run) -> SheetFacts:
    return found.setdefault(_named(run), SheetFacts())


def _named(run: _Run) -> str:
    """The name of the sheet that a row or a cell stands in."""
    return html.unescape(run.name.decode("utf-8", "replace"))


def closed_up_sheets(content: bytes, name: str) -> tuple[bytes, dict[str, dict[int, int]]] | None:
    """The content with its sparse sheets closed up, and by their names where each row that holds anything stood.

    None where no sheet is sparse. Rows are counted from 0. Raises DocumentError (`bomb`) for more rows, columns or
    cells than any sheet has.
    """
    if b"-repeated" not in content:
        return None
    sheets = _sheets(content, name)
    if not any(sheet.is_sparse for sheet in sheets):
        return None
    kept = [(_kept(sheet.rows), _kept(sheet.columns)) for sheet in sheets]
    parts: list[bytes] = []
    last = 0
    numbers: dict[str, dict[int, int]] = {}
    rows: Counter[int] = Counter()  # of each sheet, so far
    for run in sorted(_runs(content, name), key=lambda run: run.tag.start()):
        if not sheets[run.sheet].is_sparse:
            continue
        if run.filled:
            if run.is_row:
                begin = rows[run.sheet]
                numbers.setdefault(_named(run), {}).update((begin + at, run.place + at) for at in range(run.count))
                rows[run.sheet] += run.count
            continue
        places = kept[run.sheet][0 if run.is_row else 1]
        count = bisect_left(places, run.place + run.count) - bisect_left(places, run.place)
        match = _REPEATED.search(run.tag[0])
        rows[run.sheet] += run.is_row and max(count, 1)
        if not count and not run.is_row and run.tag[3].endswith(b"/"):  # a cell of a column that is left out
            parts.append(content[last : run.tag.start()])
            last = run.tag.end()
        elif match is not None:
            at = run.tag.start() + match.start(1)
            parts += [content[last:at], b"%d" % max(count, 1)]
            last = run.tag.start() + match.end(1)
    return b"".join([*parts, content[last:]]), numbers


def _sheets(content: bytes, name: str) -> list[_Sheet]:
    """What is filled in each sheet."""
    sheets: list[_Sheet] = []
    for run in _runs(content, name):
        while len(sheets) <= run.sheet:
            sheets.append(_Sheet())
        _take(sheets[run.sheet], run, name)
    return sheets


def _take(sheet: _Sheet, run: _Run, name: str) -> None:
    most = _MOST_ROWS if run.is_row else _MOST_COLUMNS
    if run.place + run.count > most and run.filled:
        raise _too_much(name)
    if run.filled:
        (sheet.rows if run.is_row else sheet.columns).update(range(run.place, run.place + run.count))
        sheet.cells += 0 if run.is_row else run.count
        if sheet.cells > _MOST_CELLS:
            raise _too_much(name)


def _runs(content: bytes, name: str) -> Iterator[_Run]:
    """Every row behind its cells. A table within a cell is part of the cell."""
    sheet, depth, named = -1, 0, b""
    row: _Run | None = None
    place = column = weight = 0
    for tag in _TAG.finditer(content):
        kind, closes, single = tag[2], bool(tag[1]), tag[3].endswith(b"/")
        if kind == b"table":
            depth += -1 if closes else 0 if single else 1
            if depth == 1 and not closes:
                sheet, place, match = sheet + 1, 0, _NAME.search(tag[3])
                named = b"" if match is None else match[1] or match[2] or b""
        elif depth != 1:
            continue
        elif kind == b"table-row" and not closes:
            row, column, weight = _Run(tag, sheet, place, _count(tag), is_row=True, name=named), 0, 0
        if kind == b"table-row" and row is not None and (closes or single):
            place += row.count
            if weight * row.count > _MOST_CELLS:
                raise _too_much(name)
            yield row
            row = None
        elif kind.endswith(b"table-cell") and row is not None and not closes:
            filled = _VALUE.search(tag[3]) is not None or (not single and _has_text(content, tag.end()))
            cell = _Run(tag, sheet, column, _count(tag), is_row=False, filled=filled, name=named, row=row.place)
            column += cell.count
            row.filled = row.filled or filled
            weight += cell.count if filled else 0
            yield cell


def _has_text(content: bytes, at: int) -> bool:
    following = content[at : at + 200].lstrip()
    return not following.startswith(b"</")


def _count(tag: re.Match[bytes]) -> int:
    match = _REPEATED.search(tag[3])
    return max(1, int(match[1])) if match else 1


def _kept(filled: set[int]) -> list[int]:
    """The places that stay: those that hold anything, and one of each gap."""
    places: list[int] = []
    for place in sorted(filled):
        if places and place - places[-1] > 1:
            places.append(places[-1] + 1)
        places.append(place)
    return places


def _too_much(name: str) -> DocumentError:
    return DocumentError(f"{name} says that it holds more cells than any sheet has", source=name, code="bomb")

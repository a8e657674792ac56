"""Spreadsheets as rows of text, through calamine: cells as they are shown. Knows no separated text."""

from __future__ import annotations

import datetime as dt
import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import MOST_SPAN
from embedingest.ingest.load.common.extras import optional
from embedingest.ingest.load.common.quiet import without_panics
from embedingest.ingest.load.common.row_text import RowText
from embedingest.ingest.load.office.sheets.asides import Asides
from embedingest.ingest.load.office.sheets.date_format import dated
from embedingest.ingest.load.office.sheets.hiding import hides
from embedingest.ingest.load.office.sheets.looked import Looked
from embedingest.ingest.load.office.sheets.number_format import shown, text_shown
from embedingest.ingest.load.office.sheets.workbook import SheetFacts, moved
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SheetLoader", "create"]

_REPEATED: Final = 1000
_LARGE: Final = 2_000_000
_SPARSE: Final = 50
_WIDE: Final = 16
"""From so many empty columns side by side on they part no tables: something stands far right."""

_COUNTED: Final = (
    "unread_sheets",
    "hidden_sheets",
    "hidden_values",
    "formulas_without_values",
    "hidden_rows",
    "hidden_columns",
)


class SheetLoader:
    """Spreadsheets of Excel and LibreOffice: values as their cells show them, not formulas; also hidden sheets.

    `comments=True` keeps comments on cells, below their sheet.
    """

    name = "sheet"
    version = "14"
    suffixes = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".fods", ".ots"})
    mimes = frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})

    def __init__(self, *, comments: bool = False) -> None:
        self._comments = comments

    def load(self, data: bytes, name: str) -> Document:
        """Rows with `sheet`, `header` and `first_row` spans. Raises DocumentError: `corrupt`, `encrypted`, `bomb`."""
        calamine = optional("python_calamine", "python-calamine", name)
        found = Looked.through(data, name)
        book = _opened(calamine, found.data, name)
        builder, notices = RowText(), dict.fromkeys(_COUNTED, 0) | found.notices
        for sheet in book.sheets_metadata:
            beside = found.asides.get(sheet.name, Asides([], []))
            below = [*beside.words, *(beside.comments if self._comments else ())]
            rows: list[list[str]] = []
            numbers: dict[int, int] = {}
            first = 1
            try:
                with without_panics():
                    table = book.get_sheet_by_name(sheet.name)
                    rows, numbers = _written(table, found.facts.get(sheet.name))
                    rows = _without_gaps(rows)
                first = (table.start or (0, 0))[0] + 1
            except BaseException as error:
                if not _is_of_the_file(error, calamine):  # else a chart sheet, or a damaged one among sound ones
                    raise
                notices["unread_sheets"] += 1
            read = builder.sheet(sheet.name, rows, first, below, numbers=numbers)
            notices["hidden_values"] += found.facts[sheet.name].hidden_values if sheet.name in found.facts else 0
            notices["hidden_sheets"] += read and sheet.visible != calamine.SheetVisibleEnum.Visible
        unread, tables = notices["unread_sheets"] == len(book.sheets_metadata), calamine.SheetTypeEnum.WorkSheet
        if unread and not builder.text and any(sheet.typ == tables for sheet in book.sheets_metadata):
            raise DocumentError(f"{name} is damaged: none of its sheets can be read", source=name, code="corrupt")
        builder.sheet("", [], 1, found.comments if self._comments else ())
        if not self._comments:
            left_out = [found.comments, *(each.comments for each in found.asides.values())]
            notices["comments_left_out"] = sum(map(len, left_out))
        return Document(
            source=name,
            text=builder.text,
            markup="rows",
            mime=found.mime,
            title=found.title,
            has_lines=False,
            spans=tuple(builder.spans),
            metadata={"sheets": list(book.sheet_names)},
            notices={kind: count for kind, count in notices.items() if count},
        )


def _opened(calamine: Any, data: bytes, name: str) -> Any:
    """The workbook. Raises DocumentError: it is encrypted or damaged."""
    try:
        with without_panics():
            return calamine.load_workbook(io.BytesIO(data))
    except calamine.PasswordError as error:
        raise DocumentError(f"{name} is encrypted", source=name, code="encrypted") from error
    except BaseException as error:
        if not _is_of_the_file(error, calamine):
            raise
        raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error


def _is_of_the_file(error: BaseException, calamine: Any) -> bool:
    """Whether a failure tells of the file, which is in memory; calamine panics for what it did not foresee."""
    return isinstance(error, (calamine.CalamineError, ValueError, OSError)) or type(error).__name__ == "PanicException"


def create(*, comments: bool = False) -> SheetLoader:
    """The loader of spreadsheets."""
    return SheetLoader(comments=comments)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 2**53
        return str(int(value)) if whole else repr(float(f"{value:.15g}")).upper()  # as many digits as a sheet has
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _formatted(value: Any, code: str) -> str | None:
    if hides(value, code):
        return ""
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        return dated(value, code)
    if isinstance(value, str) and value:
        return text_shown(value, code)
    return shown(value, code) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _said(value: Any, code: str | None, facts: SheetFacts) -> str:
    """What a cell shows of its value. One that shows nothing is counted, unless it is a zero, of which nobody reads."""
    plain = _cell(value)
    said = _formatted(value, code) if code and plain else None
    facts.hidden_values += said == "" and value != 0
    return plain if said is None else said


def _written(table: Any, facts: SheetFacts | None) -> tuple[list[list[str]], dict[int, int]]:
    """The cells as the sheet shows them, what is merged downwards in every row; where rows that were moved stood."""
    if table.height * table.width > _LARGE and (facts is None or facts.is_sparse):
        sparse = _closed_up(table, facts or SheetFacts())
        if sparse is not None:
            return sparse
    values = table.to_python()
    top, left = table.start or (0, 0)
    rows = [[_cell(value) for value in row] for row in values]
    if facts is not None:
        for at, across, code in _inside(rows, facts.formats, top, left):
            rows[at][across] = _said(values[at][across], code, facts)
        for at, across, said in _inside(rows, facts.errors, top, left):
            rows[at][across] = rows[at][across] or said
    merged = table.merged_cell_ranges or (() if facts is None else facts.merged)
    for (first, column), (last, _) in merged:
        at, across = first - top, column - left
        if 0 <= at < len(rows) and 0 <= across < len(rows[at]) and len(rows[at][across]) <= _REPEATED:
            for below in rows[at + 1 : min(last - top, at + MOST_SPAN) + 1]:
                below[across] = below[across] or rows[at][across]
    return rows, {} if facts is None else facts.row_numbers


def _inside(
    rows: list[list[str]], said: dict[tuple[int, int], str], top: int, left: int
) -> Iterator[tuple[int, int, str]]:
    """What is said of cells, by their places in the table."""
    for (row, column), word in said.items():
        at, across = row - top, column - left
        if 0 <= at < len(rows) and 0 <= across < len(rows[at]):
            yield at, across, word


def _closed_up(table: Any, facts: SheetFacts) -> tuple[list[list[str]], dict[int, int]] | None:
    """A large and nearly empty sheet with its cells moved together; None where it is full enough to be read whole."""
    top, left = table.start or (0, 0)
    cells = {(at - top, column - left): said for (at, column), said in facts.errors.items()}
    most = table.height * table.width // _SPARSE
    for at, row in enumerate(table.iter_rows()):
        for column, value in enumerate(row):
            if value != "" and (said := _said(value, facts.formats.get((at + top, column + left)), facts)):
                cells[at, column] = said
        if len(cells) > most:
            return None
    down, across = dict(moved({at for at, _ in cells})), dict(moved({column for _, column in cells}))
    rows = [[""] * (max(across.values(), default=0) + 1) for _ in range(max(down.values(), default=0) + 1)]
    for (at, column), said in cells.items():
        rows[down[at]][across[column]] = said
    return rows, {top + new: top + old for old, new in down.items()}


def _without_gaps(rows: list[list[str]]) -> list[list[str]]:
    """The rows with one column for each that hold nothing in any row, where many such stand side by side."""
    if max(map(len, rows), default=0) <= _WIDE:
        return rows
    filled = {column for row in rows for column, cell in enumerate(row) if cell}
    if all(after - before <= _WIDE for before, after in pairwise(sorted(filled))):
        return rows
    columns = {new: old for old, new in moved(filled)}
    across = range(max(columns) + 1)
    return [[row[columns[new]] if new in columns and columns[new] < len(row) else "" for new in across] for row in rows]

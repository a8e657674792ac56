"""Tables as rows of text, one line a row, cells parted by a bar. Knows CSV, and spreadsheets through calamine."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import itertools
import re
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import MOST_SPAN
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.extras import optional
from embedingest.ingest.load.common.header_row import HEAD_ROWS, header_row
from embedingest.ingest.load.common.zipped import Container, refuse_entities, rewritten
from embedingest.ingest.load.office.names import R
from embedingest.ingest.load.office.number_format import shown
from embedingest.ingest.load.office.odf_sparse import closed_up_sheets
from embedingest.ingest.load.office.package import part, relations
from embedingest.ingest.load.office.workbook import (
    SheetFacts,
    closed_up,
    formats_of,
    sheet_facts,
    without_endless_dates,
)
from embedingest.ingest.load.office.xlsb_sparse import closed_up_binary
from embedingest.types import Document, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["CsvLoader", "SheetLoader", "create_csv", "create_sheet"]

_SNIFF: Final = 64 * 1024
_GUESS: Final = 4 * 1024  # characters that are looked at closely: what that takes grows with their square
_DELIMITERS: Final = ",;\t|"
_LONGEST_FIELD: Final = 2**31 - 1
_SEPARATOR: Final = re.compile(r'"?sep=([^\s"\w]|\t)"?[;,\t]*\n', re.IGNORECASE)
_REPEATED: Final = 1000


class CsvLoader:
    """Comma-, semicolon-, tab- or bar-separated values; `delimiter` says which where guessing fails.

    The header is found below titles, and may hold years. Line breaks inside a cell become blanks.
    """

    name = "csv"
    version = "5"
    suffixes = frozenset({".csv", ".tsv", ".tab", ".psv"})
    mimes = frozenset({"text/csv", "text/tab-separated-values"})

    def __init__(self, *, delimiter: str | None = None) -> None:
        self._delimiter = delimiter

    def load(self, data: bytes, name: str) -> Document:
        """Every row, its cells as they are written."""
        decoded = decode(data, name)
        csv.field_size_limit(_LONGEST_FIELD)
        said = _SEPARATOR.match(decoded.text)  # a line for Excel, no row
        text = decoded.text[said.end() :] if said else decoded.text
        delimiter = self._delimiter or (said[1] if said else _delimiter(text, name))
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            rows, lines = [], [1 + bool(said)]
            for row in reader:
                rows.append(row)
                lines.append(reader.line_num + 1 + bool(said))
        except csv.Error as error:
            raise DocumentError(f"{name} is no table: {error}", source=name, code="corrupt") from error
        builder = _Rows()
        builder.sheet("", rows)
        return Document(
            source=name,
            text=builder.text,
            markup="rows",
            mime="text/tab-separated-values" if delimiter == "\t" else "text/csv",
            spans=(*builder.spans, *_lines(builder, lines)),
            metadata={} if decoded.encoding == "utf-8" else {"encoding": decoded.encoding},
            notices=decoded.notices,
        )


class SheetLoader:
    """Spreadsheets of Excel and LibreOffice: values, not formulas, shown as XLSX formats them; also hidden sheets."""

    name = "sheet"
    version = "4"
    suffixes = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
    mimes = frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})

    def load(self, data: bytes, name: str) -> Document:
        """Rows with `sheet`, `header` and `first_row` spans."""
        calamine = optional("python_calamine", "office", name)
        data, facts = _looked_through(data, name)
        try:
            book = calamine.load_workbook(io.BytesIO(data))
        except calamine.PasswordError as error:
            raise DocumentError(f"{name} is encrypted", source=name, code="encrypted") from error
        except (calamine.CalamineError, OSError, ValueError) as error:
            raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
        builder = _Rows()
        notices = {"unread_sheets": 0, "hidden_sheets": 0}
        notices["formulas_without_values"] = sum(each.without_value for each in facts.values())
        for sheet in book.sheets_metadata:
            try:
                table = book.get_sheet_by_name(sheet.name)
                read = builder.sheet(sheet.name, _written(table, facts.get(sheet.name)), (table.start or (0, 0))[0] + 1)
                notices["hidden_sheets"] += read and sheet.visible != calamine.SheetVisibleEnum.Visible
            except (calamine.CalamineError, ValueError):  # a chart sheet, or a damaged one among sound ones
                notices["unread_sheets"] += 1
            except BaseException as error:
                if type(error).__name__ != "PanicException":  # of calamine, for values that it did not foresee
                    raise
                notices["unread_sheets"] += 1
        return Document(
            source=name,
            text=builder.text,
            markup="rows",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            has_lines=False,
            spans=tuple(builder.spans),
            metadata={"sheets": list(book.sheet_names)},
            notices={kind: count for kind, count in notices.items() if count},
        )


def create_csv(*, delimiter: str | None = None) -> CsvLoader:
    """The loader of separated values."""
    return CsvLoader(delimiter=delimiter)


def create_sheet() -> SheetLoader:
    """The loader of spreadsheets; it has no settings."""
    return SheetLoader()


class _Rows:
    """Sheets written one below the other."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._length = 0
        self.spans: list[Span] = []

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def sheet(self, name: str, rows: Iterable[list[str]], first_row: int = 1) -> bool:
        """Append a sheet; whether it has cells. Blank rows keep their line, so that rows can be counted."""
        start, rest = self._length, iter(rows)
        head: list[list[str]] = []
        for row in rest:
            if any(cell.strip() for cell in row):
                head.append(row)
                break
            first_row += 1
        if not head:
            return False
        head += itertools.islice(rest, HEAD_ROWS - 1)
        header = header_row(head)
        lines: list[str] = []
        for place, row in enumerate(itertools.chain(head, rest)):
            line = _line(row)
            if place == header:
                at = start + sum(map(len, lines))
                self.spans.append(Span(at, at + len(line) + 1, "header", line))
            lines.append(line + "\n")
        while lines[-1] == "\n":
            lines.pop()
        self._lines += lines
        self._length += sum(map(len, lines))
        if name:
            self.spans.append(Span(start, self._length, "sheet", name))
        self.spans.append(Span(start, self._length, "first_row", first_row))
        return True


def _lines(builder: _Rows, lines: Sequence[int]) -> Iterator[Span]:
    """Spans from which the lines of the text are further from those of the file, of rows that begin on `lines`.

    Blank rows above the first are left out of the text, and a cell of several lines is written on one.
    """
    skipped = next((int(span.value) - 1 for span in builder.spans if span.kind == "first_row"), 0)
    if lines[-1] == len(lines) and not skipped:
        return
    text, start, shift = builder.text, 0, 0
    for number, line in enumerate(lines[skipped:-1], start=1):
        if line - number != shift:
            shift = line - number
            yield Span(start, len(text), "line", line)
        start = text.find("\n", start) + 1
        if not start:
            return


def _line(row: list[str]) -> str:
    cells = [" ".join(cell.split()) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return " | ".join(cells)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 2**53
        return str(int(value)) if whole else repr(float(f"{value:.15g}"))  # as many digits as a sheet has
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _delimiter(text: str, name: str) -> str:
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    sample = text[:_GUESS].rpartition("\n")[0] or text[:_GUESS]
    try:
        return csv.Sniffer().sniff(sample, _DELIMITERS).delimiter
    except csv.Error:
        return max(_DELIMITERS, key=text[:_SNIFF].count) if text else ","


def _written(table: Any, facts: SheetFacts | None) -> list[list[str]]:
    """The cells as the sheet shows them; what is merged downwards stands in every row."""
    values = table.to_python()
    top, left = table.start or (0, 0)
    formats = {} if facts is None else facts.formats
    rows = [[_cell(value) for value in row] for row in values]
    for (row, column), code in formats.items():
        at, across = row - top, column - left
        if 0 <= at < len(rows) and 0 <= across < len(rows[at]):
            value = values[at][across]
            if isinstance(value, int | float) and not isinstance(value, bool):
                rows[at][across] = shown(value, code) or rows[at][across]
    for (first, column), (last, _) in table.merged_cell_ranges or ():
        at, across = first - top, column - left
        if 0 <= at < len(rows) and 0 <= across < len(rows[at]) and len(rows[at][across]) <= _REPEATED:
            for below in rows[at + 1 : min(last - top, at + MOST_SPAN) + 1]:
                below[across] = below[across] or rows[at][across]
    return rows


def _looked_through(data: bytes, name: str) -> tuple[bytes, dict[str, SheetFacts]]:
    """What calamine gets to see, and what is known of each sheet of an XLSX file.

    Calamine unpacks as it is told: a zip that turns out to be huge, or XML with entities, it does not see; and it
    makes a table of all that lies between two cells, so those that stand far apart are moved together.
    """
    if not data.startswith(b"PK"):
        return data, {}
    container = Container(data, name)
    formats: dict[int, str] = {}
    facts: dict[str, SheetFacts] = {}
    moved: dict[str, bytes] = {}
    for path in sorted(container.names, key=lambda path: path != "xl/styles.xml"):
        content = container.read(path)
        if path.endswith((".xml", ".rels")):
            refuse_entities(content, name)
        if path == "content.xml":
            moved |= _if_any(path, closed_up_sheets(content, name))
        if path.startswith("xl/worksheets/") and path.endswith(".bin"):
            moved |= _if_any(path, closed_up_binary(content))
        if path == "xl/styles.xml":
            with contextlib.suppress(DocumentError):  # without formats the values are what they are
                formats = formats_of(content, name)
        elif path.startswith("xl/worksheets/") and path.endswith(".xml"):
            facts[path] = sheet_facts(content, formats)
            if facts[path].is_sparse:
                moved[path] = closed_up(content)
                facts[path] = sheet_facts(moved[path], formats)
            if facts[path].endless:
                moved[path] = without_endless_dates(moved.get(path, content))
    return (rewritten(data, moved) if moved else data), _by_name(container, facts)


def _if_any(path: str, closed: bytes | None) -> dict[str, bytes]:
    return {} if closed is None else {path: closed}


def _by_name(container: Container, facts: dict[str, SheetFacts]) -> dict[str, SheetFacts]:
    if not facts or not container.has("xl/workbook.xml"):
        return {}
    with contextlib.suppress(DocumentError):  # what is damaged, calamine says
        links = relations(container, "xl/workbook.xml")
        sheets = [each for each in part(container, "xl/workbook.xml").iter() if each.tag.endswith("}sheet")]
        paths = {each.get("name", ""): links.get(each.get(R + "id", ""), ("", ""))[1] for each in sheets}
        return {sheet: facts[path] for sheet, path in paths.items() if path in facts}
    return {}

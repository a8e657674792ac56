"""Tables as rows of text, one line a row, cells parted by a bar. Knows CSV, and spreadsheets through calamine."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.extras import optional
from embedingest.ingest.load.common.zipped import Container, refuse_entities
from embedingest.types import Document, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["CsvLoader", "SheetLoader", "create_csv", "create_sheet"]

_SNIFF: Final = 64 * 1024
_GUESS: Final = 4 * 1024  # characters that are looked at closely: what that takes grows with their square
_DELIMITERS: Final = ",;\t|"
_LONGEST_FIELD: Final = 2**31 - 1


class CsvLoader:
    """Comma-, semicolon-, tab- or bar-separated values; `delimiter` says which where guessing fails.

    The first row is the header where it holds words only. Line breaks inside a cell become blanks.
    """

    name = "csv"
    version = "3"
    suffixes = frozenset({".csv", ".tsv", ".tab", ".psv"})
    mimes = frozenset({"text/csv", "text/tab-separated-values"})

    def __init__(self, *, delimiter: str | None = None) -> None:
        self._delimiter = delimiter

    def load(self, data: bytes, name: str) -> Document:
        """Every row, its cells as they are written."""
        decoded = decode(data, name)
        csv.field_size_limit(_LONGEST_FIELD)
        delimiter = self._delimiter or _delimiter(decoded.text, name)
        try:
            reader = csv.reader(io.StringIO(decoded.text, newline=""), delimiter=delimiter)
            rows, lines = [], [1]
            for row in reader:
                rows.append(row)
                lines.append(reader.line_num + 1)
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
    """Spreadsheets of Excel and LibreOffice: values, not formulas; every sheet that has cells."""

    name = "sheet"
    version = "3"
    suffixes = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
    mimes = frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})

    def load(self, data: bytes, name: str) -> Document:
        """Rows with `sheet`, `header` and `first_row` spans."""
        calamine = optional("python_calamine", "office", name)
        _refuse_bomb(data, name)
        try:
            book = calamine.load_workbook(io.BytesIO(data))
        except calamine.PasswordError as error:
            raise DocumentError(f"{name} is encrypted", source=name, code="encrypted") from error
        except (calamine.CalamineError, OSError, ValueError) as error:
            raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
        builder = _Rows()
        unread = 0
        for sheet in book.sheet_names:
            try:
                table = book.get_sheet_by_name(sheet)
                first = (table.start or (0, 0))[0] + 1
                builder.sheet(sheet, ([_cell(value) for value in row] for row in table.to_python()), first)
            except (calamine.CalamineError, ValueError):  # a chart sheet, or a damaged one among sound ones
                unread += 1
        return Document(
            source=name,
            text=builder.text,
            markup="rows",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            has_lines=False,
            spans=tuple(builder.spans),
            metadata={"sheets": list(book.sheet_names)},
            notices={"unread_sheets": unread} if unread else {},
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

    def sheet(self, name: str, rows: Iterable[list[str]], first_row: int = 1) -> None:
        """Append a sheet; one without cells is left out. Blank rows keep their line, so that rows can be counted."""
        start, header = self._length, None
        lines: list[str] = []
        for row in rows:
            line = _line(row)
            if header is None and line:
                header = _is_header(row)
                first_row += len(lines)
                lines.clear()
                if header:
                    self.spans.append(Span(start, start + len(line) + 1, "header", line))
            lines.append(line + "\n")
        if header is None:
            return
        while lines and lines[-1] == "\n":
            lines.pop()
        self._lines += lines
        self._length += sum(map(len, lines))
        if name:
            self.spans.append(Span(start, self._length, "sheet", name))
        self.spans.append(Span(start, self._length, "first_row", first_row))


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


def _is_header(row: list[str]) -> bool:
    """Words in every cell but empty ones, no numbers, none twice."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return bool(cells) and len(set(cells)) == len(cells) and not any(_numeric(cell) for cell in cells)


def _numeric(cell: str) -> bool:
    return not any(character.isalpha() or character == "_" for character in cell)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
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


def _refuse_bomb(data: bytes, name: str) -> None:
    """Calamine unpacks as it is told: a zip that turns out to be huge, or XML with entities, it does not get to see."""
    if data.startswith(b"PK"):
        container = Container(data, name)
        for part in container.names:
            content = container.read(part)
            if part.endswith((".xml", ".rels")):
                refuse_entities(content, name)

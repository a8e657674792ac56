"""Separated values as rows of text, one line a row, cells parted by a bar. Knows CSV and its like."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.quoted import read_rows
from embedingest.ingest.load.common.row_text import RowText
from embedingest.types import Document, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CsvLoader", "create"]

_SNIFF: Final = 64 * 1024
_GUESS: Final = 4 * 1024  # characters that are looked at closely: what that takes grows with their square
_DELIMITERS: Final = ",;\t|"
_LONGEST_FIELD: Final = 2**31 - 1
_COMMA_IN_NUMBER: Final = re.compile(r"[^,]*\d(?:,\d+|(?:,\d{3})+(?:\.\d+)?)(?:[^,\d][^,]*)?")
_SEPARATOR: Final = re.compile(r'"?sep=([^\s"\w]|\t)"?[;,\t]*\n', re.IGNORECASE)


class CsvLoader:
    """Comma-, semicolon-, tab- or bar-separated values; `delimiter` says which where guessing fails.

    The header is found below titles, and may hold years. Line breaks inside a cell become blanks.
    """

    name = "csv"
    version = "9"
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
            rows, lines = read_rows(text, delimiter)
        except csv.Error as error:
            raise DocumentError(f"{name} is no table: {error}", source=name, code="corrupt") from error
        builder = RowText()
        builder.sheet("", rows, ragged=True)
        return Document(
            source=name,
            text=builder.text,
            markup="rows",
            mime="text/tab-separated-values" if delimiter == "\t" else "text/csv",
            spans=(*builder.spans, *_lines(builder, [line + bool(said) for line in lines])),
            metadata={} if decoded.encoding == "utf-8" else {"encoding": decoded.encoding},
            notices=decoded.notices,
        )


def create(*, delimiter: str | None = None) -> CsvLoader:
    """The loader of separated values."""
    return CsvLoader(delimiter=delimiter)


def _lines(builder: RowText, lines: Sequence[int]) -> Iterator[Span]:
    """Spans from which the lines of the text are further from those of the file, of rows that begin on `lines`.

    Blank rows above the first are left out of the text, and a cell of several lines is written on one: the last
    character of such a row stands on the last of its lines.
    """
    skipped = next((int(span.value) - 1 for span in builder.spans if span.kind == "first_row"), 0)
    if lines[-1] == len(lines) and not skipped:
        return
    text, start, shift = builder.text, 0, 0
    for number, (line, following) in enumerate(pairwise(lines[skipped:]), start=1):
        if line - number != shift:
            shift = line - number
            yield Span(start, len(text), "line", line)
        end = text.find("\n", start)
        if following - 1 > line and end > start + 1:
            shift = following - 1 - number
            yield Span(end - 1, len(text), "line", following - 1)
        start = end + 1
        if not start:
            return


def _delimiter(text: str, name: str) -> str:
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    sample = text[:_GUESS].rpartition("\n")[0] or text[:_GUESS]
    try:
        sniffed = csv.Sniffer().sniff(sample, _DELIMITERS).delimiter
    except csv.Error:
        sniffed = max(_DELIMITERS, key=text[:_SNIFF].count) if text else ","
    return _beside_commas(text) or sniffed if sniffed == "," else sniffed


def _beside_commas(text: str) -> str | None:
    """The semicolon or tab that parts every row of a table in whose cells commas stand; None where commas part it."""
    commas = _evenly(text, ",")
    for delimiter in "\t;":
        rows = _evenly(text, delimiter)
        if not rows or any(',"' in cell for row in rows for cell in row):  # in cells that commas part and quotes hold
            continue
        cells = [cell for row in rows for cell in row if "," in cell]
        numbers = sum(_COMMA_IN_NUMBER.fullmatch(cell) is not None for cell in cells)
        spaced = sum(", " in cell for cell in cells)  # as in `Smith, Anna`
        if not commas or len(commas[0]) < len(rows[0]) or 2 * max(numbers, spaced) > len(cells):
            return delimiter
    return None


def _evenly(text: str, delimiter: str) -> list[list[str]]:
    """The first rows as a delimiter parts them; none where they differ in how many cells they have, or have one."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text[:_SNIFF], newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return []
    rows = rows[:-1] if len(text) > _SNIFF else rows
    widths = {len(row) for row in rows}
    return rows if len(widths) == 1 and max(widths) > 1 else []

"""Tables cut between rows, the header embedded in front of every chunk that does not hold it. Knows no models."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from embedingest.ingest.chunk.emit import Emitter
from embedingest.ingest.chunk.fill import Filler, Piece
from embedingest.ingest.chunk.pack import draw
from embedingest.ingest.chunk.settings import ChunkSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.types import Chunk, Document, Sizer, Span

__all__ = ["RowsChunker", "create"]

_DRAW: Final = 0.5


class RowsChunker:
    """Each line of the text is a row. `sheet` spans are tables of their own; a `header` span is the header, of the
    rows below it up to the next one; a `header` of no value ends the one above it.

    A chunk's `metadata` says its `sheet` and its `rows` (`2-31`, counted within the sheet from 1, or from what a
    `first_row` span says). `header_prefix=False` embeds rows without their header. `overlap_tokens` is
    accepted as a common setting, but rows are never repeated.
    """

    name = "rows"
    version = "5"

    def __init__(self, settings: ChunkSettings, *, header_prefix: bool = True) -> None:
        self._settings = settings
        self._header_prefix = header_prefix

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """The chunks in the order of the rows; none crosses a sheet."""
        text = document.text
        if not text.strip():
            return []
        emitter = Emitter(document, trim=self._settings.trim)
        filler = Filler(text, sizer, trim=self._settings.trim)
        numbers = _RowNumbers(document)
        room = self._settings.room(sizer)
        chunks = []

        def fits(start: int, end: int) -> bool:
            return filler.size(start, end) <= room

        for _, start_of_table, end_of_table, path, header in _tables(document, fits):
            prefix = self._settings.prefix(path, sizer) + self._header(text, header, filler, sizer)
            capacity = room - (sizer.count(prefix) if prefix else 0)
            rows_begin = start_of_table if header is None else header.end
            for start, end in filler.slices(
                start_of_table, end_of_table, _rows(text, start_of_table, end_of_table, rows_begin), capacity, prefix
            ):
                last = text.rfind("\n", start, start + len(text[start:end].rstrip())) + 1
                rows = f"{numbers.at(start)}-{numbers.at(max(start, last))}"
                own = self._settings.prefix(path, sizer) if header is None or start <= header.start else prefix
                chunk = emitter.chunk(start, end, heading_path=path, prefix=own, metadata={"rows": rows})
                if chunk is not None:
                    chunks.append(chunk)
        return chunks

    def _header(self, text: str, span: Span | None, filler: Filler, sizer: Sizer) -> str:
        """The header line, where it leaves two thirds of the room to the rows."""
        room = self._settings.room(sizer)
        # One beyond all room is measured already: of a hundred thousand columns it is not tokenised once more.
        if span is None or not span.value or not self._header_prefix or filler.size(span.start, span.end) > room:
            return ""
        header = text[span.start : span.end].strip() + "\n"
        return header if sizer.count(header) * 3 <= room else ""


class _RowNumbers:
    """The numbers that rows have in their sheet: counted on from each place where one is told."""

    def __init__(self, document: Document) -> None:
        told = {0: 1} | {span.start: 1 for span in document.spans if span.kind == "sheet"}
        told |= {span.start: int(span.value) for span in document.spans if span.kind == "first_row"}
        self._text = document.text
        self._starts = sorted(told)
        self._told = told
        self._start, self._place, self._number = 0, 0, told[0]

    def at(self, position: int) -> int:
        """The number of the row at a place; fast where places are near those asked for before."""
        start = self._starts[bisect_right(self._starts, position) - 1]
        if start != self._start:
            self._start, self._place, self._number = start, start, self._told[start]
        begin, end = sorted((self._place, position))
        count = self._text.count("\n", begin, end)
        self._number += count if position >= self._place else -count
        self._place = position
        return self._number


def create(
    *,
    max_tokens: int | None = None,
    overlap_tokens: int = 0,
    heading_prefix: bool = False,
    trim: bool = True,
    header_prefix: bool = True,
) -> RowsChunker:
    """The chunker of tables."""
    return RowsChunker(ChunkSettings(max_tokens, overlap_tokens, heading_prefix, trim), header_prefix=header_prefix)


def _sheets(document: Document) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Start, end and name of each table, tiling the text."""
    spans = sorted((span for span in document.spans if span.kind == "sheet"), key=lambda span: span.start)
    starts = sorted({0, *(span.start for span in spans)})
    names = {span.start: str(span.value) for span in spans}
    for index, start in enumerate(starts):
        end = starts[index + 1] if index + 1 < len(starts) else len(document.text)
        if end > start:
            yield start, end, (names[start],) if names.get(start) else ()


def _tables(
    document: Document, fits: Callable[[int, int], bool]
) -> Iterator[tuple[int, int, int, tuple[str, ...], Span | None]]:
    """Start of the sheet, start, end, name and header of each stretch of rows, tiling the text.

    Tables of a sheet that fits as a whole stay together.
    """
    headers = sorted((span for span in document.spans if span.kind == "header"), key=lambda span: span.start)
    at = 0
    for start, end, path in _sheets(document):
        while at < len(headers) and headers[at].start < start:
            at += 1
        header = headers[at] if at < len(headers) and headers[at].start < end else None
        place, at = start, at + (header is not None)
        if at < len(headers) and headers[at].start < end and fits(start, end):
            yield start, place, end, path, header
            continue
        while at < len(headers) and headers[at].start < end:
            following = document.text.rfind("\n\n", place, headers[at].start) + 2  # with what stands close above it
            following = following if following > 1 else headers[at].start
            yield start, place, following, path, header
            place, header = following, headers[at]
            at += 1
        yield start, place, end, path, header


def _rows(text: str, start: int, end: int, rows_begin: int) -> Iterator[Piece]:
    """The rows; the first one stays with the header and the titles above it."""
    place = start
    while place < end:
        if place == start or place > rows_begin:
            yield Piece(place, _DRAW * draw(text, place), "table")
        newline = text.find("\n", place, end)
        place = end if newline < 0 else newline + 1

"""Slices of a document made into chunks: trimmed, with lines, page and what its spans say. Knows no sizes."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from embedingest.types import Chunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.types import Document, Span

__all__ = ["Emitter", "trimmed"]

_STRUCTURAL: Final = frozenset({"heading", "header", "first_row"})


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The slice without blanks around it; a first line keeps its indentation, which is part of its meaning."""
    part = text[start:end]
    lead = len(part) - len(part.lstrip())
    newline = part.rfind("\n", 0, lead)
    whole_line = newline >= 0 or start == 0 or text[start - 1] == "\n"
    return start + (newline + 1 if whole_line else lead), start + len(part.rstrip())


class Emitter:
    """Makes the chunks of one document; ask for them in the order of the text."""

    def __init__(self, document: Document, *, trim: bool = True) -> None:
        self._text = document.text
        self._has_lines = document.has_lines
        self._trim = trim
        self._tracks: dict[str, tuple[list[int], list[Span]]] = {}
        for span in sorted(document.spans, key=lambda span: (span.start, -span.end)):
            starts, spans = self._tracks.setdefault(span.kind, ([], []))
            starts.append(span.start)
            spans.append(span)
        self._at, self._line = 0, 1
        self._starts, spans = self._tracks.pop("line", ([], []))
        self._shifts = self._shifts_of(spans)

    def _shifts_of(self, spans: list[Span]) -> list[int]:
        """By how much the line of the file is above that of the text, from each `line` span on."""
        shifts, at, line = [], 0, 1
        for span in spans:
            line += self._text.count("\n", at, span.start)
            at = span.start
            shifts.append(int(span.value) - line)
        return shifts

    def chunk(
        self,
        start: int,
        end: int,
        *,
        heading_path: tuple[str, ...] = (),
        prefix: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Chunk | None:
        """The chunk of `text[start:end]`; `None` where that is blank."""
        text = self._text[start:end]
        words = text.strip()
        if not words:
            return None
        if self._trim:
            start, end = trimmed(self._text, start, end)
            text = self._text[start:end]
        first, last = self._lines(start, end)
        return Chunk(
            text=text,
            start=start,
            end=end,
            line_start=first,
            line_end=last,
            page=self._page(start),
            heading_path=heading_path,
            prefix=prefix,
            metadata={**self._facts(start, end), **(metadata or {})},
        )

    def _lines(self, start: int, end: int) -> tuple[int, int] | tuple[None, None]:
        """The first and the last line of the file that a slice holds something of."""
        if not self._has_lines:
            return None, None
        if start < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, start)
        self._at = start
        end = start + len(self._text[start:end].rstrip("\n"))
        first = self._in_file(start, self._line)
        return first, max(first, self._in_file(end - 1, self._line + self._text.count("\n", start, end)))

    def _in_file(self, offset: int, line: int) -> int:
        """The line of the file of a place on `line` of the text: counted from the last `line` span before it."""
        index = bisect_right(self._starts, offset) - 1
        return line if index < 0 else line + self._shifts[index]

    def _page(self, offset: int) -> int | None:
        span = self._inside("page", offset) or self._inside("slide", offset)
        return None if span is None else int(span.value)

    def _facts(self, start: int, end: int) -> dict[str, Any]:
        """Every kind of span that covers the chunk's first character, else the first one that begins inside."""
        facts: dict[str, Any] = {}
        for kind in self._tracks:
            if kind in _STRUCTURAL or kind == "page":
                continue
            span = self._inside(kind, start) or self._first(kind, start, end)
            if span is not None:
                facts[kind] = span.value
        return facts

    def _inside(self, kind: str, offset: int) -> Span | None:
        """The innermost span of a kind that holds `offset`."""
        if kind not in self._tracks:
            return None
        starts, spans = self._tracks[kind]
        index = bisect_right(starts, offset) - 1
        lowest = max(-1, index - 64)  # spans of one kind nest a few levels deep at most
        while index > lowest:
            if spans[index].end > offset:
                return spans[index]
            index -= 1
        return None

    def _first(self, kind: str, start: int, end: int) -> Span | None:
        starts, spans = self._tracks[kind]
        index = bisect_right(starts, start)
        return spans[index] if index < len(starts) and starts[index] < end else None

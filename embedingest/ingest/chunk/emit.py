"""Slices of a document made into chunks: trimmed, with lines, page and what its spans say. Knows no sizes."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from embedingest.types import Chunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.types import Document, Span

__all__ = ["Emitter", "trimmed"]

_STRUCTURAL: Final = frozenset({"heading", "line", "header", "first_row"})


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
        self._trim = trim
        self._tracks: dict[str, tuple[list[int], list[Span]]] = {}
        for span in sorted(document.spans, key=lambda span: (span.start, -span.end)):
            starts, spans = self._tracks.setdefault(span.kind, ([], []))
            starts.append(span.start)
            spans.append(span)
        self._at, self._line = 0, 1
        self._origins: dict[int, int] = {}  # start of a `line` span to its line in the text

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
        line = self._line_of(start)
        return Chunk(
            text=text,
            start=start,
            end=end,
            line_start=line,
            line_end=line + text.rstrip("\n").count("\n"),
            page=self._page(start),
            heading_path=heading_path,
            prefix=prefix,
            metadata={**self._facts(start, end), **(metadata or {})},
        )

    def _line_of(self, offset: int) -> int:
        if offset < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, offset)
        self._at = offset
        origin = self._inside("line", offset)
        if origin is None:
            return self._line
        if origin.start not in self._origins:
            self._origins[origin.start] = self._text.count("\n", 0, origin.start) + 1
        return int(origin.value) + self._line - self._origins[origin.start]

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

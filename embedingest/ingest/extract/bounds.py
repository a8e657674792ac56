"""What a document says of itself, within bounds: every row of it carries a copy. Reads no file, knows no format.

Whatever a loader, a chunker or a sidecar gives leaves here as values that table, journal and JSON can hold, so that
nothing a document says can fail in the walk. What is cut or left out is counted as a notice of its kind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, get_args

from embedingest.ingest.json_values import BoundedJson, printable
from embedingest.types import Markup

if TYPE_CHECKING:
    from embedingest.types import Chunk, Document, Span

__all__ = [
    "MOST_CHUNK_METADATA",
    "MOST_HEADING",
    "MOST_HEADING_PATH",
    "MOST_METADATA",
    "MOST_TITLE",
    "ChunkBounds",
    "bounded_document",
    "bounded_metadata",
]

MOST_TITLE: Final = 1000
"""Characters of a title."""

MOST_HEADING: Final = 500
"""Characters of one heading."""

MOST_HEADING_PATH: Final = 2000
"""Characters of a heading path in all, and twenty-five for each heading; the outermost headings give way."""

MOST_METADATA: Final = 8192
"""Characters of all metadata that a document has, and again of all that its sidecar has, as JSON."""

MOST_CHUNK_METADATA: Final = 2048
"""Characters of the metadata of one chunk, as JSON."""

_MOST_VALUE: Final = 2000
_MOST_MIME: Final = 255
_MOST_KINDS: Final = 50
_MOST_KIND: Final = 64
_LARGEST_COUNT: Final = 2**53
_MARKUPS: Final = get_args(Markup)
_LARGEST_INTEGER: Final = 2**63 - 1
_HEADING_COST: Final = 25


def bounded_document(document: Document) -> Document:
    """The document with everything that it says beside its text within bounds, as its loader gave it where it was."""
    notices = _counts(document.notices)
    text = document.text
    if not _is_text(text):
        text = printable(text, len(text))
        _count(notices, "undecodable")
    title = _words(document.title, MOST_TITLE, notices, "title")
    mime = _words(document.mime, _MOST_MIME, notices, "mime") or "application/octet-stream"
    metadata = bounded_metadata(document.metadata, notices)
    spans = document.spans
    if any(not _is_plain(span) for span in spans):
        spans = tuple(spoken for span in spans if (spoken := _span(span, notices)) is not None)
    language: Any = document.language
    if document.markup not in _MARKUPS:
        raise ValueError("a markup that there is no chunker for")
    return dataclasses.replace(
        document,
        source=printable(document.source, len(document.source)),
        text=text,
        title=title,
        markup=_MARKUPS[_MARKUPS.index(document.markup)],
        mime=mime,
        has_lines=bool(document.has_lines),
        language=printable(language, _MOST_KIND) if isinstance(language, str) else None,
        metadata=metadata,
        spans=spans,
        notices=notices,
    )


def bounded_metadata(values: Any, notices: dict[str, int], most: int = MOST_METADATA) -> dict[str, Any]:
    """A mapping in JSON's types of at most `most` characters; what is cut or left out is counted in `notices`."""
    if not isinstance(values, Mapping):
        _count(notices, "metadata_unusable")
        return {}
    bounds = BoundedJson(most, most_text=_MOST_VALUE)
    metadata = bounds.mapping(values)
    _count(notices, "metadata_cut", bounds.cut)
    _count(notices, "metadata_unusable", bounds.unusable)
    return metadata


class ChunkBounds:
    """Brings the chunks of one document within bounds, counting into its `notices`."""

    def __init__(self, notices: dict[str, int]) -> None:
        self._notices = notices
        self._path: tuple[str, ...] = ()
        self._bounded: tuple[str, ...] = ()
        self._cut = False

    def chunk(self, chunk: Chunk) -> Chunk:
        """The chunk, itself where it is within bounds. Raises TypeError for one that is none."""
        if not (_is_count(chunk.start) and _is_count(chunk.end)):
            raise TypeError("a chunk whose place in the text is no number")
        path = self._heading_path(chunk.heading_path)
        metadata = chunk.metadata
        if not _is_small(metadata):
            metadata = bounded_metadata(metadata, self._notices, MOST_CHUNK_METADATA)
        numbers = (chunk.page, chunk.line_start, chunk.line_end)
        fits = all(number is None or _is_count(number) for number in numbers)
        plain = type(chunk.text) is type(chunk.prefix) is str and _is_text(chunk.text) and _is_text(chunk.prefix)
        if path is chunk.heading_path and metadata is chunk.metadata and fits and plain:
            return chunk
        page, first, last = (number if _is_count(number) else None for number in numbers)
        return dataclasses.replace(
            chunk,
            text=printable(chunk.text, len(chunk.text)),
            prefix=printable(chunk.prefix, len(chunk.prefix)),
            page=page,
            line_start=first,
            line_end=last,
            heading_path=path,
            metadata=metadata,
        )

    def _heading_path(self, path: tuple[str, ...]) -> tuple[str, ...]:
        if path != self._path:
            self._path = path
            self._bounded, self._cut = _bounded_path(path)
            _count(self._notices, "heading_cut", int(self._cut))
        return self._bounded if self._cut else path


def _bounded_path(path: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The headings of a path within bounds, the innermost first to be kept, and whether that differs."""
    kept: list[str] = []
    room = MOST_HEADING_PATH
    for heading in reversed(path):
        short = printable(heading, MOST_HEADING)
        room -= len(short) + _HEADING_COST
        if room < 0:
            break
        kept.append(short)
    bounded = tuple(reversed(kept))
    return bounded, bounded != path or any(type(heading) is not str for heading in path)


def _words(value: Any, most: int, notices: dict[str, int], name: str) -> str | None:
    """A text of at most `most` characters; `None` where it is none."""
    if value is None:
        return None
    if not isinstance(value, str):
        _count(notices, f"{name}_unusable")
        return None
    if len(value) > most:
        _count(notices, f"{name}_cut")
    return printable(value, most).rstrip() if len(value) > most else printable(value, most)


def _span(span: Span, notices: dict[str, int]) -> Span | None:
    """A span whose value rows and chunkers can hold; `None` for one that says nothing."""
    value: Any = span.value
    if isinstance(value, str):
        cut = len(value) > MOST_HEADING
        if cut:
            _count(notices, "heading_cut" if span.kind == "heading" else "metadata_cut")
        return dataclasses.replace(span, value=printable(value, MOST_HEADING))
    if _is_count(value):
        return span
    _count(notices, "metadata_unusable")
    return None


def _is_plain(span: Span) -> bool:
    value = span.value
    return len(value) <= MOST_HEADING and _is_text(value) if type(value) is str else _is_count(value)


def _is_small(metadata: Mapping[str, Any]) -> bool:
    """Whether these are a few short values, as those of nearly every chunk."""
    if type(metadata) is not dict or len(metadata) > 8:
        return False
    for key, value in metadata.items():
        short = len(value) <= 200 and _is_text(value) if type(value) is str else _is_count(value)
        if not short or type(key) is not str or len(key) > 40 or not key.isascii():
            return False
    return True


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_count(value: Any) -> bool:
    return type(value) is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER


def _counts(notices: Any) -> dict[str, int]:
    if not isinstance(notices, Mapping):
        return {}
    counts: dict[str, int] = {}
    for kind, count in notices.items():
        if len(counts) < _MOST_KINDS and isinstance(kind, str) and isinstance(count, int):
            counts[printable(kind, _MOST_KIND)] = int(min(count, _LARGEST_COUNT))
    return counts


def _count(notices: dict[str, int], kind: str, count: int = 1) -> None:
    if count:
        notices[kind] = notices.get(kind, 0) + count

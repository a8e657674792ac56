"""What a document of the table says: its chunks put together again, or a part of them.

Pure: rows in, values out. One piece for all who read documents: assistants, HTTP, the page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError, SourceMissingError
from embedingest.measure import Estimate
from embedingest.outline import MOST_HEADINGS, below, headings, own_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.types import Row

__all__ = [
    "MOST_CHARACTERS",
    "USUAL_CHARACTERS",
    "Part",
    "Shown",
    "extent",
    "gap_text",
    "joined",
    "line_end",
    "marked_gaps",
    "missing",
    "outline_of",
    "read_part",
    "time_of",
    "told_of",
    "whole_version",
]

MOST_CHARACTERS: Final = 100_000
"""Characters of one answer."""
USUAL_CHARACTERS: Final = 20_000
_MARKED_GAP: Final = 8
"""A gap of so many characters is marked where the text is put together; shorter ones are blanks and ends of lines."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a document is wanted: chunks by lines, page and number (from 1, 1 and 0; both ends included).

    A page is the chunks that begin on it; where none does, the one that began before and may reach into it.

    `around` is the id of a chunk that the part is to hold, with what stands around it; `section` names a heading
    (`outline.below`), and the part is what stands below it. The text goes on from `start_character` and has
    `max_characters` and about `budget` tokens at most (a fixed number of characters where neither is given).
    """

    start_line: int | None = None
    end_line: int | None = None
    page: int | None = None
    start_chunk: int | None = None
    end_chunk: int | None = None
    around: str | None = None
    section: str | None = None
    start_character: int = 0
    max_characters: int | None = None
    budget: int | None = None

    @property
    def most_characters(self) -> int:
        """The most characters of the text, whatever its budget of tokens."""
        if self.max_characters is not None:
            return self.max_characters
        return USUAL_CHARACTERS if self.budget is None else MOST_CHARACTERS

    def holds(self, row: Row) -> bool:
        """Whether a chunk is in the part, as far as lines and number say."""
        bounds = (
            (self.start_line, self.end_line, row.line_start, row.line_end),
            (self.start_chunk, self.end_chunk, row.chunk_index, row.chunk_index),
        )
        return all(
            (first is None or (end is not None and end >= first))
            and (last is None or (start is not None and start <= last))
            for first, last, start, end in bounds
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A part of a document. `text` are its characters from `start` on; `rows` the chunks in it, the last may be cut.

    `left` is how many characters of the part follow.
    """

    start: int
    text: str
    rows: tuple[Row, ...]
    left: int

    @property
    def end(self) -> int:
        """The character after the last one that is shown."""
        return self.start + len(self.text)

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Characters that are in no chunk, eight at least in a row: from, and up to."""
        return marked_gaps(self.rows, self.start)


def whole_version(rows: Sequence[Row]) -> list[Row]:
    """The rows of one version of a document: while it is written anew, the table may hold two for a moment."""
    versions: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        versions.setdefault((row.content_hash, row.config_hash, row.chunk_count), []).append(row)
    whole = [version for (_, _, count), version in versions.items() if len(version) == count]
    return max(whole, key=lambda version: version[0].modified_at_ns) if whole and len(versions) > 1 else list(rows)


def read_part(rows: Sequence[Row], part: Part) -> Shown:
    """A part of the document that these rows are, in order and one at least.

    Raises ConfigError where there is nothing there or no such section, SourceMissingError where it has no chunk of the
    id `around`.
    """
    source = rows[0].source
    begin = part.start_character if part.around is None else _around(rows, part.around, part.most_characters // 2)
    within = rows if part.section is None else below(rows, part.section)
    chosen = [row for row in _on_page(within, part.page) if row.end > begin and part.holds(row)]
    if not chosen:
        raise ConfigError(f"`{source}` has nothing there: {_reach(within)}")
    begin = max(begin, chosen[0].start)
    text = joined(chosen, begin)
    most = part.most_characters if part.budget is None else min(part.most_characters, _room(text, part.budget))
    told = text if len(text) <= most else text[: line_end(text, most)]
    shown = tuple(row for row in chosen if row.start < begin + len(told))
    return Shown(begin, told, shown, len(text) - len(told))


def joined(rows: Sequence[Row], begin: int) -> str:
    """The text of chunks from a character of the document on. What two share stands once; each gap keeps its length,
    so that places in the answer are places in the document.
    """
    parts, place = [], begin
    for row in rows:
        if row.start > place:
            parts.append(gap_text(row.start - place))
            place = row.start
        parts.append(row.text[place - row.start :])
        place = max(place, row.end)
    return "".join(parts)


def gap_text(gap: int) -> str:
    """What stands in the place of so many characters that no chunk has; nothing where there are none."""
    return "\n" * gap if gap < _MARKED_GAP else "\n…\n".center(gap)


def marked_gaps(rows: Sequence[Row], begin: int) -> list[tuple[int, int]]:
    """Characters from `begin` on that are in none of these chunks, eight at least in a row: from, and up to."""
    gaps, place = [], begin
    for row in rows:
        if row.start - place >= _MARKED_GAP:
            gaps.append((place, row.start))
        place = max(place, row.end)
    return gaps


def line_end(text: str, most: int) -> int:
    """Where a text is cut that may have `most` characters: at the end of a line, where one is near."""
    return text.rfind("\n", most // 2, most) + 1 or most


def missing(source: str) -> SourceMissingError:
    """The error for a document that the table does not have, or of which who asks may see nothing."""
    return SourceMissingError(
        f"there is no document `{source}` in the table",
        remedy="it was moved, renamed or deleted, or never there: search again, and take `source` from a result",
    )


def told_of(rows: Sequence[Row], shown: Shown, place: Mapping[str, str]) -> dict[str, Any]:
    """A part of a document as it is answered; `place` says where its file lies."""
    return {
        **_facts(rows[0], place),
        "shown": extent(shown.rows),
        "document": extent(rows),
        "text": shown.text,
        "more": {"start_character": shown.end, "characters": shown.left} if shown.left else None,
    }


def outline_of(rows: Sequence[Row], place: Mapping[str, str]) -> dict[str, Any]:
    """A document as it is answered where its headings are wanted: each with the chunks, lines and pages below it, and
    about how many tokens these have; those of the document are about `tokens`.
    """
    found = headings(rows)
    depth = max((len(heading.path) for heading in found), default=0)
    while len(kept := [heading for heading in found if len(heading.path) <= depth]) > MOST_HEADINGS and depth > 1:
        depth -= 1
    kept = kept[:MOST_HEADINGS]
    told = {
        **_facts(rows[0], place),
        "document": extent(rows),
        "tokens": Estimate().count("".join(own_texts(rows))),
        "outline": [{"section": list(each.path), **extent(each.rows), "tokens": each.tokens} for each in kept],
    }
    return told if len(kept) == len(found) else {**told, "left_out": len(found) - len(kept)}


def _facts(first: Row, place: Mapping[str, str]) -> dict[str, Any]:
    return {
        "source": first.source,
        "title": first.title,
        **place,
        "mime": first.mime,
        "modified_at": time_of(first.modified_at_ns),
        "metadata": json.loads(first.metadata) if first.metadata else {},
    }


def _room(text: str, budget: int) -> int:
    """How many characters of a text have about so many tokens; one at least, so that reading goes on."""
    return max(1, Estimate().cut(text, budget))


def time_of(nanoseconds: int) -> str:
    """A time of a row as it is answered: ISO 8601, in UTC."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat()


def extent(rows: Sequence[Row]) -> dict[str, Any]:
    """Chunks, lines and pages from first to last."""
    found: dict[str, Any] = {"chunks": [rows[0].chunk_index, rows[-1].chunk_index]}
    lines = [line for row in rows for line in (row.line_start, row.line_end) if line is not None]
    pages = [row.page for row in rows if row.page is not None]
    return (
        found
        | ({"lines": [min(lines), max(lines)]} if lines else {})
        | ({"pages": [min(pages), max(pages)]} if pages else {})
    )


def _on_page(rows: Sequence[Row], page: int | None) -> list[Row]:
    """The chunks that begin on a page, and the one before that may reach into it."""
    if page is None:
        return list(rows)
    found = []
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        reaches = following is not None and following.page is not None and following.page >= page
        if row.page is not None and (row.page == page or (row.page < page and reaches)):
            found.append(row)
    begun = [row for row in found if row.page == page]
    return begun or found[-1:]


def _reach(rows: Sequence[Row]) -> str:
    """What there is of a document, in words."""
    found = [f"{name} {first} to {last}" for name, (first, last) in extent(rows).items()]
    begin = " (where chunks begin; the last one may reach further)" if found[-1].startswith("pages") else ""
    return f"it has {', '.join(found)}{begin}"


def _around(rows: Sequence[Row], chunk: str, before: int) -> int:
    """Where a part that holds a chunk begins: so many characters may stand before, from the start of a chunk on."""
    wanted = next((row for row in rows if row.id == chunk), None)
    if wanted is None:
        raise SourceMissingError(
            f"`{rows[0].source}` has no chunk {chunk}", remedy="it changed since it was found: search again"
        )
    return next(row.start for row in rows if row.start >= wanted.start - before)

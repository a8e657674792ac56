"""Markdown, reStructuredText, AsciiDoc and plain text cut along their own structure. Knows no models.

Small sections share a chunk with their neighbours under the same heading; no other chunk crosses a heading. Tables and
fenced blocks stay whole where they fit; cuts follow content.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from embedingest.ingest.chunk.emit import Emitter
from embedingest.ingest.chunk.fill import Filler, Piece
from embedingest.ingest.chunk.headers import tables
from embedingest.ingest.chunk.join import attached, common, runs
from embedingest.ingest.chunk.pack import AIM, draw
from embedingest.ingest.chunk.sections import sections
from embedingest.ingest.chunk.settings import ChunkSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from embedingest.ingest.chunk.blocks import Block
    from embedingest.ingest.chunk.headers import Table
    from embedingest.ingest.chunk.join import Unit
    from embedingest.ingest.chunk.sections import Section
    from embedingest.types import Chunk, Document, Sizer

    _Slice = tuple[int, int, tuple[str, ...], str]
    """Start, end, heading path, prefix."""

__all__ = ["StructuredChunker", "create"]

# What a cut in front of a block costs, where an empty chunk costs 1. Code and tables stay with the text above them.
_COST: Final = {
    "heading": 0.0, "label": 0.0, "question": 0.0, "paragraph": 0.1, "item": 0.3, "code": 0.6, "table": 0.6,
    "rule": 0.0, "log": 0.1,
}  # fmt: skip
_HEADS: Final = frozenset({"heading", "label", "question"})
_BEHIND_QUESTION: Final = 1.0
_TABLE_SHARE: Final = 0.6
_DRAW: Final = 0.05
_SECTION_DRAW: Final = 0.5
_SECTION_CHARACTERS: Final = 200
_LONGEST_QUESTION: Final = 300


class StructuredChunker:
    """Sections first, then blocks, then what is inside a block that alone is too large.

    `fill` is the size aimed at, as a share of the maximum: less re-embeds less after an edit.
    """

    name = "structured"
    version = "7"

    def __init__(self, settings: ChunkSettings, *, fill: float = AIM) -> None:
        self._settings = settings
        self._fill = fill

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """The chunks in the order of the text; overlap stays inside a section."""
        if not document.text.strip():
            return []
        filler = Filler(
            document.text, sizer, overlap_tokens=self._settings.overlap_tokens, trim=self._settings.trim, aim=self._fill
        )
        emitter = Emitter(document, trim=self._settings.trim)
        room = self._settings.room(sizer)
        chunks = []
        whole = attached(list(sections(document)), filler.size, room // 2)
        for run in runs(whole, filler.size, self._fill * room):
            if len(run) == len(run[0]) == 1:
                slices = self._section(document.text, run[0][0], filler, sizer)
            else:
                slices = self._run(document.text, run, filler, sizer)
            for start, end, path, prefix in slices:
                chunk = emitter.chunk(start, end, heading_path=path, prefix=prefix)
                if chunk is not None:
                    chunks.append(chunk)
        return chunks

    def _section(self, text: str, section: Section, filler: Filler, sizer: Sizer) -> Iterator[_Slice]:
        """One section, cut between its blocks and in them; rows of a table that is cut have its header in front."""
        settings = self._settings
        path, room = section.path, settings.room(sizer)
        prefix = settings.prefix(path, sizer)
        capacity = room - (sizer.count(prefix) if prefix else 0)
        whole = filler.size(section.start, section.end) <= capacity
        cut = [] if whole else list(self._cut_tables(text, section, filler, sizer, capacity * _TABLE_SHARE))
        longest = max((prefix + table.header for table in cut), key=sizer.count, default=prefix)
        capacity = room - (sizer.count(longest) if longest else 0)
        bodies = {table.start: table.rows for table in cut}
        pieces = _pieces(text, section, bodies)
        for start, end in filler.slices(section.start, section.end, pieces, capacity, longest):
            while cut and cut[0].end <= start:
                cut.pop(0)
            inside = bool(cut) and cut[0].rows <= start
            yield start, end, path, prefix + cut[0].header if inside else prefix

    @staticmethod
    def _cut_tables(text: str, section: Section, filler: Filler, sizer: Sizer, fits: float) -> Iterator[Table]:
        """The tables that do not fit as they are, and whose header leaves two thirds of the room to the rows."""
        for table in tables(text, section.blocks, section.end):
            if filler.size(table.start, table.end) > fits and sizer.count(table.header) * 3 <= fits:
                yield table

    def _run(self, text: str, run: Sequence[Unit], filler: Filler, sizer: Sizer) -> Iterator[_Slice]:
        """Small neighbours, put together up to the size aimed at; theirs are the headings above all of them."""
        settings = self._settings
        paths = {common(unit) for unit in run} if settings.heading_prefix else set()
        longest = max((settings.prefix(path, sizer) for path in paths), key=sizer.count, default="")
        capacity = settings.room(sizer) - (sizer.count(longest) if longest else 0)
        starts = [unit[0].start for unit in run]
        costs = [_SECTION_DRAW * draw(text, start, _SECTION_CHARACTERS) for start in starts]
        for start, end in filler.packed(starts, costs, run[-1][-1].end, capacity, longest):
            first, stop = bisect_right(starts, start) - 1, bisect_left(starts, end)
            path = common([run[first][0], run[stop - 1][-1]])
            prefix = settings.prefix(path, sizer)
            yield start, end, path, prefix if sizer.count(prefix) <= sizer.count(longest) else longest


def create(
    *,
    max_tokens: int | None = None,
    overlap_tokens: int = 0,
    heading_prefix: bool = False,
    trim: bool = True,
    fill: float = AIM,
) -> StructuredChunker:
    """The chunker of marked-up and plain text."""
    return StructuredChunker(ChunkSettings(max_tokens, overlap_tokens, heading_prefix, trim), fill=fill)


def _pieces(text: str, section: Section, bodies: Mapping[int, int]) -> Iterator[Piece]:
    """The blocks of a section, each with the heading or question above it; `bodies` are where rows of tables begin."""
    head: Block | None = None
    held: Piece | None = None
    asked = False
    for index, block in enumerate(section.blocks):
        if block.kind in _HEADS and (head is None or block.kind == "heading"):
            head = head or block
            continue
        first = head or block
        if held is not None:
            yield held
        cost = _COST[first.kind] if not asked else max(_BEHIND_QUESTION, _COST[first.kind])
        held = Piece(
            first.start, cost + _DRAW * draw(text, first.start), block.kind, bodies.get(block.start, block.start)
        )
        head = None
        stop = section.blocks[index + 1].start if index + 1 < len(section.blocks) else section.end
        asked = _asks(text, block.start, stop)
    if held is None and head is not None:
        held = Piece(head.start, 0.0, "paragraph")
    elif held is not None and head is not None:
        held = held._replace(tail=head.start)
    if held is not None:
        yield held


def _asks(text: str, start: int, stop: int) -> bool:
    """Whether `text[start:stop]` is one line that asks."""
    if stop - start > _LONGEST_QUESTION:
        return False
    words = text[start:stop].strip()
    return words.endswith(("?", "？", "?**", "?__", "؟")) and "\n" not in words

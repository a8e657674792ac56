"""The tools of assistants over one table: what they take, in the words that an assistant is told, and what they answer.

Knows no protocol but the error that a tool raises, and no transport.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

from pydantic import Field

from embedingest.documents import MOST_CHARACTERS, Part, missing, outline_of, read_part, told_of, whole_version
from embedingest.errors import EmbedingestError
from embedingest.freshness import freshness
from embedingest.outline import section_name
from embedingest.query import hit_to_json, told_beside
from embedingest.store.unit import LEAST_BUDGET, MOST_BUDGET, USUAL_BUDGET, UnitKind
from embedingest.store.values import SearchQuery
from embedingest.types import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from embedingest.query import Searcher
    from embedingest.store.values import Hit
    from embedingest.types import Row

__all__ = ["Folders", "Tools"]

# Of a row, what says something to who reads: no ids, hashes or settings.
_TOLD: Final = (
    *("source", "text", "score", "title", "heading_path", "line_start", "line_end", "page", "chunk_index"),
    *("chunk_count", "mime", "modified_at", "metadata", "before", "after", "places"),
    *("unit", "context", "shown", "tokens", "truncated", "gaps"),
)

Query = Annotated[str, Field(description="What to look for, in plain words")]
Limit = Annotated[int, Field(ge=1, le=100, description="Most results")]
Offset = Annotated[int, Field(ge=0, le=10_000, description="Leave out this many first results: the next page")]
SearchMode = Annotated[
    Mode, Field(description="Meaning and words together, meaning alone, words alone; or a column that the table has")
]
Where = Annotated[
    str | None,
    Field(description="Only chunks that match, such as: source startswith 'docs/' and metadata.author = 'Ann'"),
]
Grouped = Annotated[bool, Field(description="The best chunk of each document only")]
Folded = Annotated[
    bool, Field(description="Copies of one text as one result, with the sources of the others as its `places`")
]
Rerank = Annotated[
    bool | str | None,
    Field(description="Put the best in a reranker's order (slower): true, false, its name; else as set"),
]
Unit = Annotated[
    UnitKind, Field(description="What a result is: a chunk, or the section or document that the best one stands in")
]
Budget = Annotated[
    int, Field(ge=LEAST_BUDGET, le=MOST_BUDGET, description="Most tokens of the text of a section or document")
]
Context = Annotated[int, Field(ge=0, le=20, description="Neighbouring chunks on both sides of each hit")]

SourceName = Annotated[
    str, Field(description="The `source` of a result of `search`, or as much of its end as is one document's alone")
]
FirstLine = Annotated[int | None, Field(ge=1, description="Only the chunks from this line of the file on")]
LastLine = Annotated[int | None, Field(ge=1, description="Only the chunks up to this line of the file")]
Page = Annotated[int | None, Field(ge=1, description="Only the chunks of this page or slide")]
FirstChunk = Annotated[int | None, Field(ge=0, description="Only the chunks from this `chunk_index` on")]
LastChunk = Annotated[int | None, Field(ge=0, description="Only the chunks up to this `chunk_index`")]
Character = Annotated[int, Field(ge=0, description="Go on from here: `start_character` of `more` of the last answer")]
MostCharacters = Annotated[
    int | None, Field(ge=100, le=MOST_CHARACTERS, description="Most characters of text; 20 000 without a `budget`")
]
Section = Annotated[
    str | list[str] | None,
    Field(description="Only what stands below this heading: its words, or `heading_path` of a result, or of `outline`"),
]
ReadBudget = Annotated[
    int | None, Field(ge=LEAST_BUDGET, le=MOST_BUDGET, description="Most tokens of text, about (four bytes are one)")
]


class Folders(Protocol):
    """What is known of the folders behind a table."""

    def place(self, source: str) -> Mapping[str, str]:
        """`path` and `uri` of the file that a source is (in); empty where that is not known."""
        ...

    def meant(self, name: str, sources: Collection[str]) -> str:
        """Which of these sources a name means that may be the end of one; itself where it means none.

        Raises ConfigError for one that means several.
        """
        ...

    def status(self) -> Mapping[str, Any]:
        """The document of `status --json`; empty where nothing was ever ingested."""
        ...


class Tools:
    """The tools over one table; their signatures and first lines are what an assistant is told of them."""

    def __init__(self, searcher: Searcher, folders: Folders | None, within: str | None) -> None:
        self._searcher = searcher
        self._folders = folders
        self._within = within

    def search(
        self,
        query: Query,
        limit: Limit = 10,
        offset: Offset = 0,
        mode: SearchMode = "hybrid",
        filter: Where = None,  # noqa: A002 -- the name that the HTTP route has
        group: Grouped = False,
        context: Context = 0,
        fold: Folded = True,
        rerank: Rerank = None,
        unit: Unit = "chunk",
        budget: Budget = USUAL_BUDGET,
    ) -> dict[str, Any]:
        """Find the chunks of text that answer a question best, or the sections or documents that these stand in."""
        wanted = SearchQuery(
            query, limit=limit, offset=offset, mode=mode, filter=filter, group=group, context=context, fold=fold,
            rerank=rerank, within=self._within, unit=unit, budget=budget,
        )  # fmt: skip
        return _answered(lambda: self._found(wanted))

    def read(
        self,
        source: SourceName,
        start_line: FirstLine = None,
        end_line: LastLine = None,
        page: Page = None,
        start_chunk: FirstChunk = None,
        end_chunk: LastChunk = None,
        start_character: Character = 0,
        max_characters: MostCharacters = None,
        section: Section = None,
        budget: ReadBudget = None,
    ) -> dict[str, Any]:
        """Read a document, or a part of it by section, lines, page or chunks, as it was ingested."""
        part = Part(
            start_line=start_line, end_line=end_line, page=page, start_chunk=start_chunk, end_chunk=end_chunk,
            start_character=start_character, max_characters=max_characters, budget=budget,
            section=None if section is None else section_name(section),
        )  # fmt: skip
        return _answered(lambda: self._read(source, part))

    def outline(self, source: SourceName) -> dict[str, Any]:
        """Which sections a document has, in order, with their chunks, lines and pages, and about how many tokens."""
        return _answered(lambda: self._outline(source))

    def status(self) -> dict[str, Any]:
        """Which folders are followed, whether the table agrees with them, and how many documents and chunks there are.

        `in_sync` false means that files changed that are not in the table yet, `behind` how many; that the table has
        an earlier version of a document that failed; that a root is not `compared` any more, since the settings name it
        no longer; that `unreadable` folders cannot be looked into; that files of the table are damaged; or that it is
        not as it was left.
        """
        return _answered(self._status)

    def _found(self, wanted: SearchQuery) -> Mapping[str, Any]:
        result = self._searcher.search(wanted)
        return {
            "mode": result.mode,
            "results": [self._hit(hit) for hit in result.hits],
            **self._told_filtered(),
            **told_beside(result),
        }

    def _hit(self, hit: Hit) -> dict[str, Any]:
        document = hit_to_json(hit)
        told = {name: document[name] for name in _TOLD if name in document} | self._place(hit.row)
        if hit.unit is not None:
            told["hits"] = [{"start": mark.start, "end": mark.end, "score": mark.score} for mark in hit.unit.hits]
        return told

    def _place(self, row: Row) -> dict[str, str]:
        place = {} if self._folders is None else dict(self._folders.place(row.source))
        if row.page is not None and "uri" in place:
            place["uri"] += f"#page={row.page}"
        return place

    def _rows(self, source: str) -> Sequence[Row]:
        """The chunks of a document that who asks may see. Raises SourceMissingError where there are none."""
        table = self._searcher.table
        rows = whole_version(table.rows([source], within=self._within)[source])
        if not rows and self._within is None and self._folders is not None:
            # Who may not see all is told nothing of other names.
            name = self._folders.meant(source, table.source_states().keys())
            rows = whole_version(table.rows([name])[name])
        if not rows:
            raise missing(source)
        return rows

    def _outline(self, source: str) -> Mapping[str, Any]:
        rows = self._rows(source)
        return {**outline_of(rows, self._place(rows[0])), **self._told_filtered()}

    def _read(self, source: str, part: Part) -> Mapping[str, Any]:
        rows = self._rows(source)
        shown = read_part(rows, part)
        return {**told_of(rows, shown, self._place(shown.rows[0])), **self._told_filtered()}

    def _told_filtered(self) -> dict[str, Any]:
        return {} if self._within is None else {"filtered": True}

    def _status(self) -> Mapping[str, Any]:
        table = self._searcher.table
        identity = table.identity
        if self._within is not None:
            from embedingest.store.look import extent

            documents, chunks = extent(table, self._within)
            about = {"table": table.name, "model": identity.model, "dimensions": identity.dimensions}
            return {**about, "documents": documents, "chunks": chunks, **self._told_filtered()}
        stats = table.stats()
        known = {} if self._folders is None else self._folders.status()
        return {
            "table": table.name,
            "model": identity.model,
            "dimensions": identity.dimensions,
            "documents": len(table.source_states()),
            "chunks": stats.rows,
            "unindexed_chunks": stats.unindexed_rows,
            "vector_index": None if stats.vector_index is None else asdict(stats.vector_index),
            **freshness(known),
        }


def _answered(answer: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The answer, or an error in words that help an assistant to ask again."""
    from mcp.server.mcpserver.exceptions import ToolError

    try:
        return dict(answer())
    except EmbedingestError as error:
        raise ToolError(str(error)) from error

"""The table for assistants: search, read and status as tools of the Model Context Protocol.

`create_server` knows no transport; `Assistants` answers its requests over HTTP, and knows no socket.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import logging
import threading
from collections import OrderedDict
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

from pydantic import Field

from embedingest.documents import MOST_CHARACTERS, USUAL_CHARACTERS, Part, missing, read_part, told_of, whole_version
from embedingest.errors import ConfigError, EmbedingestError
from embedingest.freshness import freshness
from embedingest.query import hit_to_json
from embedingest.store.unit import LEAST_BUDGET, MOST_BUDGET, USUAL_BUDGET, UnitKind
from embedingest.store.values import SearchQuery
from embedingest.types import Mode
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from embedingest.query import Searcher
    from embedingest.store.values import Hit
    from embedingest.types import Row

    Run = Callable[..., Awaitable[Any]]
    """`await run(function, *arguments)` calls it on a thread."""
    Application = Callable[[Any, Any, Any], Awaitable[None]]
    """What ASGI calls an application, for one request."""

__all__ = ["Assistants", "Folders", "create_server"]

_INSTRUCTIONS = """Searches and reads the documents of folders that are kept in a table, chunk by chunk. Each result \
names its `source` and its lines or its page: cite those; `path` and `uri` open it. Use `group` to find documents, \
`context` or the tool `read` to read on around a hit, and `unit` `section` to have what it stands in at once."""

_KEPT_SERVERS: Final = 16  # one for each filter of who asks
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

SourceName = Annotated[str, Field(description="The `source` of a result of `search`")]
FirstLine = Annotated[int | None, Field(ge=1, description="Only the chunks from this line of the file on")]
LastLine = Annotated[int | None, Field(ge=1, description="Only the chunks up to this line of the file")]
Page = Annotated[int | None, Field(ge=1, description="Only the chunks of this page or slide")]
FirstChunk = Annotated[int | None, Field(ge=0, description="Only the chunks from this `chunk_index` on")]
LastChunk = Annotated[int | None, Field(ge=0, description="Only the chunks up to this `chunk_index`")]
Character = Annotated[int, Field(ge=0, description="Go on from here: `start_character` of `more` of the last answer")]
MostCharacters = Annotated[int, Field(ge=100, le=MOST_CHARACTERS, description="Most characters of text")]


class Folders(Protocol):
    """What is known of the folders behind a table."""

    def place(self, source: str) -> Mapping[str, str]:
        """`path` and `uri` of the file that a source is (in); empty where that is not known."""
        ...

    def status(self) -> Mapping[str, Any]:
        """The document of `status --json`; empty where nothing was ever ingested."""
        ...


def create_server(
    searcher: Searcher, folders: Folders | None = None, *, within: str | None = None, run: Run | None = None
) -> Any:
    """An MCP server with the tools `search`, `read` and `status` over one table, none of which changes anything.

    Without `folders` no result says where its file lies. Nothing is told of chunks that do not pass the filter
    `within`. Tools run on the threads of `run`, or else on those of the library. Raises ConfigError without the extra
    `mcp`.
    """
    server = _empty_server()
    tools = _Tools(searcher, folders, within)
    for tool, title in ((tools.search, "Search"), (tools.read, "Read a document"), (tools.status, "What is followed")):
        server.add_tool(tool if run is None else _run_by(run, tool), title=title, annotations=_reading(title))
    return server


def _run_by(run: Run, tool: Callable[..., dict[str, Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(tool)  # the library reads from it what the tool takes
    async def asked(*arguments: Any, **named: Any) -> Any:
        return await run(tool, *arguments, **named)

    return asked


class Assistants:
    """The table for assistants over HTTP (streamable), whichever of the protocol's versions they speak.

    Each request is whole in itself and answered by one JSON document: there are no sessions to count or to lose, and no
    streams, since no tool changes and none has anything to tell but its answer.
    """

    def __init__(self, searcher: Searcher, folders: Folders | None = None) -> None:
        self._searcher = searcher
        self._folders = folders
        self._lock = threading.Lock()
        self._servers: OrderedDict[str | None, Any] = OrderedDict()

    def application(self, within: str | None, run: Run) -> Application:
        """What answers one request of who may see what passes `within`; tools run on the threads of `run`.

        The first takes a second, to import the library. Raises ConfigError without the extra `mcp`.
        """
        with self._lock:
            if within not in self._servers:
                self._servers[within] = create_server(self._searcher, self._folders, within=within, run=run)
                if len(self._servers) > _KEPT_SERVERS:
                    self._servers.popitem(last=False)
            self._servers.move_to_end(within)
            server = self._servers[within]
        return functools.partial(_answer, server)


async def _answer(server: Any, scope: Any, receive: Any, send: Any) -> None:
    """One request. Whose Host, Origin and key it brings is checked before; see `server/guard.py`."""
    from mcp.server.transport_security import TransportSecuritySettings

    trusting = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(json_response=True, stateless_http=True, transport_security=trusting)
    manager = server.session_manager
    async with manager.run():
        await manager.handle_request(scope, receive, send)


def _empty_server() -> Any:
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp.shared.exceptions import MCPError
        from mcp.types import INVALID_PARAMS
    except ImportError as error:
        raise ConfigError(
            f"the MCP server needs the library `mcp` from version 2: {error}",
            remedy="`pip install 'embedingest[mcp]'`",
        ) from error

    class Server(MCPServer):  # type: ignore[misc, unused-ignore]
        """Refuses arguments that no tool has: who misspells one would not learn that it had no effect."""

        async def list_tools(self) -> Any:
            tools = await super().list_tools()
            for tool in tools:
                tool.input_schema["additionalProperties"] = False
            return tools

        async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
            known = {tool.name: list(tool.input_schema["properties"]) for tool in await self.list_tools()}
            if name not in known:
                raise MCPError(INVALID_PARAMS, f"Unknown tool: {name}")
            if problem := _unknown(arguments, known[name]):
                raise ToolError(f"`{name}` {problem}")
            return await super().call_tool(name, arguments, context)

    with _logging_left_alone():
        # Nobody is told of changes, since nothing that a server has changes.
        return Server("embedingest", version=__version__, instructions=_INSTRUCTIONS, subscriptions=False)


@contextlib.contextmanager
def _logging_left_alone() -> Iterator[None]:
    """The library sets up the logging of a program that did not: that is the program's business."""
    root, nothing = logging.getLogger(), logging.NullHandler()
    root.addHandler(nothing)
    try:
        yield
    finally:
        root.removeHandler(nothing)


def _unknown(arguments: Mapping[str, Any], known: Sequence[str]) -> str | None:
    for name in arguments:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f": did you mean `{near[0]}`?" if near else ""
            return f"has no argument `{name}`{meant}; it takes {', '.join(known) or 'none'}"
    return None


def _reading(title: str) -> Any:
    from mcp.types import ToolAnnotations

    return ToolAnnotations(title=title, read_only_hint=True, idempotent_hint=True, open_world_hint=False)


class _Tools:
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
        max_characters: MostCharacters = USUAL_CHARACTERS,
    ) -> dict[str, Any]:
        """Read a document, or whole chunks of it by lines, page or number, as it was ingested."""
        part = Part(
            start_line=start_line, end_line=end_line, page=page, start_chunk=start_chunk, end_chunk=end_chunk,
            start_character=start_character, max_characters=max_characters,
        )  # fmt: skip
        return _answered(lambda: self._read(source, part))

    def status(self) -> dict[str, Any]:
        """Which folders are followed, whether the table agrees with them, and how many documents and chunks there are.

        `in_sync` false means that files changed that are not in the table yet, `behind` how many; that a root is not
        `compared` any more, since the settings name it no longer; that `unreadable` folders cannot be looked into; that
        files of the table are damaged; or that the table is not as it was left.
        """
        return _answered(self._status)

    def _found(self, wanted: SearchQuery) -> Mapping[str, Any]:
        result = self._searcher.search(wanted)
        answer = {"mode": result.mode, "results": [self._hit(hit) for hit in result.hits], **self._told_filtered()}
        return answer if result.note is None else answer | {"note": result.note}

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

    def _read(self, source: str, part: Part) -> Mapping[str, Any]:
        rows = whole_version(self._searcher.table.rows([source], within=self._within)[source])
        if not rows:
            raise missing(source)
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

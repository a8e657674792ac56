"""The table for assistants: search and status as tools of the Model Context Protocol. Knows no transport."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from embedingest.errors import ConfigError, EmbedingestError
from embedingest.query import result_to_json
from embedingest.store.values import SearchQuery
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedingest.query import Searcher

__all__ = ["create_server"]

_INSTRUCTIONS = """Searches the documents of a folder that is kept in a table, chunk by chunk. Each result names its \
`source` and its lines or its page: cite those. Use `group` to find documents, `context` to read on around a hit."""

Query = Annotated[str, Field(description="What to look for, in plain words")]
Limit = Annotated[int, Field(ge=1, le=100, description="Most results")]
SearchMode = Annotated[
    Literal["hybrid", "vector", "text"], Field(description="Meaning and words together, meaning alone, words alone")
]
Where = Annotated[
    str | None,
    Field(description="Only chunks that match, such as: source startswith 'docs/' and metadata.author = 'Ann'"),
]
Grouped = Annotated[bool, Field(description="The best chunk of each document only")]
Folded = Annotated[
    bool, Field(description="Copies of one text as one result, with the sources of the others as its `places`")
]
Context = Annotated[int, Field(ge=0, le=20, description="Neighbouring chunks on both sides of each hit")]


def create_server(searcher: Searcher) -> Any:
    """An MCP server with the tools `search` and `status` over one table. Raises ConfigError without the extra `mcp`."""
    server = _empty_server()

    @server.tool(title="Search the documents")  # type: ignore[untyped-decorator, unused-ignore]
    def search(
        query: Query,
        limit: Limit = 10,
        mode: SearchMode = "hybrid",
        filter: Where = None,  # noqa: A002 -- the name that the HTTP route has
        group: Grouped = False,
        context: Context = 0,
        fold: Folded = True,
    ) -> dict[str, Any]:
        """Find the chunks of text that answer a question best."""
        wanted = SearchQuery(text=query, limit=limit, mode=mode, filter=filter, group=group, context=context, fold=fold)
        return _answered(lambda: result_to_json(wanted, searcher.search(wanted)))

    @server.tool(title="What the table holds")  # type: ignore[untyped-decorator, unused-ignore]
    def status() -> dict[str, Any]:
        """How many documents and chunks there are, of which model, and how far they are indexed."""
        return _answered(lambda: _status(searcher))

    return server


def _empty_server() -> Any:
    try:
        from mcp.server.mcpserver import MCPServer
    except ImportError as error:
        raise ConfigError(
            f"the MCP server needs the library `mcp` from version 2: {error}",
            remedy="`pip install 'embedingest[mcp]'`",
        ) from error
    return MCPServer("embedingest", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING")


def _status(searcher: Searcher) -> Mapping[str, Any]:
    table = searcher.table
    stats, identity = table.stats(), table.identity
    return {
        "table": table.name,
        "model": identity.model,
        "dimensions": identity.dimensions,
        "documents": len(table.source_states()),
        "chunks": stats.rows,
        "unindexed_chunks": stats.unindexed_rows,
        "vector_index": None if stats.vector_index is None else asdict(stats.vector_index),
    }


def _answered(answer: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The answer, or an error in words that help an assistant to ask again."""
    from mcp.server.mcpserver.exceptions import ToolError

    try:
        return dict(answer())
    except EmbedingestError as error:
        raise ToolError(str(error)) from error

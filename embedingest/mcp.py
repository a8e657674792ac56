"""The table for assistants: its tools as a server of the Model Context Protocol.

`create_server` knows no transport; `Assistants` answers its requests over HTTP, and knows no socket.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import logging
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from embedingest.errors import ConfigError
from embedingest.tools import Tools
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from embedingest.query import Searcher
    from embedingest.tools import Folders

    Run = Callable[..., Awaitable[Any]]
    """`await run(function, *arguments)` calls it on a thread."""
    Application = Callable[[Any, Any, Any], Awaitable[None]]
    """What ASGI calls an application, for one request."""

__all__ = ["Assistants", "create_server"]

_INSTRUCTIONS = """Searches and reads the documents of folders that are kept in a table, chunk by chunk. Each result \
names its `source` and its lines or its page: cite those; `path` and `uri` open it. Use `group` to find documents, \
`context` or the tool `read` to read on around a hit, and `unit` `section` to have what it stands in at once. Of a \
long document, `outline` names the sections that `read` can give one at a time."""

_KEPT_SERVERS: Final = 16  # one for each filter of who asks


def create_server(
    searcher: Searcher, folders: Folders | None = None, *, within: str | None = None, run: Run | None = None
) -> Any:
    """An MCP server with the tools `search`, `read`, `outline` and `status` over one table; none changes anything.

    Without `folders` no result says where its file lies. Nothing is told of chunks that do not pass the filter
    `within`. Tools run on the threads of `run`, or else on those of the library. Raises ConfigError without the extra
    `mcp`.
    """
    server = _empty_server()
    tools = Tools(searcher, folders, within)
    for tool, title in (
        (tools.search, "Search"), (tools.read, "Read a document"), (tools.outline, "Headings of a document"),
        (tools.status, "What is followed"),
    ):  # fmt: skip
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
            try:
                return await super().call_tool(name, arguments, context)
            except ToolError as error:
                if isinstance(error.__cause__, ValidationError):
                    raise ToolError(f"`{name}`: {_wrong_value(error.__cause__)}") from None
                raise

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


def _wrong_value(error: ValidationError) -> str:
    """The first value that an argument cannot have, in a sentence."""
    first = error.errors(include_url=False)[0]
    argument = f"`{first['loc'][0]}`" if first["loc"] else "an argument"
    if first["type"] == "missing":
        return f"{argument} is missing"
    return f"{argument} {first['msg'].replace('Input should be', 'must be', 1)}, not {str(first['input'])[:60]!r}"


def _reading(title: str) -> Any:
    from mcp.types import ToolAnnotations

    return ToolAnnotations(title=title, read_only_hint=True, idempotent_hint=True, open_world_hint=False)

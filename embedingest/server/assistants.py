"""What the route of assistants asks of whom they are served by. A seam: the tools and their protocol are elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp

__all__ = ["Assistants"]


class Assistants(Protocol):
    """The table as tools of the Model Context Protocol."""

    def application(self, within: str | None, run: Callable[..., Awaitable[Any]]) -> ASGIApp:
        """What answers one request of who may see what passes the filter `within`; called on a thread.

        `await run(function, *arguments)` calls what takes long on a thread. Raises ConfigError where the library that
        speaks the protocol is missing.
        """
        ...

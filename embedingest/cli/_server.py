"""The HTTP server as `serve` and `watch --serve` start it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedingest.cli._output import print_note, stderr
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from embedingest.build.session import Session

__all__ = ["announce", "serve_beside"]


def announce(url: str, model: str) -> None:
    """Say where the engine answers, with a call to try."""
    stderr().print(f"serving [bold]{model}[/] on [bold]{url}[/]", highlight=False)
    call = f'curl {url}/api/embed -d \'{{"model": "{model}", "input": "why is the sky blue?"}}\''
    print_note(call, style="dim")


def serve_beside(stack: ExitStack, session: Session, address: dict[str, Any]) -> None:
    """Serve the engine of `session` until `stack` ends. A port that is taken is said, and the watch goes on."""
    from embedingest.build.serving import open_searcher, open_server
    from embedingest.cli._environment import server_settings

    pipeline = session.config.pipelines["default"]
    searcher = open_searcher(
        session, db=pipeline.db, table=pipeline.table, model=pipeline.model, consistency_seconds=0.0
    )
    try:
        server = open_server(session, server_settings(**address, preload=(pipeline.model,)), searcher)
    except ConfigError as error:
        print_note(f"not serving: {error.message}", style="yellow")
        print_note(f"hint: {error.remedy}; watching goes on")
        return
    server.start()
    stack.callback(server.stop)
    announce(server.url, pipeline.model)

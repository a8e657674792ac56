"""The HTTP server as `serve` and `watch --serve` start it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from embedingest.cli._output import is_quiet, print_note, printable, stderr
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from embedingest.build.session import Session
    from embedingest.build.watched import Watched

__all__ = ["announce", "served"]


def announce(url: str, model: str) -> None:
    """Say where the engine answers, with a call to try."""
    from rich.text import Text

    if is_quiet():
        return
    stderr().print(Text.assemble("serving ", (printable(model), "bold"), " on ", (printable(url), "bold")))
    call = f'curl {url}/api/embed -d \'{{"model": "{model}", "input": "why is the sky blue?"}}\''
    print_note(call, style="dim")


@contextmanager
def served(session: Session, address: dict[str, Any], watched: Watched, stop: Event) -> Iterator[None]:
    """While inside, the default pipeline's engine and table are served, and it is `watched`, until `stop` is set.

    A port that is taken is said, no error.
    """
    from embedingest.build.serving import open_server
    from embedingest.build.stores import followed_tables
    from embedingest.build.watched import WatchedPipelines
    from embedingest.cli._environment import server_settings

    config, pipeline = session.config, session.config.pipelines["default"]
    model, place = pipeline.model, (config.state, pipeline.db, pipeline.table)
    pipelines = WatchedPipelines({"default": watched})
    try:
        settings = server_settings(**address, preload=(model,))
        stores, searcher = followed_tables(session), session.searcher()
        server = open_server(session, settings, searcher, place=place, pipelines=pipelines, stores=stores)
    except ConfigError as error:
        print_note(f"not serving: {error.message}", style="yellow")
        print_note(f"hint: {error.remedy}; watching goes on")
        yield
        return
    server.start(stop)
    try:
        announce(server.url, model)
        yield
    finally:
        server.stop()

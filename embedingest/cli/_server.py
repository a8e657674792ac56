"""The HTTP server as `serve` and `watch --serve` start it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import rich_click as click

from embedingest.cli._options import FilePath
from embedingest.cli._output import is_quiet, print_note, printable, stderr
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from threading import Event

    from embedingest.build.session import Session
    from embedingest.build.watched import Watched
    from embedingest.config import ServerConfig

__all__ = ["SERVER_OPTIONS", "announce", "served", "server_options"]

F = TypeVar("F", bound="Callable[..., Any]")

_OPTIONS: Final = (
    click.option("--host", default=None, help="Address to serve on.  [default: 127.0.0.1]"),
    click.option(
        "-p", "--port", type=click.IntRange(0, 65535), default=None, help="Port; 0 picks one.  [default: 11434]"
    ),
    click.option(
        "--origin", "origins", multiple=True, help="Further origin for browsers, one `*` allowed; repeatable."
    ),
    click.option("--allowed-host", "hosts", multiple=True, help="Further name that documents and pages answer under."),
    click.option("--api-key", envvar="EMBEDINGEST_API_KEY", default=None, help="Ask for `Authorization: Bearer KEY`."),
    click.option("--api-key-file", type=FilePath(), default=None, help="File whose first line is the key."),
    click.option(
        "--keys-file",
        type=FilePath(),
        default=None,
        envvar="EMBEDINGEST_KEYS_FILE",
        help="File of `embedingest keys`: further keys by name, with what each may do.",
    ),
    click.option(
        "--root-path", default=None, metavar="PATH", help="Path under which a proxy serves this, as `/search`."
    ),
    click.option(
        "--trusted-proxy",
        "trusted_proxies",
        multiple=True,
        metavar="ADDRESS",
        help="Proxy, or network of them, whose `X-Forwarded-*` headers are believed; repeatable.",
    ),
)


def server_options(function: F) -> F:
    """Where to listen, whom to answer, behind which proxy. The command gets them together, as `server`."""

    @wraps(function)
    def command(*args: Any, api_key: str | None, api_key_file: Path | None, **flags: Any) -> Any:
        from embedingest.cli._environment import api_key as api_key_of

        server = {name: flags.pop(name) for name in _NAMES}
        return function(*args, server={**server, "api_key": api_key_of(api_key, api_key_file)}, **flags)

    decorated = cast("F", command)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


_NAMES: Final = ("host", "port", "origins", "hosts", "keys_file", "root_path", "trusted_proxies")
SERVER_OPTIONS: Final = (*_NAMES, "api_key", "api_key_file")


def announce(url: str, model: str) -> None:
    """Say where the engine answers, with a call to try, and where the page is."""
    from rich.text import Text

    if is_quiet():
        return
    stderr().print(Text.assemble("serving ", (printable(model), "bold"), " on ", (printable(url), "bold")))
    call = f'curl {url}/api/embed -d \'{{"model": "{model}", "input": "why is the sky blue?"}}\''
    print_note(call, style="dim")
    print_note(f"{url}/ui is the page to search and to look into what is followed", style="dim")


@contextmanager
def served(session: Session, settings: ServerConfig, watched: Watched, stop: Event) -> Iterator[None]:
    """While inside, the default pipeline's engine and table are served, and it is `watched`, until `stop` is set.

    A port that is taken is said, no error.
    """
    from embedingest.build.serving import open_server
    from embedingest.build.stores import followed_tables
    from embedingest.build.watched import WatchedPipelines

    config, pipeline = session.config, session.config.pipelines["default"]
    model, place = pipeline.model, (config.state, pipeline.db, pipeline.table)
    pipelines = WatchedPipelines({"default": watched})
    try:
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

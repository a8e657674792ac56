"""`embedingest watch`: the table follows the folders until Ctrl-C."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import rich_click as click
from click import get_current_context

from embedingest.cli._converge import converge_once
from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._options import (
    given_options,
    json_option,
    model_options,
    paths_argument,
    plugin_option,
    table_options,
)
from embedingest.cli._output import print_note
from embedingest.cli._progress import progress_line
from embedingest.cli._reports import print_report
from embedingest.cli._server import SERVER_OPTIONS, served, server_options
from embedingest.cli._settings import config_from_flags, ingest_options
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.config import Config, ServerConfig

__all__ = ["watch"]


@click.command()
@paths_argument(required=True)
@click.option("--once", is_flag=True, help="Bring the table up to date and exit.")
@click.option("--serve", "serve_too", is_flag=True, help="Also serve the engine over HTTP, in this process.")
@server_options
@click.option("--settle-ms", type=click.IntRange(0, 600_000), help="Read a file once unchanged this long.")
@click.option("--polling/--events", default=None, help="Look regularly instead of waiting for events.")
@click.option(
    "--sweep-seconds",
    type=click.FloatRange(1, 86_400),
    help="Look at everything this often.  [default: 300, and large folders less often]",
)
@click.option("--on", hidden=True)
@table_options
@model_options
@ingest_options
@plugin_option
@json_option
def watch(
    paths: tuple[Path, ...],
    once: bool,
    serve_too: bool,
    server: dict[str, Any],
    as_json: bool,
    allow_deletes: bool,
    on: str | None,
    **flags: Any,
) -> int:
    """Keep the table equal to the folders at PATH, until Ctrl-C.

    First everything is brought up to date, then every change is followed: edits, renames, moves, deletions.
    """
    if on is not None:
        raise ConfigError(
            f"`watch` embeds in the process that hears of changes, and not on `{on}`",
            remedy=f"`embedingest ingest PATH… --on {on}`, or `embedingest run CONFIG --every 15m --on {on}`",
        )
    _check_options(once=once, serve_too=serve_too)
    config = config_from_flags(paths, **flags)
    if once:
        return converge_once(config, as_json=as_json, allow_deletes=allow_deletes)
    return _follow(config, as_json=as_json, serving=_serving(config, server) if serve_too else None)


def _check_options(*, once: bool, serve_too: bool) -> None:
    """Raises UsageError for options of which one has no effect beside, or without, the other."""
    given = given_options(get_current_context())
    if once and serve_too:
        raise click.UsageError("--once ends when the table is up to date, and --serve goes on: leave one of them out")
    for name in () if serve_too else SERVER_OPTIONS:
        if name in given:
            raise click.UsageError(f"{given[name]} is for a server: add --serve")


def _serving(config: Config, server: dict[str, Any]) -> ServerConfig:
    """The server's settings, checked before anything is followed: only a port that is taken is waited out."""
    from embedingest.build.serving import check_served, preloaded
    from embedingest.cli._environment import server_settings

    settings = server_settings(preload=preloaded(config.pipelines["default"].model, config), **server)
    check_served(settings)
    return settings


def _follow(config: Config, *, as_json: bool, serving: ServerConfig | None) -> int:
    from embedingest.build.live import answering
    from embedingest.build.remembered import remember
    from embedingest.build.session import Session
    from embedingest.build.watched import Watched
    from embedingest.ingest.figures import Figures

    with stop_on_signals() as stop, Session(config) as session, progress_line(as_json=as_json) as progress:
        figures = Figures(progress)
        pipeline = session.pipeline(progress=figures, stop=stop)
        remember(pipeline, config)
        if pipeline.paused:
            print_note(f"{pipeline.paused}: nothing is followed until `embedingest restore --resume`", style="yellow")
        db, table = pipeline.config.db, pipeline.config.table
        watched = Watched(config.state, db, table, figures)
        asked = answering(session, state=config.state, db=db, table=table)
        with asked, nullcontext() if serving is None else served(session, serving, watched, stop):
            first = True
            for report in pipeline.follow():
                progress.close()
                if first or report.changed_anything() or report.failures:
                    print_report(report, as_json=as_json, line=True, place=(config.state, db, table))
                if first and not stop.is_set():
                    roots = ", ".join(root.where for root in pipeline.roots)
                    print_note(f"watching {roots}; Ctrl-C ends it", style="dim")
                first = False
    return stop.exit_code(0)

"""`embedingest watch` and `embedingest ingest`: folders into the table, from now on or once."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option, model_options, plugin_option, table_options
from embedingest.cli._sources import ingest_options, pipeline_settings

if TYPE_CHECKING:
    from embedingest.build.session import Session
    from embedingest.cli._stopping import Stopping
    from embedingest.config import Config
    from embedingest.ingest.report import IngestReport

__all__ = ["configured", "ingest", "run_once", "say", "watch"]

_PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")


@click.command()
@_PATHS
@click.option("--once", is_flag=True, help="Bring the table up to date and exit.")
@click.option("--serve", "serve_too", is_flag=True, help="Also serve the engine over HTTP, in this process.")
@click.option("--host", default=None, help="Address to serve on.  [default: 127.0.0.1]")
@click.option("-p", "--port", type=click.IntRange(0, 65535), default=None, help="Port to serve on.  [default: 11434]")
@click.option("--settle-ms", type=click.IntRange(0, 600_000), help="Read a file once unchanged this long.")
@click.option("--polling/--events", default=None, help="Look regularly instead of waiting for events.")
@click.option("--sweep-seconds", type=click.FloatRange(1, 86_400), help="Look at everything this often.")
@table_options
@model_options
@ingest_options
@plugin_option
@json_option
def watch(
    paths: tuple[Path, ...],
    once: bool,
    serve_too: bool,
    host: str | None,
    port: int | None,
    as_json: bool,
    allow_deletes: bool,
    **flags: Any,
) -> int:
    """Keep the table equal to the folders at PATH, until Ctrl-C.

    First everything is brought up to date, then every change is followed: edits, renames, moves, deletions.
    """
    config = configured(paths, **flags)
    if once:
        return run_once(config, as_json=as_json, allow_deletes=allow_deletes)
    address = {"host": host, "port": port} if serve_too else None
    return _follow(config, as_json=as_json, address=address)


@click.command()
@_PATHS
@table_options
@model_options
@ingest_options
@plugin_option
@click.option(
    "--plan",
    "frozen",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Do exactly what this frozen plan says, or refuse.",
)
@json_option
def ingest(paths: tuple[Path, ...], as_json: bool, allow_deletes: bool, frozen: Path | None, **flags: Any) -> int:
    """Bring the table up to date with the folders at PATH, once. The same as `watch --once`."""
    return run_once(configured(paths, **flags), as_json=as_json, allow_deletes=allow_deletes, frozen=frozen)


def configured(paths: tuple[Path, ...], *, state: Path, model: str, plugins: tuple[str, ...], **flags: Any) -> Config:
    """The configuration that these flags stand for, checked as a file's would be."""
    from pydantic import ValidationError

    from embedingest.build.models import named_model
    from embedingest.cli._environment import engine_settings
    from embedingest.config import Config
    from embedingest.errors import ConfigError

    name, models = named_model(model)
    try:
        return Config(
            state=state,
            plugins=plugins,
            models=models,
            engine=engine_settings(),
            pipelines={"default": pipeline_settings(paths, model=name, **flags)},  # type: ignore[dict-item]
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{place}: {first['msg']}", remedy="see `embedingest watch --help`") from error


def run_once(
    config: Config, name: str = "default", *, as_json: bool, allow_deletes: bool = False, frozen: Path | None = None
) -> int:
    """Converge one pipeline, or carry out a frozen plan, and say what was done. Answers the exit code."""
    from embedingest.build.pipelines import open_pipeline
    from embedingest.build.remembered import remember
    from embedingest.build.session import Session
    from embedingest.cli._progress import ProgressLine
    from embedingest.cli._stopping import stopping
    from embedingest.ingest.audit.preview import read_frozen

    with ExitStack() as held:
        stop = held.enter_context(stopping())
        session = Session(config)
        held.callback(session.close)
        line = ProgressLine(quiet=as_json and not _terminal())
        pipeline = open_pipeline(session, name, progress=line, stop=stop)
        with pipeline, line:
            remember(pipeline, config)
            if frozen is None:
                report = pipeline.converge(allow_deletes=allow_deletes)
            else:
                report = pipeline.carry_out(read_frozen(frozen), allow_deletes=allow_deletes)
    say(report, as_json=as_json)
    return _code(stop, report)


def _follow(config: Config, *, as_json: bool, address: dict[str, Any] | None) -> int:
    from embedingest.build.pipelines import open_pipeline
    from embedingest.build.remembered import remember
    from embedingest.build.session import Session
    from embedingest.cli._output import console
    from embedingest.cli._progress import ProgressLine
    from embedingest.cli._stopping import stopping

    with ExitStack() as held:
        stop = held.enter_context(stopping())
        session = Session(config)
        held.callback(session.close)
        line = held.enter_context(ProgressLine(quiet=as_json and not _terminal()))
        pipeline = held.enter_context(open_pipeline(session, progress=line, stop=stop))
        remember(pipeline, config)
        if address is not None:
            _serve_beside(held, session, address)
        first = True
        for report in pipeline.follow():
            line.close()
            if first or report.changed_anything() or report.failures:
                say(report, as_json=as_json, line=True)
            if first and not stop.is_set():
                roots = ", ".join(str(root.path) for root in pipeline.roots)
                console().print(f"watching {roots}; Ctrl-C ends it", style="dim", highlight=False, soft_wrap=True)
            first = False
    return _code(stop)


def _serve_beside(held: ExitStack, session: Session, address: dict[str, Any]) -> None:
    """Serve the pipeline's engine too. A port that is taken is said, and the watch goes on."""
    from embedingest.build.serving import open_searcher, open_server
    from embedingest.cli._environment import server_settings
    from embedingest.cli._output import console
    from embedingest.cli.serve import announce
    from embedingest.errors import ConfigError

    pipeline = session.config.pipelines["default"]
    searcher = open_searcher(
        session, db=pipeline.db, table=pipeline.table, model=pipeline.model, consistency_seconds=0.0
    )
    try:
        server = open_server(session, server_settings(**address, preload=(pipeline.model,)), searcher)
    except ConfigError as error:
        console().print(f"not serving: {error.message}", style="yellow", highlight=False, markup=False)
        console().print(f"hint: {error.remedy}; watching goes on", highlight=False, markup=False)
        return
    server.start()
    held.callback(server.stop)
    announce(server.url, pipeline.model)


def _terminal() -> bool:
    import sys

    return sys.stderr.isatty()


def _code(stop: Stopping, report: IngestReport | None = None) -> int:
    if stop.interrupted:
        return 130
    return 0 if report is None else report.exit_code


def say(report: IngestReport, *, as_json: bool, line: bool = False) -> None:
    """The report on standard output as JSON, else on standard error for people."""
    from embedingest.cli._output import console, print_json

    if as_json:
        print_json(report.to_json(), line=line)
    else:
        from embedingest.cli._reports import draw_report

        draw_report(report, console())

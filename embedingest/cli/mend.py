"""`retry`, `confirm`, `forget`, `optimize`: what a person asks of the writer, running or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource

from embedingest.cli._options import json_option, model_options, plugin_option, table_options
from embedingest.cli._sources import ingest_options

if TYPE_CHECKING:
    from embedingest.config import Config

__all__ = ["confirm", "forget", "optimize", "rebuild", "retry"]

_SOURCES = click.argument("sources", nargs=-1, metavar="[SOURCE]...")


@click.command()
@_SOURCES
@table_options
@json_option
def retry(sources: tuple[str, ...], db: str, table: str, state: Path, as_json: bool) -> int:
    """Try failed documents again now: those named, or all of them.

    SOURCE is a document's name in the table, as `embedingest status` shows it.
    """
    from embedingest.cli._requests import ask_or_do

    return ask_or_do(state, db, table, "retry", {"sources": list(sources)}, as_json=as_json)


@click.command()
@_SOURCES
@table_options
@json_option
def confirm(sources: tuple[str, ...], db: str, table: str, state: Path, as_json: bool) -> int:
    """Carry out deletions that wait: of the documents named, or all of them.

    Deletions wait where a folder vanished, came back empty, or lost a large share of its documents at once.
    """
    from embedingest.cli._requests import ask_or_do

    return ask_or_do(state, db, table, "confirm", {"sources": list(sources)}, as_json=as_json)


@click.command()
@click.argument("root")
@table_options
@json_option
def forget(root: str, db: str, table: str, state: Path, as_json: bool) -> int:
    """Remove a folder's documents from the table and stop knowing it. Its files are not touched.

    ROOT is the folder's path or its alias.
    """
    from embedingest.cli._requests import ask_or_do

    return ask_or_do(state, db, table, "forget", {"root": root}, as_json=as_json)


@click.command()
@table_options
def optimize(db: str, table: str, state: Path) -> int:
    """Compact the table, fold what is new into its indices, remove old versions.

    The writer does this by itself when it pays; this is for the impatient.
    """
    from embedingest.cli._requests import ask_or_do

    return ask_or_do(state, db, table, "optimize", {})


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@table_options
@model_options
@ingest_options
@plugin_option
@json_option
@click.pass_context
def rebuild(
    ctx: click.RichContext,
    /,
    paths: tuple[Path, ...],
    db: str,
    table: str,
    state: Path,
    as_json: bool,
    **flags: Any,
) -> int:
    """Make the table anew, with another model or other settings, while the old rows go on serving.

    Without PATH, folders and settings are those of the last `ingest` or `watch`; `--model` alone changes the model.
    Stopped or killed, the same command goes on where it was.
    """
    from embedingest.build.rebuild import rebuild as rebuilt
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session
    from embedingest.cli._progress import ProgressLine
    from embedingest.cli._stopping import stopping
    from embedingest.cli.ingest import configured, say

    flags.pop("allow_deletes")
    if paths:
        config = configured(paths, db=db, table=table, state=state, **flags)
    else:
        given = ctx.get_parameter_source("model") is not ParameterSource.DEFAULT
        config = _with_model(recall(state, db, table), flags["model"] if given else None)
    session = Session(config)
    try:
        with stopping() as stop, ProgressLine(quiet=as_json) as line:
            report = rebuilt(session, progress=line, stop=stop)
    finally:
        session.close()
    say(report, as_json=as_json)
    return 130 if stop.interrupted else report.exit_code


def _with_model(config: Config, model: str | None) -> Config:
    from embedingest.build.models import named_model

    if model is None:
        return config
    name, models = named_model(model)
    pipeline = config.pipelines["default"].model_copy(update={"model": name})
    return config.model_copy(update={"models": {**config.models, **models}, "pipelines": {"default": pipeline}})

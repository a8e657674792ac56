"""`embedingest rebuild`: the table anew, with another model or other settings, while the old rows go on serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource

from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._options import FilePath, json_option, model_options, paths_argument, plugin_option, table_options
from embedingest.cli._progress import progress_line
from embedingest.cli._reports import print_report
from embedingest.cli._settings import config_from_flags, ingest_options

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.config import Config

__all__ = ["rebuild"]


@click.command()
@paths_argument(required=False)
@table_options
@model_options
@ingest_options
@click.option(
    "--config", "file", type=FilePath(dir_okay=False), help="Take folders and settings from the pipeline of this file."
)
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
    file: Path | None,
    **flags: Any,
) -> int:
    """Make the table anew, with another model or other settings, while the old rows go on serving.

    Without PATH, folders and settings are those of the last `ingest` or `watch`; `--model` alone changes the model.
    With `--config` they are those of the pipeline in that file, or of several the one that writes `--table`.
    Stopped or killed, the same command goes on where it was.
    """
    from embedingest.build.rebuild import rebuild as rebuild_table
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session
    from embedingest.build.settings import pipeline_of

    flags.pop("allow_deletes")
    if file is not None:
        if paths:
            raise click.UsageError("`--config` names the folders: leave PATH out")
        named = ctx.get_parameter_source("table") is not ParameterSource.DEFAULT
        config = pipeline_of(file, table if named else None)
    elif paths:
        config = config_from_flags(paths, db=db, table=table, state=state, **flags)
    else:
        named = ctx.get_parameter_source("model") is not ParameterSource.DEFAULT
        config = _with_model(recall(state, db, table), flags["model"] if named else None)
    with stop_on_signals() as stop, Session(config) as session, progress_line(as_json=as_json) as progress:
        report = rebuild_table(session, progress=progress, stop=stop)
    print_report(report, as_json=as_json)
    return stop.exit_code(report.exit_code)


def _with_model(config: Config, model: str | None) -> Config:
    from embedingest.build.models import named_model

    if model is None:
        return config
    name, models = named_model(model)
    pipeline = config.pipelines["default"].model_copy(update={"model": name})
    return config.model_copy(update={"models": {**config.models, **models}, "pipelines": {"default": pipeline}})

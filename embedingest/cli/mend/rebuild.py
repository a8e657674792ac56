"""`embedingest rebuild`: the table anew, with another model or other settings, while the old rows go on serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import rich_click as click
from click.core import ParameterSource

from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._options import (
    FilePath,
    given_options,
    json_option,
    model_options,
    paths_argument,
    plugin_option,
    table_options,
)
from embedingest.cli._progress import progress_line
from embedingest.cli._reports import print_report
from embedingest.cli._settings import config_from_flags, ingest_options
from embedingest.cli._typed import place_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from embedingest.config import Config

__all__ = ["rebuild"]

_MODELS: Final = ("model", "sparse", "late", "rerank")
"""Settings that may be changed without naming the folders."""
_PLACE: Final = ("paths", "db", "table", "state", "file", "as_json", "allow_deletes")


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
    allow_deletes: bool,
    **flags: Any,
) -> int:
    """Make the table anew, with another model or other settings, while the old rows go on serving.

    Without PATH, folders and settings are those of the last `ingest` or `watch`, but for the models that are named:
    `--model`, `--sparse`, `--late`, `--rerank`. With `--config` they are those of the pipeline in that file, or of
    several the one that writes `--table`. Stopped or killed, the same command goes on where it was.

    A rebuild that leaves out a folder of the table is refused, and so is one by which a folder would lose as many
    documents as an `ingest` asks about; `--allow-deletes` lets their rows go.
    """
    from embedingest.build.rebuild import rebuild as rebuild_table
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session
    from embedingest.build.settings import pipeline_of

    if file is not None:
        if paths:
            raise click.UsageError("`--config` names the folders: leave PATH out")
        _refuse_options(ctx, (), "has no effect beside --config: the file says it")
        named = ctx.get_parameter_source("table") is not ParameterSource.DEFAULT
        config = pipeline_of(file, table if named else None)
    elif paths:
        config = config_from_flags(paths, db=db, table=table, state=state, **flags)
    else:
        config = _with_models(recall(state, db, table), _models_named(ctx))
    with stop_on_signals() as stop, Session(config) as session, progress_line(as_json=as_json) as progress:
        report = rebuild_table(session, progress=progress, stop=stop, allow_deletes=allow_deletes)
    print_report(report, as_json=as_json, place=place_of(config))
    return stop.exit_code(report.exit_code)


def _models_named(ctx: click.RichContext) -> dict[str, str]:
    """The models that were named, by the setting. Raises UsageError for another option that says what is made of files:
    without PATHs it would have no effect.
    """
    _refuse_options(ctx, _MODELS, "needs the folders beside it: name them, as in `rebuild PATH…`")
    named = (name for name in _MODELS if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT)
    return {name: ctx.params[name] for name in named}


def _refuse_options(ctx: click.RichContext, allowed: Collection[str], why: str) -> None:
    """Raises UsageError for an option of the command line that says what is made of files, and is none of these."""
    for name, written in given_options(ctx).items():
        if name not in (*_PLACE, *allowed):
            raise click.UsageError(f"{written} {why}")


def _with_models(config: Config, named: Mapping[str, str]) -> Config:
    from embedingest.build.models import named_model
    from embedingest.config import RerankConfig

    pipeline, models = config.pipelines["default"], dict(config.models)
    for setting, model in named.items():
        name, more = named_model(model)
        models |= more
        pipeline = pipeline.model_copy(update={setting: RerankConfig(model=name) if setting == "rerank" else name})
    return config.model_copy(update={"models": models, "pipelines": {"default": pipeline}})

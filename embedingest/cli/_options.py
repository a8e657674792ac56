"""Options that several commands share, spelled once."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import rich_click as click
from click.core import ParameterSource

from embedingest.cli._complete import complete_model, complete_reranker, complete_source
from embedingest.cli._logs import tell_nothing
from embedingest.cli._output import print_note
from embedingest.errors import ConfigError
from embedingest.paths import absolute, expanded
from embedingest.types import (
    CANDIDATES,
    DEFAULT_DB,
    DEFAULT_MODEL,
    DEFAULT_STATE,
    DEFAULT_TABLE,
    MOST_CANDIDATES,
)

__all__ = [
    "FilePath", "RerankingCommand", "given_options", "json_option", "model_options", "paths_argument", "plugin_option",
    "rerank_options", "sources_argument", "table_options",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


def given_options(ctx: click.Context) -> dict[str, str]:
    """The options that stand on the command line, by the name of the parameter: how each is written."""
    return {
        name: max(parameter.opts, key=len)
        for parameter in ctx.command.params
        if (name := parameter.name) and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


class FilePath(click.Path):
    """A path on the command line: `~` is the home folder. Raises ConfigError for one that is empty or of no use."""

    def __init__(self, **wanted: Any) -> None:
        super().__init__(path_type=Path, **wanted)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = expanded(value)
        path = absolute(value) if str(path).startswith("~") else path
        try:
            return super().convert(path, param, ctx)
        except click.BadParameter as error:
            raise self._refusal(path) or error from error

    def _refusal(self, path: Path) -> ConfigError | None:
        """Why a path that click refuses is of no use, with what to do."""
        if not os.path.lexists(path):
            return ConfigError(f"there is no {path}", remedy="check the path, and the folder that you are in")
        if not path.exists():
            return ConfigError(f"{path} is a link to nothing", remedy="check what it links to")
        if path.is_dir() and not self.dir_okay:
            return ConfigError(f"{path} is a folder, and a file is wanted", remedy="name the file")
        if not path.is_dir() and not self.file_okay:
            return ConfigError(f"{path} is a file, and a folder is wanted", remedy="name the folder")
        if not os.access(path, os.R_OK):
            return ConfigError(f"{path} is not readable", remedy="change its rights, or run as a user who may read it")
        return None


def paths_argument(*, required: bool) -> Callable[[F], F]:
    """`PATH…`, the folders and files to ingest."""
    return click.argument(
        "paths",
        nargs=-1,
        required=required,
        type=FilePath(),
        metavar="PATH..." if required else "[PATH]...",
    )


def sources_argument(function: F) -> F:
    """`[SOURCE]…`, documents by their names in the table; none means all that it concerns."""
    return click.argument("sources", nargs=-1, metavar="[SOURCE]...", shell_complete=complete_source)(function)


def table_options(function: F) -> F:
    """`--db`, `--table`, `--state`; the command gets database and state folder by whole paths.

    A command without PATHs looks for them from the working folder upwards.
    """
    function = click.option(
        "--state",
        type=FilePath(),
        envvar="EMBEDINGEST_STATE",
        help=f"Folder for the journal, the vector cache and locks.  [default: {DEFAULT_STATE}]",
    )(_placed(function))
    function = click.option(
        "--table",
        default=DEFAULT_TABLE,
        show_default=True,
        envvar="EMBEDINGEST_TABLE",
        help="Name of the table.",
    )(function)
    return click.option(
        "--db",
        envvar="EMBEDINGEST_DB",
        help=f"LanceDB folder or URI.  [default: {DEFAULT_DB}]",
    )(function)


def _placed(function: F) -> F:
    """The command, which gets the table that is meant in place of what was named of it."""

    @wraps(function)
    def command(*args: Any, db: str | None, state: Path | None, table: str, **flags: Any) -> Any:
        from embedingest.build.place import place_to_read, place_to_write

        if not table:
            raise ConfigError("the table has an empty name", remedy="leave `--table` out, or name one")
        if flags.get("paths"):
            place = place_to_write(db, state, table)
            if place.above is not None:
                kept = f"with PATHs the table is that of the working folder, {place.state}"
                print_note(f"{place.above} is not used: {kept}", style="yellow")
        else:
            place = place_to_read(db, state, table)
        with place.explained():
            return function(*args, db=place.db, state=place.state, table=table, **flags)

    return cast("F", command)


def model_options(function: F) -> F:
    """`--model`: a registered name, or a local sentence-transformers folder."""
    return click.option(
        "-m",
        "--model",
        default=DEFAULT_MODEL,
        show_default=True,
        envvar="EMBEDINGEST_MODEL",
        shell_complete=complete_model,
        help="Model name, or a local sentence-transformers folder.",
    )(function)


class RerankingCommand(click.RichCommand):
    """A command with `rerank_options`: the word after `--rerank` is the argument, where that is missing else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter:
            if "--rerank" not in given:
                raise
            return super().parse_args(ctx, ["--rerank=" if word == "--rerank" else word for word in given])


def rerank_options(function: F) -> F:
    """`--rerank [MODEL]`, `--no-rerank`, `--rerank-candidates`; the command gets `rerank` as a `SearchQuery` has it."""

    @wraps(function)
    def command(*args: Any, rerank: str | None, no_rerank: bool, **flags: Any) -> Any:
        if no_rerank and rerank is not None:
            raise ConfigError(
                f"`--rerank{f' {rerank}' if rerank else ''}` and `--no-rerank` contradict each other",
                remedy="leave one of them out",
            )
        chosen = False if no_rerank else True if rerank == "" else rerank
        return function(*args, rerank=chosen, **flags)

    decorated: Callable[..., Any] = click.option(
        "--rerank-candidates",
        type=click.IntRange(1, MOST_CANDIDATES),
        metavar="N",
        help=f"Best hits that the reranker scores.  [default: the settings', else {CANDIDATES}]",
    )(command)
    decorated = click.option("--no-rerank", is_flag=True, help="No reranker, whatever the settings say.")(decorated)
    decorated = click.option(
        "--rerank",
        is_flag=False,
        flag_value="",
        metavar="[MODEL]",
        shell_complete=complete_reranker,
        help="Put the best hits in the order of a reranker: a name or a folder; without one that of the settings, or "
        "the only one there is.",
    )(decorated)
    return cast("F", decorated)


def plugin_option(function: F) -> F:
    """`--plugin NAME`, repeatable: plug-ins that may be used beside the built-ins."""
    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        metavar="NAME",
        help="Use this installed plug-in; may be repeated.",
    )(function)


def json_option(function: F) -> F:
    """`--json`: one JSON document on standard output."""

    def on_json(_context: click.Context, _option: click.Parameter, value: bool) -> bool:
        if value:
            tell_nothing()
        return value

    said = "Print one JSON document on standard output."
    return click.option("--json", "as_json", is_flag=True, callback=on_json, help=said)(function)

"""Options that several commands share, spelled once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from embedingest.types import DEFAULT_DB, DEFAULT_MODEL, DEFAULT_STATE, DEFAULT_TABLE

__all__ = ["json_option", "model_options", "paths_argument", "plugin_option", "sources_argument", "table_options"]

F = TypeVar("F", bound=Callable[..., Any])


def paths_argument(*, required: bool) -> Callable[[F], F]:
    """`PATH…`, the folders and files to ingest."""
    return click.argument(
        "paths",
        nargs=-1,
        required=required,
        type=click.Path(path_type=Path),
        metavar="PATH..." if required else "[PATH]...",
    )


def sources_argument(function: F) -> F:
    """`[SOURCE]…`, documents by their names in the table; none means all that it concerns."""
    return click.argument("sources", nargs=-1, metavar="[SOURCE]...")(function)


def table_options(function: F) -> F:
    """`--db`, `--table`, `--state`."""
    function = click.option(
        "--state",
        type=click.Path(path_type=Path),
        default=DEFAULT_STATE,
        show_default=True,
        envvar="EMBEDINGEST_STATE",
        help="Folder for the journal, the vector cache and locks.",
    )(function)
    function = click.option(
        "--table",
        default=DEFAULT_TABLE,
        show_default=True,
        envvar="EMBEDINGEST_TABLE",
        help="Name of the table.",
    )(function)
    return click.option(
        "--db",
        default=DEFAULT_DB,
        show_default=True,
        envvar="EMBEDINGEST_DB",
        help="LanceDB folder or URI.",
    )(function)


def model_options(function: F) -> F:
    """`--model`: a registered name, or a local sentence-transformers folder."""
    return click.option(
        "-m",
        "--model",
        default=DEFAULT_MODEL,
        show_default=True,
        envvar="EMBEDINGEST_MODEL",
        help="Model name, or a local sentence-transformers folder.",
    )(function)


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
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")(function)

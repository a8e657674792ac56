"""`embedingest ingest`: folders into the table, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._converge import converge_once
from embedingest.cli._options import FilePath, json_option, model_options, paths_argument, plugin_option, table_options
from embedingest.cli._settings import config_from_flags, ingest_options, nodes_options

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ingest"]


@click.command()
@paths_argument(required=True)
@table_options
@model_options
@ingest_options
@nodes_options
@plugin_option
@click.option(
    "--plan",
    "frozen",
    type=FilePath(exists=True, dir_okay=False),
    help="Do exactly what this frozen plan says, or refuse.",
)
@json_option
def ingest(paths: tuple[Path, ...], as_json: bool, allow_deletes: bool, frozen: Path | None, **flags: Any) -> int:
    """Bring the table up to date with the folders at PATH, once. The same as `watch --once`."""
    config = config_from_flags(paths, **flags)
    return converge_once(config, as_json=as_json, allow_deletes=allow_deletes, frozen=frozen)

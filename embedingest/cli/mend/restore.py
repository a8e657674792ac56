"""`embedingest restore`: the table as it was at a named version, or back to following the folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._requests import perform_or_request

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["restore"]


@click.command()
@click.argument("name", required=False)
@click.option("--resume", is_flag=True, help="Follow the folders again; what was restored gives way to them.")
@table_options
@json_option
def restore(name: str | None, resume: bool, db: str, table: str, state: Path, as_json: bool) -> int:
    """Make the table what it was at NAME. A watch on it pauses until `embedingest restore --resume`.

    The folders are not touched, so `ingest` and `--resume` bring their newest state back. The state before the
    restore stays readable for the time that old versions are kept.
    """
    if (name is None) != resume:
        raise click.UsageError("give either a NAME or --resume")
    verb, arguments = ("resume", {}) if name is None else ("restore", {"name": name})
    return perform_or_request(state, db, table, verb, arguments, as_json=as_json)

"""`embedingest tag`: names for versions of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_json, print_line
from embedingest.cli._requests import perform_or_request

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["tag"]


@click.command()
@click.argument("name", required=False)
@click.option("--drop", is_flag=True, help="Forget the name; its files go with the next clean-up.")
@table_options
@json_option
def tag(name: str | None, drop: bool, db: str, table: str, state: Path, as_json: bool) -> int:
    """Name the table's present version NAME, so that it stays readable; without NAME list the names.

    `embedingest search --at NAME` searches it, `embedingest restore NAME` brings it back.
    """
    if name is None:
        if drop:
            raise click.UsageError("--drop needs a NAME")
        _list(db, table, as_json=as_json)
        return 0
    return perform_or_request(state, db, table, "drop-tag" if drop else "tag", {"name": name}, as_json=as_json)


def _list(db: str, table: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from embedingest.build.inspect import list_snapshots

    snapshots = list_snapshots(db, table)
    if as_json:
        print_json([{**asdict(snapshot), "created_at": snapshot.created_at.isoformat()} for snapshot in snapshots])
        return
    for snapshot in snapshots:
        print_line(f"{snapshot.name}  {snapshot.rows:,} rows  {snapshot.created_at:%Y-%m-%d %H:%M:%S} UTC")

"""`tag`, `restore`: named versions of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, table_options

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["restore", "tag"]


@click.command()
@click.argument("name", required=False)
@click.option("--drop", is_flag=True, help="Forget the name; its files go with the next clean-up.")
@table_options
@json_option
def tag(name: str | None, drop: bool, db: str, table: str, state: Path, as_json: bool) -> int:
    """Name the table's present version NAME, so that it stays readable; without NAME list the names.

    `embedingest search --at NAME` searches it, `embedingest restore NAME` brings it back.
    """
    from embedingest.cli._requests import ask_or_do

    if name is None:
        if drop:
            raise click.UsageError("--drop needs a NAME")
        _list(db, table, as_json=as_json)
        return 0
    return ask_or_do(state, db, table, "drop-tag" if drop else "tag", {"name": name}, as_json=as_json)


def _list(db: str, table: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from embedingest.cli._output import data, print_json
    from embedingest.store.snapshots import snapshots
    from embedingest.store.table import open_table

    with open_table(db, table) as opened:
        found = snapshots(opened)
    if as_json:
        print_json([{**asdict(one), "created_at": one.created_at.isoformat()} for one in found])
        return
    for one in found:
        line = f"{one.name}  {one.rows:,} rows  {one.created_at:%Y-%m-%d %H:%M:%S} UTC"
        data().print(line, highlight=False, markup=False)


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
    from embedingest.cli._requests import ask_or_do

    if (name is None) != resume:
        raise click.UsageError("give either a NAME or --resume")
    verb, arguments = ("resume", {}) if name is None else ("restore", {"name": name})
    return ask_or_do(state, db, table, verb, arguments, as_json=as_json)

"""`retry`, `confirm`, `forget`, `optimize`: what a person asks of the writer, running or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli.options import json_option, table_options

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["confirm", "forget", "optimize", "retry"]

_SOURCES = click.argument("sources", nargs=-1, metavar="[SOURCE]...")


@click.command()
@_SOURCES
@table_options
@json_option
def retry(sources: tuple[str, ...], db: str, table: str, state: Path, as_json: bool) -> int:
    """Try failed documents again now: those named, or all of them.

    SOURCE is a document's name in the table, as `embedingest status` shows it.
    """
    from embedingest.cli.asking import ask_or_do

    return ask_or_do(state, db, table, "retry", {"sources": list(sources)}, as_json=as_json)


@click.command()
@_SOURCES
@table_options
@json_option
def confirm(sources: tuple[str, ...], db: str, table: str, state: Path, as_json: bool) -> int:
    """Carry out deletions that wait: of the documents named, or all of them.

    Deletions wait where a folder vanished, came back empty, or lost a large share of its documents at once.
    """
    from embedingest.cli.asking import ask_or_do

    return ask_or_do(state, db, table, "confirm", {"sources": list(sources)}, as_json=as_json)


@click.command()
@click.argument("root")
@table_options
@json_option
def forget(root: str, db: str, table: str, state: Path, as_json: bool) -> int:
    """Remove a folder's documents from the table and stop knowing it. Its files are not touched.

    ROOT is the folder's path or its alias.
    """
    from embedingest.cli.asking import ask_or_do

    return ask_or_do(state, db, table, "forget", {"root": root}, as_json=as_json)


@click.command()
@table_options
def optimize(db: str, table: str, state: Path) -> int:
    """Compact the table, fold what is new into its indices, remove old versions.

    The writer does this by itself when it pays; this is for the impatient.
    """
    from embedingest.cli.asking import ask_or_do

    return ask_or_do(state, db, table, "optimize", {})

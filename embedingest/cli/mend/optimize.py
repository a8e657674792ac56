"""`embedingest optimize`: the table is compacted now instead of when the writer finds that it pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._requests import perform_or_request

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["optimize"]


@click.command()
@table_options
@json_option
def optimize(db: str, table: str, state: Path, as_json: bool) -> int:
    """Compact the table, fold what is new into its indices, remove old versions.

    The writer does this by itself when it pays; this is for the impatient.
    """
    return perform_or_request(state, db, table, "optimize", {}, as_json=as_json)

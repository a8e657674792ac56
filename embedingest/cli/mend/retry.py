"""`embedingest retry`: failed documents are read again now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, sources_argument, table_options
from embedingest.cli._requests import note_unknown, perform_or_request, refuse_unknown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["retry"]


@click.command()
@sources_argument
@table_options
@json_option
def retry(sources: tuple[str, ...], db: str, table: str, state: Path, as_json: bool) -> int:
    """Try failed documents again now: those named, or all of them.

    SOURCE is a document's name in the table, as `embedingest status` shows it. Exit code 2 where names are given
    and none is a document of the table.
    """
    from embedingest.build.inspect import failed_documents

    if sources:
        note_unknown(sources, failed_documents(state, db, table), "no document of that name has failed")
        refuse_unknown(state, db, table, sources)
    return perform_or_request(state, db, table, "retry", {"sources": list(sources)}, as_json=as_json)

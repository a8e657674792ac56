"""`embedingest forget`: one folder's documents leave the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._exit_codes import ExitCode
from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_note
from embedingest.cli._requests import perform_or_request

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["forget"]


@click.command()
@click.argument("root")
@table_options
@json_option
def forget(root: str, db: str, table: str, state: Path, as_json: bool) -> int:
    """Remove a folder's documents from the table and follow it no more. Its files are not touched.

    ROOT is the folder's path or its alias. A running watch stops following it, too.
    """
    from embedingest.build.inspect import root_named

    # A path is meant from here, wherever the process stands that writes the table.
    code = perform_or_request(state, db, table, "forget", {"root": root_named(state, db, table, root)}, as_json=as_json)
    if code in {ExitCode.DONE, ExitCode.DOCUMENTS}:
        print_note(f"`{root}` is not followed any more; `embedingest ingest` or `watch` with its path takes it back")
    return code

"""`embedingest confirm`: deletions that wait for a person are carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._exit_codes import ExitCode
from embedingest.cli._options import json_option, sources_argument, table_options
from embedingest.cli._output import print_note
from embedingest.cli._requests import note_unknown, perform_or_request, refuse_unknown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["confirm"]


@click.command()
@sources_argument
@table_options
@json_option
def confirm(sources: tuple[str, ...], db: str, table: str, state: Path, as_json: bool) -> int:
    """Carry out deletions that wait: of the documents named, or all that wait now.

    Deletions wait where a folder vanished, came back empty, or lost a large share of its documents at once. Exit code 2
    where names are given and none is a document of the table.
    """
    from embedingest.build.inspect import refuse_paused, waiting_deletions
    from embedingest.build.remembered import recall

    waiting = waiting_deletions(state, db, table)
    note_unknown(sources, waiting, "no deletion of it waits")
    refuse_unknown(state, db, table, sources)
    # What begins to wait later was never seen by who confirms now.
    named = list(sources) or waiting
    if not as_json and not {*named} & {*waiting}:
        recall(state, db, table)  # of a table that is not there, that is said
        refuse_paused(state, db, table)  # what waits is not looked for meanwhile
        print_note("no deletion waits" if not sources else "no deletion of these waits")
        return ExitCode.DONE
    return perform_or_request(state, db, table, "confirm", {"sources": named}, as_json=as_json)

"""Do something to the table, or ask whoever writes it to. Shared by the commands that mend."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from embedingest.errors import EmbedingestError, LockedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ask_or_do"]

_POLL_SECONDS = 0.1


def ask_or_do(state: Path, db: str, table: str, verb: str, arguments: dict[str, Any], *, as_json: bool = False) -> int:
    """Carry out `verb` here, or, where another process writes the table, ask that one and wait for its answer.

    Answers the exit code. The settings are those the table was last written with.
    """
    from embedingest.build.pipelines import open_pipeline
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session
    from embedingest.cli._progress import ProgressLine
    from embedingest.cli._stopping import stopping
    from embedingest.cli.ingest import say

    config = recall(state, db, table)
    session = Session(config)
    try:
        with stopping() as stop, ProgressLine(quiet=as_json) as line:
            pipeline = open_pipeline(session, progress=line, stop=stop)
            try:
                with pipeline:
                    report = pipeline.perform(verb, arguments)
            except LockedError:
                return _ask(state, db, table, verb, arguments, stopped=stop.is_set, as_json=as_json)
    finally:
        session.close()
    say(report, as_json=as_json)
    return 130 if stop.interrupted else report.exit_code


def _ask(
    state: Path,
    db: str,
    table: str,
    verb: str,
    arguments: dict[str, Any],
    *,
    stopped: Callable[[], bool],
    as_json: bool,
) -> int:
    from embedingest.build.remembered import journal_path
    from embedingest.cli._output import console
    from embedingest.ingest.state.journal import Journal

    journal = Journal(journal_path(state, db, table))
    try:
        key = journal.ask(verb, arguments, time.time())
        console().print(f"asked the process that writes `{table}` to {verb}; waiting", style="dim", highlight=False)
        while not stopped():
            request = journal.request(key)
            if request is not None and request.state == "failed":
                raise EmbedingestError(str(request.answer.get("error", f"{verb} failed")))
            if request is None or request.state == "done":
                _answered({} if request is None else request.answer, as_json=as_json)
                return 0
            time.sleep(_POLL_SECONDS)
    finally:
        journal.close()
    return 130


def _answered(answer: dict[str, Any], *, as_json: bool) -> None:
    from embedingest.cli._output import print_json
    from embedingest.cli.ingest import say
    from embedingest.ingest.report import IngestReport

    if as_json:
        print_json(answer)
        return
    say(IngestReport.from_json(answer), as_json=False)

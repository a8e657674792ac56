"""Commands to the writer of a table: carried out here, or by the process that writes it. Waits for the outcome."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from embedingest.cli._exit_codes import ExitCode
from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._output import print_json, print_note
from embedingest.cli._progress import progress_line
from embedingest.cli._reports import print_report
from embedingest.errors import EmbedingestError, LockedError

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.cli._interrupt import StopEvent

__all__ = ["perform_or_request"]

_POLL_SECONDS: Final = 0.1


def perform_or_request(
    state: Path, db: str, table: str, verb: str, arguments: dict[str, Any], *, as_json: bool = False
) -> int:
    """Carry out `verb` here, or, where another process writes the table, request it there and wait for the answer.

    Returns the exit code. The settings are those the table was last written with. Raises EmbedingestError where the
    request failed.
    """
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session

    config = recall(state, db, table)
    with stop_on_signals() as stop:
        try:
            with Session(config) as session, progress_line(as_json=as_json) as progress:
                report = session.pipeline(progress=progress, stop=stop).perform(verb, arguments)
        except LockedError:
            answer = _request(state, db, table, verb, arguments, stop)
            if answer is None:
                return ExitCode.INTERRUPTED
            _print_answer(answer, as_json=as_json)
            return ExitCode.DONE
    print_report(report, as_json=as_json)
    return stop.exit_code(report.exit_code)


def _request(
    state: Path, db: str, table: str, verb: str, arguments: dict[str, Any], stop: StopEvent
) -> dict[str, Any] | None:
    """The answer of the process that writes the table; None where `stop` was set before it came."""
    from embedingest.build.remembered import journal_path
    from embedingest.ingest.state.journal import Journal

    journal = Journal(journal_path(state, db, table))
    try:
        key = journal.ask(verb, arguments, time.time())
        print_note(f"asked the process that writes `{table}` to {verb}; waiting", style="dim")
        while not stop.is_set():
            request = journal.request(key)
            if request is not None and request.state == "failed":
                raise EmbedingestError(str(request.answer.get("error", f"{verb} failed")))
            if request is None or request.state == "done":
                return {} if request is None else request.answer
            time.sleep(_POLL_SECONDS)
    finally:
        journal.close()
    return None


def _print_answer(answer: dict[str, Any], *, as_json: bool) -> None:
    from embedingest.ingest.report import IngestReport

    if as_json:
        print_json(answer)
        return
    print_report(IngestReport.from_json(answer), as_json=False)

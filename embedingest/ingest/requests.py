"""What other processes ask of the one that writes a table: a function for each verb. Knows no step of a run.

A command that finds nobody else writing does the same by the same functions.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import embedingest.errors
from embedingest.errors import ConfigError, EmbedingestError
from embedingest.ingest.report import IngestReport, SnapshotDeed
from embedingest.ingest.run.rest import PAUSE, end_rest, paused_since, set_pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.run.opener import Table
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.state.journal import Journal, Request

__all__ = [
    "RESUME",
    "VERBS",
    "TableChange",
    "Verb",
    "Writer",
    "changing",
    "end_pause",
    "error_from_json",
    "error_to_json",
    "perform",
    "refuse_while_paused",
    "restoring",
    "serve_requests",
    "why_paused",
]

_log = logging.getLogger(__name__)


class Writer(Protocol):
    """What a verb needs of whoever writes the table; `Pipeline` is one."""

    @property
    def journal(self) -> Journal: ...

    def converge(self, *, allow_deletes: bool = False) -> IngestReport: ...

    def forget(self, root: str) -> IngestReport: ...

    def optimize(self) -> IngestReport: ...

    def table(self) -> Table: ...

    def synchronise(self) -> None:
        """The journal hears of what others did to the table."""
        ...

    def mark(self) -> None:
        """The journal agrees with the table as it is now."""
        ...


Verb: TypeAlias = Callable[[Writer, Mapping[str, Any]], IngestReport]
"""Does one thing that was asked for, with its arguments."""

TableChange: TypeAlias = Callable[[Any, Mapping[str, Any]], SnapshotDeed | None]
"""Changes the table, which is handed over open, and nothing that the journal knows of. Returns what is to be told."""


def _confirm(writer: Writer, arguments: Mapping[str, Any]) -> IngestReport:
    # Only what is named: what else waits now may be an accident that the person who said yes never saw.
    writer.journal.confirm(arguments.get("sources"))
    try:
        return writer.converge()
    finally:
        writer.journal.unconfirm()


def _retry(writer: Writer, arguments: Mapping[str, Any]) -> IngestReport:
    writer.journal.retry(arguments.get("sources") or None)
    return writer.converge()


def _forget(writer: Writer, arguments: Mapping[str, Any]) -> IngestReport:
    return writer.forget(str(arguments["root"]))


def _sweep(writer: Writer, arguments: Mapping[str, Any]) -> IngestReport:
    return writer.converge(allow_deletes=bool(arguments.get("allow_deletes")))


def _optimize(writer: Writer, _: Mapping[str, Any]) -> IngestReport:
    return writer.optimize()


def _pause(writer: Writer, _: Mapping[str, Any]) -> IngestReport:
    set_pause(writer.journal, time.time())
    return IngestReport()


def _resume(writer: Writer, _: Mapping[str, Any]) -> IngestReport:
    writer.journal.set_meta("paused", "")
    end_rest(writer.journal)
    return writer.converge()


RESUME: Final = "resume it on the page, or with `embedingest restore --resume`"
"""How a pause ends."""

VERBS: Final[Mapping[str, Verb]] = {
    "confirm": _confirm,
    "retry": _retry,
    "forget": _forget,
    "sweep": _sweep,
    "optimize": _optimize,
    PAUSE: _pause,
    "resume": _resume,
}
"""What any writer can be asked; `Pipeline(verbs=…)` adds to them."""

_OF_FOLDERS: Final = frozenset({"confirm", "retry", "sweep"})
"""Verbs that bring the table to what the folders hold, and so would undo a restore or a pause."""


def changing(change: TableChange) -> Verb:
    """A verb that changes the table itself, such as a tag."""

    def verb(writer: Writer, arguments: Mapping[str, Any]) -> IngestReport:
        # What others did, or a restore, is not hidden by the mark.
        writer.synchronise()
        deed = change(writer.table(), arguments)
        writer.mark()
        return IngestReport(snapshot=deed)

    return verb


def restoring(change: TableChange) -> Verb:
    """A verb that brings an older version of the table back, and pauses the writer until it is asked to `resume`."""

    def verb(writer: Writer, arguments: Mapping[str, Any]) -> IngestReport:
        deed = change(writer.table(), arguments)
        # The folders are ahead of the table now, and following them would undo what was asked for.
        writer.journal.set_all({"paused": str(arguments["name"]), "committed": f"{time.time():.3f}"})
        with suppress(EmbedingestError):  # whoever follows the folders again meets it
            writer.synchronise()
        return IngestReport(snapshot=deed)

    return verb


def perform(writer: Writer, verbs: Mapping[str, Verb], verb: str, arguments: Mapping[str, Any]) -> IngestReport:
    """Do what `verb` says, one of VERBS or of `verbs`.

    Raises ConfigError for a verb that nobody knows, and for one that would undo what was restored.
    """
    function = VERBS.get(verb) or verbs.get(verb)
    if function is None:
        raise ConfigError(f"the writer does not know how to `{verb}`", remedy=f"it knows {', '.join(VERBS)}")
    if verb in _OF_FOLDERS:
        refuse_while_paused(writer.journal)
    return function(writer, arguments)


def why_paused(journal: Journal) -> str:
    """Why nothing is followed until somebody says `resume`; empty where nothing keeps it."""
    if snapshot := journal.meta("paused"):
        return f"snapshot {snapshot} was restored"
    return "" if paused_since(journal) is None else "a person paused it"


def refuse_while_paused(journal: Journal) -> None:
    """Raises ConfigError where a snapshot was restored, or a person paused it, which is to stay until one resumes."""
    if snapshot := journal.meta("paused"):
        raise ConfigError(
            f"snapshot {snapshot} was restored: nothing is followed, and following the folders would undo that",
            remedy="`embedingest restore --resume` follows them again",
        )
    if paused_since(journal) is not None:
        raise ConfigError("it is paused: nothing is followed", remedy=RESUME)


def end_pause(journal: Journal, folders: Folders) -> None:
    """What was restored has given way to the folders, all of them: there is nothing left that following would undo."""
    if journal.meta("paused") and set(journal.roots()) <= {root.alias for root in folders.roots}:
        journal.set_meta("paused", "")


def error_to_json(error: EmbedingestError) -> dict[str, Any]:
    """An error as the answer to a request. A class that is not ours (of a plug-in) counts as the one that it is of."""
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in embedingest.errors.__all__)
    return {"error": str(error), "kind": kind, "message": error.message, "remedy": error.remedy}


def error_from_json(told: Mapping[str, Any]) -> EmbedingestError:
    """What `error_to_json` was given, with its class, message and remedy."""
    kind = told.get("kind", "")
    known = kind if kind in embedingest.errors.__all__ else EmbedingestError.__name__
    cls: type[EmbedingestError] = getattr(embedingest.errors, known)
    error = cls.__new__(cls)
    EmbedingestError.__init__(error, str(told["message"]), remedy=told.get("remedy"))
    return error


def serve_requests(writer: Writer, verbs: Mapping[str, Verb], *, now: Callable[[], float]) -> Iterator[IngestReport]:
    """Do what others left in the journal and still wait for, and answer them; a report for each that was carried out.

    `now` is a clock in seconds since the epoch.
    """
    journal = writer.journal
    for key in [request.id for request in journal.waiting()]:
        request = journal.request(key)
        if request is None or request.state != "waiting":
            continue
        if request.given_up(now()):
            journal.withdraw(key)
            _log.info("nobody waits any more for what was asked: %s", request.verb)
        elif journal.take(key) and (report := _served(writer, verbs, request)) is not None:
            yield report


def _served(writer: Writer, verbs: Mapping[str, Verb], request: Request) -> IngestReport | None:
    try:
        # Who asks names what it has seen. Without names all is meant that waits now, which is for who is here only.
        report = perform(writer, verbs, request.verb, {"sources": [], **request.arguments})
    except EmbedingestError as error:
        writer.journal.answer(request.id, "failed", error_to_json(error))
        _log.warning("asked to %s: %s", request.verb, error)
        return None
    # A writer that is told to stop gives back what it did not finish: who asked does it, or asks the next writer.
    writer.journal.answer(request.id, "withdrawn" if report.stopped else "done", report.to_json())
    return report

"""What is followed, what failed, what waits: the journal, read for people and for `status --json`. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, Protocol, TypedDict

from embedingest.errors import StoreError
from embedingest.ingest.audit.copied_journal import viewed
from embedingest.ingest.notices import gather
from embedingest.ingest.report import Notices
from embedingest.ingest.run.outage import OutageStatus, read_outage
from embedingest.ingest.run.progress import RunStatus, read_run
from embedingest.ingest.run.rest import paused_since
from embedingest.ingest.run.survey import survey_root
from embedingest.ingest.state.damage import DamagedJournalError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from embedingest.ingest.audit.copied_journal import JournalView
    from embedingest.ingest.notices import Tally
    from embedingest.ingest.run.survey import Survey
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.state.journal import FileState, Journal, Request

__all__ = [
    "FailedFile",
    "FollowedRoot",
    "JournalStatus",
    "Lag",
    "Unreadable",
    "failed_file",
    "fault_of",
    "journal_status",
    "lag",
    "status_of",
    "unreadable",
]


class Followed(Protocol):
    """What is followed, and what is known of it; `Pipeline` is one."""

    def read_journal(self, read: Callable[[Journal], Lag]) -> Lag:
        """What `read` makes of the journal as it is now; of an empty one where it is damaged."""
        ...

    def folders_of(self, journal: Journal) -> Folders: ...


class FollowedRoot(TypedDict):
    """One root, with its files by state."""

    alias: str
    path: str
    files: dict[str, int]


class FailedFile(TypedDict):
    """One file that could not be ingested. `next_try_seconds` is `None` where it is not tried until it changes;
    `stored_chunks` is how many chunks of an earlier version of it are in the table.
    """

    source: str
    kind: str
    code: str
    error: str
    attempts: int
    next_try_seconds: float | None
    stored_chunks: int


class JournalStatus(TypedDict):
    """The journal's side of `status --json`. `last_commit` and `paused_since` are in seconds since the epoch.

    `paused` is the snapshot that was restored; `paused_since` says that a person paused it.

    `journal_fault` says why the journal cannot be used, and then nothing else is known.
    """

    roots: list[FollowedRoot]
    files: dict[str, int]
    failures: list[FailedFile]
    notices: list[dict[str, Any]]
    notice_counts: dict[str, dict[str, int]]
    pending_deletes: list[str]
    last_commit: float | None
    tokens_per_second: NotRequired[float | None]
    requests: NotRequired[list[dict[str, Any]]]
    upkeep_trouble: str | None
    trouble: OutageStatus | None
    paused: str | None
    paused_since: float | None
    run: RunStatus | None
    journal_fault: str | None


class Lag(TypedDict):
    """`behind` of `status --json`: files to read, files gone, and how many files there are."""

    to_read: int
    gone: int
    seen: int


class Unreadable(TypedDict):
    """A folder or file that could not be looked into, and why: nothing below it is compared."""

    source: str
    error: str


def unreadable(survey: Survey) -> list[Unreadable]:
    """What a survey could not look into, by name."""
    return [Unreadable(source=source, error=error) for source, error in sorted(survey.unseen.items())]


def journal_status(path: Path, *, now: float, skipped: Tally | None = None) -> JournalStatus:
    """The journal's side of `status`; empty parts where there is none yet, or a damaged one.

    `now` is seconds since the epoch, `skipped` are paths that a scan did not take and the journal never hears of.
    """
    with viewed(path) as view:
        return status_of(view, now=now, skipped=skipped)


def status_of(view: JournalView, *, now: float, skipped: Tally | None = None) -> JournalStatus:
    """As `journal_status`, of a view of the journal."""
    fault = view.fault
    try:
        if view.journal is not None:
            return _read(view.journal, now, skipped)
    except (StoreError, ValueError, TypeError, LookupError) as error:
        assert view.journal is not None
        fault = fault_of(view.journal, error)
    return _no_journal(fault)


def fault_of(journal: Journal, error: Exception) -> str:
    """Why a journal cannot be used, of which reading raised this: a damaged page may be one of rows nobody wrote."""
    return error.message if isinstance(error, StoreError) else DamagedJournalError(journal.path, error).message


def _read(journal: Journal, now: float, skipped: Tally | None) -> JournalStatus:
    notices = gather(journal, journal.roots(), [] if skipped is None else [skipped]).to_json()
    return JournalStatus(
        roots=_roots(journal, journal.roots()),
        files=journal.counts(),
        failures=[failed_file(state, now) for state in journal.files(state="failed")],
        notices=notices["notices"],
        notice_counts=notices["notice_counts"],
        pending_deletes=sorted(journal.pending()),
        last_commit=_seconds(journal.meta("committed")),
        tokens_per_second=_seconds(journal.meta("tokens_per_second")),
        requests=[_asked(request) for request in journal.waiting() if not request.given_up(now)],
        upkeep_trouble=journal.meta("upkeep_trouble") or None,
        trouble=read_outage(journal, now),
        paused=journal.meta("paused") or None,
        paused_since=paused_since(journal),
        run=read_run(journal, now),
        journal_fault=None,
    )


def lag(
    pipeline: Followed,
    skipped: Tally | None = None,
    excluded: Counter[str] | None = None,
    unnamed: list[FollowedRoot] | None = None,
    unseen: list[Unreadable] | None = None,
) -> Lag:
    """How far the table is behind the folders. Reads no content and takes no lock.

    What the folders hold and no run takes is added to `skipped`; what rules leave out is counted by rule in `excluded`;
    roots that are not compared, because the settings name them no more, are added to `unnamed`, and what could not be
    looked into to `unseen`.
    """
    return pipeline.read_journal(lambda journal: _lag(pipeline, journal, skipped, excluded, unnamed, unseen))


def _lag(
    pipeline: Followed,
    journal: Journal,
    skipped: Tally | None,
    excluded: Counter[str] | None,
    unnamed: list[FollowedRoot] | None,
    unseen: list[Unreadable] | None,
) -> Lag:
    behind = Lag(to_read=0, gone=0, seen=0)
    folders = pipeline.folders_of(journal)
    for root in folders.roots:
        survey = survey_root(root, folders.finder(root), journal)
        behind["to_read"] += len(survey.candidates)
        behind["gone"] += len(survey.gone)
        behind["seen"] += survey.seen
        if excluded is not None:
            excluded.update(survey.excluded)
        if skipped is not None:
            skipped.add(survey.skipped)
        if unseen is not None:
            unseen += unreadable(survey)
    if unnamed is not None:
        unnamed += _roots(journal, journal.unnamed_roots(folders.aliases))
    return behind


def _roots(journal: Journal, roots: Mapping[str, str]) -> list[FollowedRoot]:
    return [FollowedRoot(alias=alias, path=path, files=journal.counts(alias)) for alias, path in roots.items()]


def _no_journal(fault: str | None) -> JournalStatus:
    notices = Notices().to_json()
    return JournalStatus(
        roots=[],
        files={},
        failures=[],
        notices=notices["notices"],
        notice_counts=notices["notice_counts"],
        pending_deletes=[],
        last_commit=None,
        upkeep_trouble=None,
        trouble=None,
        paused=None,
        paused_since=None,
        run=None,
        journal_fault=fault,
    )


def _asked(request: Request) -> dict[str, Any]:
    return {"verb": request.verb, **request.arguments}


def failed_file(state: FileState, now: float) -> FailedFile:
    """A failed file as it is told; `now` is seconds since the epoch."""
    return FailedFile(
        source=state.source,
        kind=state.kind,
        code=state.code,
        error=state.error,
        attempts=state.attempts,
        next_try_seconds=max(0.0, round(state.next_try - now, 1)) if state.next_try else None,
        stored_chunks=state.chunks,
    )


def _seconds(text: str | None) -> float | None:
    return None if not text else float(text)

"""What is followed, what failed, what waits: the journal, read for people and for `status --json`. Writes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from embedingest.ingest.notices import gather
from embedingest.ingest.report import Notices
from embedingest.ingest.run.outage import read_outage
from embedingest.ingest.run.survey import survey_root
from embedingest.ingest.scan.roots import resolve
from embedingest.ingest.state.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.ingest.notices import Tally
    from embedingest.ingest.pipeline import Pipeline

__all__ = ["journal_status", "lag"]


def journal_status(path: Path, *, now: float, left: Tally | None = None) -> dict[str, Any]:
    """The journal's side of `status`; empty parts where there is no journal yet. `now` is seconds since the epoch."""
    if not path.exists():
        nothing = {"roots": [], "files": {}, "failures": [], **Notices().to_json(), "pending_deletes": []}
        return {**nothing, "last_commit": None, "upkeep_trouble": None, "trouble": None, "paused": None, "run": None}
    journal = Journal(path)
    try:
        return {
            "roots": [
                {"alias": alias, "path": where, "files": journal.counts(alias)}
                for alias, where in journal.roots().items()
            ],
            "files": journal.counts(),
            "failures": [
                {
                    "source": state.source,
                    "kind": state.kind,
                    "code": state.code,
                    "error": state.error,
                    "attempts": state.attempts,
                    "next_try_seconds": max(0.0, round(state.next_try - now, 1)) if state.next_try else None,
                }
                for state in journal.files(state="failed")
            ],
            **gather(journal, journal.roots(), [] if left is None else [left]).to_json(),
            "pending_deletes": sorted(journal.pending()),
            "last_commit": _seconds(journal.meta("committed")),
            "tokens_per_second": _seconds(journal.meta("tokens_per_second")),
            "requests": [{"verb": request.verb, **request.arguments} for request in journal.waiting()],
            "upkeep_trouble": journal.meta("upkeep_trouble") or None,
            "trouble": read_outage(journal, now),
            "paused": journal.meta("paused") or None,
            "run": _run(journal, now),
        }
    finally:
        journal.close()


def lag(pipeline: Pipeline, left: Tally | None = None) -> dict[str, int]:
    """How far the table is behind the folders: files to read and files gone. Reads no content and takes no lock.

    What the folders hold and no run takes is counted in `left`.
    """
    behind = {"to_read": 0, "gone": 0, "seen": 0}
    with pipeline.journal_to_read() as journal:
        for root in resolve(pipeline.config.sources, journal.roots()):
            survey = survey_root(root, pipeline.scanner(root), journal)
            behind["to_read"] += len(survey.candidates)
            behind["gone"] += len(survey.gone)
            behind["seen"] += survey.seen
            if left is not None:
                left.add(survey.skipped)
    return behind


def _seconds(text: str | None) -> float | None:
    return None if not text else float(text)


def _run(journal: Journal, now: float) -> dict[str, Any] | None:
    """What the writer said of its run; `age` tells how long ago that was."""
    said = journal.meta("progress")
    if not said:
        return None
    run: dict[str, Any] = json.loads(said)
    age = max(0.0, round(now - run.pop("at"), 1))
    return {**run, "age": age}

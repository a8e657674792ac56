"""One convergence: what was looked at, what is gone, and the walk that does the rest, deletions last.

Knows no lock, no journal file and no other process; `Pipeline` makes one for each run.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Final

from embedingest.ingest.notices import gather, gather_files
from embedingest.ingest.report import Failure, IngestReport
from embedingest.ingest.run.committer import MOST_NOTICED
from embedingest.ingest.run.deletions import judge
from embedingest.ingest.run.survey import Survey, survey_paths, survey_root
from embedingest.ingest.run.walk import Stopped, Walk
from embedingest.ingest.scan.roots import Root, owner
from embedingest.ingest.watch.settle import is_young
from embedingest.ingest.watch.values import Batch
from embedingest.store.values import Changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from embedingest.ingest.notices import Tally
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate

__all__ = ["Convergence", "delete"]

_log = logging.getLogger(__name__)
_LOOKS: Final = 3
_DELETE_SOURCES: Final = 500
_POSTPONE_SECONDS: Final = 60.0


class Convergence:
    """One convergence: what was looked at, what is gone, and the walk that does the rest."""

    def __init__(self, pipeline: Pipeline, m: Resources, report: IngestReport, *, allow_deletes: bool) -> None:
        self._pipeline = pipeline
        self._m = m
        self._report = report
        self._allow = allow_deletes
        self._walk = Walk(m, report, watched=pipeline.watcher is not None)
        self._gone: dict[str, Root] = {}
        self._late: set[str] = set()
        self._present: dict[str, int] = {}
        self._failed: list[str] = []
        self._waiting: set[str] = set()
        self._swept: set[Root] = set()
        self._left: dict[Root, Tally] = {}

    # -- looking --------------------------------------------------------------------------------------------------

    def look_at(self, batches: Iterable[Batch]) -> None:
        """What the batches name, and failed files that are due."""
        pipeline, journal = self._pipeline, self._m.journal
        due = pipeline.due()
        # Those that cannot even be looked at now are not asked for again at once.
        journal.postpone(due, self._m.now() + _POSTPONE_SECONDS)
        named = {batch.root: batch for batch in batches}
        for root in pipeline.roots:
            scanner = pipeline.scanner(root)
            batch = named.get(scanner.root, Batch(scanner.root))
            changed = scanner.concerned(batch.files)
            relatives = {*changed, *scanner.concerned(batch.folders), *(root.relative(s) for s in due if root.holds(s))}
            if batch.sweep:
                survey = survey_root(root, scanner, journal, due=due)
                self._present[root.alias] = survey.seen
                self._swept.add(root)
                self._left[root] = survey.skipped
                self._hold_back(root, survey)
                self._take(root, survey)
            elif relatives:
                survey = survey_paths(root, scanner, journal, relatives, due=due)
                self._hold_back(root, survey, settled=changed)
                self._late.update(survey.gone)
                self._take(root, survey)

    def _hold_back(self, root: Root, survey: Survey, settled: Collection[str] = ()) -> None:
        """While watching, a file that a scan finds too young to be whole comes back once it has settled.

        `settled` are the paths that have waited for that already.
        """
        watcher = self._pipeline.watcher
        if watcher is None:
            return
        now_ns = time.time_ns()
        ready = []
        for candidate in survey.candidates:
            relative, facts, _ = candidate.found
            if relative not in settled and is_young(facts, now_ns, watcher.settle_seconds):
                watcher.hold(os.fspath(root.path), relative, facts)
            else:
                ready.append(candidate)
        survey.seen -= len(survey.candidates) - len(ready)
        survey.candidates = ready

    def _take(self, root: Root, survey: Survey) -> None:
        report, journal = self._report, self._m.journal
        report.files.seen += survey.seen
        for name, count in survey.counts.items():
            report.files.add(name, count)
        report.failures += survey.failures
        self._failed += survey.failed
        for source in survey.gone:
            self._gone[source] = root
        self._walk.expect_gone(survey.gone)
        self._walk.add(survey.candidates)
        there = [candidate.source for candidate in survey.candidates if self._gone.pop(candidate.source, None)]
        if survey.candidates and root not in self._swept:
            journal.drop_pending([*there, *(candidate.source for candidate in survey.candidates)])

    # -- doing ----------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Do what there is to do, deletions last."""
        if self._walk.backlog:
            self._m.warm()
        for _ in range(_LOOKS):
            self._walk.run(self._between)
            if not self._walk.vanished:
                break
            self._look_again()
        self._delete_gone()
        self._tidy()
        self._m.tell("done", self._report, self._walk.finished, self._walk.total, always=True)

    def _between(self) -> None:
        """Called while the walk runs: saves of this moment go first, and so do their deletions."""
        watcher = self._pipeline.watcher
        batches = watcher.get(timeout=0) if watcher is not None else []
        if batches:
            self.look_at(batches)
        elif self._late and not self._walk.urgent:
            # What went away during a long backlog does not wait for its end.
            self._delete_gone(self._late)
            self._late = set()

    def _look_again(self) -> None:
        """Files that went away between the scan and the reading: gone, or there again."""
        vanished, self._walk.vanished = self._walk.vanished, []
        by_root: dict[Root, list[Candidate]] = {}
        for candidate in vanished:
            self._report.files.seen -= 1
            by_root.setdefault(candidate.root, []).append(candidate)
        for root, candidates in by_root.items():
            relatives = [candidate.found.relative for candidate in candidates]
            self._take(root, survey_paths(root, self._pipeline.scanner(root), self._m.journal, relatives))

    def _delete_gone(self, sources: Collection[str] | None = None) -> None:
        wanted = self._gone.keys() if sources is None else self._gone.keys() & set(sources)
        gone = {source: self._gone.pop(source) for source in list(wanted)}
        for root in self._pipeline.roots:
            sources = [source for source, of in gone.items() if of is root]
            if sources:
                self._delete_under(root, sources)

    def _delete_under(self, root: Root, sources: Sequence[str]) -> None:
        journal = self._m.journal
        states = {source: state for source in sources if (state := journal.file(source)) is not None}
        bare = [source for source, state in states.items() if not state.chunks and state.state != "unverified"]
        elsewhere = [
            source for source, state in states.items() if source not in bare and self._has_moved(source, states)
        ]
        documents = [source for source in states if source not in {*bare, *elsewhere}]
        counts = journal.counts(root.alias)
        had = counts.get("done", 0) + counts.get("unverified", 0)
        verdict = judge(
            documents,
            documents=had - len(elsewhere),
            present=self._present.get(root.alias, sum(counts.values()) - len(states)),
            recent=self._pipeline.deleted_lately(root.alias),
            share=self._pipeline.config.watch.confirm_share,
            confirmed=journal.pending(),
            allow=self._allow,
        )
        if verdict.wait:
            journal.set_pending(verdict.wait, self._m.now())
            self._waiting.update(verdict.wait)
            _log.warning(
                "%d deletions under `%s` wait for `embedingest confirm`: %s",
                len(verdict.wait), root.alias, verdict.reason,
            )  # fmt: skip
        delete(self._m, [*bare, *elsewhere, *verdict.delete], self._report)
        copies = [source for source in elsewhere if source not in self._walk.moved]
        self._report.files.deleted += len(bare) + len(copies) + len(verdict.delete)
        if verdict.delete and not self._allow:
            self._pipeline.remember_deleted(root.alias, len(verdict.delete))

    def _has_moved(self, source: str, gone: Collection[str]) -> bool:
        """Whether the content of a source that is gone is stored under another that is not."""
        state = self._m.journal.file(source)
        if source in self._walk.moved:
            return True
        if state is None or not state.content_hash:
            return False
        return any(other not in gone for other in self._m.journal.has_content(state.content_hash))

    def _tidy(self) -> None:
        """What the report says of the whole, and what the journal need not remember."""
        m, report = self._m, self._report
        pending = m.journal.pending()
        if pending and self._swept:
            # What waits is gone in this very look; the others came back.
            swept = {root.alias for root in self._swept}
            back = [source for source in pending if source not in self._waiting and owner(source, swept)]
            m.journal.drop_pending(back)
            pending = m.journal.pending()
        report.files.pending_deletes = len(pending)
        if report.changed_anything() or m.holds_table:
            # Old versions outlive their time while nothing changes, too.
            m.maintain(report)
        for source in dict.fromkeys([*self._failed, *self._walk.failed]):
            state = m.journal.file(source)
            if state is not None and state.state == "failed":
                report.failures.append(Failure(source, state.kind, state.error))
        if self._swept or len(self._walk.noticed) > MOST_NOTICED:
            report.notices = gather(m.journal, [root.alias for root in self._pipeline.roots], self._left.values())
        else:
            report.notices = gather_files(m.journal, self._walk.noticed)


def delete(m: Resources, sources: Sequence[str], report: IngestReport) -> None:
    """Take sources out of table and journal, some hundreds a commit."""
    started = time.perf_counter()
    for first in range(0, len(sources), _DELETE_SOURCES):
        if m.stop.is_set():
            raise Stopped
        part = sources[first : first + _DELETE_SOURCES]
        states = [state for source in part if (state := m.journal.file(source)) is not None]
        documents = [
            name for state in states if state.chunks or state.state == "unverified" for name in state.documents
        ]
        ids = [row.id for rows in m.table().rows(documents).values() for row in rows] if documents else []
        if ids:
            m.commit(Changes(delete=ids))
        with m.journal.transaction():
            m.journal.drop(part)
            m.mark()
        report.chunks.deleted += len(ids)
    if sources:
        report.spend("delete", time.perf_counter() - started)

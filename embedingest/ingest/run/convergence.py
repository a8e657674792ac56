"""One convergence: survey, then the walk, deletions last. Knows no lock, no journal file and no other process."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, Protocol

from embedingest import tracing
from embedingest.ingest.notices import gather, gather_files
from embedingest.ingest.report import Failure, IngestReport
from embedingest.ingest.run.committer import MOST_NOTICED
from embedingest.ingest.run.deletions import Guard
from embedingest.ingest.run.departures import Departures
from embedingest.ingest.run.due import due_sources
from embedingest.ingest.run.reconcile import synchronise
from embedingest.ingest.run.removal import delete
from embedingest.ingest.run.rest import Rest
from embedingest.ingest.run.survey import Survey, rescanned, survey_missed, survey_paths, survey_root
from embedingest.ingest.run.walk import Walk
from embedingest.ingest.run.walk_seam import Stopped
from embedingest.ingest.watch.settle import is_young
from embedingest.ingest.watch.values import Batch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from embedingest.ingest.notices import Tally
    from embedingest.ingest.run.deletions import RecentDeletions
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.run.walk_seam import WalkMaker
    from embedingest.ingest.scan.files import FileFacts
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.scan.listing import Finder
    from embedingest.ingest.scan.roots import Root

__all__ = ["Convergence", "Follower", "converge"]

_log = logging.getLogger(__name__)
_MOST_WALKS: Final = 4
"""A file that is there at each look and cannot be read as it was found has failed before these end."""

_POSTPONE_SECONDS: Final = 60.0
_RATE_TEXTS: Final = 256


class Follower(Protocol):
    """What a run needs of the watcher while folders are followed; `Watcher` is one."""

    @property
    def settle_seconds(self) -> float: ...

    def get(self, timeout: float | None = None) -> list[Batch]:
        """What may have changed, one batch a root; waits for the first up to `timeout` seconds."""
        ...

    def hold(self, root: str, relative: str, facts: FileFacts) -> None:
        """Give back a file that is too young to read; it follows in a batch once it has settled."""
        ...

    def looked(self, root: str, seconds: float) -> None:
        """Tell how many seconds a look at all of a root took: of a processor, or where it is no folder, in all."""
        ...


def converge(
    folders: Folders,
    resources: Resources,
    batches: Iterable[Batch],
    recent: RecentDeletions,
    *,
    follower: Follower | None = None,
    confirm_share: float,
    allow_deletes: bool = False,
    make_walk: WalkMaker = Walk,
) -> IngestReport:
    """Bring the table to what `batches` name of the folders; see `Convergence` for the other parameters.

    Raises StoreError, EngineError. When the run was asked to stop, the report says so.
    """
    report, started = IngestReport(), time.perf_counter()
    resources.progress.begin(report)
    try:
        synchronise(resources)
        run = Convergence(
            folders, resources, report, recent,
            follower=follower, confirm_share=confirm_share, allow_deletes=allow_deletes, make_walk=make_walk,
        )  # fmt: skip
        run.survey(batches)
        report.spend("scan", time.perf_counter() - started)
        run.finish()
    except Stopped:
        report.stopped = True
        resources.stop_calls()
    except BaseException as error:
        resources.stop_calls()
        report.spend("total", time.perf_counter() - started)
        _trace(report, error)
        raise
    finally:
        resources.progress.end()
    _end(report, resources, time.perf_counter() - started)
    return report


def _end(report: IngestReport, resources: Resources, seconds: float) -> None:
    """What is told of a run that came to its end, of so many seconds."""
    report.spend("total", seconds)
    if report.embedded.texts >= _RATE_TEXTS:
        resources.journal.set_meta("tokens_per_second", f"{report.embedded.tokens / seconds / report.nodes:.1f}")
    if report.did_anything():
        _trace(report)


def _trace(report: IngestReport, error: BaseException | None = None) -> None:
    classes = ("files", report.files), ("chunks", report.chunks), ("embedded", report.embedded)
    counts = {f"{name}.{key}": count for name, counted in classes for key, count in counted.to_json().items()}
    tracing.run(report.seconds, counts, error)


class Convergence:
    """One convergence over `folders`, counted into `report`; `make_walk` says who reads and embeds.

    `follower` is the watcher while folders are followed. More than `confirm_share` of the documents of a root, with
    those of `recent`, are deleted only after a person confirmed it, or with `allow_deletes`.
    """

    def __init__(
        self,
        folders: Folders,
        resources: Resources,
        report: IngestReport,
        recent: RecentDeletions,
        *,
        follower: Follower | None = None,
        confirm_share: float,
        allow_deletes: bool = False,
        make_walk: WalkMaker = Walk,
    ) -> None:
        self._folders = folders
        self._resources = resources
        self._report = report
        self._follower = follower
        self._walk = make_walk(resources, report, watched=follower is not None)
        self._departures = Departures()
        self._guard = Guard(resources.journal, recent, share=confirm_share, allow=allow_deletes)
        self._present: dict[str, int] = {}
        self._failed: list[str] = []
        self._rest = Rest(resources.journal, resources.now)
        self._swept: set[Root] = set()
        self._skipped: dict[Root, Tally] = {}

    # -- surveying

    def survey(self, batches: Iterable[Batch]) -> None:
        """Find what must be done of what the batches name, and of what is due without."""
        journal, now = self._resources.journal, self._resources.now()
        due = due_sources(journal, self._folders, now)
        self._guard.begin(self._folders.aliases, now)
        # Those that cannot be surveyed now are not due again at once.
        journal.postpone(due, now + _POSTPONE_SECONDS)
        named = {batch.root: batch for batch in batches}
        for root in self._folders.roots:
            scanner = self._folders.finder(root)
            batch = named.get(scanner.root, Batch(scanner.root))
            changed = scanner.concerned(batch.files)
            relatives = {*changed, *scanner.concerned(batch.folders), *(root.relative(s) for s in due if root.holds(s))}
            if batch.sweep:
                survey = self._look(root, scanner, due)
                self._present[root.alias] = survey.seen
                self._swept.add(root)
                self._skipped[root] = survey.skipped
                if root.source("") not in survey.unseen:
                    self._walk.doubt(root, {""}, {candidate.source for candidate in survey.candidates})
                self._hold_back(root, survey)
                self._add(root, survey, swept=True)
            elif relatives:
                survey = survey_paths(root, scanner, journal, relatives, due=due)
                if ruled := {folder for path in relatives if (folder := rescanned(path)) != path}:
                    self._walk.doubt(root, ruled, {candidate.source for candidate in survey.candidates})
                self._hold_back(root, survey, settled=changed)
                self._add(root, survey, early=True)

    def _look(self, root: Root, scanner: Finder, due: frozenset[str]) -> Survey:
        """All of a root, and what that took (of a processor, or with a network's time) for who decides how often."""
        clock = time.monotonic if root.place else time.thread_time
        began = clock()
        survey = survey_root(root, scanner, self._resources.journal, due=due)
        if self._follower is not None:
            self._follower.looked(scanner.root, clock() - began)
        return survey

    def _hold_back(self, root: Root, survey: Survey, settled: Collection[str] = ()) -> None:
        """While watching, a file that a scan finds too young to be whole comes back once it has settled.

        `settled` are the paths that have waited for that already. An item of a source that is no folder is whole.
        """
        follower = self._follower
        if follower is None or root.place:
            return
        now_ns = time.time_ns()
        ready = []
        young = []
        for candidate in survey.candidates:
            relative, facts = candidate.file[:2]
            if relative not in settled and is_young(facts, now_ns, follower.settle_seconds):
                follower.hold(root.where, relative, facts)
                young.append(facts)
            else:
                ready.append(candidate)
        survey.seen -= len(young)
        survey.candidates = ready
        if young and survey.gone:
            self._hold_origins(root, survey, young, follower)

    def _hold_origins(self, root: Root, survey: Survey, young: Iterable[FileFacts], follower: Follower) -> None:
        """What a file that was held back was moved from comes back together with it, and is not gone until then."""
        held = {(facts.size, facts.inode): facts for facts in young}
        gone = []
        for source in survey.gone:
            state = self._resources.journal.file(source)
            facts = held.get((state.size, state.inode)) if state is not None else None
            if facts is None:
                gone.append(source)
            else:
                follower.hold(root.where, root.relative(source), facts)
        survey.gone = gone

    def _add(self, root: Root, survey: Survey, *, swept: bool = False, early: bool = False) -> None:
        report = self._report
        report.files.seen += survey.seen
        for name, count in survey.counts.items():
            report.files.add(name, count)
        report.failures += survey.failures
        self._failed += survey.failed
        there = [*survey.back, *(candidate.source for candidate in survey.candidates)]
        self._departures.came_back(there)
        self._guard.came_back(root, there, self._resources.now())
        certain = self._guard.look(root, survey.gone, swept=swept)
        self._departures.add(root, survey.gone, self._walk.expect_gone(certain), early=early)
        self._walk.add(survey.candidates)

    # -- doing

    def finish(self) -> None:
        """Do what there is to do, deletions last. Paused meanwhile it ends what is under way; a sweep finds more."""
        if self._walk.backlog:
            self._resources.prepare_table()
            if self._walk.expects_texts:
                self._resources.prepare_model()
        for _ in range(_MOST_WALKS):
            self._walk.run(self._poll_follower)
            if self._rest.asked or not self._walk.vanished:
                break
            self._survey_vanished()
        if self._rest.asked:
            self._report.stopped = True
        else:
            self._find_moved()
            self._delete_gone(self._departures.rest())
        self._resources.progress.tell("tidy", self._report, self._walk, always=True)
        self._tidy()
        self._resources.progress.tell("done", self._report, self._walk, always=True)

    def _poll_follower(self) -> None:
        """Called while the walk runs: saves of this moment go first, and so do their deletions."""
        if self._resources.heeds_pause and self._rest.look():
            self._walk.rest()
            return
        batches = self._follower.get(timeout=0) if self._follower is not None else []
        if batches:
            self.survey(batches)
        elif not self._walk.urgent:
            # What went away during a long backlog does not wait for its end.
            self._delete_gone(self._departures.ready(self._walk.awaits))

    def _survey_vanished(self) -> None:
        """Files that went away between the scan and the reading: gone, or there again."""
        vanished, self._walk.vanished = self._walk.vanished, []
        by_root: dict[Root, list[Candidate]] = {}
        for candidate in vanished:
            self._report.files.seen -= 1
            by_root.setdefault(candidate.root, []).append(candidate)
        for root, candidates in by_root.items():
            self._add(root, survey_missed(root, self._folders.finder(root), self._resources.journal, candidates))

    def _find_moved(self) -> None:
        """What waits and stands under another name now has moved: it need not wait any more."""
        waiting = self._resources.journal.pending_elsewhere() if self._walk.total else []
        for root in self._folders.roots if waiting else ():
            certain = self._guard.look(root, [source for source in waiting if root.holds(source)], swept=False)
            moved = [source for source in certain if self._has_moved(source, waiting)]
            self._guard.came_back(root, moved, self._resources.now())
            self._departures.add(root, moved, {}, early=False)

    def _delete_gone(self, gone: Mapping[str, Root]) -> None:
        """Delete these sources, which are gone from their roots."""
        for root in self._folders.roots if gone else ():
            under = [source for source, owner_root in gone.items() if owner_root is root]
            if under:
                self._delete_under(root, under)

    def _delete_under(self, root: Root, sources: Sequence[str]) -> None:
        journal = self._resources.journal
        states = {source: state for source in sources if (state := journal.file(source)) is not None}
        with_rows = {source for source, state in states.items() if state.may_have_rows}
        without_rows = [source for source in states if source not in with_rows]
        lost = states.keys() | journal.pending().keys()
        moved = [source for source in states if source in with_rows and self._has_moved(source, lost)]
        going = with_rows.difference(moved)
        counts = journal.counts(root.alias)
        verdict = self._guard.judge(
            root,
            [source for source in states if source in going],
            documents=counts.get("done", 0) + counts.get("unverified", 0) - len(moved),
            files=sum(counts.values()) - len(states),
            present=self._present.get(root.alias),
            now=self._resources.now(),
        )
        delete(self._resources, [*without_rows, *moved, *verdict.delete], self._report)
        copies = [source for source in moved if source not in self._walk.moved]
        self._report.files.deleted += len(without_rows) + len(copies) + len(verdict.delete)

    def _has_moved(self, source: str, gone: Collection[str]) -> bool:
        """Whether the content of a source that is gone is stored under another that is not."""
        state = self._resources.journal.file(source)
        if source in self._walk.moved:
            return True
        if self._guard.doubts(source) or state is None or not state.content_hash:
            return False
        others = self._resources.journal.has_content(state.content_hash)
        return any(other not in gone and other not in self._departures for other in others)

    def _tidy(self) -> None:
        """What the report says of the whole, and what the journal need not remember."""
        resources, report = self._resources, self._report
        report.files.pending_deletes = len(resources.journal.pending())
        if report.changed_anything() or resources.holds_table:
            # Old versions outlive their time while nothing changes, too.
            resources.maintain(report)
        for source in dict.fromkeys([*self._failed, *self._walk.failed]):
            state = resources.journal.file(source)
            if state is not None and state.state == "failed":
                report.failures.append(Failure(source, state.kind, state.error))
        if self._swept or len(self._walk.noticed) > MOST_NOTICED:
            aliases = [root.alias for root in self._folders.roots]
            report.notices = gather(resources.journal, aliases, self._skipped.values())
        else:
            report.notices = gather_files(resources.journal, self._walk.noticed)

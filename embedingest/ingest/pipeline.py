"""One table kept equal to its folders: who is asked, in which order, one thread at a time. Knows how no step works."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from embedingest.errors import EmbedingestError, StoreError
from embedingest.ingest.audit.copied_journal import audited, with_copy
from embedingest.ingest.following import followed
from embedingest.ingest.hold import Hold, make_known
from embedingest.ingest.requests import end_pause, perform, serve_requests, why_paused
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.run.asynchronous import iterate_in_thread
from embedingest.ingest.run.convergence import converge
from embedingest.ingest.run.deletions import RecentDeletions
from embedingest.ingest.run.outage import Outage, is_hopeless
from embedingest.ingest.run.progress import ProgressReporter
from embedingest.ingest.run.reconcile import check_model, synchronise
from embedingest.ingest.run.removal import forget_root, known_root, named_by, without_root
from embedingest.ingest.run.resources import Resources
from embedingest.ingest.run.walk import Walk
from embedingest.ingest.scan.folders import Folders
from embedingest.ingest.scan.ignore import mark_output
from embedingest.ingest.sources.mirrored import remove_copies, take_over_marks
from embedingest.ingest.state.damage import DamagedJournalError, suspect
from embedingest.ingest.state.journal import Journal
from embedingest.ingest.watch.values import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from embedingest.config import PipelineConfig
    from embedingest.ingest.audit.preview import FrozenPlan, PlanDocument
    from embedingest.ingest.audit.verify import Verification
    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.ingest.requests import Verb
    from embedingest.ingest.run.asynchronous import InThread
    from embedingest.ingest.run.opener import Opener, Table
    from embedingest.ingest.run.walk_seam import WalkMaker
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.sources.place import Place
    from embedingest.ingest.watch.values import Notice
    from embedingest.ingest.watch.watcher import Watcher

__all__ = ["Pipeline"]

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Pipeline:
    """Keeps one table equal to its roots.

    `opener` opens the model, the engine, the table and the workers when they are first needed, which an unchanged run
    never does. The lock of the table is taken for as long as the pipeline is open. `places` are its sources that are no
    folders. `verbs` are further things that other processes may ask of the writer, `make_walk` says who reads and
    embeds. `now` is a clock in seconds.
    """

    def __init__(
        self,
        config: PipelineConfig,
        opener: Opener,
        *,
        places: Collection[Place] = (),
        verbs: Mapping[str, Verb] | None = None,
        progress: ProgressSink | None = None,
        stop: threading.Event | None = None,
        make_walk: WalkMaker = Walk,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.stop = stop or threading.Event()
        self.folders = Folders()
        self.outage = Outage(lambda: self.journal, room=opener.room)
        self._opener = opener
        self._places = places
        self._verbs = verbs or {}
        self._progress = progress
        self._make_walk = make_walk
        self._now = now
        self._watcher: Watcher | None = None
        self._recent = RecentDeletions()
        self._open: Resources | None = None
        self._hold: Hold | None = None
        self._on_close = ExitStack()

    # -- opening and closing

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Take the lock, open the journal. Raises LockedError, StoreError, ConfigError, ModelNotFoundError."""
        if self._open is not None:
            return
        with ExitStack() as on_close:
            hold = Hold(self._opener)
            on_close.callback(hold.close)
            resources = self._resources_with(hold.journal, self._opener.vectors_path)
            on_close.callback(resources.close)
            try:
                self._settle_in(hold.journal)
            except DamagedJournalError:
                hold.regain()
                self._settle_in(hold.journal)
            self._hold, self._open = hold, resources
            self._on_close = on_close.pop_all()

    def _settle_in(self, journal: Journal) -> None:
        self.folders = self.folders_of(journal)
        for folder in self._opener.outputs:
            mark_output(folder)

    @property
    def lost(self) -> bool:
        """Whether the lock or the journal was removed or damaged, and is to be taken anew."""
        return self._hold is not None and self._hold.lost

    def regain(self) -> bool:
        """Take anew what is lost; whether anything was. Raises LockedError, StoreError."""
        if self._hold is None or not self._hold.regain():
            return False
        self._resources.drop_broken_table()
        self._settle_in(self._hold.journal)
        return True

    def close(self) -> None:
        """Close everything and release the lock; what is under way is dropped and done again next time."""
        self._open = self._hold = None
        self._on_close.close()
        for place in self._places:
            place.close()

    @property
    def journal(self) -> Journal:
        return self._resources.journal

    @property
    def roots(self) -> tuple[Root, ...]:
        """The followed roots; none before the pipeline was opened."""
        return self.folders.roots

    @property
    def _resources(self) -> Resources:
        self.open()
        assert self._open is not None
        return self._open

    def _resources_with(self, journal: Journal, vectors: Path) -> Resources:
        recipe = Recipe(self.config, self._opener.describe(), self._opener.describe_beside())
        progress = ProgressReporter(journal, self._progress, now=self._now)
        return Resources(self._opener, recipe, journal, progress, vectors=vectors, stop=self.stop, now=self._now)

    def folders_of(self, journal: Journal) -> Folders:
        """The folders of the settings, with the aliases that `journal`, or a copy of it, knows. Raises ConfigError."""
        folders = Folders.of(self.config, self._opener.outputs, journal.roots(), self._places)
        take_over_marks(journal, folders.roots)
        return folders

    # -- reading, while others may write

    def read_journal(self, read: Callable[[Journal], T]) -> T:
        """What `read` makes of a copy of the journal as it is now; of an empty one where it is damaged."""
        return with_copy(self._opener.journal_path, read, told=True)

    def plan(self, *, allow_deletes: bool = False) -> PlanDocument:
        """What `converge` would do now, and the frozen form of it. Takes no lock and changes nothing."""
        from embedingest.ingest.audit.preview import preview

        return audited(self._opener, self._resources_with, self.folders_of, partial(preview, allow=allow_deletes))

    def verify(self, *, repair: bool = False, sample: int = 0) -> Verification:
        """Compare folders, journal and table; `sample` vectors are computed again. `repair` puts right what differs."""
        from embedingest.ingest.audit.verify import prepare_repair, verified

        result = verified(self._opener, self._resources_with, self.folders_of, sample=sample)
        if repair and (result.mendable or result.unasked):
            if result.journal_fault:
                suspect(self._opener.journal_path)
            self.regain()
            prepare_repair(self._resources, result.mendable)
            self.converge()
        return result

    # -- one convergence

    def carry_out(self, frozen: FrozenPlan, *, allow_deletes: bool = False) -> IngestReport:
        """Converge if that is still exactly what a frozen plan says. Raises ConfigError where it is not."""
        from embedingest.ingest.audit.preview import check

        self.open()
        check(frozen, self.plan()["frozen"])
        return self.converge(allow_deletes=allow_deletes)

    def converge(self, batches: Iterable[Batch] | None = None, *, allow_deletes: bool = False) -> IngestReport:
        """Bring the table to what the folders hold: all of it, or what the watcher's `batches` name.

        Failures of documents are in the report. Raises StoreError, EngineError, ConfigError, of which each leaves
        the table whole. With the stop event set it ends early, `report.stopped` says so.
        """
        resources = self._resources
        batches = None if self.regain() else batches
        try:
            report = self._converge(batches, allow_deletes=allow_deletes)
        except (StoreError, sqlite3.DatabaseError) as error:
            resources.journal.damaged |= isinstance(error, sqlite3.DatabaseError)
            if not self.regain():
                raise
            report = self._converge(None, allow_deletes=allow_deletes)
        if batches is None and not report.stopped:
            end_pause(resources.journal, self.folders)
            remove_copies(self.roots, report.failures)
        return report

    def _converge(self, batches: Iterable[Batch] | None, *, allow_deletes: bool) -> IngestReport:
        make_known(self.folders, self.journal)  # who only opens may have been asked to forget one
        everything = [Batch(root.where, sweep=True) for root in self.roots]
        return converge(
            self.folders, self._resources, everything if batches is None else batches, self._recent,
            follower=self._watcher, confirm_share=self.config.watch.confirm_share, allow_deletes=allow_deletes,
            make_walk=self._make_walk,
        )  # fmt: skip

    # -- following

    def follow(self, *, on_notice: Callable[[Notice], None] | None = None) -> Iterator[IngestReport]:
        """Converge, then follow the roots until the stop event is set. One report for each set of changes.

        Failed files are tried again when they are due, and what other processes ask is answered. `on_notice` hears
        of roots that go and come, and of polling where events cannot be had.
        """
        from embedingest.ingest.watch.watcher import Watcher

        self.open()
        finders = [self.folders.finder(root) for root in self.roots]
        watcher = Watcher.with_settings(finders, self.config.watch, on_notice=on_notice)
        with watcher:
            self._watcher = watcher
            watcher.get(timeout=0)  # the sweeps with which every watch begins: what follows is a sweep
            try:
                if not self.paused and (report := self.attempt()) is not None:
                    yield report
                yield from followed(self, watcher, now=self._now, beat=self._resources.progress.beat)
            finally:
                self._watcher = None

    def afollow(self, *, on_notice: Callable[[Notice], None] | None = None) -> InThread[IngestReport]:
        """As `follow`, in a thread that also calls `on_notice`. Leaving and cancelling set the stop event and wait."""
        return iterate_in_thread(lambda: self.follow(on_notice=on_notice), self.stop)

    def attempt(self, batches: Iterable[Batch] | None = None) -> IngestReport | None:
        """As `converge`, for who goes on afterwards: a pause is heeded meanwhile. `None` where engine or store failed
        in a way that may pass: `outage` says when to try again, with a sweep. Raises what is hopeless, and whatever
        fails before anything ever worked: that is a mistake of the set-up.
        """
        self._resources.heeds_pause = True
        try:
            report = self.converge(batches)
        except EmbedingestError as error:
            if is_hopeless(error) or not self._resources.worked:
                raise
            self._resources.drop_broken_table()
            self.outage.failed(error)
            return None
        self._resources.worked = True
        self.outage.over()
        return report

    # -- what others ask

    def serve_requests(self) -> Iterator[IngestReport]:
        """Do what other processes left in the journal, and answer them; a report for each request."""
        return serve_requests(self, self._verbs, now=self._now)

    def perform(self, verb: str, arguments: Mapping[str, Any]) -> IngestReport:
        """Do what another process would ask by `verb`. Raises ConfigError for a verb that nobody knows."""
        return self._soundly(lambda: perform(self, self._verbs, verb, arguments))

    def note(self, values: Mapping[str, str]) -> None:
        """Remember what holds for the whole journal."""
        self._soundly(lambda: self.journal.set_all(values))

    def _soundly(self, work: Callable[[], T]) -> T:
        """What `work` comes to; once more where the journal turned out to be damaged, and was made anew."""
        try:
            return work()
        except DamagedJournalError:
            self.regain()
            return work()

    @property
    def paused(self) -> str:
        """Why nothing is followed until somebody says `resume`; empty where all is."""
        return why_paused(self.journal)

    def forget(self, root: str) -> IngestReport:
        """Take a root, by alias or path, out of table and journal, and follow it no more. Raises ConfigError.

        Its files are not touched.
        """
        forgotten = known_root(self.journal, root)
        report = forget_root(self._resources, forgotten, named_by(forgotten, self.roots))
        if not report.stopped:
            self.folders, self.config = without_root(self.folders, self.config, forgotten)
            if self._watcher is not None:
                self._watcher.leave(forgotten.path)
                _log.warning("`%s` (%s) is forgotten and not followed any more", *forgotten)
        return report

    def optimize(self) -> IngestReport:
        """Let the table tend itself now, whatever its statistics say."""
        self.synchronise()
        return self._resources.optimize()

    def table(self) -> Table:
        """The table, opened; made where there was none."""
        return self._resources.table()

    def check_model(self) -> None:
        """Raises FingerprintError where the table is another model's. A table that is as it was left is not opened."""
        self._soundly(lambda: check_model(self._resources))

    def synchronise(self) -> None:
        """The journal hears of what others did to the table."""
        synchronise(self._resources)

    def mark(self) -> None:
        """The journal agrees with the table as it is now."""
        self._resources.mark()

    def reopened(self) -> None:
        """The table was replaced by another that the journal knows."""
        make_known(self.folders, self.journal)
        self._resources.table_replaced()

    def discard(self) -> None:
        """Remove the journal of a closed pipeline, whose table is no more."""
        Journal.remove(self._opener.journal_path)

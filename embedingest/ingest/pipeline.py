"""The walk, from folders to table: who is asked, in which order, and what happens to failures and deletions.

Knows how no step works. One object follows one set of roots into one table, in one thread.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self

from embedingest.errors import ConfigError, EmbedingestError
from embedingest.ingest.audit.preview import check, preview
from embedingest.ingest.audit.verify import Verification, mend, verify
from embedingest.ingest.report import IngestReport
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.run.convergence import Convergence, delete
from embedingest.ingest.run.outage import Outage, is_hopeless
from embedingest.ingest.run.reconcile import believe, doubt_changed_settings
from embedingest.ingest.run.resources import Resources
from embedingest.ingest.run.walk import Stopped
from embedingest.ingest.scan.ignore import Rules, mark_output
from embedingest.ingest.scan.roots import Root, owner, resolve
from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.scan.sidecar import SidecarScanner
from embedingest.ingest.state.journal import Journal
from embedingest.ingest.state.vector_cache import DEFAULT_BYTES, VectorCache
from embedingest.ingest.watch.values import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import PipelineConfig
    from embedingest.engine.engine import Engine
    from embedingest.ingest.report import ProgressSink
    from embedingest.ingest.run.resources import Table, Workers
    from embedingest.ingest.watch.values import Notice
    from embedingest.ingest.watch.watcher import Watcher
    from embedingest.types import ModelInfo, Sizer

__all__ = ["VERBS", "Pipeline"]

VERBS: Final = ("confirm", "retry", "forget", "sweep", "optimize", "resume")
"""What any writer can be asked; `Pipeline(verbs=…)` adds to them."""

_log = logging.getLogger(__name__)
_RECENT_SECONDS: Final = 60.0
_RATE_TEXTS: Final = 256
_POLL_SECONDS: Final = 0.2


class Pipeline:
    """Keeps one table equal to its roots.

    `describe` tells of the model without loading it; `open_engine` and `open_table` are called when first needed,
    which an unchanged run never does; `warm` is called beside other work as soon as files are to be read. `lock` is
    the right to write the table, taken for as long as the pipeline is open. `token` names the table's newest
    version without opening it: empty for no table, `None` where it cannot be told. `outputs` are folders that are
    ours and never ingested. `verbs` are further things that other processes may ask of the writer. `lent` may know
    vectors that neither table nor cache has (a rebuild's old table). `clock` is seconds since the epoch.

    Use as a context manager, or call `close`.
    """

    def __init__(
        self,
        config: PipelineConfig,
        *,
        journal: Path,
        vectors: Path,
        describe: Callable[[], ModelInfo],
        open_engine: Callable[[], Engine],
        open_table: Callable[[Recipe], Table],
        lock: Callable[[], AbstractContextManager[Any]],
        open_workers: Callable[[Recipe, Sizer], Workers] | None = None,
        warm: Callable[[], object] | None = None,
        token: Callable[[], str | None] = lambda: None,
        outputs: Sequence[Path] = (),
        verbs: Mapping[str, Callable[[Table, Mapping[str, Any]], object]] | None = None,
        lent: Callable[[Collection[str]], dict[str, NDArray[np.float32]]] | None = None,
        progress: ProgressSink | None = None,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.time,
        vector_bytes: int = DEFAULT_BYTES,
    ) -> None:
        self.config = config
        self.stop = stop or threading.Event()
        self._describe = describe
        self._open_engine = open_engine
        self._open_table = open_table
        self._open_workers = open_workers or _processes
        self._warm = warm
        self._lock = lock
        self._token = token
        self._outputs = outputs
        self._progress = progress
        self._clock = clock
        self._journal_path = journal
        self._vectors_path = vectors
        self._vector_bytes = vector_bytes
        self._verbs = verbs or {}
        self._lent = lent
        self.watcher: Watcher | None = None
        self._recent: deque[tuple[float, str, int]] = deque()
        self._held = ExitStack()
        self._parts: Resources | None = None
        self.trouble = Outage(lambda: self.journal)
        self.roots: tuple[Root, ...] = ()

    # -- opening and closing --------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Take the lock, open the journal. Raises LockedError, StoreError, ConfigError, ModelNotFoundError."""
        if self._parts is not None:
            return
        with ExitStack() as held:
            held.enter_context(self._lock())
            journal = Journal(self._journal_path)
            held.callback(journal.close)
            parts = self._machinery(journal, self._vectors_path)
            held.callback(parts.close)
            try:
                self._take_roots(journal)
            except sqlite3.DatabaseError as error:
                self._restart(journal, error)
            for folder in self._outputs:
                mark_output(folder)
            self._parts = parts
            self._held = held.pop_all()

    def _restart(self, journal: Journal, error: Exception) -> None:
        _log.warning("the journal %s is damaged and starts afresh: %s", journal.path, error)
        journal.restart()
        self._take_roots(journal)

    def _machinery(self, journal: Journal, vectors: Path) -> Resources:
        recipe = Recipe(self.config, self._describe())
        return Resources(
            recipe=recipe,
            journal=journal,
            open_cache=lambda: VectorCache(vectors, limit=self._vector_bytes),
            open_table=lambda: self._open_table(recipe),
            open_engine=self._open_engine,
            open_workers=self._open_workers,
            warm=self._warm,
            token=self._token,
            lent=self._lent,
            stop=self.stop,
            clock=self._clock,
            progress=self._progress,
        )

    @contextmanager
    def journal_to_read(self) -> Iterator[Journal]:
        """A copy of the journal as it is now, to be thrown away."""
        with TemporaryDirectory(prefix="embedingest-") as folder, ExitStack() as held:
            path = Path(folder) / "journal.sqlite"
            if self._journal_path.exists():
                original = Journal(self._journal_path)
                held.callback(original.close)
                copy = original.copy_to(path)
            else:
                copy = Journal(path)
            held.callback(copy.close)
            yield copy

    @contextmanager
    def peek(self) -> Iterator[Resources]:
        """The parts to look with, while others may write: no lock is taken, and a copy of the journal is used."""
        with ExitStack() as held:
            copy = held.enter_context(self.journal_to_read())
            folder = copy.path.parent
            # Looking leaves nothing behind, not even an empty cache.
            vectors = self._vectors_path if self._vectors_path.exists() else folder / "vectors.sqlite"
            m = self._machinery(copy, vectors)
            held.callback(m.close)
            self._take_roots(copy)
            self._synchronise(m)
            yield m

    def plan(self) -> dict[str, Any]:
        """What `converge` would do now, and the frozen form of it; see `preview`."""
        with self.peek() as m:
            return preview(self, m)

    def verify(self, *, repair: bool = False, sample: int = 0) -> Verification:
        """Compare folder, journal and table; with `repair` mend what differs, under the lock."""
        with self.peek() as m:
            found = verify(self, m, sample=sample)
        if repair and found.problems:
            mend(self._m, found.problems)
            self.converge()
        return found

    def close(self) -> None:
        """Give everything back; what is under way is dropped and done again next time."""
        self._parts = None
        self._held.close()

    @property
    def journal(self) -> Journal:
        return self._m.journal

    @property
    def _m(self) -> Resources:
        if self._parts is None:
            self.open()
        assert self._parts is not None
        return self._parts

    def _take_roots(self, journal: Journal) -> None:
        known = journal.roots()
        self.roots = resolve(self.config.sources, known)
        for root in self.roots:
            if known.get(root.alias) != os.fspath(root.path):
                journal.set_root(root.alias, root.path)

    # -- for a rebuild ----------------------------------------------------------------------------------------------

    def table(self) -> Table:
        """The table, opened, and made where there was none."""
        return self._m.table()

    def reopened(self) -> None:
        """The table was replaced by another that the journal knows."""
        self._m.drop_table()
        with self.journal.transaction():
            self.journal.set_meta("model", self._m.recipe.fingerprint)
            self.journal.set_meta("choice", self._m.recipe.choice)
            self._m.mark()

    def discard(self) -> None:
        """Remove the journal of a closed pipeline, whose table is no more."""
        Journal.remove(self._journal_path)

    # -- one convergence ------------------------------------------------------------------------------------------

    def carry_out(self, frozen: Mapping[str, Any], *, allow_deletes: bool = False) -> IngestReport:
        """Converge if that is still exactly what a frozen plan says. Raises ConfigError where it is not."""
        self.open()
        check(frozen, self.plan()["frozen"])
        return self.converge(allow_deletes=allow_deletes)

    def converge(self, batches: Iterable[Batch] | None = None, *, allow_deletes: bool = False) -> IngestReport:
        """Bring the table to what the folders hold: all of it, or what the watcher's `batches` name.

        Failures of documents are in the report. Raises StoreError, EngineError, ConfigError, of which each leaves
        the table whole. With the stop event set it ends early, `report.stopped` says so.
        """
        m = self._m
        try:
            return self._converge(m, batches, allow_deletes=allow_deletes)
        except sqlite3.DatabaseError as error:
            self._restart(m.journal, error)
            return self._converge(m, None, allow_deletes=allow_deletes)

    def _converge(self, m: Resources, batches: Iterable[Batch] | None, *, allow_deletes: bool) -> IngestReport:
        report = IngestReport()
        started = time.perf_counter()
        m.begin()
        try:
            self._synchronise(m)
            run = Convergence(self, m, report, allow_deletes=allow_deletes)
            run.look_at(
                [Batch(os.fspath(root.path), sweep=True) for root in self.roots] if batches is None else batches
            )
            report.spend("scan", time.perf_counter() - started)
            run.finish()
        except Stopped:
            report.stopped = True
            m.quiet()
        except BaseException:
            m.quiet()
            raise
        total = time.perf_counter() - started
        report.spend("total", total)
        if report.embedded.texts >= _RATE_TEXTS:
            m.journal.set_meta("tokens_per_second", f"{report.embedded.tokens / total:.1f}")
        return report

    def _synchronise(self, m: Resources) -> None:
        """Doubt what the journal says where table or settings are not those that it saw."""
        journal, token = m.journal, self._token()
        stamp = m.recipe.fingerprint
        if journal.fresh or (token is not None and token != journal.meta("token")) or journal.meta("model") != stamp:
            # Opening says so when the table is another model's.
            states = {} if token == "" else m.table().source_states()
            doubted = believe(journal, states)
            _log.info("journal and table were compared: %d files to look at again", doubted)
            with journal.transaction():
                journal.set_meta("model", stamp)
                m.mark()
        doubt_changed_settings(journal, m.recipe)

    def scanner(self, root: Root) -> Scanner:
        """The scanner of a root, with our own folders left out as they are now."""
        source = root.config
        rules = Rules.of(
            include=source.include,
            exclude=source.exclude,
            gitignore=source.gitignore,
            hidden=source.hidden,
            follow_symlinks=source.follow_symlinks,
            outputs=[path for path in self._outputs if path.exists()],
        )
        sidecars = self.config.metadata_rules.sidecar
        return SidecarScanner(root.path, rules, sidecars) if sidecars else Scanner(root.path, rules)

    # -- following ------------------------------------------------------------------------------------------------

    def follow(self, *, on_notice: Callable[[Notice], None] | None = None) -> Iterator[IngestReport]:
        """Converge, then follow the roots until the stop event is set. One report for each set of changes.

        Failed files are tried again when they are due, and what other processes ask is answered. `on_notice` hears
        of roots that go and come, and of polling where events cannot be had.
        """
        from embedingest.ingest.watch.watcher import Watcher

        settings = self.config.watch
        watcher = Watcher(
            [self.scanner(root) for root in self._m_roots()],
            settle_ms=settings.settle_ms,
            settle_max_ms=settings.settle_max_ms,
            sweep_seconds=settings.sweep_seconds,
            polling=settings.polling,
            poll_ms=settings.poll_ms,
            on_notice=on_notice,
        )
        with watcher:
            self.watcher = watcher
            watcher.get(timeout=0)  # the sweeps with which every watch begins: what follows looks at everything
            try:
                if not self.paused:
                    report = self.attempt()
                    if report is not None:
                        yield report
                yield from self._followed(watcher)
            finally:
                self.watcher = None

    def _followed(self, watcher: Watcher) -> Iterator[IngestReport]:
        asked = -1
        while not self.stop.is_set():
            batches = watcher.get(timeout=_POLL_SECONDS)
            # What changes during a pause, or while engine or store fail, is found by the whole look that ends it.
            report = None
            if self.paused:
                pass
            elif self.trouble:
                report = self.attempt() if self.trouble.due else None
            elif batches or self.due():
                report = self.attempt(batches)
            if report is not None and report.did_anything():
                yield report
            if asked != self.journal.outside_changes():
                asked = self.journal.outside_changes()
                yield from self.serve_requests()

    def attempt(self, batches: Iterable[Batch] | None = None) -> IngestReport | None:
        """As `converge`, but `None` where engine or store failed in a way that may pass: `trouble` says when to try
        again, with a whole look.

        Raises what is hopeless, and whatever fails before anything ever worked: that is a mistake of the set-up.
        """
        try:
            report = self.converge(batches)
        except EmbedingestError as error:
            if is_hopeless(error) or not self._m.worked:
                raise
            self._m.drop_broken_table()
            self.trouble.failed(error)
            return None
        self._m.worked = True
        self.trouble.over()
        return report

    def due(self) -> frozenset[str]:
        """Failed files of these roots whose next try has come."""
        aliases = {root.alias for root in self.roots}
        return frozenset(source for source in self.journal.due(self._clock()) if owner(source, aliases))

    def _m_roots(self) -> tuple[Root, ...]:
        self.open()
        return self.roots

    # -- what other processes ask -----------------------------------------------------------------------------------

    def serve_requests(self) -> Iterator[IngestReport]:
        """Do what others left in the journal, and answer them; a report for each request."""
        for request in self.journal.waiting():
            try:
                report = self.perform(request.verb, request.arguments)
            except EmbedingestError as error:
                self.journal.answer(request.id, "failed", {"error": str(error)})
                _log.warning("asked to %s: %s", request.verb, error)
                continue
            self.journal.answer(request.id, "done", report.to_json())
            yield report

    def perform(self, verb: str, arguments: Mapping[str, Any]) -> IngestReport:
        """Do one of `VERBS`, which is also how a command does it that found nobody else writing."""
        sources = arguments.get("sources") or None
        if verb == "confirm":
            self.journal.confirm(sources)
            return self.converge()
        if verb == "retry":
            self.journal.retry(sources)
            return self.converge()
        if verb == "forget":
            return self.forget(str(arguments["root"]))
        if verb == "sweep":
            return self.converge(allow_deletes=bool(arguments.get("allow_deletes")))
        if verb == "optimize":
            report = IngestReport()
            self._m.optimize(report)
            return report
        if verb == "resume":
            self.journal.set_meta("paused", "")
            return self.converge()
        extra = self._verbs.get(verb)
        if extra is None:
            raise ConfigError(f"the writer does not know how to `{verb}`", remedy=f"it knows {', '.join(VERBS)}")
        extra(self._m.table(), arguments)
        if verb == "restore":
            # The folders are ahead of the table now, and following them would undo what was asked for.
            self.journal.set_meta("paused", str(arguments["name"]))
        else:
            self._m.mark()
        return IngestReport()

    @property
    def paused(self) -> str:
        """The snapshot that was restored and is to stay until somebody says `resume`; empty where none is."""
        return self.journal.meta("paused") or ""

    # -- what a person may ask --------------------------------------------------------------------------------------

    def forget(self, root: str) -> IngestReport:
        """Take a root, by alias or path, out of table and journal. Its files are not touched."""
        m, report = self._m, IngestReport()
        known = m.journal.roots()
        alias = next((a for a, path in known.items() if root in {a, path, os.path.abspath(root)}), None)  # noqa: PTH100
        if alias is None:
            raise ConfigError(f"no root `{root}` is followed", remedy=f"known: {', '.join(known) or 'none'}")
        self._synchronise(m)
        sources = [state.source for state in m.journal.files(alias=alias)]
        delete(m, sources, report)
        m.journal.forget_root(alias)
        return report

    # -- deletions of the last minute -------------------------------------------------------------------------------

    def deleted_lately(self, alias: str) -> int:
        """How many documents under this root were deleted within the last minute."""
        now = time.monotonic()
        while self._recent and now - self._recent[0][0] > _RECENT_SECONDS:
            self._recent.popleft()
        return sum(count for _, other, count in self._recent if other == alias)

    def remember_deleted(self, alias: str, count: int) -> None:
        self._recent.append((time.monotonic(), alias, count))


def _processes(recipe: Recipe, sizer: Sizer) -> Workers:
    """Worker processes with the limits of the settings."""
    from embedingest.ingest.extract.pool import WorkerPool

    load = recipe.config.load
    return WorkerPool(
        recipe.setup(sizer),
        workers=load.workers,
        timeout_seconds=load.timeout_seconds,
        memory_mib=load.memory_mib,
    )

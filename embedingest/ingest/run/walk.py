"""One convergence: candidates in, table and journal equal to them out. The order of the steps is here and only here.

Extraction (other processes), embedding (the engine) and commits overlap; this one thread joins them, so that its
state needs no locks. Everything under way is bounded, whatever the size of the folder.
"""

from __future__ import annotations

import heapq
import logging
import queue
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.extract.extractor import Job
from embedingest.ingest.notices import plus
from embedingest.ingest.rows.build import wanted_rows
from embedingest.ingest.rows.difference import Difference, difference
from embedingest.ingest.run.embedder import Embedded
from embedingest.ingest.run.rounds import ROUND_TEXTS, Rounds
from embedingest.ingest.scan.files import facts_at, is_racy
from embedingest.ingest.state.journal import FileState, stat_facts
from embedingest.ingest.state.retries import after_failure, still_stored
from embedingest.store.values import Changes, stored_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from embedingest.ingest.extract.extractor import Extracted
    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.rows.build import WantedRows
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate
    from embedingest.types import Row

__all__ = ["NOTICED", "Stopped", "Walk"]

_log = logging.getLogger(__name__)

CALLS: Final = 5
"""Calls given to the engine at once: enough that it never waits, few enough that little is under way."""

URGENT_CALLS: Final = 2
"""Urgent calls given to the engine at once: the others wait here, where what is saved later overtakes them."""

WAITING_TEXTS: Final = 3 * ROUND_TEXTS
JOBS: Final = 48
JOB_BYTES: Final = 48 * 2**20
COMMIT_ROWS: Final = 2048
COMMIT_SECONDS: Final = 4.0
MAINTAIN_COMMITS: Final = 32
DELETE_SOURCES: Final = 500
REREADS: Final = 3
SALVAGE_SECONDS: Final = 2.0
NOTICED: Final = 1000
"""Files with notices that are remembered by name; where there are more, the journal is asked for all."""


class Stopped(Exception):  # noqa: N818 -- asked for, not an error
    """The run was asked to stop."""


class _Read(NamedTuple):
    """A file whose extraction has ended. `begun_ns` is the wall clock before it began."""

    candidate: Candidate
    before: FileState | None
    begun_ns: int
    future: Future[Extracted]


@dataclass(slots=True, eq=False)
class _Work:
    """One file on its way: what it should have, what is still missing for that."""

    candidate: Candidate
    state: FileState
    before: FileState | None
    wanted: WantedRows | None = None
    difference: Difference = field(default_factory=Difference)
    missing: set[str] = field(default_factory=set)
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    known_as: str = "new"

    @property
    def rows(self) -> Sequence[Row]:
        return self.wanted.rows if self.wanted is not None else ()


class Walk:
    """Brings table and journal to what `candidates` hold. `machinery` has the parts; `report` is counted into."""

    def __init__(self, machinery: Resources, report: IngestReport) -> None:
        self._m = machinery
        self._report = report
        self._heap: list[tuple[int, int, int, Candidate]] = []
        self._pushed = 0
        self._active: set[str] = set()
        self._again: dict[str, Candidate] = {}
        self._urgent = 0
        self._urgent_waiting = 0
        self._incomplete: dict[str, _Work] = {}
        self._jobs = 0
        self._job_bytes = 0
        self._done: queue.SimpleQueue[_Read | Embedded] = queue.SimpleQueue()
        self._extracted: list[tuple[_Work, Extracted]] = []
        self._rounds = Rounds()
        self._in_engine = 0
        self._calls = 0
        self._urgent_calls: set[tuple[str, ...]] = set()
        self._waiters: dict[str, list[_Work]] = {}
        self._ready: list[_Work] = []
        self._ready_rows = 0
        self._ready_since = 0.0
        self._commits = 0
        self._gone_content: dict[str, list[str]] = {}
        self.moved: set[str] = set()
        self.vanished: list[Candidate] = []
        self.failed: list[str] = []
        self.noticed: set[str] = set()
        self.finished = 0
        self.total = 0

    # -- in and out ---------------------------------------------------------------------------------------------

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Take up files, those that changed last first."""
        for candidate in candidates:
            if candidate.source in self._active:
                self._again[candidate.source] = candidate
                if candidate.urgent:
                    self._give_up(candidate.source)
                continue
            self._pushed += 1
            self.total += 1
            self._urgent_waiting += candidate.urgent
            key = (0 if candidate.urgent else 1, -candidate.found.facts.mtime_ns, self._pushed, candidate)
            heapq.heappush(self._heap, key)

    def _give_up(self, source: str) -> None:
        """Drop a file that still waits for vectors: it was saved again, and its old version is nobody's wish."""
        work = self._incomplete.pop(source, None)
        if work is None:
            return  # it is being read, or is ready: both are over soon
        for key in work.missing:
            if work in self._waiters.get(key, ()):
                self._waiters[key].remove(work)
        work.missing.clear()
        self._finish(work.candidate)

    def expect_gone(self, gone: Collection[str]) -> None:
        """These sources are no longer there: new files of the same content have moved."""
        for source in gone:
            state = self._m.journal.file(source)
            if state is not None and state.content_hash:
                self._gone_content.setdefault(state.content_hash, []).append(source)

    @property
    def backlog(self) -> bool:
        """Whether files wait to be read."""
        return bool(self._heap)

    @property
    def urgent(self) -> bool:
        """Whether files noticed while watching are still under way."""
        return self.urgent_files > 0

    @property
    def urgent_files(self) -> int:
        """How many files noticed while watching are under way or wait to be read."""
        return self._urgent + self._urgent_waiting

    def run(self, inbox: Callable[[], None]) -> None:
        """Until nothing is left to do. `inbox` is called often and may `add`.

        Raises Stopped, EngineError, StoreError.
        """
        while True:
            self._check_stop()
            inbox()
            self._feed()
            if not (self._jobs or self._in_engine or self._rounds or self._extracted):
                self._commit()
                if not (self._heap or self._again):
                    return
                continue
            self._drain()
            self._plan()
            self._send()
            self._commit_when_due()
            self._m.tell("ingest", self._report, self.finished, self.total)

    def _check_stop(self) -> None:
        if self._m.stop.is_set():
            self._salvage()
            self._commit()
            raise Stopped

    def _salvage(self) -> None:
        """Keep what calls under way still give, for a short while: it is paid for."""
        if not self._calls:
            return
        self._calls -= self._m.embedder(self._done.put).recall()
        deadline = time.monotonic() + SALVAGE_SECONDS
        with suppress(queue.Empty):
            while self._calls > 0:
                item = self._done.get(timeout=max(0.0, deadline - time.monotonic()))
                if isinstance(item, Embedded):
                    self._calls -= 1
                    self._m.cache.put(item.vectors)

    # -- extraction ---------------------------------------------------------------------------------------------

    def _feed(self) -> None:
        while self._heap:
            urgent = self._heap[0][0] == 0
            full = (
                self._jobs >= JOBS
                or self._job_bytes >= JOB_BYTES
                or len(self._rounds) + self._in_engine >= WAITING_TEXTS
            )
            if full and not (urgent and self._jobs < 2 * JOBS):
                return
            candidate = heapq.heappop(self._heap)[-1]
            self._urgent_waiting -= candidate.urgent
            self._start(candidate)

    def _start(self, candidate: Candidate) -> None:
        if candidate.source in self._active:
            self._again[candidate.source] = candidate
            return
        before = self._m.journal.file(candidate.source)
        trusted = before is not None and before.state in {"done", "empty"}
        job = Job(
            root=str(candidate.root.path),
            relative=candidate.found.relative,
            source=candidate.source,
            size=candidate.found.facts.size,
            known_hash=before.content_hash if before is not None and trusted else "",
            link=candidate.found.link,
        )
        self._active.add(candidate.source)
        self._urgent += candidate.urgent
        self._jobs += 1
        self._job_bytes += job.size
        begun = self._m.now_ns()
        future = self._m.workers().submit(job, urgent=candidate.urgent)
        future.add_done_callback(lambda done: self._done.put(_Read(candidate, before, begun, done)))

    def _drain(self) -> None:
        """Take what has come, waiting a little where nothing has."""
        try:
            item = self._done.get(timeout=0.05)
            while True:
                if isinstance(item, Embedded):
                    self._embedded(item)
                else:
                    self._outcome(item)
                item = self._done.get_nowait()
        except queue.Empty:
            return

    def _outcome(self, read: _Read) -> None:
        candidate, before, _, future = read
        self._jobs -= 1
        self._job_bytes -= candidate.found.facts.size
        if future.cancelled():
            self._finish(candidate)
            return
        error = future.exception()
        if error is None:
            self._arrived(read, future.result())
        elif isinstance(error, DocumentError):
            self._failed(candidate, before, error)
        else:
            raise error

    def _arrived(self, read: _Read, extracted: Extracted) -> None:
        candidate = read.candidate
        for stage, spent in extracted.seconds.items():
            self._report.spend(stage, spent)
        if extracted.moved and candidate.tries < REREADS:
            # It was being written while it was read: what was read may be no version of it at all.
            self._finish(candidate)
            self.add([candidate._replace(tries=candidate.tries + 1)])
            return
        facts = extracted.before
        settled = not extracted.moved and not is_racy(facts, read.begun_ns)
        state = FileState(
            candidate.source, candidate.root.alias, *stat_facts(facts), int(settled), "done", extracted.content_hash
        )
        self._extracted.append((_Work(candidate, state, read.before), extracted))

    # -- failures -----------------------------------------------------------------------------------------------

    def _failed(self, candidate: Candidate, before: FileState | None, error: DocumentError) -> None:
        if error.code == "vanished":
            # The next look at its folder will say that it is gone; it did not fail.
            self.vanished.append(candidate)
            self._finish(candidate)
            return
        facts = stat_facts(candidate.found.facts)
        state = FileState(candidate.source, candidate.root.alias, *facts, 1, "skipped", code=error.code)
        if isinstance(error, DocumentSkipped):
            state = state._replace(error=error.message, notices={error.code or "skipped": 1})
            _log.info("%s is skipped: %s", candidate.source, error.message)
        else:
            state = after_failure(state, before, error, now=self._m.now())
            _log.warning("%s", error.message)
            self.failed.append(candidate.source)
        work = _Work(candidate, state, before)
        if state.kind in {"transient", "machinery"} and before is not None:
            # What is stored goes on serving: the same bytes may be readable again in a minute.
            work.state = still_stored(state, before)
            work.known_as = "failed"
            self._make_ready(work)
        else:
            self._plan_rows(work, self._rows_of([work]))

    # -- planning -----------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        if not self._extracted:
            return
        started = time.perf_counter()
        batch, self._extracted = self._extracted, []
        works = []
        for work, extracted in batch:
            if extracted.parts:
                made = wanted_rows(extracted, self._m.recipe)
                if extracted.problem:
                    _log.warning("%s", extracted.problem)
                work.wanted = made
                work.state = work.state._replace(
                    state="done" if made.rows else "empty",
                    config_hash=made.config_hash,
                    fingerprint=self._m.recipe.fingerprint,
                    loader=extracted.loader,
                    chunker=made.chunker,
                    chunks=len(made.rows),
                    children=made.children,
                    notices=made.notices,
                    error=extracted.problem,
                )
            works.append(work)
        has = self._rows_of(works)
        needed: set[str] = set()
        for work in works:
            self._plan_rows(work, has, ready=False)
            needed.update(row.text_hash for row in work.difference.new)
        self._find_vectors(works, needed)
        self._report.spend("plan", time.perf_counter() - started)

    def _rows_of(self, works: Iterable[_Work]) -> Mapping[str, list[Row]]:
        """The rows the table has of these files. A file that the journal never saw has none: no table is asked."""
        sources: list[str] = []
        for work in works:
            if work.before is not None and (work.before.chunks or work.before.state == "unverified"):
                sources += dict.fromkeys((*work.before.documents, *work.state.children))
        return self._m.table().rows(sources) if sources else {}

    def _plan_rows(self, work: _Work, has: Mapping[str, list[Row]], *, ready: bool = True) -> None:
        before = work.before
        mine = dict.fromkeys((*(before.documents if before else ()), work.state.source, *work.state.children))
        rows = [row for source in mine for row in has.get(source, ())]
        if work.wanted is None and before is not None and work.state.state == "done":
            # The same bytes as before: only its times may differ.
            work.state = _same_content(work.state, before)
            stamp = stored_ns(work.state.mtime_ns)
            work.difference = difference([replace(row, modified_at_ns=stamp) for row in rows], rows)
            work.known_as = "unchanged" if work.state.state == "done" else work.state.state
        else:
            work.difference = difference(work.rows, rows)
            work.known_as = self._class_of(work)
        if ready:
            self._make_ready(work)

    def _class_of(self, work: _Work) -> str:
        if work.state.state != "done":
            return work.state.state
        if work.before is None or work.before.state in {"skipped", "failed"}:
            old = self._gone_content.get(work.state.content_hash)
            if old:
                self.moved.add(old.pop())
                return "moved"
            return "new"
        if work.before.content_hash == work.state.content_hash:
            return "unchanged"
        return "changed"

    # -- vectors ------------------------------------------------------------------------------------------------

    def _find_vectors(self, works: Sequence[_Work], needed: set[str]) -> None:
        wanted_rows = sum(len(work.difference.new) for work in works)
        waiting = needed & self._waiters.keys()
        found = self._m.known_vectors(needed - waiting)
        self._report.embedded.reused += wanted_rows - len(needed - waiting - found.keys())
        for work in works:
            for row in work.difference.new:
                key = row.text_hash
                if key in found:
                    work.vectors[key] = found[key]
                elif key not in work.missing:
                    work.missing.add(key)
                    if key in self._waiters:
                        self._waiters[key].append(work)
                        if work.candidate.urgent:
                            self._rounds.hurry(key)
                    else:
                        self._waiters[key] = [work]
                        assert work.wanted is not None
                        self._rounds.add(key, work.wanted.texts[key], urgent=work.candidate.urgent)
            if work.missing:
                self._incomplete[work.candidate.source] = work
            else:
                self._make_ready(work)

    def _send(self) -> None:
        while self._rounds:
            urgent = self._rounds.urgent and len(self._urgent_calls) < URGENT_CALLS
            if not urgent and self._calls - len(self._urgent_calls) >= CALLS:
                return
            # A round that is not full waits for more texts only while others keep the engine busy.
            idle = self._calls <= 1 or not (self._jobs or self._heap)
            call = self._rounds.next_urgent() if urgent else self._rounds.next_call(begin=idle)
            if not call:
                return
            self._m.embedder(self._done.put).submit(call, urgent=urgent)
            if urgent:
                self._urgent_calls.add(tuple(call))
            self._in_engine += len(call)
            self._calls += 1

    def _embedded(self, result: Embedded) -> None:
        self._in_engine -= len(result.hashes)
        self._urgent_calls.discard(result.hashes)
        self._calls -= 1
        if result.error is not None:
            # What is ready is whole, and stays done.
            self._salvage()
            self._commit()
            raise result.error
        self._m.cache.put(result.vectors)
        embedded = self._report.embedded
        embedded.texts += len(result.vectors)
        embedded.tokens += result.tokens
        embedded.characters += result.characters
        self._report.chunks.truncated += len(result.truncated)
        for key in result.hashes:
            for work in self._waiters.pop(key, ()):
                self._give(work, key, result)

    def _give(self, work: _Work, key: str, result: Embedded) -> None:
        if key not in work.missing:
            return
        vector = result.vectors.get(key)
        if vector is not None:
            work.vectors[key] = vector
            if key in result.truncated:
                work.state = work.state._replace(notices=plus(work.state.notices, truncated_chunks=1))
            work.missing.discard(key)
            if not work.missing:
                del self._incomplete[work.candidate.source]
                self._make_ready(work)
            return
        del self._incomplete[work.candidate.source]
        for other in work.missing - {key}:
            waiters = self._waiters.get(other)
            if waiters is not None:
                waiters.remove(work)
        work.missing.clear()
        source = work.candidate.source
        error = DocumentError(
            f"{source} has a text that cannot be embedded: {result.failed.get(key, 'no reason given')}",
            source=source, kind="permanent", code="embedding",
        )  # fmt: skip
        work.wanted = None
        self._failed(work.candidate, work.before, error)

    # -- commits ------------------------------------------------------------------------------------------------

    def _make_ready(self, work: _Work) -> None:
        if not self._ready:
            self._ready_since = time.monotonic()
        self._ready.append(work)
        self._ready_rows += len(work.difference.new) + len(work.difference.refreshed) + 1

    def _commit_when_due(self) -> None:
        if not self._ready:
            return
        urgent = any(work.candidate.urgent for work in self._ready)
        late = time.monotonic() - self._ready_since >= COMMIT_SECONDS
        if urgent or late or self._ready_rows >= COMMIT_ROWS:
            self._commit()

    def _commit(self) -> None:
        if not self._ready:
            return
        works, self._ready, self._ready_rows = self._ready, [], 0
        started = time.perf_counter()
        changes = _changes(works)
        if changes:
            self._m.commit(changes)
            self._commits += 1
        self._m.record([work.state for work in works])
        for work in works:
            self._count(work)
            if _is_gone(work.candidate):
                # It went while it was under way, when nobody could yet know that it had rows to delete.
                self.vanished.append(work.candidate)
        self._report.spend("commit", time.perf_counter() - started)
        # Upkeep takes its time, and who has just saved does not want to wait for it; but it cannot wait for ever.
        if self._commits >= (4 * MAINTAIN_COMMITS if self.urgent else MAINTAIN_COMMITS):
            self._commits = 0
            self._m.maintain(self._report)

    def _count(self, work: _Work) -> None:
        files, chunks = self._report.files, self._report.chunks
        files.add(work.known_as)
        if work.state.notices and len(self.noticed) <= NOTICED:
            self.noticed.add(work.state.source)
        chunks.new += len(work.difference.new)
        chunks.kept += work.difference.kept
        chunks.refreshed += len(work.difference.refreshed)
        chunks.deleted += len(work.difference.gone)
        self._finish(work.candidate)

    def _finish(self, candidate: Candidate) -> None:
        self.finished += 1
        self._urgent -= candidate.urgent
        self._active.discard(candidate.source)
        again = self._again.pop(candidate.source, None)
        if again is not None:
            self.add([again])


def _is_gone(candidate: Candidate) -> bool:
    try:
        return facts_at(str(candidate.root.path), candidate.found.relative) is None
    except OSError:
        return False


def _changes(works: Sequence[_Work]) -> Changes:
    add = [row for work in works for row in work.difference.new]
    vectors = [work.vectors[row.text_hash] for work in works for row in work.difference.new]
    return Changes(
        add=add,
        vectors=np.stack(vectors) if vectors else None,
        refresh=[row for work in works for row in work.difference.refreshed],
        delete=[key for work in works for key in work.difference.gone],
    )


def _same_content(state: FileState, before: FileState) -> FileState:
    """What was recorded of the same bytes, with the stat facts of now."""
    return before._replace(
        size=state.size, mtime_ns=state.mtime_ns, ctime_ns=state.ctime_ns, inode=state.inode, settled=state.settled
    )

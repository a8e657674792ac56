"""One convergence: candidates in, table and journal equal to them out. The order of the steps is here and only here.

Extraction (other processes), embedding (the engine) and commits overlap; this one thread joins them, so that their
state needs no locks. Everything under way is bounded, whatever the size of the folder.
"""

from __future__ import annotations

import queue
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.inbox import Inbox
from embedingest.ingest.context.writer import Written
from embedingest.ingest.forecast import Work
from embedingest.ingest.run.committer import Committer
from embedingest.ingest.run.contexts import Contexts
from embedingest.ingest.run.embedding import Embedded
from embedingest.ingest.run.extraction import Extraction, Outcome
from embedingest.ingest.run.file_queue import FileQueue
from embedingest.ingest.run.missing_vectors import MissingVectors
from embedingest.ingest.run.outcome import is_gone, never_still, not_embedded, to_read_again, went_away
from embedingest.ingest.run.planner import Planner, ReadFile
from embedingest.ingest.run.progress import Standing
from embedingest.ingest.run.walk_seam import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from embedingest.ingest.extract.values import Extracted
    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import FileState

__all__ = ["Walk"]

_LOOKED_AT: Final = 64  # files that wait, to guess whether the model is needed
_WAIT_SECONDS: Final = 0.05
_SALVAGE_SECONDS: Final = 2.0
_FIRST_SALVAGE_SECONDS: Final = 0.25  # before any call has come back: the model may be far from ready


class Walk:
    """Brings table and journal to what the files say that are added; `report` is counted into.

    With `watched`, what changed last is urgent. `vanished` are files that went away since they were found, `failed`
    the sources of those that could not be ingested.
    """

    def __init__(self, resources: Resources, report: IngestReport, *, watched: bool = False) -> None:
        self._resources = resources
        self._report = report
        self._watched = watched
        self._outcomes: Inbox[Outcome | Written | Embedded] = Inbox()
        self._files = FileQueue()
        self._extraction = Extraction(resources.workers, self._outcomes.put)
        self._planner = Planner(resources.recipe, lambda sources: resources.table().rows(sources), now=resources.now)
        self._contexts = Contexts(resources, self._outcomes.put)
        self._missing = MissingVectors()
        self._committer = Committer(resources, report)
        self._reads: list[ReadFile] = []
        self._resting = False
        self.vanished: list[Candidate] = []
        self.failed: list[str] = []

    # -- in and out

    def add(self, candidates: Sequence[Candidate]) -> None:
        """Take up files, those that changed last first."""
        for source in self._files.add(self._files.with_urgency(candidates) if self._watched else candidates):
            # It was saved again, and nobody needs its old version: what is being read or is ready is over soon anyway.
            file = self._contexts.give_up(source) or self._missing.give_up(source)
            if file is not None:
                self._done(file.candidate)

    def rest(self) -> None:
        """Take up nothing more: what is under way is brought to its end and written, and then the walk is over."""
        self._resting = True

    def doubt(self, root: Root, folders: Collection[str], found: Collection[str]) -> None:
        """Rules of these folders changed, and only `found` is left there: other files under way are `vanished` soon."""
        self._files.doubt(root, folders, found)

    def expect_gone(self, sources: Iterable[str]) -> dict[str, int]:
        """These sources are no longer there: new files of the same content have moved, and are read soon.

        Answers the sizes in bytes of those that have rows.
        """
        states = [state for source in sources if (state := self._resources.journal.file(source)) is not None]
        self._planner.gone.expect(states)
        sizes = {state.source: state.size for state in states if state.may_have_rows}
        self._files.prefer(sizes.values())
        return sizes

    def awaits(self, size: int) -> bool:
        """Whether a file of so many bytes waits to be read, or is under way."""
        return self._files.holds(size)

    @property
    def backlog(self) -> bool:
        """Whether files wait to be read."""
        return self._files.waiting > 0

    @property
    def expects_texts(self) -> bool:
        """Whether the first files that wait have likely something to embed: not where they were touched or moved."""
        journal = self._resources.journal
        return any(
            (state := journal.file(candidate.source)) is None or state.size != candidate.file.facts.size
            for candidate in self._files.first(_LOOKED_AT)
        )

    @property
    def urgent(self) -> bool:
        """Whether files noticed while watching are still under way, those aside that take long to read."""
        return self._files.urgent > self._extraction.slow_urgent

    @property
    def moved(self) -> Collection[str]:
        """Sources that are gone, and whose content was found again under another."""
        return self._planner.gone.moved

    @property
    def noticed(self) -> Collection[str]:
        """Sources of files with notices; see `Committer`."""
        return self._committer.noticed

    @property
    def finished(self) -> int:
        """How many files are done with."""
        return self._files.finished

    @property
    def total(self) -> int:
        """How many files were taken up."""
        return self._files.total

    def standing(self) -> Standing:
        """How far it is."""
        files, extraction, missing = self._files, self._extraction, self._missing
        work = Work(
            files.bytes_total, extraction.bytes_read, extraction.bytes_under_way, missing.asked, missing.embedded
        )
        embedded, written_next = missing.ready(), self._committer.ready()
        chunks, size = embedded[0] + written_next[0], embedded[1] + written_next[1]
        return Standing(files.finished, files.total, files.bytes_finished, chunks, size, work)

    # -- the loop

    def run(self, inbox: Callable[[], None]) -> None:
        """Until nothing is left to do. `inbox` is called often and may `add`.

        Raises Stopped, EngineError, StoreError.
        """
        while True:
            self._check_stop()
            inbox()
            self._feed()
            if not (self._extraction.under_way or self._contexts or self._missing or self._reads):
                self._commit()
                if self._resting or not self._files.waiting:
                    return
                continue
            self._receive()
            self._plan()
            self._send()
            if self._committer.due:
                self._commit()
            self._resources.progress.tell("ingest", self._report, self)

    def _check_stop(self) -> None:
        if self._resources.stop.is_set():
            self._salvage()
            self._commit()
            raise Stopped

    def _feed(self) -> None:
        while self._files.waiting and not self._resting:
            urgent = self._files.next_is_urgent
            full = self._missing.full or self._contexts.full
            if self._extraction.full(urgent=urgent) or (full and not urgent):
                return
            candidate = self._files.take()
            if candidate is not None and self._files.doubts(candidate):
                self.vanished.append(candidate)
                self._done(candidate)
            elif candidate is not None:
                self._extraction.start(candidate, self._resources.journal.file(candidate.source))

    def _receive(self) -> None:
        """Take what workers, writers of context and engine have ended, waiting a little where there is nothing."""
        with suppress(queue.Empty):
            item = self._outcomes.get(timeout=_WAIT_SECONDS)
            while True:
                if isinstance(item, Embedded):
                    self._embedded(item)
                elif isinstance(item, Written):
                    self._written(item)
                else:
                    self._ended(item)
                item = self._outcomes.get_nowait()

    def _ended(self, outcome: Outcome) -> None:
        self._extraction.ended(outcome)
        if outcome.result is None:
            self._done(outcome.candidate)
            if outcome.put_back:
                self._files.add([outcome.candidate])
        elif isinstance(outcome.result, DocumentError):
            self._failed(outcome.candidate, outcome.before, outcome.result)
        elif isinstance(outcome.result, BaseException):
            raise outcome.result
        else:
            self._extracted(outcome, outcome.result)

    def _extracted(self, outcome: Outcome, extracted: Extracted) -> None:
        candidate = outcome.candidate
        for stage, seconds in extracted.seconds.items():
            self._report.spend(stage, seconds)
        again = to_read_again(candidate, extracted)
        if again is not None:
            self._done(candidate)
            self._files.add([again])
            return
        read = ReadFile(candidate, outcome.before, extracted, extracted.settled)
        self._reads += self._contexts.want(read) if self._resources.recipe.is_written else [read]

    def _written(self, written: Written) -> None:
        arrived = self._contexts.arrived(written)
        self._reads += arrived.complete
        for read, error in arrived.failed:
            self._failed(read.candidate, read.before, error)

    def _done(self, candidate: Candidate) -> None:
        self._extraction.stored(candidate.source)
        self._files.done(candidate)

    def _failed(self, candidate: Candidate, before: FileState | None, error: DocumentError) -> None:
        if went_away(candidate, error):
            self.vanished.append(candidate)
            self._done(candidate)
            return
        if not isinstance(error, DocumentSkipped):
            self.failed.append(candidate.source)
        self._committer.add(self._planner.plan_failed(candidate, before, never_still(candidate, error)))

    def _plan(self) -> None:
        if not self._reads:
            return
        started = time.perf_counter()
        reads, self._reads = self._reads, []
        files = self._planner.plan(reads)
        del reads  # the chunks, whose rows are there now
        self._find_vectors(files)
        self._report.spend("plan", time.perf_counter() - started)

    def _find_vectors(self, files: Sequence[PlannedFile]) -> None:
        recipe = self._resources.recipe
        keys = [key for file in files for row in file.difference.new for key in recipe.keys(row.text_hash)]
        unasked = self._missing.unasked(keys)
        known = self._resources.known_vectors(unasked)
        self._report.embedded.reused += len(keys) - len(unasked - known.keys())
        for file in files:
            texts = file.use_known(known, recipe)
            if texts:
                self._missing.want(file, texts)
            else:
                self._committer.add(file)

    # -- vectors and commits

    def _send(self) -> None:
        idle = not (self._extraction.under_way or self._contexts or (self._files.waiting and not self._resting))
        while call := self._missing.next_call(idle=idle):
            self._resources.embedder(self._outcomes.put).submit(call.texts, urgent=call.urgent, tokens=call.tokens)

    def _embedded(self, embedded: Embedded) -> None:
        arrived = self._missing.arrived(embedded)
        if embedded.error is not None:
            # What is ready is whole, and stays done.
            self._salvage()
            self._commit()
            raise embedded.error
        self._resources.cache.put(embedded.vectors)
        counts = self._report.embedded
        counts.texts += len(embedded.vectors)
        counts.tokens += embedded.tokens
        counts.characters += embedded.characters
        for file in arrived.complete:
            self._report.chunks.truncated += file.notice_cut(self._resources.recipe)
            self._committer.add(file)
        for file, reason in arrived.failed:
            self._failed(file.candidate, file.before, not_embedded(file.candidate.source, reason))

    def _salvage(self) -> None:
        """Keep the vectors of calls in flight that end within a short while: they are paid for."""
        calls = self._missing.calls
        if not calls:
            return
        calls -= self._resources.embedder(self._outcomes.put).recall()
        deadline = time.monotonic() + (_SALVAGE_SECONDS if self._missing.embedded else _FIRST_SALVAGE_SECONDS)
        with suppress(queue.Empty):
            while calls > 0:
                item = self._outcomes.get(timeout=max(0.0, deadline - time.monotonic()))
                if isinstance(item, Embedded):
                    calls -= 1
                    self._resources.cache.put(item.vectors)

    def _commit(self) -> None:
        started, first = time.perf_counter(), not self._resources.holds_table
        files = self._committer.commit()
        if not files:
            return
        for file in files:
            if self._files.doubts(file.candidate) or is_gone(file.candidate):
                # It went while it was under way, when nobody could yet know that it had rows to delete.
                self.vanished.append(file.candidate)
            self._done(file.candidate)
        seconds, makes_table = time.perf_counter() - started, first and self._resources.holds_table
        self._resources.progress.committed(seconds, files, first=makes_table)
        self._report.spend("commit", seconds)
        # Upkeep takes its time, and a file that was just saved should not wait for it.
        self._committer.maintain_when_due(urgent=self.urgent)

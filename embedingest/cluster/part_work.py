"""One part of a run: files in, fragments and what became of each file out. The order of a node's steps is here.

What a file means is decided by the pieces that the walk of one process uses, so that both end in the same rows.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.cluster.part_rows import PartRows
from embedingest.cluster.part_vectors import PartVectors
from embedingest.cluster.values import FileResult, PartFile, PartResult
from embedingest.errors import DocumentError, EmbedingestError
from embedingest.ingest.extract.values import Extracted
from embedingest.ingest.run.embedding import Embedded
from embedingest.ingest.run.missing_vectors import MissingVectors
from embedingest.ingest.run.outcome import never_still, not_embedded, to_read_again, went_away
from embedingest.ingest.run.planner import Planner, ReadFile
from embedingest.ingest.run.rounds import RoundSizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedingest.cluster.launcher import Claims
    from embedingest.cluster.part_reading import PartReading
    from embedingest.cluster.part_vectors import RecentVectors
    from embedingest.cluster.values import Part
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.embedder import Embedder
    from embedingest.ingest.run.extraction import Outcome
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.ingest.state.vector_cache import VectorCache
    from embedingest.store.table import ChunkTable

__all__ = ["SIZES", "PartWork", "Tools"]

SIZES: Final = RoundSizes(round_texts=8192, call_texts=512, call_tokens=65_536)
"""Far more than where files are watched: nobody waits for one of them, and a GPU wants thousands of texts."""

_PLANNED_CHUNKS: Final = 2048
"""Chunks that are looked up in the table and in the claims together, while the engine has work."""

_HUNGRY_CALLS: Final = 2
_WAIT_SECONDS: Final = 0.05


class Tools(NamedTuple):
    """What a node has for all of its parts; others may use `cache` too. `now` is a clock in seconds since 1970."""

    recipe: Recipe
    embedder: Embedder
    recent: RecentVectors
    cache: VectorCache | None
    claims: Claims
    now: Callable[[], float]


class PartWork:
    """The work at one part, against `table`, the table at the part's version."""

    def __init__(self, part: Part, reading: PartReading, tools: Tools, table: ChunkTable) -> None:
        self._part = part
        self._reading = reading
        self._recipe = tools.recipe
        self._embedder = tools.embedder
        self._planner = Planner(tools.recipe, table.rows, now=tools.now)
        self._vectors = PartVectors(tools.recipe, table, tools.recent, tools.claims, part.number, tools.cache)
        self._missing = MissingVectors(SIZES)
        self._rows = PartRows(table, tools.recipe)
        self._reads: list[ReadFile] = []
        self._files: list[FileResult] = []
        self._counts: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()

    def run(self, beside: Callable[[], None]) -> PartResult:
        """Until every file of the part has an outcome; `beside` is called often once all of them are being read.

        Raises EngineError, StoreError; then nothing was written that anybody sees.
        """
        started = time.perf_counter()
        while self._reads or self._missing or not self._reading.over:
            if not self._missing.full:
                self._reading.feed()
            if self._reading.begun:
                beside()
            for item in self._reading.receive(_WAIT_SECONDS):
                if isinstance(item, Embedded):
                    self._embedded(item)
                else:
                    self._ended(item)
                if self._rows.due:
                    self._write()
            if self._is_to_plan():
                self._plan()
            self._send()
        self._write()
        self._spend("part", started)
        return self._result()

    # -- what workers gave

    def _ended(self, outcome: Outcome) -> None:
        result = outcome.result
        if isinstance(result, Extracted):
            self._extracted(outcome, result)
        elif isinstance(result, DocumentError):
            self._failed(outcome.candidate.source, outcome, result)
        elif result is None:
            raise EmbedingestError(f"the node was closed while it worked at part {self._part.number}")
        else:
            raise result

    def _extracted(self, outcome: Outcome, extracted: Extracted) -> None:
        self._seconds.update(extracted.seconds)
        again = to_read_again(outcome.candidate, extracted)
        if again is not None:
            self._reading.again(PartFile(again, outcome.before))
        else:
            self._reads.append(ReadFile(outcome.candidate, outcome.before, extracted, extracted.settled))

    def _failed(self, source: str, file: Outcome | PlannedFile, error: DocumentError) -> None:
        self._reading.done(source)
        if went_away(file.candidate, error):
            self._files.append(FileResult(source, None, "vanished"))
        else:
            failure = never_still(file.candidate, error)
            self._stored(self._planner.plan_failed(file.candidate, file.before, failure))

    def _stored(self, file: PlannedFile, *, truncated: int = 0) -> None:
        """A file is whole: it goes into the fragments."""
        change, source = file.difference, file.candidate.source
        self._reading.done(source)
        self._rows.add(file)
        self._files.append(
            FileResult(
                source, file.state, "stored", file.outcome,
                len(change.new), change.kept, len(change.refreshed), len(change.gone), truncated,
            )
        )  # fmt: skip

    # -- vectors

    def _is_to_plan(self) -> bool:
        """Whether to look up now what was read: much of it, or the engine has little to do."""
        if not self._reads:
            return False
        idle = self._missing.calls < _HUNGRY_CALLS or self._reading.over
        return idle or sum(len(part.chunks) for read in self._reads for part in read.extracted.parts) >= _PLANNED_CHUNKS

    def _plan(self) -> None:
        started = time.perf_counter()
        reads, self._reads = self._reads, []
        files = self._planner.plan(reads)
        del reads  # the chunks, whose rows are there now
        self._find_vectors(files)
        self._spend("plan", started)

    def _find_vectors(self, files: Sequence[PlannedFile]) -> None:
        keys = {file.candidate.source: self._keys(file) for file in files}
        known, mine, others = self._vectors.find(self._missing.unasked({key for some in keys.values() for key in some}))
        asked: set[str] = set()
        for file in files:
            source = file.candidate.source
            if not others.isdisjoint(keys[source]):
                self._reading.done(source)
                self._files.append(FileResult(source, None, "put_back"))
                continue
            to_compute = mine.intersection(keys[source]) - asked
            asked |= to_compute
            self._counts["reused"] += len(keys[source]) - len(to_compute)
            texts = file.use_known(known, self._recipe)
            if texts:
                self._missing.want(file, texts)
            else:
                self._stored(file)

    def _keys(self, file: PlannedFile) -> list[str]:
        return [key for row in file.difference.new for key in self._recipe.keys(row.text_hash)]

    def _send(self) -> None:
        while call := self._missing.next_call(idle=self._reading.over):
            self._embedder.submit(call.texts, tokens=call.tokens)

    def _embedded(self, embedded: Embedded) -> None:
        arrived = self._missing.arrived(embedded)
        if embedded.error is not None:
            raise embedded.error
        self._vectors.computed(embedded.vectors)
        self._counts["texts"] += len(embedded.vectors)
        self._counts["tokens"] += embedded.tokens
        self._counts["characters"] += embedded.characters
        for file in arrived.complete:
            self._stored(file, truncated=file.notice_cut(self._recipe))
        for file, reason in arrived.failed:
            source = file.candidate.source
            self._failed(source, file, not_embedded(source, reason))

    # -- what comes of it

    def _write(self) -> None:
        started = time.perf_counter()
        self._rows.write()
        self._spend("write", started)

    def _spend(self, stage: str, started: float) -> None:
        self._seconds[stage] += time.perf_counter() - started  # type: ignore[assignment]

    def _result(self) -> PartResult:
        rows, counts = self._rows, self._counts
        return PartResult(
            self._part.number, tuple(self._files), tuple(rows.fragments), tuple(rows.delete_ids), rows.rows,
            counts["texts"], counts["tokens"], counts["characters"], counts["reused"], dict(self._seconds),
        )  # fmt: skip

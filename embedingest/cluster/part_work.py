"""One part of a run: files in, fragments and what became of each file out. The order of its steps is not here.

What a file means is decided by the pieces that the walk of one process uses, so that both end in the same rows.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.cluster.part_rows import PartRows
from embedingest.cluster.part_vectors import PartVectors
from embedingest.cluster.values import FileResult, PartFile, PartProgress, PartResult
from embedingest.errors import DocumentError, EmbedingestError
from embedingest.ingest.extract.values import Extracted
from embedingest.ingest.run.outcome import never_still, not_embedded, to_read_again, went_away
from embedingest.ingest.run.planner import Planner, ReadFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from embedingest.cluster.launcher import Claims
    from embedingest.cluster.part_reading import PartReading
    from embedingest.cluster.part_vectors import RecentVectors
    from embedingest.cluster.values import Part
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.embedder import Embedder
    from embedingest.ingest.run.embedding import Embedded
    from embedingest.ingest.run.extraction import Outcome
    from embedingest.ingest.run.missing_vectors import MissingVectors
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.ingest.state.vector_cache import VectorCache
    from embedingest.store.table import ChunkTable

__all__ = ["PartWork", "Tools"]

_PLANNED_CHUNKS: Final = 2048
"""Chunks that are looked up in the table and in the claims together, while the engine has work."""


class Tools(NamedTuple):
    """What a node has for all of its parts; others may use `cache` too. `now` is a clock in seconds since 1970."""

    recipe: Recipe
    embedder: Embedder
    missing: MissingVectors
    recent: RecentVectors
    cache: VectorCache | None
    claims: Claims
    now: Callable[[], float]

    def keep(self, vectors: Mapping[str, NDArray[Any]]) -> None:
        """The engine gave these, by key."""
        self.recent.keep(vectors)
        if self.cache is not None:
            self.cache.put(vectors)


class PartWork:
    """The work at one part, against `table`, the table at the part's version.

    `waiting` are the sources of its files that wait for vectors.
    """

    def __init__(self, part: Part, reading: PartReading, tools: Tools, table: ChunkTable) -> None:
        self.part: Final = part
        self.reading: Final = reading
        self.waiting: Final[set[str]] = set()
        self._recipe = tools.recipe
        self._missing = tools.missing
        self._planner = Planner(tools.recipe, table.rows, now=tools.now)
        self._vectors = PartVectors(tools.recipe, table, tools.recent, tools.claims, part.number, tools.cache)
        self._rows = PartRows(table, tools.recipe)
        self._reads: list[ReadFile] = []
        self._files: list[FileResult] = []
        self._counts: Counter[str] = Counter()
        self._whole = PartProgress(part.number)
        self._seconds: Counter[str] = Counter()

    @property
    def over(self) -> bool:
        """Whether every file has an outcome."""
        return self.reading.over and not (self._reads or self.waiting)

    @property
    def progress(self) -> PartProgress:
        """How far it is. May be asked from any thread."""
        return self._whole._replace(tokens=self._counts["tokens"])

    # -- what workers gave

    def take(self) -> None:
        """Take what workers gave since the last time. Raises what failed, unless it is a document."""
        for outcome in self.reading.take():
            self._ended(outcome)

    def _ended(self, outcome: Outcome) -> None:
        result = outcome.result
        if isinstance(result, Extracted):
            self._extracted(outcome, result)
        elif isinstance(result, DocumentError):
            self._failed(outcome.candidate.source, outcome, result)
        elif result is None:
            raise EmbedingestError(f"the node was closed while it worked at part {self.part.number}")
        else:
            raise result

    def _extracted(self, outcome: Outcome, extracted: Extracted) -> None:
        self._seconds.update(extracted.seconds)
        again = to_read_again(outcome.candidate, extracted)
        if again is not None:
            self.reading.again(PartFile(again, outcome.before))
        else:
            self._reads.append(ReadFile(outcome.candidate, outcome.before, extracted, extracted.settled))

    def _failed(self, source: str, file: Outcome | PlannedFile, error: DocumentError) -> None:
        self.reading.done(source)
        if went_away(file.candidate, error):
            self._files.append(FileResult(source, None, "vanished"))
        else:
            failure = never_still(file.candidate, error)
            self._stored(self._planner.plan_failed(file.candidate, file.before, failure))

    def _stored(self, file: PlannedFile, *, truncated: int = 0) -> None:
        """A file is whole: it goes into the fragments."""
        change, source = file.difference, file.candidate.source
        self.reading.done(source)
        self._rows.add(file)
        _, files, chunks, size, _ = self._whole
        made, read = len(change.new) + change.kept, file.candidate.file.facts.size
        self._whole = PartProgress(self.part.number, files + 1, chunks + made, size + read)
        self._files.append(
            FileResult(
                source, file.state, "stored", file.outcome,
                len(change.new), change.kept, len(change.refreshed), len(change.gone), truncated,
            )
        )  # fmt: skip
        if self._rows.due:
            self.write()

    # -- vectors

    @property
    def is_much(self) -> bool:
        """Whether enough was read to be looked up together."""
        return sum(len(part.chunks) for read in self._reads for part in read.extracted.parts) >= _PLANNED_CHUNKS

    def plan(self) -> None:
        """Find out what is to be written of the files that were read, and to be computed. Raises StoreError."""
        if not self._reads:
            return
        started = time.perf_counter()
        reads, self._reads = self._reads, []
        files = self._planner.plan(reads)
        del reads  # the chunks, whose rows are there now
        self._find_vectors(files)
        self.spend("plan", started)

    def _find_vectors(self, files: Sequence[PlannedFile]) -> None:
        keys = {file.candidate.source: self._keys(file) for file in files}
        known, mine, others = self._vectors.find(self._missing.unasked({key for some in keys.values() for key in some}))
        asked: set[str] = set()
        for file in files:
            source = file.candidate.source
            if not others.isdisjoint(keys[source]):
                self.reading.done(source)
                self._files.append(FileResult(source, None, "put_back"))
                continue
            to_compute = mine.intersection(keys[source]) - asked
            asked |= to_compute
            self._counts["reused"] += len(keys[source]) - len(to_compute)
            texts = file.use_known(known, self._recipe)
            if texts:
                self.waiting.add(source)
                self._missing.want(file, texts)
            else:
                self._stored(file)

    def _keys(self, file: PlannedFile) -> list[str]:
        return [key for row in file.difference.new for key in self._recipe.keys(row.text_hash)]

    def count(self, embedded: Embedded) -> None:
        """Count a call that came back with this part's result."""
        self._counts["texts"] += len(embedded.vectors)
        self._counts["tokens"] += embedded.tokens
        self._counts["characters"] += embedded.characters

    def computed(self, keys: Collection[str]) -> None:
        """The engine gave something for these."""
        self._vectors.computed(keys)

    def complete(self, file: PlannedFile) -> None:
        """A file that waited has all of its vectors."""
        self.waiting.discard(file.candidate.source)
        self._stored(file, truncated=file.notice_cut(self._recipe))

    def incomplete(self, file: PlannedFile, reason: str) -> None:
        """A file that waited has a text that cannot be embedded."""
        source = file.candidate.source
        self.waiting.discard(source)
        self._failed(source, file, not_embedded(source, reason))

    # -- what comes of it

    def write(self) -> None:
        """Write the rows that are ready. Raises StoreError."""
        started = time.perf_counter()
        self._rows.write()
        self.spend("write", started)

    def spend(self, stage: str, started: float) -> None:
        """Count the time since `started` (`time.perf_counter`) for a stage."""
        self._seconds[stage] += time.perf_counter() - started  # type: ignore[assignment]

    def result(self) -> PartResult:
        """What became of the part, once all of it is written."""
        rows, counts = self._rows, self._counts
        return PartResult(
            self.part.number, tuple(self._files), tuple(rows.fragments), tuple(rows.delete_ids), rows.rows,
            counts["texts"], counts["tokens"], counts["characters"], counts["reused"], dict(self._seconds),
        )  # fmt: skip

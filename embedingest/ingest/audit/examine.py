"""What the table should hold against what it holds, without writing anything. Embeds nothing.

`plan` examines what changed, `verify` everything.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import Job
from embedingest.ingest.rows.build import wanted_rows
from embedingest.ingest.rows.difference import Difference, difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from embedingest.ingest.extract.extractor import Extracted
    from embedingest.ingest.rows.build import WantedRows
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.state.journal import FileState

__all__ = ["Examined", "examine"]

_JOBS: Final = 48
_TOGETHER: Final = 64


@dataclass(frozen=True, slots=True)
class Examined:
    """One file: what was known of it, what it should have, and what that means for the table.

    `error` is set where it cannot be read, and then nothing else is known.
    """

    candidate: Candidate
    before: FileState | None
    content_hash: str = ""
    wanted: WantedRows | None = None
    difference: Difference = field(default_factory=Difference)
    error: DocumentError | None = None


def examine(m: Resources, candidates: Iterable[Candidate]) -> Iterator[Examined]:
    """Extract every candidate and plan it against the table. Raises StoreError, EngineError, PluginError."""
    batch: list[tuple[Candidate, Extracted]] = []
    for candidate, outcome in _extracted(m, candidates):
        if isinstance(outcome, DocumentError):
            yield Examined(candidate, m.journal.file(candidate.source), error=outcome)
            continue
        batch.append((candidate, outcome))
        if len(batch) >= _TOGETHER:
            yield from _planned(m, batch)
            batch.clear()
    yield from _planned(m, batch)


def _planned(m: Resources, batch: Sequence[tuple[Candidate, Extracted]]) -> Iterator[Examined]:
    befores = {candidate.source: m.journal.file(candidate.source) for candidate, _ in batch}
    made = {candidate.source: wanted_rows(extracted, m.recipe) for candidate, extracted in batch}
    documents: dict[str, None] = {}
    for source, before in befores.items():
        documents |= dict.fromkeys((source, *made[source].children, *(before.children if before else ())))
    stored = m.table().rows(list(documents)) if documents and m.has_table() else {}
    for candidate, extracted in batch:
        source, before = candidate.source, befores[candidate.source]
        mine = dict.fromkeys((source, *made[source].children, *(before.children if before else ())))
        has = [row for name in mine for row in stored.get(name, ())]
        yield Examined(candidate, before, extracted.content_hash, made[source], difference(made[source].rows, has))


def _extracted(m: Resources, candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, Extracted | DocumentError]]:
    workers = m.workers()
    under_way: dict[Future[Extracted], Candidate] = {}
    for candidate in candidates:
        found = candidate.found
        job = Job(str(candidate.root.path), found.relative, candidate.source, size=found.facts.size, link=found.link)
        under_way[workers.submit(job)] = candidate
        if len(under_way) >= _JOBS:
            yield from _take(under_way)
    while under_way:
        yield from _take(under_way)


def _take(under_way: dict[Future[Extracted], Candidate]) -> Iterator[tuple[Candidate, Extracted | DocumentError]]:
    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
        error = future.exception()
        if error is not None and not isinstance(error, DocumentError):
            raise error
        yield under_way.pop(future), future.result() if error is None else error

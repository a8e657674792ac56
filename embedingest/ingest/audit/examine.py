"""What the table should hold against what it holds, without writing anything. Embeds nothing.

`plan` examines what changed, `verify` everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.rows.build import wanted_rows
from embedingest.ingest.rows.difference import Difference, difference
from embedingest.ingest.run.contexts import with_known_context
from embedingest.ingest.run.planner import documents_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from embedingest.ingest.extract.values import Extracted
    from embedingest.ingest.rows.build import WantedRows
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.state.journal import FileState

__all__ = ["Examined", "examine"]

# So many files are under way, or more where all of them are small, and a share of that before more are begun: to wake
# a thread for each small file would take longer than to read it.
_JOBS: Final = 48
_MOST_JOBS: Final = 4096
_JOBS_BYTES: Final = 4 * 2**20
_SHARE: Final = 0.75
# The table is asked once for so many files, or for fewer with so many chunks.
_BATCH_FILES: Final = 2048
_BATCH_CHUNKS: Final = 4096


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


def examine(resources: Resources, candidates: Iterable[Candidate]) -> Iterator[Examined]:
    """Extract every candidate and compare it with the table. Raises StoreError, EngineError, PluginError."""
    batch: list[tuple[Candidate, Extracted]] = []
    chunks = 0
    for candidate, outcome in _extracted(resources, candidates):
        if isinstance(outcome, DocumentError):
            yield Examined(candidate, resources.journal.file(candidate.source), error=outcome)
            continue
        batch.append((candidate, outcome))
        chunks += sum(len(part.chunks) for part in outcome.parts)
        if len(batch) >= _BATCH_FILES or chunks >= _BATCH_CHUNKS:
            yield from _planned(resources, batch)
            batch, chunks = [], 0
    yield from _planned(resources, batch)


def _planned(resources: Resources, batch: Sequence[tuple[Candidate, Extracted]]) -> Iterator[Examined]:
    files = []
    documents: list[str] = []
    known = resources.journal.files_of([candidate.source for candidate, _ in batch])
    for candidate, extracted in batch:
        before = known.get(candidate.source)
        wanted = wanted_rows(with_known_context(extracted, resources), resources.recipe)
        files.append((candidate, before, extracted.content_hash, wanted))
        documents += documents_of(candidate.source, before, wanted.children)
    stored = resources.table().rows(documents) if documents and resources.has_table() else {}
    for candidate, before, content_hash, wanted in files:
        rows = rows_of(documents_of(candidate.source, before, wanted.children), stored)
        yield Examined(candidate, before, content_hash, wanted, difference(wanted.rows, rows))


def _extracted(
    resources: Resources, candidates: Iterable[Candidate]
) -> Iterator[tuple[Candidate, Extracted | DocumentError]]:
    workers = resources.workers()
    done: SimpleQueue[tuple[Candidate, Future[Extracted]]] = SimpleQueue()
    files = size = 0
    for candidate in candidates:
        workers.submit(candidate.job()).add_done_callback(partial(_post, done, candidate))
        files += 1
        size += candidate.file.facts.size
        share = _SHARE if _full(files, size) else 1.0
        while _full(files / share, size / share):
            item, future = done.get()
            files -= 1
            size -= item.file.facts.size
            yield item, _outcome(future)
    for _ in range(files):
        item, future = done.get()
        yield item, _outcome(future)


def _full(files: float, size: float) -> bool:
    return files >= _MOST_JOBS or (files >= _JOBS and size >= _JOBS_BYTES)


def _post(
    done: SimpleQueue[tuple[Candidate, Future[Extracted]]], candidate: Candidate, future: Future[Extracted]
) -> None:
    done.put((candidate, future))


def _outcome(future: Future[Extracted]) -> Extracted | DocumentError:
    error = future.exception()
    if error is not None and not isinstance(error, DocumentError):
        raise error
    return future.result() if error is None else error

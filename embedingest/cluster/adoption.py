"""What a run that was broken off has done already, taken up where its files are as they were. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.cluster.commits import Ended
from embedingest.cluster.values import Part, PartFile
from embedingest.ingest.state.journal import stat_facts
from embedingest.store.fragments import committed_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.cluster.runs import Run
    from embedingest.cluster.values import FileResult, PartResult
    from embedingest.ingest.run.file_queue import FileQueue
    from embedingest.ingest.run.survey import Candidate

__all__ = ["adopt"]


def adopt(run: Run, files: FileQueue) -> Iterator[Ended]:
    """Parts that had come to an end before `run` was broken off, whose files all wait in `files` and are unchanged.

    They are under way from then on. What was committed by then is only to be recorded. Raises StoreError.
    """
    waiting = files.by_source()
    committed: set[int] | None = None
    for result in run.outcomes:
        stored = tuple(file for file in result.files if file.state is not None)
        candidates = [candidate for file in stored if (candidate := waiting.get(file.source)) is not None]
        if not stored or len(candidates) < len(stored) or not all(map(_is_as_read, candidates, stored)):
            continue
        if committed is None:
            committed = committed_parts(run.table.db, run.table.name, run.id, run.since)
        files.take_these(candidates)
        for file in stored:
            del waiting[file.source]
        part = Part(result.number, run.since, tuple(PartFile(candidate, None) for candidate in candidates))
        yield Ended(part, _known(result._replace(files=stored), committed=result.number in committed))


def _is_as_read(candidate: Candidate, file: FileResult) -> bool:
    state = file.state
    return state is not None and bool(state.settled) and state.stat == stat_facts(candidate.file.facts)


def _known(result: PartResult, *, committed: bool) -> PartResult:
    """The outcome as it counts in the run that takes it up: it cost nothing."""
    if committed:
        result = result._replace(fragments=(), delete_ids=())
    return result._replace(texts=0, tokens=0, characters=0, reused=result.reused + result.texts, seconds={})

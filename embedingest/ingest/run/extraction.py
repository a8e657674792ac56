"""Files on their way through the worker processes: how many at once, and where each outcome goes. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.extract.extractor import Job

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from embedingest.ingest.extract.extractor import Extracted
    from embedingest.ingest.run.opener import Workers
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.state.journal import FileState

__all__ = ["MOST_BYTES", "MOST_JOBS", "Extraction", "Outcome"]

MOST_JOBS: Final = 48
"""Files that workers have at once; twice as many where the next is urgent."""

MOST_BYTES: Final = 48 * 2**20
"""Bytes of the files that workers have at once, by the sizes that a scan saw. One file may be larger."""


class Outcome(NamedTuple):
    """A file whose extraction has ended. `result` is `None` where it was cancelled.

    `before` is what the journal knew of it, `begun_ns` the wall clock before it began, in nanoseconds.
    """

    candidate: Candidate
    before: FileState | None
    begun_ns: int
    result: Extracted | BaseException | None


class Extraction:
    """Hands files to `workers` (opened with the first of them), and each outcome to `post`, from threads of theirs."""

    def __init__(
        self, workers: Callable[[], Workers], post: Callable[[Outcome], None], *, now_ns: Callable[[], int]
    ) -> None:
        self._workers = workers
        self._post = post
        self._now_ns = now_ns
        self._jobs = 0
        self._bytes = 0

    @property
    def under_way(self) -> int:
        """How many files were started and have not ended."""
        return self._jobs

    def full(self, *, urgent: bool) -> bool:
        """Whether the next file has to wait for others to end."""
        if urgent:
            return self._jobs >= 2 * MOST_JOBS
        return self._jobs >= MOST_JOBS or self._bytes >= MOST_BYTES

    def start(self, candidate: Candidate, before: FileState | None) -> None:
        """Have a file read, and cut unless its bytes are those that `before` was recorded of."""
        trusted = before is not None and before.state in {"done", "empty"}
        job = Job(
            root=str(candidate.root.path),
            relative=candidate.file.relative,
            source=candidate.source,
            size=candidate.file.facts.size,
            known_hash=before.content_hash if before is not None and trusted else "",
            link=candidate.file.link,
            links=candidate.root.config.follow_symlinks,
        )
        self._jobs += 1
        self._bytes += job.size
        begun_ns = self._now_ns()
        future = self._workers().submit(job, urgent=candidate.urgent)
        future.add_done_callback(lambda done: self._post(Outcome(candidate, before, begun_ns, _result(done))))

    def ended(self, outcome: Outcome) -> None:
        """An outcome was taken from where it was posted: there is room for another file."""
        self._jobs -= 1
        self._bytes -= outcome.candidate.file.facts.size


def _result(future: Future[Extracted]) -> Extracted | BaseException | None:
    if future.cancelled():
        return None
    error = future.exception()
    return future.result() if error is None else error

"""The files of a part are all read, as far ahead as memory allows, and none is lost on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from embedingest.cluster.part_reading import PartReading
from embedingest.cluster.values import Part, PartFile
from embedingest.errors import DocumentError
from embedingest.ingest.run import extraction
from tests.ingest.run.values import candidate, extracted

FILES = tuple(PartFile(candidate(f"{number:03}.md"), None) for number in range(100))


class Workers:
    """Read nothing before they are told to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, Future[Any]]] = []

    def submit(self, job: Any, *, urgent: bool = False, on_slow: Any = None) -> Future[Any]:
        future: Future[Any] = Future()
        self.jobs.append((job.source, future))
        return future

    def end(self, weight: int = 0) -> None:
        """Bring all that they have."""
        jobs, self.jobs = self.jobs, []
        for source, future in jobs:
            if source == "docs/007.md":
                future.set_exception(DocumentError("no", source=source))
            else:
                file = candidate(source.removeprefix("docs/"))
                future.set_result(dataclasses.replace(extracted(file, ["text"]), weight=weight))

    def close(self) -> None: ...


class Reading(PartReading):
    """Posts to itself, as whoever works at a part does."""

    def __init__(self, files: Sequence[PartFile], workers: Workers) -> None:
        super().__init__(Part(0, 1, tuple(files)), lambda: workers, lambda reading, outcome: reading.ended(outcome))

    def sources(self) -> list[str]:
        """Of what ended since the last call."""
        return [outcome.candidate.source for outcome in self.take()]


def test_every_file_comes_once_however_it_ends() -> None:
    workers = Workers()
    reading = Reading(FILES, workers)
    came: list[str] = []
    while not reading.over:
        reading.feed()
        assert len(workers.jobs) <= extraction.MOST_JOBS
        workers.end()
        some = reading.sources()
        for source in some:
            reading.done(source)
        came += some
    assert came == [file.candidate.source for file in FILES]
    assert reading.begun


def test_files_are_read_ahead_until_what_they_gave_takes_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "MOST_HELD", 60 << 20)
    workers = Workers()
    reading = Reading(FILES, workers)
    for _ in range(10):
        reading.feed()
        workers.end(weight=1 << 20)
    ahead = reading.sources()
    assert extraction.MOST_JOBS < len(ahead) <= 61
    assert not reading.begun
    came = list(ahead)
    while not reading.over:
        for source in ahead:
            reading.done(source)
        reading.feed()
        workers.end(weight=1 << 20)
        ahead = reading.sources()
        came += ahead
    assert sorted(came) == [file.candidate.source for file in FILES], "what was put back came, too"


def test_a_file_that_is_to_be_read_again_comes_again() -> None:
    workers = Workers()
    reading = Reading(FILES[:2], workers)
    reading.feed()
    workers.end()
    assert len(reading.take()) == 2
    assert reading.over
    reading.again(PartFile(FILES[0].candidate._replace(tries=1), None))
    assert not reading.over
    reading.feed()
    workers.end()
    [again] = reading.take()
    assert again.candidate.tries == 1

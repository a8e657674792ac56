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
from embedingest.ingest.run.embedding import Embedded
from embedingest.ingest.run.extraction import Outcome
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


def sources(came: Sequence[Outcome | Embedded]) -> list[str]:
    return [item.candidate.source for item in came if isinstance(item, Outcome)]


def test_every_file_comes_once_however_it_ends() -> None:
    workers = Workers()
    reading = PartReading(Part(0, 1, FILES), lambda: workers)
    came: list[str] = []
    while not reading.over:
        reading.feed()
        assert len(workers.jobs) <= extraction.MOST_JOBS
        workers.end()
        some = sources(reading.receive(0.01))
        for source in some:
            reading.done(source)
        came += some
    assert came == [file.candidate.source for file in FILES]
    assert reading.begun


def test_files_are_read_ahead_until_what_they_gave_takes_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "MOST_HELD", 60 << 20)
    workers = Workers()
    reading = PartReading(Part(0, 1, FILES), lambda: workers)
    for _ in range(10):
        reading.read_ahead()
        workers.end(weight=1 << 20)
    ahead = sources(reading.receive(0.0))
    assert extraction.MOST_JOBS < len(ahead) <= 61
    assert not reading.begun
    came = list(ahead)
    while not reading.over:
        for source in ahead:
            reading.done(source)
        reading.feed()
        workers.end(weight=1 << 20)
        ahead = sources(reading.receive(0.01))
        came += ahead
    assert sorted(came) == [file.candidate.source for file in FILES], "what was put back came, too"


def test_a_file_that_is_to_be_read_again_comes_again_and_vectors_come_beside() -> None:
    workers = Workers()
    reading = PartReading(Part(0, 1, FILES[:2]), lambda: workers)
    reading.feed()
    workers.end()
    reading.inbox.put(Embedded(("key",)))
    first = reading.receive(0.01)
    assert [type(item).__name__ for item in first] == ["Outcome", "Outcome", "Embedded"]
    assert reading.over
    reading.again(PartFile(FILES[0].candidate._replace(tries=1), None))
    assert not reading.over
    reading.feed()
    workers.end()
    [again] = reading.receive(0.01)
    assert isinstance(again, Outcome)
    assert again.candidate.tries == 1

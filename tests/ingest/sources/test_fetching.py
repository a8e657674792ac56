"""Items are read several at once, within bounds, and each is answered once whatever its source does."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.extract.reading import Given, Job
from embedingest.ingest.scan.files import FileFacts
from embedingest.ingest.scan.listing import Listed
from embedingest.ingest.sources.fetching import FetchingWorkers
from tests.waiting import HANGS_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FACTS = FileFacts(1, 0, 0, 7, 0, 0)


def item(name: str, size: int = 10) -> Job:
    return Job("place", name, f"shelf/{name}", size=size, listed=Listed("mark", FACTS))


class Place:
    """Reads nothing before it is let; notes what it is asked for, and how much at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.at_once = self.most = 0
        self.errors: dict[str, Exception] = {}
        self.hold: set[str] = set()
        self._changed = threading.Condition()

    def read(self, job: Job) -> Given:
        with self._changed:
            self.asked.append(job.relative)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            assert self._changed.wait_for(lambda: job.relative not in self.hold, HANGS_SECONDS)
            self.at_once -= 1
        if job.relative in self.errors:
            raise self.errors[job.relative]
        return Given(job.relative.encode(), FACTS)

    def let(self, *names: str) -> None:
        with self._changed:
            self.hold -= set(names) or set(self.hold)
            self._changed.notify_all()


class Workers:
    """Has jobs until it is told that they are extracted."""

    def __init__(self) -> None:
        self.jobs: dict[str, Future[Any]] = {}
        self.given: dict[str, Job] = {}
        self.closed = False

    def submit(self, job: Job, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        self.given[job.relative], self.jobs[job.relative] = job, future
        return future

    def extracted(self, name: str) -> None:
        self.jobs.pop(name).set_result(name.upper())

    def close(self) -> None:
        self.closed = True
        for future in self.jobs.values():
            future.set_exception(DocumentError("stopped", code="worker"))


class Bench:
    """Workers over one place."""

    def __init__(self) -> None:
        self.place, self.workers = Place(), Workers()
        self.opened: list[FetchingWorkers] = []

    def fetching(self, seconds_for: Callable[[int], float] = lambda _: HANGS_SECONDS, **bounds: int) -> FetchingWorkers:
        made = FetchingWorkers(self.workers, {"place": self.place}, seconds_for=seconds_for, **bounds)
        self.opened.append(made)
        return made


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.place.let()
    for fetching in bench.opened:
        fetching.close()


def test_an_item_goes_to_the_workers_with_its_bytes_and_a_file_as_it_is(bench: Bench) -> None:
    fetching = bench.fetching()
    read, file = fetching.submit(item("a")), fetching.submit(Job("/docs", "b", "docs/b"))
    until(lambda: len(bench.workers.jobs) == 2)
    assert bench.workers.given["a"].given == Given(b"a", FACTS)
    assert bench.workers.given["b"].given is None
    for name in "ab":
        bench.workers.extracted(name)
    assert (read.result(HANGS_SECONDS), file.result(HANGS_SECONDS)) == ("A", "B")
    assert bench.place.asked == ["a"]


def test_several_are_read_at_once_and_no_more_than_allowed(bench: Bench) -> None:
    bench.place.hold = set("abcde")
    fetching = bench.fetching(reads=3)
    for name in "abcde":
        fetching.submit(item(name))
    until(lambda: bench.place.at_once == 3)
    bench.place.let()
    until(lambda: len(bench.workers.jobs) == 5)
    assert bench.place.most == 3


def test_what_is_read_and_not_yet_extracted_holds_back_the_next(bench: Bench) -> None:
    fetching = bench.fetching(reads=4, most_bytes=25)
    for name in "abc":
        fetching.submit(item(name, size=10))
    until(lambda: len(bench.workers.jobs) == 2)
    assert bench.place.asked == ["a", "b"]
    bench.workers.extracted("a")
    until(lambda: "c" in bench.workers.jobs)


def test_one_that_is_larger_than_all_may_be_is_read_alone(bench: Bench) -> None:
    fetching = bench.fetching(most_bytes=25)
    fetching.submit(item("large", size=1000))
    fetching.submit(item("a"))
    until(lambda: "large" in bench.workers.jobs)
    assert bench.place.asked == ["large"]
    bench.workers.extracted("large")
    until(lambda: "a" in bench.workers.jobs)


def test_urgent_ones_are_read_first_and_cancelled_ones_never(bench: Bench) -> None:
    bench.place.hold = {"first"}
    fetching = bench.fetching(reads=1)
    fetching.submit(item("first"))
    until(lambda: bench.place.asked == ["first"])
    later = fetching.submit(item("later"))
    assert fetching.submit(item("unwanted")).cancel()
    fetching.submit(item("urgent"), urgent=True)
    bench.place.let()
    until(lambda: "later" in bench.workers.jobs)
    bench.workers.extracted("later")
    assert later.result(HANGS_SECONDS) == "LATER"
    assert bench.place.asked == ["first", "urgent", "later"]


def test_what_a_read_raises_is_the_answer_for_its_item_alone(bench: Bench) -> None:
    bench.place.errors = {"a": DocumentError("a is gone", code="vanished"), "b": KeyError("b")}
    fetching = bench.fetching()
    futures = {name: fetching.submit(item(name)) for name in "abc"}
    assert [type(futures[name].exception(HANGS_SECONDS)) for name in "ab"] == [DocumentError, KeyError]
    until(lambda: "c" in bench.workers.jobs)


def test_a_read_that_does_not_end_is_given_up_and_the_others_go_on(bench: Bench) -> None:
    bench.place.hold = {"hung"}
    fetching = bench.fetching(lambda _: 0.05 if len(bench.place.asked) < 2 else HANGS_SECONDS, reads=1)
    hung, other = fetching.submit(item("hung")), fetching.submit(item("other"))
    error = hung.exception(HANGS_SECONDS)
    assert isinstance(error, DocumentError)
    assert (error.code, error.kind) == ("timeout", "transient")
    until(lambda: "other" in bench.workers.jobs)
    bench.place.let()  # what comes of it now is nobody's
    bench.workers.extracted("other")
    assert other.result(HANGS_SECONDS) == "OTHER"
    assert "hung" not in bench.workers.given


def test_closing_answers_all_and_waits_for_no_read(bench: Bench) -> None:
    bench.place.hold = {"a"}
    fetching = bench.fetching(reads=1)
    futures = [fetching.submit(item(name)) for name in "ab"]
    until(lambda: bench.place.asked == ["a"])
    fetching.close()
    fetching.close()
    for future in futures:
        error = future.exception(HANGS_SECONDS)
        assert isinstance(error, DocumentError)
        assert (error.code, error.kind) == ("worker", "machinery")
    assert bench.workers.closed
    with pytest.raises(DocumentError, match="stopped"):
        fetching.submit(item("c"))

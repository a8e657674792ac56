"""Each call gives one outcome, from a thread of its own; those that have not begun can be dropped."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from embedingest.ingest.run.embedder import BULK_THREADS, Embedder
from embedingest.ingest.run.embedding import Embedded
from tests.ingest.run.engines import Answering, Picky
from tests.ingest.run.values import RECIPE
from tests.waiting import HANGS_SECONDS


@contextmanager
def running(engine: Any) -> Iterator[tuple[Embedder, queue.SimpleQueue[Embedded]]]:
    results: queue.SimpleQueue[Embedded] = queue.SimpleQueue()
    embedder = Embedder(engine, RECIPE, results.put)
    try:
        yield embedder, results
    finally:
        embedder.close()


def embedded(engine: Any, texts: dict[str, str], *, urgent: bool = False) -> Embedded:
    with running(engine) as (embedder, results):
        embedder.submit(texts, urgent=urgent)
        return results.get(timeout=HANGS_SECONDS)


def test_urgent_calls_have_the_priority_of_queries() -> None:
    engine = Picky()
    embedded(engine, {"a": "one"})
    embedded(engine, {"a": "one"}, urgent=True)
    assert [priority for _, priority in engine.calls] == ["bulk", "query"]


def test_calls_that_have_not_begun_can_be_dropped_and_nothing_is_heard_after_closing() -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()
    others = set(threading.enumerate())

    def hold(answer: Any) -> Any:
        begun.release()
        assert go_on.wait(HANGS_SECONDS)
        return answer

    with running(Answering(hold)) as (embedder, results):
        for number in range(BULK_THREADS + 3):
            embedder.submit({str(number): "text"})
        for _ in range(BULK_THREADS):
            assert begun.acquire(timeout=HANGS_SECONDS)
        assert embedder.recall() == 3
        embedder.close()
        go_on.set()
    for thread in set(threading.enumerate()) - others:
        if thread.name == "embed":
            thread.join(HANGS_SECONDS)
    assert results.empty()

"""Two drivers at one table, stores that break their promises, and stores and networks that fail."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

from tests.cluster.acceptance.documents import held, library
from tests.cluster.acceptance.places import SMALL, Place, in_bucket, moody, on_any
from tests.cluster.acceptance.servers import Answer, Asked, proxied
from tests.cluster.acceptance.tables import differences
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@on_any
def test_of_two_drivers_the_second_is_refused_by_name(on: str, folder: Path, server: int, plugins: str) -> None:
    docs = library(folder / "docs", 60)
    with proxied(server) as proxy:
        refused_while_it_runs(on, in_bucket(folder / f"two-{on}", docs, proxy, run=SMALL), plugins)


@on_any
def test_of_two_drivers_on_one_disk_the_second_is_refused_by_name(on: str, folder: Path, plugins: str) -> None:
    refused_while_it_runs(on, Place(folder / "first", library(folder / "docs", 60), run=SMALL), plugins)


def refused_while_it_runs(on: str, place: Place, plugins: str) -> None:
    """The first is held by a document until the second has ended."""
    word = place.folder / "word"
    document = held(place.docs, word)
    first = moody(place, plugins, timeout_seconds=200)
    running = first.start(on)
    until(word.with_suffix(".pid").exists, "the document that is read")
    refused = first.beside("second", db=first.db).ingest(on)
    assert refused.code == 3, refused.said
    assert f"process {running.process.pid}" in refused.said
    word.touch()
    running.wait().done()
    document.unlink()
    first.ingest(on, "--allow-deletes").done()
    alone = first.beside("alone")
    alone.ingest().done()
    assert differences(alone.rows(), first.rows()) == []


@on_any
def test_a_store_without_conditional_puts_is_refused_with_the_remedy(on: str, folder: Path, server: int) -> None:
    docs = library(folder / "docs", 20)
    with proxied(server, strip=frozenset({"if-none-match"})) as proxy:
        places = [in_bucket(folder / f"blind-{on}-{n}", docs, proxy, run=SMALL) for n in range(2)]
        for ended in [running.wait() for running in [place.start(on) for place in places]]:
            assert ended.code == 3, ended.said
            assert "If-None-Match" in ended.said
        written = [asked.key for asked in proxy.asked if asked.writes and "embedingest__probe_" not in asked.key]
        assert not [key for key in written if ".lance/" in key]


@on_any
@pytest.mark.parametrize("status", [503, 507])
def test_a_full_store_ends_the_run_and_the_next_one_goes_on(
    on: str, status: int, alone: Callable[[int, str], Place], folder: Path, server: int
) -> None:
    first = alone(200, "hashing")
    with proxied(server) as proxy:
        place = in_bucket(folder / f"full-{on}-{status}", first.docs, proxy, run=SMALL)
        full = threading.Event()

        def fault(asked: Asked, hand_on: Callable[[], Answer]) -> Answer:
            if asked.method in {"PUT", "POST"} and ".lance/data/" in asked.key and "__lease" not in asked.key:
                full.set()
                return Answer(status, body=b"<Error><Code>InsufficientStorage</Code></Error>")
            return hand_on()

        proxy.fault = fault
        ended = place.ingest(on)
        assert full.is_set()
        assert ended.code == 3, ended.said
        proxy.fault = lambda asked, hand_on: hand_on()
        place.ingest(on).done()
        assert differences(first.rows(), place.rows()) == []


@on_any
def test_requests_that_fail_and_are_slow_change_nothing(
    on: str, alone: Callable[[int, str], Place], folder: Path, server: int
) -> None:
    first, chance, lock = alone(200, "hashing"), random.Random(3), threading.Lock()
    with proxied(server) as proxy:

        def fault(asked: Asked, hand_on: Callable[[], Answer]) -> Answer | None:
            with lock:
                what = chance.random()
            if what < 0.05:
                return Answer(500, body=b"<Error><Code>InternalError</Code></Error>")
            if what < 0.06:
                threading.Event().wait(2)
            return hand_on()

        proxy.fault = fault
        place = in_bucket(folder / f"weak-{on}", first.docs, proxy, run=SMALL)
        ended = place.ingest(on)
        proxy.fault = lambda asked, hand_on: hand_on()
        if ended.code:
            assert ended.code == 3, ended.said
            place.ingest(on).done()
        assert differences(first.rows(), place.rows()) == []

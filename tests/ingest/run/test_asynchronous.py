"""An iterator that waits is read from an event loop, and its thread never outlives the reader."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from embedingest.ingest.run.asynchronous import iterate_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator


class Counting:
    """Counts until it is stopped."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> Iterator[int]:
        number = 0
        try:
            while not self.stop.wait(0.001):
                yield number
                number += 1
        finally:
            self.ended.set()


def test_items_come_in_order_and_the_end_is_the_iterators() -> None:
    async def read() -> list[int]:
        return [item async for item in iterate_in_thread(lambda: iter(range(5)), threading.Event())]

    assert asyncio.run(read()) == [0, 1, 2, 3, 4]


def test_what_the_iterator_raises_is_raised_after_its_items() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    async def read(items: list[int]) -> None:
        async for item in iterate_in_thread(broken, threading.Event()):
            items.append(item)  # noqa: PERF401 -- what came before the error counts

    items: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(read(items))
    assert items == [1]


def test_cancelling_stops_the_thread_and_waits_for_it() -> None:
    counting = Counting()

    async def read() -> None:
        async for _ in iterate_in_thread(counting, counting.stop):
            pass

    async def cancel() -> None:
        task = asyncio.create_task(read())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert counting.ended.is_set()

    asyncio.run(cancel())


def test_a_reader_that_leaves_stops_the_thread() -> None:
    counting = Counting()

    async def read() -> None:
        items = iterate_in_thread(counting, counting.stop)
        async for item in items:
            if item == 3:
                break
        await items.aclose()
        assert counting.ended.is_set()

    asyncio.run(read())


def test_the_loop_goes_on_while_the_iterator_waits() -> None:
    ticks = 0

    def waits() -> Iterator[str]:
        released.wait(60)
        yield "released"

    released = threading.Event()

    async def read() -> list[str]:
        nonlocal ticks
        reading = asyncio.create_task(collect())
        for _ in range(3):
            await asyncio.sleep(0)
            ticks += 1
        released.set()
        return await reading

    async def collect() -> list[str]:
        return [item async for item in iterate_in_thread(waits, threading.Event())]

    assert asyncio.run(read()) == ["released"]
    assert ticks == 3

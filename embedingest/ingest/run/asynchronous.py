"""An iterator that waits, run in a thread and read from an event loop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncGenerator, Callable, Iterator

__all__ = ["iterate_in_thread"]

T = TypeVar("T")


async def iterate_in_thread(iterate: Callable[[], Iterator[T]], stop: threading.Event) -> AsyncGenerator[T, None]:
    """The items of `iterate()`, which runs in a thread of its own and ends when `stop` is set; raises what it raises.

    Leaving the loop early or cancelling sets `stop` and waits for the thread. The thread does not wait for a slow
    reader: items are kept until they are read.
    """
    import asyncio  # takes 17 ms, and most runs have no event loop

    loop = asyncio.get_running_loop()
    items: asyncio.Queue[T | None] = asyncio.Queue()

    def run() -> None:
        try:
            for item in iterate():
                loop.call_soon_threadsafe(items.put_nowait, item)
        finally:
            loop.call_soon_threadsafe(items.put_nowait, None)

    executor = ThreadPoolExecutor(1, thread_name_prefix="follow")
    ended = loop.run_in_executor(executor, run)
    executor.shutdown(wait=False)
    try:
        while (item := await items.get()) is not None:
            yield item
        await ended
    finally:
        if not ended.done():
            stop.set()
            await asyncio.wait([ended])

"""An iterator that waits, run in a thread and read from an event loop."""

from __future__ import annotations

import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

__all__ = ["InThread", "iterate_in_thread"]

T = TypeVar("T")

_LEAVE_SECONDS: Final = 2.0


def iterate_in_thread(iterate: Callable[[], Iterator[T]], stop: threading.Event) -> InThread[T]:
    """The items of `iterate()`, which runs in a thread of its own and ends when `stop` is set; raises what it raises.

    Leaving the loop early or cancelling sets `stop` and waits for the thread. The thread does not wait for a slow
    reader: items are kept until they are read.
    """
    return InThread(iterate, stop)


class InThread(Generic[T]):
    """An asynchronous iterator over what a thread iterates over. The thread starts when the first item is asked for.

    It ends with the last item, with `aclose`, and as soon as nobody holds the iterator any more, which is when an
    `async for` over it is left: an asynchronous generator would live on until its event loop ends.
    """

    def __init__(self, iterate: Callable[[], Iterator[T]], stop: threading.Event) -> None:
        self._iterate = iterate
        self._stop = stop
        self._run: _Run[T] | None = None
        self._leave: Callable[[], object] = lambda: None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        run = self._run or self._started()
        if run.over:
            raise StopAsyncIteration
        try:
            item = await run.items.get()
        except BaseException:  # cancelled: who waits for that finds everything closed
            await self.aclose()
            raise
        if item is not None:
            return item[0]
        run.over = True
        error, run.error = run.error, None
        raise StopAsyncIteration if error is None else error

    async def aclose(self) -> None:
        """Tell the thread to end, and wait for that; the event loop goes on."""
        run = self._run
        if run is None:
            return
        if not run.over:
            self._stop.set()
        while not run.over and await run.items.get() is not None:
            pass
        run.over = True

    def close(self) -> None:
        """Tell the thread to end, and wait a moment for that, from anywhere."""
        self._leave()

    def _started(self) -> _Run[T]:
        import asyncio  # takes 17 ms, and most runs have no event loop

        run: _Run[T] = _Run(asyncio.get_running_loop(), asyncio.Queue())
        thread = threading.Thread(target=run, args=(self._iterate,), name="follow", daemon=True)
        # Neither the thread nor this holds the iterator. It is called at the end of the program at the latest.
        self._leave = weakref.finalize(self, _leave, run, thread, self._stop)
        self._run = run
        thread.start()
        return run


class _Run(Generic[T]):
    """What the thread and its reader share. An item comes in a tuple of one, the end of all as `None`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, items: asyncio.Queue[tuple[T] | None]) -> None:
        self.items = items
        self.error: BaseException | None = None
        self.over = False
        self._loop = loop

    def __call__(self, iterate: Callable[[], Iterator[T]]) -> None:
        try:
            for item in iterate():
                self._put((item,))
        except BaseException as error:  # noqa: BLE001 -- raised where the items are read
            self.error = error
        finally:
            self._put(None)

    def _put(self, item: tuple[T] | None) -> None:
        with suppress(RuntimeError):  # the event loop is closed: nobody reads any more
            self._loop.call_soon_threadsafe(self.items.put_nowait, item)


def _leave(run: _Run[T], thread: threading.Thread, stop: threading.Event) -> None:
    if run.over or not thread.is_alive():
        return
    stop.set()
    if thread is not threading.current_thread():
        thread.join(_LEAVE_SECONDS)  # bounded: what the thread calls may itself wait for the event loop

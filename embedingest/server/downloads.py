"""A download that several clients watch: its steps from the thread that does it to each of them.

Knows steps; knows neither models nor HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

__all__ = ["Download", "Step", "Watcher"]

Step = dict[str, Any]
"""A line of a pull's progress."""


class Download:
    """One pull under way, and who watches it. Belongs to the event loop; `run` alone is for a thread."""

    def __init__(self, start: Callable[[], Iterator[Step]]) -> None:
        self._start = start
        self._loop = asyncio.get_running_loop()
        self._watchers: set[Watcher] = set()
        self._last: Step | None = None
        self._is_left = False
        self.work: Future[None] | None = None

    def join(self) -> Watcher:
        """One that watches from now on, and is told how far it is."""
        watcher = Watcher()
        self._watchers.add(watcher)
        if self._last is not None:
            watcher.tell(self._last)
        return watcher

    def leave(self, watcher: Watcher) -> bool:
        """Whether that was the last that watched. Nobody's download ends with its present step."""
        self._watchers.discard(watcher)
        if not self._watchers:
            self._is_left = True
            if self.work is not None:
                self.work.cancel()
        return self._is_left

    def run(self) -> None:
        """Every step, on the thread that calls, as long as somebody watches."""
        error: Exception | None = None
        try:
            steps = self._start()
            with contextlib.ExitStack() as closing:
                closing.callback(getattr(steps, "close", lambda: None))
                for step in steps:
                    if self._is_left:
                        return
                    self._hand_over(self._tell, step)
        except Exception as failure:  # noqa: BLE001 -- raised where it is awaited
            error = failure
        self._hand_over(self._end, error)

    def _hand_over(self, function: Callable[..., None], value: object) -> None:
        with contextlib.suppress(RuntimeError):  # of a loop that was closed: nobody watches any more
            self._loop.call_soon_threadsafe(function, value)

    def _tell(self, step: Step) -> None:
        self._last = step
        for watcher in self._watchers:
            watcher.tell(step)

    def _end(self, error: Exception | None) -> None:
        for watcher in self._watchers:
            watcher.end(error)


class Watcher:
    """What one client was not sent yet: of one file's progress the newest step only."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._news = asyncio.Event()
        self._is_over = False
        self._error: Exception | None = None

    def tell(self, step: Step) -> None:
        if self._steps and "digest" in step and self._steps[-1].get("digest") == step["digest"]:
            self._steps.pop()
        self._steps.append(step)
        self._news.set()

    def end(self, error: Exception | None) -> None:
        self._is_over, self._error = True, error
        self._news.set()

    async def next(self) -> Step | None:
        """The next step, or `None` after the last. Raises what ended the download."""
        while not self._steps and not self._is_over:
            self._news.clear()
            await self._news.wait()
        if self._steps:
            return self._steps.pop(0)
        if self._error is not None:
            raise self._error
        return None

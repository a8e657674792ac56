"""Wrong keys: who keeps on trying is answered ever later, and told to the log. Knows addresses; never sees a key."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WrongKeys"]

_log = logging.getLogger(__name__)

_FREE: Final = 3  # wrong keys of one address that are answered at once: people mistype
_FIRST_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 2.0
_FORGOTTEN_SECONDS: Final = 60.0  # without a wrong one
_MOST_CLIENTS: Final = 1024
_MOST_WAITING: Final = 64
_DOUBLINGS: Final = 10


class WrongKeys:
    """How many each address has sent of late. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}
        self._waiting = 0

    def another(self, client: str) -> float | None:
        """Count one more of this address: after how many seconds it is answered; `None` where too many wait already."""
        now = self._clock()
        count, last = self._counts.pop(client, (0, now))
        count = 1 if now - last > _FORGOTTEN_SECONDS else count + 1
        while len(self._counts) >= _MOST_CLIENTS:
            del self._counts[next(iter(self._counts))]
        self._counts[client] = (count, now)
        if count & (count - 1) == 0:  # the first, second, fourth, eighth …: no flood of lines
            _log.warning("wrong key from %s, %d of late", client or "an unknown address", count)
        if self._waiting >= _MOST_WAITING:
            return None
        return (
            0.0 if count <= _FREE else min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(count - _FREE - 1, _DOUBLINGS))
        )

    async def hold(self, seconds: float, stop: asyncio.Event) -> None:
        """Wait so long, or until the server stops."""
        self._waiting += 1
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
        finally:
            self._waiting -= 1

"""A queue whose bounded waits end, whatever signals come meanwhile. Knows nothing of what goes through it.

`queue.SimpleQueue` adjusts what is left of a wait once the handler of a signal has run. Where that took longer than the
wait had left, it waits without a bound: a Ctrl-C on a busy machine was noted, and nobody looked at it any more. Whoever
waits in the main thread, which alone handles signals, takes this one.
"""

from __future__ import annotations

import queue
from typing import TypeVar

__all__ = ["Inbox"]

T = TypeVar("T")


class Inbox(queue.Queue[T]):
    """`get(timeout=…)` raises queue.Empty when its seconds are over. Nothing may be put in by a handler of a signal."""

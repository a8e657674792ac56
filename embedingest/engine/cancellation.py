"""What takes long and is waited for can be cancelled by another thread: a model's preparation, once its engine closes.

Knows no model. Where nobody may cancel, all waits are plain ones.
"""

from __future__ import annotations

import queue
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from embedingest.inbox import Inbox

__all__ = ["Cancelled", "cancelled_by", "check", "get"]

T = TypeVar("T")

_LOOK_SECONDS: Final = 0.1

_cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)


class Cancelled(BaseException):
    """What is being done is not wanted any more. No Exception: whoever handles those must not take it for a reason."""


@contextmanager
def cancelled_by(event: threading.Event) -> Iterator[None]:
    """While inside, and in this thread alone, `check` and `get` raise Cancelled once the event is set."""
    token = _cancelled.set(event)
    try:
        yield
    finally:
        _cancelled.reset(token)


def check() -> None:
    """Raises Cancelled where the work was cancelled."""
    event = _cancelled.get()
    if event is not None and event.is_set():
        raise Cancelled


def get(items: Inbox[T], seconds: float | None = None) -> T:
    """The next item. Raises Cancelled; queue.Empty after so many seconds."""
    if _cancelled.get() is None:
        return items.get(timeout=seconds)
    end = float("inf") if seconds is None else time.monotonic() + seconds
    while True:
        check()
        try:
            return items.get(timeout=max(0.0, min(_LOOK_SECONDS, end - time.monotonic())))
        except queue.Empty:
            if time.monotonic() >= end:
                raise

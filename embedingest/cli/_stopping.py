"""Ctrl-C and SIGTERM as an event: the work under way ends cleanly. A second Ctrl-C ends it at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Stopping", "stopping"]


class Stopping(threading.Event):
    """Set when the program was asked to stop; `interrupted` tells Ctrl-C from SIGTERM."""

    interrupted = False


@contextmanager
def stopping() -> Iterator[Stopping]:
    """While inside, SIGINT and SIGTERM set the event that is given."""
    event = Stopping()

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- the signal module's signature
        if event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        event.interrupted = number == signal.SIGINT
        event.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Ctrl-C and SIGTERM as an event: the run ends cleanly after its present step. A second Ctrl-C ends it at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from embedingest.cli._exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["StopEvent", "stop_on_signals"]


class StopEvent(threading.Event):
    """Set when SIGINT or SIGTERM arrived; `interrupted` says that it was SIGINT (Ctrl-C)."""

    interrupted = False

    def exit_code(self, otherwise: int) -> int:
        """130 after Ctrl-C, else the code of what was done: SIGTERM is a usual end."""
        return ExitCode.INTERRUPTED if self.interrupted else otherwise


@contextmanager
def stop_on_signals() -> Iterator[StopEvent]:
    """While inside, SIGINT and SIGTERM set the event. Only from the main thread, as the signal module demands."""
    event = StopEvent()

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

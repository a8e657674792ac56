"""Ctrl-C and SIGTERM: what they raise, and as an event, so that a run ends cleanly after its present step."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from embedingest.cli._exit_codes import ExitCode
from embedingest.cli._output import teller
from embedingest.cli._wake import Waker
from embedingest.system import exit_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Interruption", "StopEvent", "handled_elsewhere", "interruptible", "stop_on_signals"]

_waker: Final = Waker()
_SAME_SIGNAL_SECONDS: Final = 0.5  # some send one signal to the process and to its group, which is once


class Interruption:
    """The handler of SIGINT for the time of a command: the first raises KeyboardInterrupt, the second ends at once.

    `came` outlives what becomes of the exception: libraries that are imported or called turn it into others.
    """

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- the signal module's signature
        if _waker.is_repeat():
            return
        if self.came:
            end_at_once()
        self.came = True
        raise KeyboardInterrupt


def end_at_once() -> None:
    """End the process as after Ctrl-C, whatever it is at."""
    say_interrupted()
    exit_at_once(ExitCode.INTERRUPTED)


def say_interrupted() -> None:
    """One line on standard error, below the `^C` that a terminal shows."""
    if (tell := teller()) is not None:
        with suppress(OSError, RuntimeError):  # it may come in the midst of writing
            tell("interrupted", level=logging.ERROR)
        return
    with suppress(OSError):
        os.write(2, b"\ninterrupted\n" if os.isatty(2) else b"interrupted\n")


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """While inside, SIGINT is handled by an Interruption, unless it is ignored. Elsewhere than in the main thread,
    which alone gets signals, nothing is changed.
    """
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before == signal.SIG_IGN:
        yield interruption
        return
    hook = sys.unraisablehook

    def unraisable(told: Any) -> None:
        # It came where Python calls back and nothing can be raised, and would be printed and forgotten.
        if isinstance(told.exc_value, KeyboardInterrupt):
            end_at_once()
        hook(told)

    sys.unraisablehook = unraisable
    signal.signal(signal.SIGINT, interruption)
    try:
        with _waker, _waker.handles(interruption):
            yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook


@contextmanager
def handled_elsewhere() -> Iterator[None]:
    """While inside, others handle signals. What they heard is not sent to us again afterwards, in the midst of an end
    that must not be cut short: they may be through before it is known that somebody heard it.
    """
    try:
        yield
    finally:
        _waker.note_heard()


class StopEvent(threading.Event):
    """Set when SIGINT or SIGTERM arrived; `interrupted` says that it was SIGINT (Ctrl-C)."""

    interrupted = False

    def exit_code(self, otherwise: int) -> int:
        """130 after Ctrl-C, else the code of what was done: SIGTERM is a usual end."""
        return ExitCode.INTERRUPTED if self.interrupted else otherwise


@contextmanager
def stop_on_signals() -> Iterator[StopEvent]:
    """While inside, SIGINT and SIGTERM set the event. Only from the main thread, as the signal module demands.

    A second SIGINT does what one did before: it raises KeyboardInterrupt. A second SIGTERM ends the process at once.
    """
    event = StopEvent()
    before: dict[int, Any] = {}
    first_seconds = 0.0

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal first_seconds
        if _waker.is_repeat():
            return
        if event.is_set() and number == signal.SIGINT:
            if callable(handler := before.get(number)):
                handler(number, frame)
            raise KeyboardInterrupt
        if event.is_set() and time.monotonic() - first_seconds > _SAME_SIGNAL_SECONDS:
            exit_at_once(128 + number)
        first_seconds = first_seconds or time.monotonic()
        event.interrupted = number == signal.SIGINT
        event.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, on_signal)
    try:
        with _waker.handles(on_signal):
            yield event
    finally:
        for restored, handler in before.items():
            signal.signal(restored, handler)

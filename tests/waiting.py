"""Waiting for what another thread or process does.

Bounds of time only end a test that would hang, so they are far above what a loaded machine needs. What a test claims
about order or rest it asserts of events, not of seconds.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

HANGS_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.01
_CLOCK_GRAIN_SECONDS: Final = 0.05


def rest() -> None:
    """Let files grow older than the grain of their clock: younger ones are read again by the next run."""
    time.sleep(_CLOCK_GRAIN_SECONDS)


def until(condition: Callable[[], T], what: str = "what was waited for", seconds: float = HANGS_SECONDS) -> T:
    """Wait until `condition()` is true and return its value. AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if value := condition():
            return value
        asked = time.monotonic()
        assert asked < deadline, f"{what} did not come within {seconds:g} s"
        time.sleep(max(_POLL_SECONDS, 3 * (asked - began)))  # a quarter of the time at most is spent on looking


def until_passes(attempt: Callable[[], T], seconds: float = HANGS_SECONDS) -> T:
    """Repeat `attempt()` until it raises no AssertionError; after `seconds` its last one is raised."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_SECONDS)


def ends(action: Callable[[], object], seconds: float = HANGS_SECONDS) -> None:
    """Do it on a thread, and wait for its end. AssertionError where it takes longer than `seconds`."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"{action} did not end within {seconds:g} s"

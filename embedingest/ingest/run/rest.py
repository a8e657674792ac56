"""Whether a person has asked the writer to pause, noticed while a run is under way. Ends no run.

The journal keeps a pause: a restart is mostly nobody's decision (a crash, an upgrade, a configuration read again), and
what a person asked for holds until a person takes it back.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.state.journal import Journal

__all__ = ["PAUSE", "Rest", "end_rest", "paused_since", "set_pause"]

PAUSE: Final = "pause"
"""The verb by which a person asks for it."""

_KEY: Final = "paused_since"
_LOOK_SECONDS: Final = 0.2


class Rest:
    """Looks a few times a second whether a pause was asked for; from then on it holds, whether or not who asked waits.

    `now` is in seconds since the epoch, `clock` never goes back.
    """

    def __init__(self, journal: Journal, now: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._journal = journal
        self._now = now
        self._clock = clock
        self._changes = (0, 0)
        self._looked_at = float("-inf")
        self.asked = False

    def look(self) -> bool:
        """Whether it was asked for. Costs a call of the clock, and at most five times a second some microseconds."""
        if not self.asked and self._clock() - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = self._clock()
            changes = self._journal.outside_changes()
            if changes != self._changes:
                self._changes = changes
                self._find()
        return self.asked

    def _find(self) -> None:
        now = self._now()
        if any(request.verb == PAUSE and not request.given_up(now) for request in self._journal.waiting()):
            set_pause(self._journal, now)
            self.asked = True


def set_pause(journal: Journal, since: float) -> None:
    """Nothing is followed from now on, `since` seconds after the epoch; a pause that holds already keeps its time."""
    if paused_since(journal) is None:
        journal.set_meta(_KEY, f"{since:.3f}")


def end_rest(journal: Journal) -> None:
    """What is followed is followed again."""
    if paused_since(journal) is not None:
        journal.set_meta(_KEY, "")


def paused_since(journal: Journal) -> float | None:
    """Since when a person lets nothing be followed, in seconds since the epoch; `None` where nobody does."""
    text = journal.meta(_KEY)
    return float(text) if text else None

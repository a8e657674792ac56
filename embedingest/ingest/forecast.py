"""How long the rest of a run takes, from what was read and embedded until now. Pure: reads no clock.

Files are read in workers while texts are embedded in the engine. The two overlap where the machine has room for both,
and slow each other down where it has not. So what a byte read and a character embedded cost is not assumed but fitted
to what the latest seconds brought of each. What is not read yet is to be embedded too, as many characters a byte as so
far.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Final, NamedTuple

__all__ = ["TEXT_CHARACTERS", "WINDOW_SECONDS", "Forecast", "Work"]

WINDOW_SECONDS: Final = 60.0
"""How far back rates are measured: a machine that becomes slower or faster is followed within that time.

In a shorter run it is two thirds of it, since the first seconds go into much that does not come again.
"""

TEXT_CHARACTERS: Final = 500
"""A text costs about so many characters more than its own, so many short ones take longer than a few long ones."""

_BLOCKS: Final = 24
_LATTER: Final = 2 / 3
_LEAST_WINDOW: Final = 20.0
_SHORTEST_BLOCK: Final = 0.2
_SHORTEST_INTERVAL: Final = 1e-3
_MOST_CREDIT: Final = 0.95
_COLLINEAR: Final = 0.2
"""One minus the squared correlation of what is read and embedded; below, noise would decide which of them costs."""


class Work(NamedTuple):
    """How far a run is: bytes read of those of all files, characters embedded of those asked for until now.

    `reading` are the bytes of files that workers have at this moment. Each text counts `TEXT_CHARACTERS` more than it
    has.
    """

    bytes_total: int = 0
    bytes_read: int = 0
    reading: int = 0
    asked: int = 0
    embedded: int = 0


class _Mark(NamedTuple):
    clock: float
    read: int
    embedded: int


class _Costs(NamedTuple):
    """Seconds that a byte takes to be read, and a character to be embedded."""

    read: float
    embedded: float


class Forecast:
    """The time left of one run. It is told where the run stands, again and again, by a clock that never goes back.

    Rates are counted from the first work that is done on, and again from the first text that is embedded and from the
    end of a pause, so that the start of a run is left out. Work comes in lumps, a file or a call at a time: rates go
    from one lump to another, and from the latest on what is under way is credited by the time it has taken, never all
    of it.
    """

    def __init__(self, window: float = WINDOW_SECONDS) -> None:
        self._window = window
        self._marks: deque[_Mark] = deque()
        self._latest = _Mark(0.0, 0, 0)
        self._work = Work()
        self._now = 0.0
        self._since = 0.0
        self._ending = 0.0
        self._told: tuple[float, float] | None = None

    def add(self, now: float, work: Work) -> None:
        """The run stands at `work`; `now` is in seconds."""
        before, self._work = self._work, work
        self._since += max(0.0, now - self._now)
        self._now = max(now, self._now)
        if work.bytes_read <= before.bytes_read and work.embedded <= before.embedded:
            return
        if work.embedded and not before.embedded:
            self._marks.clear()  # until then a model was loaded, or even made, which comes once
        clock = self._latest.clock + self._since if self._marks else 0.0
        self._latest = _Mark(clock, work.bytes_read, work.embedded)
        self._since = 0.0
        block = max(_SHORTEST_BLOCK, min(self._window, clock) / _BLOCKS)
        if not self._marks or clock - self._marks[-1].clock >= block:
            self._marks.append(self._latest)
        reach = min(self._window, max(_LEAST_WINDOW, _LATTER * clock))
        while len(self._marks) > 2 and self._marks[1].clock <= clock - reach:
            self._marks.popleft()

    def pause(self, seconds: float) -> None:
        """So many seconds until the next `add` go into what ends the start of a run: rates count from here."""
        self._now += seconds
        self._marks.clear()

    def ends_with(self, seconds: float) -> None:
        """What comes after the last vector takes so many seconds."""
        self._ending = seconds

    def time_left(self) -> float | None:
        """Seconds until all is read, embedded and written; `None` while that cannot be told.

        Where the rates are not known again yet, what was told before goes on with the clock.
        """
        left = self._left()
        if left is not None:
            self._told = (self._now, left + self._ending)
            return left + self._ending
        if self._told is None or not self._told[1]:
            return None
        at, told = self._told
        return max(0.0, told - (self._now - at)) or None

    def _left(self) -> float | None:
        work = self._work
        unread, waiting = max(0, work.bytes_total - work.bytes_read), max(0, work.asked - work.embedded)
        ratio = work.asked / work.bytes_read if work.bytes_read else 0.0
        to_embed = waiting + ratio * unread
        if not (unread or to_embed):
            return 0.0 if self._marks else None
        costs = self._costs()
        if costs is None or (to_embed > 0 and self._latest.embedded <= self._marks[0].embedded):
            return None
        # Where no text waits, the engine keeps up with the readers, and a byte takes its time through both.
        under_way = costs.read * work.reading + costs.embedded * (waiting or ratio * work.reading)
        left = costs.read * unread + costs.embedded * to_embed
        return left - min(self._since, _MOST_CREDIT * min(under_way, left))

    def _costs(self) -> _Costs | None:
        """What fits the window best (least squares, none below zero), scaled so that it makes up the whole of it."""
        if not self._marks:
            return None
        first, last = self._marks[0], self._latest
        seconds, read, embedded = last.clock - first.clock, last.read - first.read, last.embedded - first.embedded
        if seconds <= 0 or (read <= 0 and embedded <= 0):
            return None
        if embedded <= 0:
            return _Costs(seconds / read, 0.0)
        share = _fit([*self._marks, last]) if read > 0 else _Costs(0.0, 1.0)
        scale = seconds / (share.read * read + share.embedded * embedded)
        return _Costs(scale * share.read, scale * share.embedded)


def _fit(marks: list[_Mark]) -> _Costs:
    """Costs in proportion. Where one goes with the other only the texts count: there are more to come than bytes."""
    rr = ee = re = r = e = 0.0
    for before, after in pairwise(marks):
        seconds = after.clock - before.clock
        if seconds < _SHORTEST_INTERVAL:
            continue
        read, embedded = after.read - before.read, after.embedded - before.embedded
        rr += read * read / seconds
        ee += embedded * embedded / seconds
        re += read * embedded / seconds
        r += read
        e += embedded
    determinant = rr * ee - re * re
    if determinant <= _COLLINEAR * rr * ee:
        return _Costs(0.0, 1.0)
    costs = _Costs((r * ee - e * re) / determinant, (e * rr - r * re) / determinant)
    if costs.read < 0:
        return _Costs(0.0, 1.0)
    return _Costs(1.0, 0.0) if costs.embedded <= 0 else costs

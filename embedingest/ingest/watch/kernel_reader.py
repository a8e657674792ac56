"""The thread that empties the kernel's queue of events, and what it has gathered. Knows watches by number only."""

from __future__ import annotations

import os
import select
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from embedingest.ingest.watch.inotify import IGNORED, MOVED_FROM, MOVED_TO, OVERFLOW, events_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.watch.inotify import Inotify

__all__ = ["Gathered", "KernelReader", "Place"]

Place: TypeAlias = tuple[int, str]
"""A watch and a name in its folder; the name is empty for the folder itself."""

_GATHER_SECONDS: Final = 0.02
_OTHER_END_SECONDS: Final = 0.005
_MOST_READS: Final = 64  # of 64 KiB, so that who writes without end does not keep us from telling
_MOST_PLACES: Final = 10_000
"""More at once are counted as lost: to look everywhere is cheaper than to look at each."""


@dataclass(slots=True)
class Gathered:
    """What happened since the last look: where, which renames (new place to old), and which watches are no more.

    `lost`: more happened than is told here, so everything is to be looked at.
    """

    places: set[Place] = field(default_factory=set)
    moves: dict[Place, Place] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    lost: bool = False

    def read(self, data: bytes, half_moves: dict[int, Place]) -> None:
        """Take in what the kernel said. `half_moves` are the renames of which one end was told, by cookie."""
        for watch, mask, cookie, name in events_in(data):
            place = (watch, name)
            if mask & OVERFLOW:
                self.lost = True
            elif mask & IGNORED:
                self.ended.add(watch)
            else:
                self.places.add(place)
            if mask & MOVED_FROM:
                half_moves[cookie] = place
            elif mask & MOVED_TO and (old := half_moves.pop(cookie, None)) is not None:
                self.moves[place] = old
        self._bound()

    def add(self, later: Gathered) -> None:
        """Take in what happened after this."""
        self.places |= later.places
        self.moves |= later.moves
        self.ended |= later.ended
        self.lost = self.lost or later.lost
        self._bound()

    def _bound(self) -> None:
        if self.lost or len(self.places) > _MOST_PLACES:
            self.lost = True
            self.places.clear()
            self.moves.clear()


class KernelReader(threading.Thread):
    """Reads a queue until it is stopped, and calls `on_ready` once there is something to `take`.

    It waits a moment for more, so that both ends of a rename come together and a file that is written in many pieces
    is told once. What nobody takes costs no more than the places it names. `on_broken` is called with the reason if
    the queue cannot be read any more.
    """

    def __init__(self, inotify: Inotify, on_ready: Callable[[], None], on_broken: Callable[[str], None]) -> None:
        super().__init__(name="watch-events", daemon=True)
        self._inotify: Final = inotify
        self._on_ready: Final = on_ready
        self._on_broken: Final = on_broken
        self._lock: Final = threading.Lock()
        self._gathered = Gathered()
        self._told = False
        self._half_moves: dict[int, Place] = {}
        self._end, self._ender = os.pipe()

    def take(self) -> Gathered:
        """What was gathered since the last call."""
        with self._lock:
            gathered, self._gathered = self._gathered, Gathered()
            self._told = False
        return gathered

    def close(self) -> None:
        """End the thread and wait for it."""
        os.write(self._ender, b"\0")
        if self.ident is not None:
            self.join()
        os.close(self._end)
        os.close(self._ender)

    def run(self) -> None:
        try:
            while self._await_events(None) and not self._is_to_end(_GATHER_SECONDS):
                self._gather()
        except OSError as error:
            self._on_broken(str(error))

    def _gather(self) -> None:
        """Take in what is queued, all at once, so that both ends of a rename are there for whoever takes it."""
        before, half_moves = self._half_moves, dict(self._half_moves)
        new = Gathered()
        self._read(new, half_moves)
        if half_moves.keys() - before.keys() and self._await_events(_OTHER_END_SECONDS):
            self._read(new, half_moves)
        # Who renames may be held up between its two events; an end that stays alone was moved in or out.
        self._half_moves = {cookie: place for cookie, place in half_moves.items() if cookie not in before}
        with self._lock:
            self._gathered.add(new)
            first, self._told = not self._told, True
        if first:
            self._on_ready()

    def _read(self, into: Gathered, half_moves: dict[int, Place]) -> None:
        for _ in range(_MOST_READS):
            data = self._inotify.read()
            if not data:
                return
            into.read(data, half_moves)

    def _await_events(self, seconds: float | None) -> bool:
        """Whether there is something to read within a time; False when the thread is to end, too."""
        ready = self._poll(seconds, self._inotify.descriptor, self._end)
        return bool(ready) and self._end not in ready

    def _is_to_end(self, seconds: float) -> bool:
        return bool(self._poll(seconds, self._end))

    def _poll(self, seconds: float | None, *descriptors: int) -> list[int]:
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        return [descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)]

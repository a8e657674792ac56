"""When a file that is being written may be read. Pure: it is handed the time and the facts, and reads neither.

A file is settled once its facts have not changed for a while, and at the latest after an upper bound: a log that
never rests is still read now and then.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from embedingest.ingest.scan.files import FileFacts

__all__ = ["Settler", "age_seconds", "is_young"]

Key = TypeVar("Key", bound=Hashable)


def age_seconds(facts: FileFacts, now_ns: int) -> float:
    """Seconds since the file was last touched, by its own times; negative where they lie in the future."""
    return (now_ns - max(facts.mtime_ns, facts.ctime_ns)) / 1e9


def is_young(facts: FileFacts, now_ns: int, settle_seconds: float) -> bool:
    """Whether a file that a scan came upon may still be in the writing, and should be held until it has settled.

    A time in the future (a clock that jumped) says nothing, so it is held too; a settler gives it back by its own
    clock. `now_ns` counts from the epoch.
    """
    return age_seconds(facts, now_ns) < settle_seconds


class _Waiting:
    __slots__ = ("deadline", "due", "facts")

    def __init__(self, facts: FileFacts | None, due: float, deadline: float) -> None:
        self.facts, self.due, self.deadline = facts, due, deadline


class Settler(Generic[Key]):
    """Holds what changed until it rests. All times are seconds of one clock that never goes back."""

    def __init__(self, settle_seconds: float, max_seconds: float) -> None:
        self.settle_seconds: Final = settle_seconds
        self.max_seconds: Final = max(settle_seconds, max_seconds)
        self._waiting: dict[Key, _Waiting] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._serial = itertools.count()

    def __len__(self) -> int:
        return len(self._waiting)

    def note(self, key: Key, facts: FileFacts | None, now: float, *, age: float = 0.0) -> None:
        """Something happened to this one, `age` seconds ago; its rest begins then. `facts` are what it is now.

        An age that no rest explains (negative, or longer than settling takes) counts as none.
        """
        known = self._waiting.get(key)
        deadline = now + self.max_seconds if known is None else known.deadline
        rested = age if 0.0 <= age < self.settle_seconds else 0.0
        self._wait(key, facts, min(now - rested + self.settle_seconds, deadline), deadline)

    def due(self, now: float, look: Callable[[Key], FileFacts | None]) -> list[Key]:
        """The ones that have rested, or waited as long as they may. `look` gives facts as they are now."""
        settled = []
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            waiting = self._waiting.get(key)
            if waiting is None or waiting.due != due:
                continue  # it was noted again since
            facts = look(key)
            if facts == waiting.facts or facts is None or now >= waiting.deadline:
                del self._waiting[key]
                settled.append(key)
            else:
                self._wait(key, facts, min(now + self.settle_seconds, waiting.deadline), waiting.deadline)
        return settled

    def next_due(self) -> float | None:
        """The earliest time at which `due` may have something."""
        while self._heap and ((held := self._waiting.get(self._heap[0][2])) is None or held.due != self._heap[0][0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def drop(self, key: Key) -> None:
        """Forget one."""
        self._waiting.pop(key, None)

    def _wait(self, key: Key, facts: FileFacts | None, due: float, deadline: float) -> None:
        self._waiting[key] = _Waiting(facts, due, deadline)
        heapq.heappush(self._heap, (due, next(self._serial), key))

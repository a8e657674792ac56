"""When a file that is being written may be read. Pure: time and facts are handed in.

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
    """Whether a file that a scan came upon was written to in the last `settle_seconds`, and may still be written.

    Only the time of its content counts: a rename, a link or new permissions do not begin a writing. A time in the
    future says nothing of when it was written, and where a clock was set back all times lie there, so such a file is
    not young. The facts of a link are those of its target, and count the same. `now_ns` counts from the epoch.
    """
    return 0 <= now_ns - facts.mtime_ns < settle_seconds * 1e9


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
        """Something happened to `key`, `age` seconds ago; its rest begins then. `facts` are what it is now.

        An age that is negative, or longer than settling takes, counts as 0.
        """
        waiting = self._waiting.get(key)
        deadline = now + self.max_seconds if waiting is None else waiting.deadline
        rested = age if 0.0 <= age < self.settle_seconds else 0.0
        self._wait(key, facts, min(now - rested + self.settle_seconds, deadline), deadline)

    def due(self, now: float, current_facts: Callable[[Key], FileFacts | None]) -> list[Key]:
        """The ones that have rested, or waited as long as they may. `current_facts` gives facts as they are now."""
        settled = []
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            waiting = self._waiting.get(key)
            if waiting is None or waiting.due != due:
                continue  # it was noted again since
            facts = current_facts(key)
            if facts == waiting.facts or facts is None or now >= waiting.deadline:
                del self._waiting[key]
                settled.append(key)
            else:
                self._wait(key, facts, min(now + self.settle_seconds, waiting.deadline), waiting.deadline)
        return settled

    def next_due(self) -> float | None:
        """The earliest time at which `due` may have something."""
        while self._heap:
            due, _, key = self._heap[0]
            waiting = self._waiting.get(key)
            if waiting is not None and waiting.due == due:
                return due
            heapq.heappop(self._heap)  # it was noted again since, or is settled
        return None

    def due_of(self, key: Key) -> float | None:
        """When this one may be due; `None` if it does not wait."""
        waiting = self._waiting.get(key)
        return None if waiting is None else waiting.due

    def _wait(self, key: Key, facts: FileFacts | None, due: float, deadline: float) -> None:
        self._waiting[key] = _Waiting(facts, due, deadline)
        heapq.heappush(self._heap, (due, next(self._serial), key))

"""Which file is read next and by which worker, and what is done about one that takes long. Pure: no thread, no clock.

Workers are numbered from 0; the one after the last is the spare. It reads only while every other is in a file that is
slow, so that no more is read at once than was asked for, and one slow file holds back nobody.
"""

from __future__ import annotations

import enum
from bisect import insort
from collections import deque
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from embedingest.ingest.extract.tasks import Rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from embedingest.ingest.extract.tasks import Task

__all__ = ["SLOW_SECONDS", "Advice", "Schedule"]

SLOW_SECONDS: Final = 3.0
"""How long a file is read before others are read past it; a third of that where somebody waits for one of them."""

CREDIT: Final = 10
"""How many times SLOW_SECONDS of reading may be thrown away at first to let others go before slow files."""

CREDIT_SHARE: Final = 0.2
"""What share of each further second is added to that, never to more than at first."""

RESTART_SECONDS: Final = 60.0
"""How long no spare is started after one that could not be."""

# A worker waits while it is handed the next batch, which takes as long as some small files do: many are in one.
_BATCH_TASKS: Final = 128
_BATCH_BYTES: Final = 256 * 1024
_NUMBER: Final = attrgetter("number")


class Advice(enum.Enum):
    """What a worker's thread is to do about the file that is being read."""

    GO_ON = enum.auto()
    RECALL = enum.auto()
    """Take the other files of the batch back, unless they were begun."""
    BREAK_OFF = enum.auto()
    """End it: too many are stuck, and it is read again when there is room for slow ones."""


class _Reading:
    """What a worker is at. `slow` counts up from file to file that was found slow; 0 where it is not."""

    __slots__ = ("apart", "broken_off", "kind", "rank", "slow")

    def __init__(self, first: Task) -> None:
        self.kind = first.kind
        self.apart, self.broken_off, self.rank = first.apart, first.broken_off, first.rank
        self.slow = 0


class Schedule:
    """Files that wait for one of `workers` workers and the spare, and who reads."""

    def __init__(self, workers: int, slow_seconds: float = SLOW_SECONDS) -> None:
        self._workers: Final = workers
        self._slow_seconds: Final = slow_seconds
        self._lines: Final[dict[Rank, list[Task]]] = {rank: [] for rank in Rank}
        self._apart: deque[Task] = deque()
        self._broken_off: deque[Task] = deque()
        self._readings: dict[int, _Reading] = {}
        self._put = 0
        self._found_slow = 0
        self._credit = CREDIT * slow_seconds
        self._credited_at = 0.0
        self._spare = False
        self._no_spare_until = float("-inf")
        self._had_urgent = False

    # -- files that come

    def put(self, task: Task) -> None:
        """A new file, after all others of its rank."""
        self._put += 1
        task.number = self._put
        self._had_urgent = self._had_urgent or task.rank is Rank.URGENT
        self._lines[task.rank].append(task)

    def take_back(self, tasks: Iterable[Task]) -> None:
        """Files of a batch that were not begun: to where they stood."""
        for task in tasks:
            if task.apart:
                self._apart.appendleft(task)
            elif task.broken_off:
                self._broken_off.appendleft(task)
            else:
                insort(self._lines[task.rank], task, key=_NUMBER)

    def retry(self, task: Task) -> None:
        """A file whose worker was lost: before all others and on its own; an `apart` one with nobody beside it."""
        task.alone, task.rank = True, Rank.RETRY
        self.take_back([task])

    def break_off(self, task: Task, seconds: float) -> None:
        """A file that was read for so many seconds and was broken off: until there is room for slow ones."""
        task.alone = task.broken_off = True
        self._credit = max(0.0, self._credit - seconds)
        self._broken_off.append(task)

    def clear(self) -> list[Task]:
        """Take all that wait."""
        waiting = [*self._apart, *self._broken_off, *(task for line in self._lines.values() for task in line)]
        for line in (self._apart, self._broken_off, *self._lines.values()):
            line.clear()
        return waiting

    # -- workers that take

    def next(self, worker: int) -> list[Task]:
        """What a worker reads now: a large file, or small ones that stand in a row; empty where it is to wait.

        `done` is called when it has been read, given back or broken off.
        """
        if any(reading.apart for reading in self._readings.values()):
            return []
        if worker >= self._workers and not self.stuck:
            return []
        while batch := self._pick(worker):
            if batch := [task for task in batch if task.begin()]:
                reading = self._readings[worker] = _Reading(batch[0])
                if reading.broken_off:
                    self._mark(reading)
                return batch
        return []

    def done(self, worker: int) -> None:
        """A worker is through with what it took."""
        self._readings.pop(worker, None)

    def advise(self, worker: int, task: Task, seconds: float, now: float) -> Advice:
        """What to do when a worker has been reading `task` for so many seconds.

        `now` is of a clock that never goes back.
        """
        reading = self._readings[worker]
        self._earn(now)
        waiting = self._first_rank()
        hurry = waiting is not None and waiting < Rank.BACKLOG
        if not reading.slow and seconds >= (self._slow_seconds / 3 if hurry else self._slow_seconds):
            task.slow = True
            reading.kind = task.kind
            self._mark(reading)
            return Advice.RECALL
        if waiting is None:
            return Advice.GO_ON
        if seconds >= self._slow_seconds and self._is_last_stuck(reading) and (hurry or self._credit >= seconds):
            return Advice.BREAK_OFF
        return Advice.RECALL if waiting < reading.rank else Advice.GO_ON

    def _mark(self, reading: _Reading) -> None:
        self._found_slow += 1
        reading.slow = self._found_slow

    def _slow(self) -> list[_Reading]:
        return [reading for reading in self._readings.values() if reading.slow]

    def _is_last_stuck(self, reading: _Reading) -> bool:
        """Whether all are stuck, the spare too, and this one in the file that was found slow last.

        A file that was broken off before is not again: there is always one more worker than may read such files.
        """
        slow = self._slow()
        if len(slow) <= self._workers:
            return False
        return reading is max((one for one in slow if not one.broken_off), key=attrgetter("slow"), default=None)

    def _earn(self, now: float) -> None:
        earned = CREDIT_SHARE * max(0.0, now - self._credited_at)
        self._credit = min(CREDIT * self._slow_seconds, self._credit + earned)
        self._credited_at = now

    def _first_rank(self) -> Rank | None:
        return next((rank for rank, line in self._lines.items() if line), None)

    def _pick(self, worker: int) -> Sequence[Task]:
        if self._apart:
            if not self._readings:
                return [self._apart.popleft()]
            if not self._slow():
                return []  # the others are through in a moment, and it would wait for ever if they went on
        rank = self._first_rank()
        hurry = rank is not None and rank < Rank.BACKLOG
        if self._broken_off and not (hurry or self._apart) and len(self._slow()) < self._workers:
            return [self._broken_off.popleft()]
        if rank is None:
            return []
        line = self._lines[rank]
        batch = _together(self._in_order(line, past=worker >= self._workers and rank is Rank.BACKLOG), self._workers)
        for task in batch:
            line.remove(task)
        return batch

    def _in_order(self, line: list[Task], *, past: bool) -> list[Task]:
        """A line as it is read now. `past`: by the spare, which had better not be stuck itself.

        What is small is seldom slow, and what is of the kind of a slow file may well be.
        """
        kinds = {reading.kind for reading in self._slow()}
        if kinds and (others := [task for task in line if task.kind not in kinds]):
            line = others
        return sorted(line, key=lambda task: task.job.size) if past else line

    # -- the spare

    @property
    def stuck(self) -> bool:
        """Whether every worker is in a file that is slow, the spare aside."""
        return sum(reading.slow > 0 for worker, reading in self._readings.items() if worker < self._workers) == (
            self._workers
        )

    def wants_spare(self, now: float) -> bool:
        """Whether a spare is to be started now, of which there is one from then on, until `spare_ended`.

        Once a file was urgent the next one may come at any time, and the spare stands ready for it.
        """
        if self._spare or now < self._no_spare_until or not self.stuck or any(r.apart for r in self._slow()):
            return False
        self._spare = self._had_urgent or self._first_rank() is not None
        return self._spare

    def spare_ended(self, now: float, *, failed: bool) -> None:
        """There is no spare any more; with `failed` it could not be started."""
        self._spare = False
        if failed:
            self._no_spare_until = now + RESTART_SECONDS


def _together(line: Sequence[Task], workers: int) -> list[Task]:
    """The first of a line, and small files that stand behind it, yet never so many that another worker stands idle."""
    limit = min(_BATCH_TASKS, 1 + (len(line) - 1) // workers)
    size = line[0].job.size
    count = 1
    while not line[0].alone and count < limit and not line[count].alone:
        size += line[count].job.size
        if size > _BATCH_BYTES:
            break
        count += 1
    return list(line[:count])

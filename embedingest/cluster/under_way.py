"""Parts that nodes have: handed over, tried again or halved where a node died, each ended by one outcome.

Knows no table and no journal.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from embedingest.cluster.attempts import Attempts
from embedingest.cluster.commits import Ended
from embedingest.cluster.launcher import NodeDied, NodeError
from embedingest.cluster.parts import halves
from embedingest.cluster.values import Part, PartProgress
from embedingest.errors import StoreError
from embedingest.store.database import may_pass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from embedingest.cluster.launcher import Event, Launcher
    from embedingest.cluster.runs import Run
    from embedingest.cluster.values import PartFile, PartResult
    from embedingest.errors import EmbedingestError

__all__ = ["UnderWay"]

_log = logging.getLogger(__name__)


class UnderWay:
    """The parts of one run that have not ended, and those that are not over.

    `give_up` says what becomes of the only file of a part that killed its nodes. `error` is why no further part can
    come to an end, `handed_over` counts parts. A part is over once it was committed, and no other was handed over
    before that: what it wrote is found in the table, and what it claimed and did not write may be claimed by others.
    """

    def __init__(
        self, launcher: Launcher, run: Run, *, attempts: int, give_up: Callable[[Part, NodeDied], PartResult]
    ) -> None:
        self._launcher = launcher
        self._run = run
        self._attempts = Attempts(attempts)
        self._most_failures = attempts
        self._give_up = give_up
        self._open: dict[int, Part] = {}
        self._again: list[Part] = []
        self._failures: dict[int, int] = {}
        self._committed: dict[int, int] = {}
        self._not_over: set[int] = set()
        self.handed_over = 0
        self._resting = False
        self.error: EmbedingestError | None = None

    def __len__(self) -> int:
        """How many parts have not ended."""
        return len(self._open) + len(self._again)

    @property
    def free(self) -> int:
        """How many parts may be handed over now."""
        return max(0, self._launcher.capacity - len(self._again))

    @property
    def files(self) -> int:
        """How many files the parts have that have not ended."""
        return sum(len(part.files) for part in (*self._open.values(), *self._again))

    @property
    def progress(self) -> PartProgress:
        """How far nodes are with all that has not ended, in one."""
        told = [each for each in self._launcher.progress if each.part in self._open]
        return PartProgress(0, *map(sum, zip(*(each[1:] for each in told), strict=True)))

    @property
    def not_over(self) -> frozenset[int]:
        """The numbers of all parts whose texts others must not compute yet."""
        return frozenset(self._not_over)

    def hand_over(self, files: Sequence[PartFile]) -> None:
        """Let a node bring these files into fragments, as a part of their own."""
        self.handed_over += 1
        self._submit(Part(self._run.next_number(), 0, tuple(files)))

    def no_more(self) -> None:
        """What no node has yet is not handed over any more."""
        self._resting = True
        self._again.clear()

    def wait(self, seconds: float) -> list[Ended]:
        """Parts that have ended, waiting so long for the first. With `error` set, no more will."""
        ended: list[Ended] = []
        for event in self._launcher.wait(seconds):
            ended += self._took(event)
        if self._resting:
            self._again.clear()
        while self._again and self._launcher.capacity and self.error is None:
            self._submit(self._again.pop(0))
        return ended

    def committed(self, numbers: Iterable[int], version: int) -> None:
        """These parts are in a version of the table, or came to nothing that would be."""
        self._committed.update(dict.fromkeys(numbers, version))

    def release_over(self) -> None:
        """Void the claims of parts that are over by now."""
        earliest = min((part.version for part in self._open.values()), default=None)
        over = [number for number, version in self._committed.items() if earliest is None or version <= earliest]
        for number in over:
            del self._committed[number]
            self._release(number)

    def _submit(self, part: Part) -> None:
        part = part._replace(version=self._run.version)
        self._open[part.number] = part
        self._not_over.add(part.number)
        self._launcher.submit(part)

    def _took(self, event: Event) -> list[Ended]:
        if isinstance(event, NodeDied):
            return self._died(event)
        if isinstance(event, NodeError):
            return self._failed(event)
        return self._ended(event)

    def _ended(self, result: PartResult) -> list[Ended]:
        part = self._open.pop(result.number, None)
        if part is None:
            return []  # it was tried again elsewhere, and that came first
        lacking = {file.candidate.source for file in part.files} ^ {file.source for file in result.files}
        if lacking:
            self.error = StoreError(
                f"the outcome of part {part.number} and its files differ in {len(lacking)}, {min(lacking)} among them"
            )
            return []
        self._attempts.ended(part.number)
        self._failures.pop(part.number, None)
        return [Ended(part, result)]

    def _died(self, death: NodeDied) -> list[Ended]:
        ended: list[Ended] = []
        for place, number in enumerate(death.parts):
            part = self._open.pop(number, None)
            if part is None:
                continue
            result = self._run.outcomes.get(number)
            if result is not None:  # it died with the answer on its lips
                self._open[number] = part
                ended += self._ended(result)
            elif place == 0:
                ended += self._tried(part, death)
            else:
                self._again.append(part._replace(again=True))
        return ended

    def _tried(self, part: Part, death: NodeDied) -> list[Ended]:
        verdict = self._attempts.died(part, outside=death.outside)
        if verdict == "give_up" and not part.again:
            verdict = "again"  # the part that came next may have felled the node
        _log.warning(
            "a node died with part %d of %d files (%s): %s",
            part.number, len(part.files), death.reason, _TOLD[verdict],
        )  # fmt: skip
        if verdict == "give_up":
            return [Ended(part, self._give_up(part, death))]
        if verdict == "again":
            self._again.insert(0, part._replace(again=True))
            return []
        self._release(part.number)  # nothing of it will be committed
        self._again[:0] = [Part(self._run.next_number(), 0, files, again=True) for files in halves(part.files)]
        return []

    def _failed(self, failure: NodeError) -> list[Ended]:
        """Engine and settings fail on every node alike. A store may take the same in a moment, unless it is full."""
        part = None if failure.part is None else self._open.pop(failure.part, None)
        if part is not None and isinstance(failure.error, StoreError) and may_pass(failure.error):
            self._failures[part.number] = self._failures.get(part.number, 0) + 1
            if self._failures[part.number] < self._most_failures:
                _log.warning("part %d is tried again: %s", part.number, failure.error.message)
                self._again.append(part._replace(again=True))
                return []
        self.error = self.error or failure.error
        return []

    def _release(self, number: int) -> None:
        self._not_over.discard(number)
        self._attempts.ended(number)
        self._launcher.release(number)


_TOLD = {"again": "it is tried again", "halve": "it is halved", "give_up": "its only file has failed"}

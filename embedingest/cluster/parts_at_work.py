"""The parts that a node has at once, through one engine: the one it works at, and those that come next.

The next one is read meanwhile, and where the engine would soon have nothing to do, its texts follow at once: so it does
not wait while the last vectors of a part come back, its fragments are written, or its slowest file is read.
"""

from __future__ import annotations

import queue
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from embedingest.cluster.part_reading import PartReading
from embedingest.cluster.values import Part
from embedingest.errors import EmbedingestError
from embedingest.ingest.run.embedding import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.cluster.part_work import PartWork, Tools
    from embedingest.cluster.values import PartProgress, PartResult
    from embedingest.ingest.run.extraction import Outcome
    from embedingest.ingest.run.opener import Workers
    from embedingest.ingest.run.planner import PlannedFile

__all__ = ["Item", "PartsAtWork"]

Item: TypeAlias = "Part | tuple[PartReading, Outcome] | Embedded | None"
"""What arrives: a part that comes next, a file that was read, a call that came back; `None` where the node closes."""

_HUNGRY_CALLS: Final = 2
_WAIT_SECONDS: Final = 0.05


class PartsAtWork:
    """Parts at work with the same `tools`; `begin` makes the work at one of them. `inbox` takes items from any thread.

    Where anything but a document fails, all of them are lost, and this is of no further use.
    """

    def __init__(
        self,
        tools: Tools,
        workers: Callable[[], Workers],
        begin: Callable[[Part, PartReading], PartWork],
        inbox: queue.SimpleQueue[Item],
    ) -> None:
        self._tools = tools
        self._missing = tools.missing
        self._workers = workers
        self._begin = begin
        self._inbox = inbox
        self._works: dict[int, PartWork] = {}
        self._unannounced: set[int] = set()

    def run(self, part: Part) -> PartResult:
        """Until every file of this part has an outcome.

        Raises EngineError, StoreError, also of a part that comes next; then nothing was written that anybody sees.
        """
        started = time.perf_counter()
        work = self._announced(part) or self._begun(part)
        self._works[part.number] = work
        self._receive(work, 0.0)  # what came since the last part
        while not work.over:
            self._go_on(work)
            self._receive(work, _WAIT_SECONDS)
        del self._works[part.number]
        work.write()
        work.spend("part", started)
        return work.result()

    @property
    def progress(self) -> list[PartProgress]:
        """How far each part is. May be asked from any thread."""
        return [work.progress for work in list(self._works.values())]

    def forget(self, part: Part) -> None:
        """Nothing of this part is to be done here."""
        if self._announced(part) is not None:
            del self._works[part.number]

    def _announced(self, part: Part) -> PartWork | None:
        """The work at a part, where it is known already that it comes next; else that is still to arrive, if ever."""
        work = self._works.get(part.number)
        if work is None:
            self._unannounced.add(part.number)
        return work

    def _begun(self, part: Part) -> PartWork:
        def post(reading: PartReading, outcome: Outcome) -> None:
            self._inbox.put((reading, outcome))

        return self._begin(part, PartReading(part, self._workers, post))

    # -- what arrives

    def _receive(self, work: PartWork, seconds: float) -> None:
        """Take in what came, waiting so long for the first of it, while `work` is the part that counts."""
        with suppress(queue.Empty):
            item = self._inbox.get(timeout=seconds) if seconds else self._inbox.get_nowait()
            while True:
                self._took(work, item)
                item = self._inbox.get_nowait()

    def _took(self, work: PartWork, item: Item) -> None:
        if isinstance(item, Embedded):
            self._embedded(work, item)
        elif isinstance(item, Part):
            self._comes_next(item)
        elif item is None:
            raise EmbedingestError(f"the node was closed while it worked at part {work.part.number}")
        else:
            reading, outcome = item
            reading.ended(outcome)

    def _comes_next(self, part: Part) -> None:
        if part.number in self._unannounced:
            self._unannounced.discard(part.number)  # its work was asked for before this came
        elif part.number not in self._works:
            self._works[part.number] = self._begun(part)

    def _embedded(self, work: PartWork, embedded: Embedded) -> None:
        arrived = self._missing.arrived(embedded)
        if embedded.error is not None:
            raise embedded.error
        work.count(embedded)
        self._tools.keep(embedded.vectors)
        for each in self._works.values():
            each.computed(embedded.vectors)
        for file in arrived.complete:
            self._whose(file).complete(file)
        for file, reason in arrived.failed:
            self._whose(file).incomplete(file, reason)

    def _whose(self, file: PlannedFile) -> PartWork:
        return next(work for work in self._works.values() if file.candidate.source in work.waiting)

    # -- what is to be done

    def _go_on(self, work: PartWork) -> None:
        if not self._missing.full:
            work.reading.feed()
        if work.reading.begun:
            for other in self._others(work):
                other.reading.feed()
        work.take()
        if self._hungry or work.reading.over or work.is_much:
            work.plan()
        self._send(work)
        if not work.reading.begun or work.part.again:
            return
        for other in self._others(work):
            if self._hungry and not other.part.again:
                other.take()
                other.plan()
                self._send(work)

    def _others(self, work: PartWork) -> Iterator[PartWork]:
        return (other for other in self._works.values() if other is not work)

    @property
    def _hungry(self) -> bool:
        """Whether the engine has little to do."""
        return self._missing.calls < _HUNGRY_CALLS

    def _send(self, work: PartWork) -> None:
        while call := self._missing.next_call(idle=work.reading.over):
            self._tools.embedder.submit(call.texts, tokens=call.tokens)

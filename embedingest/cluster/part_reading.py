"""The files of one part on their way through the workers of a node. Knows no rows.

Files of the part that comes next may be read ahead; what they gave is bounded by its memory (`Extraction`).
"""

from __future__ import annotations

import queue
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from embedingest.cluster.values import PartFile
from embedingest.ingest.run.embedding import Embedded
from embedingest.ingest.run.extraction import Extraction, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.cluster.values import Part
    from embedingest.ingest.run.opener import Workers

__all__ = ["PartReading"]


class PartReading:
    """One thread at a time. `inbox` is where outcomes arrive, and those of the engine while the part is worked at."""

    def __init__(self, part: Part, workers: Callable[[], Workers]) -> None:
        self.inbox: Final[queue.SimpleQueue[Outcome | Embedded]] = queue.SimpleQueue()
        self._extraction: Final = Extraction(workers, self.inbox.put)
        self._waiting = deque(part.files)
        self._came: list[Outcome | Embedded] = []

    @property
    def begun(self) -> bool:
        """Whether every file was handed to the workers, once at least."""
        return not self._waiting

    @property
    def over(self) -> bool:
        """Whether all that was read has been received."""
        return not (self._waiting or self._extraction.under_way or self._came)

    def feed(self) -> None:
        """Hand files to the workers, as many as they may have at once."""
        while self._waiting and not self._extraction.full(urgent=False):
            file = self._waiting.popleft()
            self._extraction.start(file.candidate, file.before)

    def read_ahead(self) -> None:
        """Go on with the files while another part is worked at."""
        self._take_in(0.0)
        self.feed()

    def receive(self, seconds: float) -> list[Outcome | Embedded]:
        """What came since the last call, waiting so long for the first of it."""
        self._take_in(0.0 if self._came else seconds)
        came, self._came = self._came, []
        return came

    def again(self, file: PartFile) -> None:
        """Have a file read again, after the others."""
        self._extraction.stored(file.candidate.source)
        self._waiting.append(file)

    def done(self, source: str) -> None:
        """What a file gave is needed no more, or counted elsewhere."""
        self._extraction.stored(source)

    def _take_in(self, seconds: float) -> None:
        with suppress(queue.Empty):
            item = self.inbox.get(timeout=seconds) if seconds else self.inbox.get_nowait()
            while True:
                if isinstance(item, Embedded):
                    self._came.append(item)
                else:
                    self._ended(item)
                item = self.inbox.get_nowait()

    def _ended(self, outcome: Outcome) -> None:
        self._extraction.ended(outcome)
        if outcome.put_back:
            self._waiting.append(PartFile(outcome.candidate, outcome.before))
        else:
            self._came.append(outcome)

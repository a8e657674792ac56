"""The files of one part on their way through the workers of a node. Knows no rows.

Files of the part that comes next may be read ahead; what they gave is bounded by its memory (`Extraction`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from embedingest.cluster.values import PartFile
from embedingest.ingest.run.extraction import Extraction

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.cluster.values import Part
    from embedingest.ingest.run.extraction import Outcome
    from embedingest.ingest.run.opener import Workers

__all__ = ["PartReading"]


class PartReading:
    """Is used by one thread. `post` is called from threads of the workers, with what is to be handed to `ended`."""

    def __init__(
        self, part: Part, workers: Callable[[], Workers], post: Callable[[PartReading, Outcome], None]
    ) -> None:
        self._extraction = Extraction(workers, lambda outcome: post(self, outcome))
        self._waiting = deque(part.files)
        self._came: list[Outcome] = []

    @property
    def begun(self) -> bool:
        """Whether every file was handed to the workers, once at least."""
        return not self._waiting

    @property
    def over(self) -> bool:
        """Whether all that was read has been taken."""
        return not (self._waiting or self._extraction.under_way or self._came)

    def feed(self) -> None:
        """Hand files to the workers, as many as they may have at once."""
        while self._waiting and not self._extraction.full(urgent=False):
            file = self._waiting.popleft()
            self._extraction.start(file.candidate, file.before)

    def ended(self, outcome: Outcome) -> None:
        """What became of a file, as it was posted."""
        self._extraction.ended(outcome)
        if outcome.put_back:
            self._waiting.append(PartFile(outcome.candidate, outcome.before))
        else:
            self._came.append(outcome)

    def take(self) -> list[Outcome]:
        """What ended since the last call."""
        came, self._came = self._came, []
        return came

    def again(self, file: PartFile) -> None:
        """Have a file read again, after the others."""
        self._extraction.stored(file.candidate.source)
        self._waiting.append(file)

    def done(self, source: str) -> None:
        """What a file gave is needed no more, or counted elsewhere."""
        self._extraction.stored(source)

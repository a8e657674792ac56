"""Which file is read next: urgent ones first, then what may have moved, and of each kind the one that changed last.

Pure: reads and times nothing.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, Final

from embedingest.ingest.identity import below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.scan.roots import Root

__all__ = ["LEAST_URGENT", "MOST_URGENT", "FileQueue"]

MOST_URGENT: Final = 16
"""Files that are urgent at once: where a thousand are, none is."""

LEAST_URGENT: Final = 4
"""Files of one set of changes that are urgent however many are already, as while an archive is unpacked."""


class FileQueue:
    """Files that wait to be read, and those that are under way, from `take` to `done`.

    No file is under way twice: one that is added meanwhile is put off, and waits again from `done` on. Who is urgent
    is decided here alone. `urgent` counts urgent files that wait or are under way; `finished` of `total` files are
    done with, and both grow while a run goes on; `bytes_finished` of `bytes_total` are theirs.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Candidate]] = []
        self._pushed = 0
        self._under_way: dict[str, Candidate] = {}
        self._doubted: set[str] = set()
        self._put_off: dict[str, Candidate] = {}
        self._sizes: Counter[int] = Counter()
        self._preferred: set[int] = set()
        self.urgent = 0
        self.finished = 0
        self.total = 0
        self.bytes_finished = 0
        self.bytes_total = 0

    @property
    def waiting(self) -> int:
        """How many files wait to be read, without those that are put off."""
        return len(self._heap)

    @property
    def next_is_urgent(self) -> bool:
        """Whether an urgent file is the next to be taken."""
        return bool(self._heap) and self._heap[0][0] == 0

    def first(self, count: int) -> list[Candidate]:
        """Some of so many files that wait, those left out that may have moved."""
        some = (entry[-1] for entry in self._heap[:count])
        return [candidate for candidate in some if candidate.file.facts.size not in self._preferred]

    def with_urgency(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The same files, those that changed last urgent: as many as there is room for, and some in any case."""
        room = max(LEAST_URGENT, MOST_URGENT - self.urgent)
        newest = heapq.nlargest(room, candidates, key=lambda candidate: candidate.file.facts.mtime_ns)
        urgent = {candidate.source for candidate in newest}
        return [
            candidate._replace(urgent=True) if candidate.source in urgent else candidate for candidate in candidates
        ]

    def add(self, candidates: Iterable[Candidate]) -> list[str]:
        """Take up files. Answers the sources under way of which an urgent version waits now: they are overtaken."""
        overtaken = []
        for candidate in candidates:
            self._doubted.discard(candidate.source)
            if candidate.source in self._under_way:
                self._put_off[candidate.source] = candidate
                if candidate.urgent:
                    overtaken.append(candidate.source)
                continue
            self._pushed += 1
            self.total += 1
            self.bytes_total += candidate.file.facts.size
            self.urgent += candidate.urgent
            facts = candidate.file.facts
            self._sizes[facts.size] += 1
            key = (self._rank(candidate), -facts.mtime_ns, self._pushed, candidate)
            heapq.heappush(self._heap, key)
        return overtaken

    def prefer(self, sizes: Iterable[int]) -> None:
        """Files of so many bytes may hold content that moved: they are read next, after the urgent ones."""
        fresh = set(sizes) - self._preferred
        self._preferred |= fresh
        if any(self._sizes[size] for size in fresh):
            self._heap = [(self._rank(entry[-1]), *entry[1:]) for entry in self._heap]
            heapq.heapify(self._heap)

    def holds(self, size: int) -> bool:
        """Whether a file of so many bytes waits, is put off or is under way."""
        if self._sizes[size]:
            return True
        return any(candidate.file.facts.size == size for candidate in self._put_off.values())

    def _rank(self, candidate: Candidate) -> int:
        if candidate.urgent:
            return 0
        return 1 if candidate.file.facts.size in self._preferred else 2

    def take(self) -> Candidate | None:
        """The next file, under way from now on; `None` where it is under way already, and is put off."""
        candidate = heapq.heappop(self._heap)[-1]
        if candidate.source in self._under_way:
            self._put_off[candidate.source] = candidate
            self._sizes[candidate.file.facts.size] -= 1
            self.urgent -= candidate.urgent
            self.total -= 1
            self.bytes_total -= candidate.file.facts.size
            return None
        self._under_way[candidate.source] = candidate
        return candidate

    def by_source(self) -> dict[str, Candidate]:
        """The files that wait, by source."""
        return {entry[-1].source: entry[-1] for entry in self._heap}

    def take_these(self, candidates: Collection[Candidate]) -> None:
        """These of the files that wait are under way from now on."""
        chosen = {candidate.source: candidate for candidate in candidates}
        self._heap = [entry for entry in self._heap if chosen.get(entry[-1].source) is not entry[-1]]
        heapq.heapify(self._heap)
        self._under_way |= chosen

    def doubt(self, root: Root, folders: Collection[str], found: Collection[str]) -> None:
        """Rules of these folders of a root changed (`""`: of all of it), and of what is in them only `found` is left.

        Other files that wait or are under way there may be left out by now.
        """
        within = tuple(below(root.source(folder)) if folder else "" for folder in folders)
        there = [*(entry[-1] for entry in self._heap), *self._under_way.values()]
        self._doubted.update(
            candidate.source
            for candidate in there
            if candidate.root == root and candidate.source not in found and candidate.source.startswith(within)
        )
        for source in self._doubted & self._put_off.keys():
            del self._put_off[source]

    def doubts(self, candidate: Candidate) -> bool:
        """Whether a file may be left out since it was taken up."""
        return candidate.source in self._doubted

    def done(self, candidate: Candidate) -> None:
        """A file that was taken is done with, whatever came of it."""
        self.finished += 1
        self.bytes_finished += candidate.file.facts.size
        self._ended(candidate)

    def put_back(self, candidate: Candidate) -> None:
        """A file that was taken is to be added again later: until then it is none of these."""
        self.total -= 1
        self.bytes_total -= candidate.file.facts.size
        self._ended(candidate)

    def _ended(self, candidate: Candidate) -> None:
        self._sizes[candidate.file.facts.size] -= 1
        self.urgent -= candidate.urgent
        self._under_way.pop(candidate.source, None)
        self._doubted.discard(candidate.source)
        put_off = self._put_off.pop(candidate.source, None)
        if put_off is not None:
            self.add([put_off])

"""Files that wait for other parts of the same run: a text of theirs is computed there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from embedingest.ingest.run.survey import Candidate

__all__ = ["Waves"]


class _Wave(NamedTuple):
    files: list[Candidate]
    awaited: frozenset[int]


class Waves:
    """Files that were put back, until every part is over that may compute what they wait for.

    A part is over once what it wrote can be found in the table, and what it claimed can be claimed by others; one that
    was halved is over too. Its number never comes again.
    """

    def __init__(self) -> None:
        self._waves: list[_Wave] = []

    def __len__(self) -> int:
        """How many files wait."""
        return sum(len(wave.files) for wave in self._waves)

    @property
    def bytes(self) -> int:
        """Bytes of the files that wait."""
        return sum(file.file.facts.size for wave in self._waves for file in wave.files)

    def put_back(self, files: Collection[Candidate], not_over: Iterable[int]) -> None:
        """These files wait for the parts that are not over now."""
        if files:
            self._waves.append(_Wave(list(files), frozenset(not_over)))

    def take(self, not_over: Collection[int]) -> list[Candidate]:
        """The files that wait for nothing any more, where these parts are not over now: all of them, where none is."""
        ready = [file for wave in self._waves if wave.awaited.isdisjoint(not_over) for file in wave.files]
        self._waves = [wave for wave in self._waves if not wave.awaited.isdisjoint(not_over)]
        return ready

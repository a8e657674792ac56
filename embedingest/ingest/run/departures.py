"""Sources that are gone from their folders and still in the table, and when each is taken out. Decides no deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from embedingest.ingest.scan.roots import Root

__all__ = ["Departures"]


class _Group(NamedTuple):
    """Sources that went together, and the sizes of their contents in bytes."""

    sources: frozenset[str]
    sizes: frozenset[int]


class Departures:
    """Sources that were found gone in one run, until they are taken out or come back.

    What went together goes together, and not while a file that may hold its content waits to be read: it may have
    moved, and a move takes nothing away before its content stands under the new name.
    """

    def __init__(self) -> None:
        self._roots: dict[str, Root] = {}
        self._groups: list[_Group] = []

    def __contains__(self, source: object) -> bool:
        return source in self._roots

    def add(self, root: Root, sources: Collection[str], sizes: Mapping[str, int], *, early: bool) -> None:
        """These are gone; `sizes` are the bytes of those that have content to find again. `early`: see `ready`."""
        self._roots.update(dict.fromkeys(sources, root))
        if early and sources:
            self._groups.append(_Group(frozenset(sources), frozenset(sizes.values())))

    def came_back(self, sources: Iterable[str]) -> None:
        """These are there; if they were gone, they are not any more."""
        for source in sources:
            self._roots.pop(source, None)

    def ready(self, awaited: Callable[[int], bool]) -> dict[str, Root]:
        """Take what need not wait for the end of the run: groups of which no size is that of an `awaited` file."""
        waiting, chosen = [], {}
        for group in self._groups:
            if any(map(awaited, group.sizes)):
                waiting.append(group)
            else:
                chosen.update({source: self._roots.pop(source) for source in group.sources & self._roots.keys()})
        self._groups = waiting
        return chosen

    def rest(self) -> dict[str, Root]:
        """Take all that is left."""
        chosen, self._roots, self._groups = self._roots, {}, []
        return chosen

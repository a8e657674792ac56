"""What the journal knows of the files under one root, a part at a time, as a scan or a listing comes to them.

So a look at a million files that have not changed holds those of one folder, or of one page of a listing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.state.journal import Journal, Known

__all__ = ["KnownFiles", "KnownItems"]

_PAGE: Final = 2000


class KnownFiles:
    """The known files of the root of an alias, each until it is taken out. Nobody writes the journal meanwhile."""

    def __init__(self, journal: Journal, alias: str) -> None:
        self._journal = journal
        self._alias = alias
        self._folder: str | None = None
        self._here: dict[str, Known] = {}
        self._left: dict[str, dict[str, Known]] = {}
        self._opened: set[str] = set()
        self._read = 0

    def take(self, source: str) -> Known | None:
        """What is known of a file, which is taken out; `None` where nothing is."""
        folder = source[: source.rfind("/") + 1]
        if folder != self._folder:
            self._enter(folder)
        return self._here.pop(source, None)

    def rest(self) -> list[str]:
        """The sources that were not taken out, in order."""
        self._leave()
        left = [source for here in self._left.values() for source in here]
        if self._read < self._journal.known_count(self._alias):
            left += self._in_other_folders()
        return sorted(left)

    def _enter(self, folder: str) -> None:
        """The files of a folder are looked for from now on. A scan that comes back to one finds what it left there."""
        self._leave()
        self._folder = folder
        if folder in self._opened:
            self._here = self._left.pop(folder, {})
            return
        self._opened.add(folder)
        self._here = self._journal.known_in(self._alias, folder)
        self._read += len(self._here)

    def _leave(self) -> None:
        if self._here and self._folder is not None:
            self._left[self._folder] = self._here
        self._folder, self._here = None, {}

    def _in_other_folders(self) -> Iterator[str]:
        """What is known of folders that no file was found in."""
        for source in self._journal.known_sources(self._alias):
            if source[: source.rfind("/") + 1] not in self._opened:
                yield source


class KnownItems:
    """The known items of a source, each until it is taken out. Nobody writes the journal meanwhile.

    They are read in the order of their names, in which most places list theirs. What was passed and not taken is
    remembered by name, so that a listing in any other order is compared as well, with more memory.
    """

    def __init__(self, journal: Journal, alias: str) -> None:
        self._journal = journal
        self._alias = alias
        self._page: dict[str, Known] = {}
        self._last = ""
        self._ended = False
        self._passed: set[str] = set()

    def take(self, source: str) -> Known | None:
        """What is known of an item, which is taken out; `None` where nothing is."""
        while source > self._last and not self._ended:
            self._turn()
        if source in self._passed:
            self._passed.remove(source)
            return self._journal.known_file(source)
        return self._page.pop(source, None)

    def rest(self) -> list[str]:
        """The sources that were not taken out, in order."""
        while not self._ended:
            self._turn()
        return sorted([*self._passed, *self._page])

    def _turn(self) -> None:
        """The next page, the first of which stands behind all that was read."""
        self._passed.update(self._page)
        self._page = self._journal.known_after(self._alias, self._last, _PAGE)
        self._ended = len(self._page) < _PAGE
        self._last = max(self._page, default=self._last)

"""Which of the sources that are gone may only be away for a while: what they lie on is gone, not they themselves.

That is so below a link that leads nowhere, below what was mounted and is not any more, below what was mounted over
them, and where a mount point is empty. None of that says what a person wants gone.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest.ingest.watch.filesystem import mounts_within

if TYPE_CHECKING:
    from collections.abc import Collection

    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import Journal

__all__ = ["Absences"]

_META: Final = "mounts:"
_UNMOUNTED: Final = ""


class Absences:
    """Doubts about the sources of one run. What was mounted where is remembered in the journal from sweep to sweep."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._doubtful: set[str] = set()

    def __contains__(self, source: object) -> bool:
        return source in self._doubtful

    def look(self, root: Root, gone: Collection[str], *, swept: bool) -> None:
        """Doubt those of `gone` that may come back by themselves. `swept`: all of the root was looked at.

        Of a source that is no folder what is gone is gone: a listing that did not come to its end calls nothing so.
        """
        if root.place:
            return
        before, now = self._recorded(root), mounts_within(os.fspath(root.path))
        if before is None:
            before = now
        doubtful: set[str] = set()
        after = dict(now)
        for point in before.keys() | now.keys():
            below = _below(root.source(point), gone)
            was = before.get(point, _UNMOUNTED)
            if below and (was != now.get(point, _UNMOUNTED) or (point and _is_empty(f"{root.path}/{point}"))):
                doubtful |= below
                after[point] = was  # until they are there again, or a person has said that they may go
        if not swept:
            # What was mounted since the last sweep where no document was may be unmounted before the next one.
            fresh = [point for point in now.keys() - before.keys() if not self._journal.below(root.source(point))]
            after = before | {point: now[point] for point in fresh}
        if after != before or (swept and self._recorded(root) is None):
            self._journal.set_meta(_META + root.alias, json.dumps(after))
        self._doubtful -= set(gone)
        self._doubtful |= doubtful | _below_broken_links(root, gone)

    def _recorded(self, root: Root) -> dict[str, str] | None:
        """Mount points by relative path, with what was mounted there; `None` where nobody has looked yet."""
        text = self._journal.meta(_META + root.alias)
        return None if text is None else json.loads(text)


def _below(top: str, sources: Collection[str]) -> set[str]:
    return {source for source in sources if source == top or source.startswith(top + "/")}


def _below_broken_links(root: Root, sources: Collection[str]) -> set[str]:
    """The sources on whose way lies a link to nothing."""
    if root.config.follow_symlinks == "never":
        return set()
    broken: dict[str, bool] = {"": False}
    doubtful = set()
    for source in sources:
        path, found = "", False
        for name in root.relative(source).split("/"):
            path = f"{path}/{name}" if path else name
            if path not in broken:
                broken[path] = _is_broken(f"{root.path}/{path}")
            found = found or broken[path]
        if found:
            doubtful.add(source)
    return doubtful


def _is_broken(path: str) -> bool:
    try:
        if not stat.S_ISLNK(os.lstat(path).st_mode):
            return False
    except OSError:
        return False
    try:
        Path(path).stat()
    except OSError:
        return True
    return False


def _is_empty(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True

"""Changes of one root that have not settled yet: files until they rest, folders until they are due. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.watch.settle import Settler

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.scan.files import FileFacts

__all__ = ["PendingChanges", "Settled"]

_TOGETHER_SECONDS: Final = 0.03


class Settled(NamedTuple):
    """Relative paths that have settled: single files, and folders whose subtree is to be scanned."""

    files: list[str]
    folders: set[str]


class PendingChanges:
    """Files and folders by relative path. All times are seconds of one clock that never goes back.

    A file is due when it has rested (see `Settler`), a folder `settle_seconds` after it was first noted.
    """

    def __init__(self, settle_seconds: float, settle_max_seconds: float) -> None:
        self._settle_seconds: Final = settle_seconds
        self._files: Settler[str] = Settler(settle_seconds, settle_max_seconds)
        self._folders: dict[str, float] = {}
        self._origins: dict[str, set[str]] = {}  # of a path that something was moved to, where it was before

    def note_file(self, relative: str, facts: FileFacts, now: float, *, age: float) -> None:
        """A file changed `age` seconds ago, and `facts` are what it is now."""
        self._files.note(relative, facts, now, age=age)

    def note_folder(self, relative: str, now: float) -> None:
        """Whatever lies below this path may have changed, the path itself included."""
        self._folders.setdefault(relative, now + self._settle_seconds)

    def note_move(self, old: str, new: str) -> None:
        """What is at `new` was at `old`, and both have been noted: the old path is not given out before the new one."""
        self._origins[new] = self._origins.pop(old, set()) | self._origins.get(new, set()) | {old}

    def next_due(self) -> float | None:
        """The earliest time at which `take` may have something."""
        file_due = self._files.next_due()
        dues = [*self._folders.values(), *([] if file_due is None else [file_due])]
        return min(dues, default=None)

    def take(self, now: float, current_facts: Callable[[str], FileFacts | None]) -> Settled:
        """What has settled. What is due in a moment comes along, so that both ends of a rename meet.

        `current_facts` gives the facts of a file as they are now: one that has changed without an event waits on.
        """
        due = self.next_due()
        if due is None or due > now:
            return Settled([], set())
        horizon = now + _TOGETHER_SECONDS
        folders = {relative for relative, due in self._folders.items() if due <= horizon}
        for relative in folders:
            del self._folders[relative]
        settled = Settled(self._files.due(horizon, current_facts), folders)
        if self._origins:
            self._join_moves(settled)
        return settled

    def _join_moves(self, settled: Settled) -> None:
        """Who is told that a file is gone, before it is told where to, would forget what it held."""
        taken = {*settled.files, *settled.folders}
        for new, origins in list(self._origins.items()):
            due = self._folders.get(new) if new in self._folders else self._files.due_of(new)
            if due is not None:
                late = origins & settled.folders
                settled.folders.difference_update(late)
                self._folders.update(dict.fromkeys(late, due))
                continue
            del self._origins[new]
            early = origins & self._folders.keys() if new in taken else set()
            settled.folders.update(early)
            for relative in early:
                del self._folders[relative]

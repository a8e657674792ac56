"""The values of a watch: its settings, batches of changed paths, notices for a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Batch", "Notice", "WatchSettings"]


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How roots are followed.

    A file is given out once it has rested for `settle_seconds`, at the latest after `settle_max_seconds`. All of a
    root is looked at every `sweep_seconds`; `None` leaves the interval to `Presence`. `polling=None` polls only where
    events fail or cannot be had; then, and while a root is missing, it looks every `poll_seconds`.
    """

    settle_seconds: float = 0.3
    settle_max_seconds: float = 30.0
    sweep_seconds: float | None = None
    polling: bool | None = None
    poll_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths of one root to look at again, all of them settled; with `sweep`, everything is to be looked at.

    `files` are single files. `folders` are subtrees to scan: a folder that came, went or changed its rules, or a
    path that is gone and may have been either.
    """

    root: str
    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    sweep: bool = False

    def __or__(self, other: Batch) -> Batch:
        if self.sweep or other.sweep:
            return Batch(self.root, sweep=True)
        return Batch(self.root, self.files | other.files, self.folders | other.folders)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about watching that a person should know: `polling`, `root_missing` or `root_back`."""

    root: str
    code: str
    message: str

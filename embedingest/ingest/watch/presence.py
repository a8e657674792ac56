"""Whether a root is there, whether it is still the same one, and when all of it is looked at again. Knows no files."""

from __future__ import annotations

import os
import stat
from typing import Final, Literal

__all__ = ["Presence"]

_CHECK_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 300.0
_LONGEST_SWEEP_SECONDS: Final = 3600.0
_SWEEPS_SHARE: Final = 0.0005
"""Of a processor, for sweeps: with all else that a watch at rest does it stays below a five hundredth."""


class Presence:
    """The identity of one root, as of the last check, and the clock of its sweeps.

    All times are seconds of one clock that never goes back. A root that is there is checked every second, a missing
    one every `missing_seconds`, and both as often as that if it is less; `due` says when the next check is. Without
    `sweep_seconds` a sweep is due every five minutes, and where a look takes long less often, at least every hour.
    """

    def __init__(self, root: str, *, missing_seconds: float, sweep_seconds: float | None = None) -> None:
        self.due = 0.0
        self._root: Final = root
        self._missing_seconds: Final = missing_seconds
        self._check_seconds: Final = min(_CHECK_SECONDS, missing_seconds)
        self._is_set: Final = sweep_seconds is not None
        self.sweep_seconds = _SWEEP_SECONDS if sweep_seconds is None else sweep_seconds
        self._sweep_due = 0.0
        self._identity: tuple[int, int] | None = None

    def check(self, now: float) -> Literal["same", "sweep", "gone", "appeared", "replaced"]:
        """What became of the root since the last check; before the first it counts as missing.

        `same`: there as before, or missing as before. `sweep`: there as before, and a sweep is due.
        """
        before, self._identity = self._identity, self._identify()
        self.due = now + (self._missing_seconds if self._identity is None else self._check_seconds)
        if self._identity == before:
            return "sweep" if before is not None and now >= self._sweep_due else "same"
        if self._identity is None:
            return "gone"
        return "appeared" if before is None else "replaced"

    def swept(self, now: float) -> None:
        """All of the root is looked at now: the next sweep is due an interval later."""
        self._sweep_due = now + self.sweep_seconds

    def looked(self, seconds: float) -> None:
        """The look at all of it took so many seconds of a processor: the next ones keep to their share of it."""
        if not self._is_set:
            interval = min(max(_SWEEP_SECONDS, seconds / _SWEEPS_SHARE), _LONGEST_SWEEP_SECONDS)
            self._sweep_due += interval - self.sweep_seconds
            self.sweep_seconds = interval

    def _identify(self) -> tuple[int, int] | None:
        """Which folder the root is; a file is replaced by every other save, and has no identity but being there."""
        try:
            st = os.stat(self._root)
        except OSError:
            return None
        return (st.st_dev, st.st_ino) if stat.S_ISDIR(st.st_mode) else (0, 0)

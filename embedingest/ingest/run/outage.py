"""What a watch does when engine or store fail: waits, tries again, and notes it in the journal. Opens nothing."""

from __future__ import annotations

import json
import logging
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypedDict

from embedingest.errors import (
    ConfigError,
    FingerprintError,
    LockedError,
    ModelLoadError,
    ModelNotFoundError,
    StoreError,
)
from embedingest.ingest.state.retries import delay

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.errors import EmbedingestError
    from embedingest.ingest.state.journal import Journal

__all__ = ["Outage", "OutageNote", "OutageStatus", "is_hopeless", "read_outage"]

_log = logging.getLogger(__name__)
_KEY: Final = "trouble"
_LONGEST_SECONDS: Final = 60.0
_NUDGED_SECONDS: Final = (2.0, 5.0)  # between tries that something asks for: after the first failure, and after many
_LOOK_SECONDS: Final = 1.0
_MORE_BYTES: Final = 16 * 2**20


class OutageNote(TypedDict):
    """The journal's note of an outage. `since` and `next_try` are seconds since the epoch."""

    error: str
    remedy: str | None
    attempts: int
    since: float
    next_try: float


class OutageStatus(TypedDict):
    """`trouble` of `status --json`: the note, with the next try in seconds from now."""

    error: str
    remedy: str | None
    attempts: int
    since: float
    next_try_seconds: float


def is_hopeless(error: EmbedingestError) -> bool:
    """Whether trying again cannot help until a person has changed something: settings, model, table or its writer."""
    return isinstance(error, ConfigError | LockedError | FingerprintError | ModelNotFoundError | ModelLoadError)


class Outage:
    """Failures of engine or store in a row, and when the next try is due.

    The journal has a note of it for `status`, where the disk lets it; `now` is the time of that note, in seconds
    since the epoch. The wait itself goes by `clock`, which never goes back. It is cut short once `room` (bytes free
    where the table lies, -1 where it cannot be read or written) says that what was in the way is gone.
    """

    def __init__(
        self,
        journal: Callable[[], Journal],
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        room: Callable[[], int] = lambda: 0,
    ) -> None:
        self._journal = journal
        self._now = now
        self._clock = clock
        self._room = room
        self._had_room = 0
        self._failed_at = self._looked_at = 0.0
        self._attempts = 0
        self._since = 0.0
        self._next_try = 0.0

    def __bool__(self) -> bool:
        """Whether the last try failed."""
        return self._attempts > 0

    @property
    def due(self) -> bool:
        """Whether it is time to try again."""
        if self and self._clock() >= self._looked_at + _LOOK_SECONDS:
            self._look()
        return bool(self) and self._clock() >= self._next_try

    def nudge(self) -> None:
        """Something happened that a try may have waited for: the next is in a few seconds, whatever the wait was."""
        least, most = _NUDGED_SECONDS
        pause = min(most, least + 0.5 * (self._attempts - 1))
        self._next_try = min(self._next_try, self._failed_at + pause)

    def _look(self) -> None:
        room, self._looked_at = self._room(), self._clock()
        if room >= 0 and (self._had_room < 0 or room >= self._had_room + _MORE_BYTES):
            self.nudge()
        self._had_room = room if room < 0 else min(room, self._had_room) if self._had_room >= 0 else room

    def failed(self, error: EmbedingestError) -> None:
        """One more failure."""
        now, attempts = self._now(), self._attempts + 1
        self._since = self._since or now
        wait = min(_LONGEST_SECONDS, delay(attempts, random.random()))  # noqa: S311 -- not for secrets
        self._failed_at = self._looked_at = self._clock()
        self._next_try = self._failed_at + wait
        self._had_room = self._room()
        _log.warning("%s; tried again in %.0f s", error.message, wait)
        note = OutageNote(
            error=error.message,
            remedy=error.remedy,
            attempts=attempts,
            since=round(self._since, 3),
            next_try=round(now + wait, 3),
        )
        self._note(json.dumps(note))
        self._attempts = attempts  # from now on it can be asked for

    def over(self) -> None:
        """It works again."""
        if self:
            _log.warning("it works again, after %d failures", self._attempts)
            self._attempts, self._since = 0, 0.0
        self._note("")

    def _note(self, text: str) -> None:
        # The outage may be a full disk, which cannot take this note either; the log has it.
        with suppress(StoreError):
            if (self._journal().meta(_KEY) or "") != text:
                self._journal().set_meta(_KEY, text)


def read_outage(journal: Journal, now: float) -> OutageStatus | None:
    """The journal's note of an outage, seen from `now` (seconds since the epoch); `None` where all is well."""
    text = journal.meta(_KEY)
    if not text:
        return None
    note: OutageNote = json.loads(text)
    return OutageStatus(
        error=note["error"],
        remedy=note["remedy"],
        attempts=note["attempts"],
        since=note["since"],
        next_try_seconds=max(0.0, round(note["next_try"] - now, 1)),
    )

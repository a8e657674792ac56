"""What a watch does when engine or store fail: waits, tries again, and says so meanwhile. Opens nothing."""

from __future__ import annotations

import json
import logging
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

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

__all__ = ["Outage", "is_hopeless", "read_outage"]

_KEY: Final = "trouble"
_LONGEST_SECONDS: Final = 60.0
_log = logging.getLogger(__name__)


def is_hopeless(error: EmbedingestError) -> bool:
    """Whether trying again cannot help until a person has changed something: settings, model, table or its writer."""
    return isinstance(error, ConfigError | LockedError | FingerprintError | ModelNotFoundError | ModelLoadError)


class Outage:
    """Failures of engine or store in a row, and when the next try is due.

    The journal remembers it for `status`, where the disk lets it; `now` is the time that is written there, in
    seconds since the epoch. The wait itself goes by a clock that nobody sets.
    """

    def __init__(self, journal: Callable[[], Journal], now: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._now = now
        self._attempts = 0
        self._since = 0.0
        self._next_try = 0.0

    def __bool__(self) -> bool:
        """Whether the last try failed."""
        return self._attempts > 0

    @property
    def due(self) -> bool:
        """Whether it is time to try again."""
        return bool(self) and time.monotonic() >= self._next_try

    def failed(self, error: EmbedingestError) -> None:
        """One more failure."""
        now = self._now()
        self._attempts += 1
        self._since = self._since or now
        wait = min(_LONGEST_SECONDS, delay(self._attempts, random.random()))  # noqa: S311 -- not for secrets
        self._next_try = time.monotonic() + wait
        _log.warning("%s; tried again in %.0f s", error, wait)
        said = {
            "error": error.message,
            "remedy": error.remedy,
            "attempts": self._attempts,
            "since": round(self._since, 3),
            "next_try": round(now + wait, 3),
        }
        self._say(json.dumps(said))

    def over(self) -> None:
        """It works again."""
        if self:
            _log.warning("it works again, after %d failures", self._attempts)
            self._attempts, self._since = 0, 0.0
        self._say("")

    def _say(self, said: str) -> None:
        # A full disk is one of the troubles: then nobody can be told here, and the log has it.
        with suppress(StoreError):
            if (self._journal().meta(_KEY) or "") != said:
                self._journal().set_meta(_KEY, said)


def read_outage(journal: Journal, now: float) -> dict[str, Any] | None:
    """What a watch said of its trouble, with times as seconds from `now`; `None` where all is well."""
    said = journal.meta(_KEY)
    if not said:
        return None
    trouble: dict[str, Any] = json.loads(said)
    next_try = max(0.0, round(trouble.pop("next_try") - now, 1))
    return {**trouble, "next_try_seconds": next_try}

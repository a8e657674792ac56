"""When a failed file is tried again. Pure: the time is handed in.

Permanent failures wait for the file to change. Others are tried again after a growing, jittered delay, a limited
number of times.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from embedingest.ingest.remedies import remedy_of, with_remedy

if TYPE_CHECKING:
    from embedingest.errors import DocumentError
    from embedingest.ingest.state.journal import FileState

__all__ = ["MAX_ATTEMPTS", "after_failure", "delay", "still_stored"]

MAX_ATTEMPTS: Final = 8
_FIRST_SECONDS: Final = 2.0
_LONGEST_SECONDS: Final = 900.0


def delay(attempts: int, jitter: float) -> float:
    """Seconds before try number `attempts` + 1: doubling from two seconds to a quarter of an hour.

    `jitter` in [0, 1) takes up to half of it off, so that files that failed together are not tried together.
    """
    return float(min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** (attempts - 1)) * (1 - jitter / 2))


def after_failure(state: FileState, before: FileState | None, error: DocumentError, *, now: float) -> FileState:
    """The failed `state`: its reason and what to do about it, its attempts in a row for this revision, and when it is
    due again.
    """
    same = before is not None and before.state == "failed" and before.stat == state.stat
    attempts = 1 + (before.attempts if before is not None and same else 0)
    again = error.kind != "permanent" and attempts < MAX_ATTEMPTS
    return state._replace(
        state="failed",
        kind=error.kind,
        code=error.code,
        error=with_remedy(error.message, error.remedy or remedy_of(error.code)),
        attempts=attempts,
        next_try=now + delay(attempts, random.random()) if again else 0.0,  # noqa: S311 -- not for secrets
    )


def still_stored(failed: FileState, before: FileState) -> FileState:
    """The failed state of a file whose rows, of an earlier version, stay in the table."""
    return failed._replace(
        content_hash=before.content_hash,
        config_hash=before.config_hash,
        fingerprint=before.fingerprint,
        loader=before.loader,
        chunker=before.chunker,
        chunks=before.chunks,
        children=before.children,
        notices=before.notices,
    )

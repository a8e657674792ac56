"""A file that others read while one writes it."""

from __future__ import annotations

import sqlite3
import time
from typing import Final

__all__ = ["keep_log"]

_LOCKED_SECONDS: Final = 0.005


def keep_log(db: sqlite3.Connection, seconds: float) -> None:
    """Let the file have a write-ahead log.

    SQLite refuses that at once where another process makes the same file; it is tried again for so many seconds then.
    Raises sqlite3.Error.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_LOCKED_SECONDS)
        else:
            return

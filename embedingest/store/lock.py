"""One writer per table: a lock beside it that says who holds it. Knows no LanceDB and no rows.

A table of an object store has a lease instead (`store/lease.py`); `writer_lock` gives the right one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import filelock
import psutil

from embedingest.errors import LockedError, StoreError

if TYPE_CHECKING:
    from types import TracebackType

    from embedingest.store.lease import LeaseLock

__all__ = ["Holder", "WriterLock", "local_folder", "refusal", "writer_lock"]


def local_folder(uri: str | Path) -> Path | None:
    """The folder a database URI means on this machine; `None` for object stores."""
    text = str(uri)
    if "://" not in text:
        return Path(text)
    parts = urlsplit(text)
    return Path(unquote(parts.path)) if parts.scheme in ("file", "file+uring") else None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes a table: process, machine, command line, since when (ISO 8601, UTC), and for a lease until when."""

    pid: int
    host: str
    command: str
    since: str
    until: str = ""

    @classmethod
    def here(cls) -> Holder:
        """The process that runs. Its command line is shortened, it may name many folders."""
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv else "python"
        return cls(os.getpid(), socket.gethostname(), command[:200], datetime.now(UTC).isoformat(timespec="seconds"))

    def __str__(self) -> str:
        until = f", until {self.until} unless renewed" if self.until else ""
        return f"process {self.pid} on {self.host} (`{self.command}`, since {self.since}{until})"


def writer_lock(uri: str | Path, table: str, *, state: Path) -> WriterLock | LeaseLock:
    """The lock of a table: a file beside it on this machine, a lease in an object store.

    With a lease a file in `state` is locked as well, because the journal there has one writer too.
    """
    if local_folder(uri) is not None:
        return WriterLock(uri, table)
    from embedingest.store.lease import LeaseLock

    return LeaseLock(str(uri), table, local=WriterLock(uri, table, state=state))


def refusal(table: str, who: Holder | None) -> LockedError:
    """The error for a table that somebody else writes."""
    return LockedError(
        f"table `{table}` is being written by {'another process' if who is None else who}",
        remedy="stop that process, let it do the work, or choose another `--table`",
    )


class WriterLock:
    """The right to write one table, held between `acquire` and `release`, or inside `with`.

    The lock is the operating system's and ends with the process, also when that is killed. What the holder says of
    itself lies beside it in a file of its own, because a locked file cannot be read everywhere.
    """

    def __init__(self, uri: str | Path, table: str, *, state: Path | None = None) -> None:
        folder = local_folder(uri) or state
        if folder is None:
            raise StoreError(f"a lock on table `{table}` in {uri} needs a folder on this machine")
        self._table = table
        self._path = folder / f".{table}.lock"
        self._said = folder / f".{table}.lock.json"
        self._lock = filelock.FileLock(self._path, thread_local=False)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return bool(self._lock.is_locked)

    def holder(self) -> Holder | None:
        """Who says to hold the lock. Right while it is held; what is left of a killed process is not removed."""
        try:
            return Holder(**json.loads(self._said.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def current(self) -> Holder | None:
        """Who writes the table now, as far as can be told without taking the lock; `None` where nobody does."""
        who = self.holder()
        if who is not None and who.host == socket.gethostname() and not psutil.pid_exists(who.pid):
            return None
        return who

    def acquire(self, *, wait_seconds: float = 0.0) -> Self:
        """Take the lock, waiting at most `wait_seconds`. Raises LockedError naming the holder, StoreError."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=wait_seconds, poll_interval=0.05)
            self._said.write_text(json.dumps(asdict(Holder.here())), "utf-8")
        except filelock.Timeout:
            raise refusal(self._table, self.holder()) from None
        except OSError as error:
            self._lock.release(force=True)
            raise StoreError(
                f"cannot lock table `{self._table}`: {error.strerror}: {self._path}",
                remedy="the folder must be writable and its disk not full; `--db URI` chooses another place",
            ) from error
        return self

    def release(self) -> None:
        """Give the lock back; nothing happens where it is not held."""
        if self._lock.is_locked:
            with contextlib.suppress(OSError):
                self._said.unlink(missing_ok=True)
            self._lock.release(force=True)

    def ensure(self) -> None:
        """Raises LockedError where the lock is not held. The operating system takes it from nobody."""
        if not self.held:
            raise refusal(self._table, self.holder())

    def __enter__(self) -> Self:
        return self if self.held else self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

"""One writer per table: a lock beside it that says who holds it. Knows no LanceDB and no rows.

A table of an object store has a lease instead (`store/lease.py`); `store/writer.py` gives the right one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import sys
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import filelock
import psutil

from embedingest.atomic import write_bytes
from embedingest.errors import LockedError, StoreError
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Holder", "TableLock", "WriterLock", "refusal"]

_POLL_SECONDS: Final = 0.05


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


def refusal(table: str, holder: Holder | None) -> LockedError:
    """The error for a table that somebody else writes."""
    return LockedError(
        f"table `{table}` is being written by {'another process' if holder is None else holder}",
        remedy="stop that process, let it do the work, or choose another `--table`",
    )


class TableLock(ABC):
    """The right to write one table, held between `acquire` and `release`, or inside `with`."""

    @property
    @abstractmethod
    def held(self) -> bool:
        """Whether this object holds the right and may be sure of it."""

    @abstractmethod
    def current(self) -> Holder | None:
        """Who writes the table now, as far as can be told without taking the lock; `None` where nobody does."""

    @abstractmethod
    def acquire(self, *, wait_seconds: float = 0.0) -> Self:
        """Take the right, waiting at most `wait_seconds`. Raises LockedError naming the holder, StoreError."""

    @abstractmethod
    def release(self) -> None:
        """Give the right back; nothing happens where it is not held."""

    @abstractmethod
    def ensure(self) -> None:
        """Raises LockedError where nothing may be written any more, StoreError where that cannot be told."""

    def __enter__(self) -> Self:
        return self if self.held else self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class WriterLock(TableLock):
    """A locked file beside the table.

    The lock is the operating system's and ends with the process, also when that is killed. Who holds it is written
    into a second file, because a locked file cannot be read everywhere.
    """

    def __init__(self, uri: str | Path, table: str, *, state: Path | None = None) -> None:
        folder = local_folder(uri) or state
        if folder is None:
            raise StoreError(f"a lock on table `{table}` in {uri} needs a folder on this machine")
        self._table = table
        self._path = folder / f".{table}.lock"
        self._holder_path = folder / f".{table}.lock.json"
        self._lock = filelock.FileLock(self._path, thread_local=False)

    @property
    def held(self) -> bool:
        return bool(self._lock.is_locked)

    def holder(self) -> Holder | None:
        """Who says to hold the lock. Right while it is held; what is left of a killed process is not removed."""
        try:
            return Holder(**json.loads(self._holder_path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def current(self) -> Holder | None:
        holder = self.holder()
        if holder is not None and holder.host == socket.gethostname() and not psutil.pid_exists(holder.pid):
            return None
        return holder

    def acquire(self, *, wait_seconds: float = 0.0) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=wait_seconds, poll_interval=_POLL_SECONDS)
            write_bytes(self._holder_path, json.dumps(asdict(Holder.here())).encode())
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
        if self._lock.is_locked:
            with contextlib.suppress(OSError):
                self._holder_path.unlink(missing_ok=True)
            self._lock.release(force=True)

    def ensure(self) -> None:
        # The operating system takes the lock from nobody.
        if not self.held:
            raise refusal(self._table, self.holder())

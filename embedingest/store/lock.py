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

    @property
    def gone(self) -> bool:
        """Whether it was a process of this machine, which is there no more."""
        return self.host == socket.gethostname() and not psutil.pid_exists(self.pid)

    def __str__(self) -> str:
        until = f", until {self.until} unless renewed" if self.until else ""
        return f"process {self.pid} on {self.host} (`{self.command}`, since {self.since}{until})"


def refusal(table: str, holder: Holder | None) -> LockedError:
    """The error for a table that somebody else writes: another process, or another call in this one."""
    if holder is not None and (holder.pid, holder.host) == (os.getpid(), socket.gethostname()):
        return LockedError(
            f"table `{table}` is being written by another call in this program, {holder}",
            remedy="end the watch, or wait for the call that writes it, or choose another table",
        )
    if holder is not None and holder.until and holder.gone:
        return LockedError(
            f"table `{table}` was being written by process {holder.pid} of this machine (`{holder.command}`), which is "
            f"gone without giving back its lease: that ends at {holder.until}",
            remedy="run the same command again then",
        )
    return LockedError(
        f"table `{table}` is being written by {'another process' if holder is None else holder}",
        remedy="stop that process, let it do the work, or choose another table",
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

    @property
    def lost(self) -> bool:
        """Whether what was locked was removed, so that another process may hold the right too. Costs microseconds."""
        return False

    def retake(self) -> None:
        """Take a right that is `lost` anew, if nobody else has it. Raises LockedError naming the holder, StoreError."""
        self.release()
        self.acquire()

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
        self._locked_file: tuple[int, int] | None = None

    @property
    def held(self) -> bool:
        return bool(self._lock.is_locked)

    @property
    def lost(self) -> bool:
        if not self.held:
            return False
        try:
            return _identity(self._path.stat()) != self._locked_file
        except OSError:
            return True

    def holder(self) -> Holder | None:
        """Who says to hold the lock. Right while it is held; what is left of a killed process is not removed."""
        try:
            return Holder(**json.loads(self._holder_path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def current(self) -> Holder | None:
        holder = self.holder()
        return None if holder is not None and holder.gone else holder

    def acquire(self, *, wait_seconds: float = 0.0) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=wait_seconds, poll_interval=_POLL_SECONDS)
            # Of the file that is locked, not of the one that lies at the path by now.
            descriptor = self._lock._context.lock_file_fd  # noqa: SLF001 -- filelock shows it in no other way
            self._locked_file = None if descriptor is None else _identity(os.fstat(descriptor))
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
            if self.lost:  # what lies there now says who else writes
                self._lock.release(force=True)
                return
            with contextlib.suppress(OSError):
                self._holder_path.unlink(missing_ok=True)
            self._lock.release(force=True)

    def ensure(self) -> None:
        # The operating system takes the lock from nobody, but the file may go, and another process lock a new one.
        if not self.held:
            raise refusal(self._table, self.holder())
        if self.lost:
            raise LockedError(
                f"the lock of table `{self._table}` was removed while it is written: {self._path}",
                remedy="nothing more is written; run the same command again",
            )


def _identity(facts: os.stat_result) -> tuple[int, int]:
    """Which file it is, whatever it is called."""
    return facts.st_dev, facts.st_ino

"""Compiled models kept in the user's cache: found, checked, made once. Knows files, not how a model runs."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from blake3 import blake3

from embedingest.atomic import new_folder, temporary_path, write_bytes
from embedingest.engine import cancellation, hardware
from embedingest.engine.compiled import runtime
from embedingest.paths import user_cache
from embedingest.regular import read_bounded, why_not_ours
from embedingest.system import user_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from filelock import BaseFileLock

    from embedingest.engine.compiled.graphs import Share
    from embedingest.engine.compiled.note import CacheKey, CompiledNote
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.precision import PrecisionSetting

__all__ = [
    "Entry",
    "amend",
    "comparing",
    "drop_blobs",
    "find",
    "forget",
    "keep",
    "key_of",
    "latest",
    "making",
    "place",
    "prune",
    "take_away",
]

_log = logging.getLogger(__name__)

LAYOUT: Final = 4
"""Raised whenever graphs or notes of older versions of this program must not be used any more."""

NOTE: Final = "compiled.json"
_UNUSED_DAYS: Final = 30
_DAY_SECONDS: Final = 86_400
_LOCK_SECONDS: Final = 1800  # to wait for another process that makes the same entry
LARGEST_NOTE_BYTES: Final = 16 * 2**20
_POLL_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.2
_FILES: Final = ("model.xml", "model.bin")
_MACHINE: Final = ("runtime", "cpu", "layout", "threads", "cores", "streams")  # of a key: what one process shares


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept model: its folder and its note. `refused` says why nothing but torch may run it."""

    folder: Path
    note: CompiledNote

    @property
    def graph(self) -> Path:
        return self.folder / _FILES[0]

    @property
    def has_blobs(self) -> bool:
        """Whether OpenVINO's own compiled form lies beside the graph."""
        return any((self.folder / "blobs").glob("*.blob"))

    @property
    def refused(self) -> str | None:
        return self.note.get("refused")


def key_of(
    folder: ModelFolder, max_tokens: int, precision: PrecisionSetting, vector_class: str, share: Share
) -> CacheKey:
    """What a compiled model is made for: model, window, runtime, precision, processor and share of it, our layout."""
    return {
        "fingerprint": folder.fingerprint(vector_class),
        "max_tokens": max_tokens,
        "runtime": f"openvino {runtime.runtime_version()}",
        "precision": precision,
        "cpu": list(hardware.flags()),
        "layout": LAYOUT,
        # What runs on some threads may end the process on fewer.
        "threads": share.limit,
        "cores": share.threads,
        "streams": share.streams,
    }


def place(key: CacheKey) -> Path:
    """The folder of a key."""
    return user_cache() / "compiled" / blake3(json.dumps(key, sort_keys=True).encode()).hexdigest(length=16)


def find(key: CacheKey) -> Entry | None:
    """The kept entry of a key; one that is damaged or of another version is taken away and not answered."""
    folder = place(key)
    if (reason := _not_ours(folder)) is not None:
        _log.warning("a compiled model of the cache is not taken: %s", reason)
        shutil.rmtree(folder, ignore_errors=True)  # another user's stays: then it is made in a private place
        return None
    try:
        note: CompiledNote = json.loads(read_bounded(folder / NOTE, LARGEST_NOTE_BYTES))
    except FileNotFoundError:
        if folder.is_dir():
            forget(folder, "its note is missing")
        return None
    except (OSError, ValueError, RecursionError) as error:
        forget(folder, str(error))
        return None
    if not isinstance(note, dict) or note.get("key") != key:
        forget(folder, "it was made for another key")
        return None
    sizes = note.get("files", {})
    for name in (name for name in _FILES if name in sizes):
        path = folder / name
        if not path.is_file() or path.stat().st_size != sizes[name]:
            forget(folder, f"`{name}` is missing or cut short")
            return None
    _used(folder / NOTE)
    return Entry(folder, note)


def _not_ours(folder: Path) -> str | None:
    """Why somebody else may have written an entry, or put it there; `None` where nobody did or none is there."""
    try:
        if (reason := why_not_ours(folder)) is not None:
            return reason
        _check_parents(folder)
        # What lies in a folder that only its owner may enter, nobody else can write, whatever its own mode.
        closed = not folder.stat().st_mode & 0o077
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or str(error)
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if (reason := why_not_ours(path, mode=not closed)) is not None:
                return reason
    return None


def _check_ours(folder: Path) -> None:
    if (reason := _not_ours(folder)) is not None:
        raise PermissionError(errno.EPERM, reason)


def _check_parents(folder: Path) -> None:
    """Raises PermissionError where others may put entries of theirs into the cache."""
    if (user := user_id()) is None:
        return
    for parent in (folder.parent, folder.parent.parent):
        found = parent.stat()
        if found.st_uid not in (user, 0):
            reason = f"{parent} belongs to user {found.st_uid}, not to {user}"
            raise PermissionError(errno.EPERM, reason)
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            raise PermissionError(errno.EPERM, f"{parent} can be written by everybody")


def forget(folder: Path, reason: str) -> None:
    """Take a damaged entry away, so that it is made again."""
    _log.warning("compiled model %s is damaged (%s): it is made again", folder, reason)
    shutil.rmtree(folder, ignore_errors=True)


def keep(key: CacheKey, fill: Callable[[Path], CompiledNote]) -> tuple[Entry, Callable[[], None]]:
    """Make an entry: `fill` writes files into an empty folder and answers the note.

    Where the cache cannot be written (read-only, full), the entry lives in a temporary folder for this process.
    The second value removes what must not outlive the process.
    """
    try:
        place(key).parent.mkdir(parents=True, exist_ok=True)
        _check_parents(place(key))
        _check_ours(place(key))  # before the work, and after it: somebody else may have been first
        with new_folder(place(key)) as folder:
            folder.chmod(0o700)
            note = _noted(folder, key, fill(folder))
        _check_ours(place(key))
        with contextlib.suppress(OSError):
            prune(key)
        return Entry(place(key), note), lambda: None
    except OSError as error:
        _log.warning("cannot keep the compiled model in %s: %s", place(key), error.strerror or error)
    folder = Path(tempfile.mkdtemp(prefix="embedingest-compiled-"))
    note = _noted(folder, key, fill(folder))
    return Entry(folder, note), lambda: shutil.rmtree(folder, ignore_errors=True)


def amend(entry: Entry, note: CompiledNote) -> Entry:
    """The entry with more in its note; where the cache cannot be written, only in this process."""
    full = cast("CompiledNote", {**entry.note, **note})
    with contextlib.suppress(OSError):
        write_bytes(entry.folder / NOTE, json.dumps(full, indent=1).encode(), private=True)
    return Entry(entry.folder, full)


def latest(entry: Entry) -> Entry | None:
    """The entry as it is kept by now, by whichever process; `None` where it is no more.

    One that could not be kept is this process's own, and as it was.
    """
    key = entry.note["key"]
    return find(key) if entry.folder == place(key) else entry


def drop_blobs(entry: Entry) -> None:
    """Take OpenVINO's own compiled form away."""
    shutil.rmtree(entry.folder / "blobs", ignore_errors=True)


def prune(key: CacheKey, *, now: float | None = None) -> list[Path]:
    """Take away what this version cannot use and nobody used for 30 days, and answer the folders. Raises OSError.

    That is what was made for another runtime, processor or layout, or left by a process that was killed; never
    another model. A process that still runs such an entry has its files mapped: only their names go.
    """
    then = (time.time() if now is None else now) - _UNUSED_DAYS * _DAY_SECONDS
    pruned = []
    for folder in place(key).parent.iterdir():
        with contextlib.suppress(OSError):
            if folder.is_dir() and _last_use(folder) < then and not _usable(folder, key):
                take_away(folder)
                pruned.append(folder)
    if pruned:
        _log.info("took away %d compiled models that were not used for %d days", len(pruned), _UNUSED_DAYS)
    return pruned


def take_away(folder: Path) -> None:
    """Remove a folder in one step, so that nobody finds half of it. Raises OSError."""
    renamed = temporary_path(folder)
    folder.rename(renamed)
    shutil.rmtree(renamed, ignore_errors=True)


def _usable(folder: Path, key: CacheKey) -> bool:
    """Whether a process like this one could still find the entry: only model, window and precision may differ."""
    try:
        other: CacheKey = json.loads((folder / NOTE).read_bytes())["key"]
        same = all(other[name] == key[name] for name in _MACHINE)
        return place(other) == folder and same
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _last_use(folder: Path) -> float:
    note = folder / NOTE
    return (note if note.is_file() else folder).stat().st_mtime


def _used(note: Path) -> None:
    """Let the note's time of change say when the entry was last used, to the day."""
    with contextlib.suppress(OSError):  # a read-only cache is pruned by nobody
        if time.time() - note.stat().st_mtime > _DAY_SECONDS:
            os.utime(note)


def _noted(folder: Path, key: CacheKey, note: CompiledNote) -> CompiledNote:
    sizes = {name: (folder / name).stat().st_size for name in _FILES if (folder / name).is_file()}
    full = cast("CompiledNote", {"key": key, **note, "files": sizes})
    (folder / NOTE).write_text(json.dumps(full, indent=1), encoding="utf-8")
    return full


@contextlib.contextmanager
def making(key: CacheKey) -> Iterator[None]:
    """Held while an entry is made, so that two processes do not make the same one.

    Where no lock can be had (a read-only cache), it goes on without. Raises Cancelled.
    """
    from filelock import FileLock, Timeout

    path = place(key).with_suffix(".lock")
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock)
    except (OSError, NotImplementedError, Timeout):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock) -> None:
    from filelock import Timeout

    end = time.monotonic() + _LOCK_SECONDS
    while True:
        cancellation.check()
        try:
            lock.acquire(timeout=_LOOK_SECONDS)
            return
        except Timeout:
            if time.monotonic() >= end:
                raise


@contextlib.contextmanager
def comparing(key: CacheKey, wait: Callable[[float], bool]) -> Iterator[bool]:
    """Held while the rest of an entry's gate is compared; answers whether it is, after another process had its turn.

    `wait` sleeps so many seconds and answers whether to give up. Where no lock can be had, it goes on without.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(place(key).with_suffix(".rest.lock"))
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if wait(_POLL_SECONDS):
                yield False
                return
        except (OSError, NotImplementedError):
            break
    try:
        yield True
    finally:
        lock.release()

"""What a source plug-in lists, as a folder of ours that the walk can follow. Knows the seam, no place.

Only what changed its mark is read again, and a listing that fails deletes nothing.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from embedingest.atomic import write_bytes
from embedingest.errors import DocumentError, EmbedingestError
from embedingest.ingest.identity import source_name
from embedingest.ingest.json_values import printable, spelled
from embedingest.ingest.remedies import SOURCE_REMEDY, remedy_of, with_remedy
from embedingest.ingest.report import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from embedingest.ingest.sources.base import Item, Source

__all__ = ["Mirror", "Mirrors"]

_log = logging.getLogger(__name__)
_TICK_SECONDS: Final = 0.2
_NAME_BYTES: Final = 240
_MOST_REASON: Final = 500


@dataclass(slots=True)
class Mirror:
    """One source and its folder. `alias` is the root's name; marks lie beside the folder."""

    alias: str
    source: Source
    folder: Path
    poll_seconds: float
    left: bool = False
    """Whether it is refreshed no more."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self, stop: threading.Event | None = None) -> list[Failure]:
        """Make the folder equal to what the source lists, until `stop` is set. Failures of single items, or of the
        listing; a listing that fails changes nothing.
        """
        with self._lock:
            return [] if self.left else self._refresh(stop)

    def _refresh(self, stop: threading.Event | None) -> list[Failure]:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            items = {item.key: item for item in map(_checked, self.source.list())}
        except EmbedingestError as error:
            said = with_remedy(f"the source cannot be listed: {error.message}", error.remedy or SOURCE_REMEDY)
            return [Failure(self.alias, "transient", said)]
        except Exception as error:  # noqa: BLE001 -- a stranger's code; the other roots go on
            _log.warning("source %s failed while listing", self.alias, exc_info=True)
            said = with_remedy(f"the source failed: {_named(error)}", SOURCE_REMEDY)
            return [Failure(self.alias, "transient", said)]
        marks, failures = self._marks(), []
        for key in marks.keys() - items.keys():
            self._remove(key)
            del marks[key]
        for key, item in items.items():
            if stop is not None and stop.is_set():
                break
            path = self._path(key)
            if path is not None and marks.get(key) == item.mark and path.exists():
                continue
            try:
                self._fetch(item, path)
                marks[key] = item.mark
            except Exception as error:  # noqa: BLE001 -- a stranger's code; the other items go on
                failures.append(self._failure(key, error))
        self._write_marks(marks)
        return failures

    def _failure(self, key: str, error: Exception) -> Failure:
        source = source_name(self.alias, key)
        source = printable(source, len(source))
        if isinstance(error, DocumentError):
            kind = error.kind if error.kind in {"permanent", "machinery"} else "transient"
            reason = printable(spelled(error.message), _MOST_REASON)
            remedy = error.remedy or remedy_of(error.code) or ""
            return Failure(source, kind, with_remedy(reason, printable(spelled(remedy), _MOST_REASON)))
        _log.warning("source %s failed at %r", self.alias, key, exc_info=error)
        return Failure(source, "transient", with_remedy(f"{source} could not be read: {_named(error)}", SOURCE_REMEDY))

    def _path(self, key: str) -> Path | None:
        """Where an item lies; `None` for a key that is no path below the folder."""
        parts = PurePosixPath(key).parts
        safe = parts and not key.startswith("/") and "\0" not in key and not {"..", "."} & set(key.split("/"))
        try:
            short = all(len(os.fsencode(part)) < _NAME_BYTES for part in parts)
        except UnicodeError:
            return None
        return self.folder.joinpath(*parts) if safe and short else None

    def _fetch(self, item: Item, path: Path | None) -> None:
        if path is None:
            raise DocumentError(f"`{item.key}` cannot be a file's name here", code="name")
        data = bytes(memoryview(self.source.read(item.key)))
        try:
            write_bytes(path, data, modified_at_ns=item.modified_at_ns)
        except OSError as error:
            # A key may be an object and a prefix of others at once; a file cannot.
            raise DocumentError(f"`{item.key}` cannot be kept: {error.strerror}", kind="transient") from error

    def _remove(self, key: str) -> None:
        path = self._path(key)
        if path is None:
            return
        with suppress(OSError):
            path.unlink(missing_ok=True)
            for parent in path.parents:
                if parent == self.folder:
                    break
                parent.rmdir()  # ends at the first that is not empty

    @property
    def _marks_path(self) -> Path:
        return self.folder.with_name(self.folder.name + ".marks.json")

    def _marks(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._marks_path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return {}

    def _write_marks(self, marks: dict[str, str]) -> None:
        write_bytes(self._marks_path, json.dumps(marks).encode())


class Mirrors:
    """The mirrors of one pipeline: refreshed before a sweep, and polled while the folders are followed."""

    def __init__(self, mirrors: Sequence[Mirror] = ()) -> None:
        self._mirrors = mirrors

    def make_folders(self) -> None:
        for mirror in self._mirrors:
            mirror.folder.mkdir(parents=True, exist_ok=True)

    def refresh(self, stop: threading.Event) -> list[Failure]:
        """Refresh all, one after the other, until `stop` is set. Failures of single items, or of whole listings."""
        return [failure for mirror in self._mirrors for failure in mirror.refresh(stop)]

    @contextmanager
    def polled(self, stop: threading.Event) -> Iterator[None]:
        """While inside, each is refreshed every so often in a thread of its own; a watcher of the folder sees it."""
        done = threading.Event()
        threads = [
            threading.Thread(target=_poll, args=(mirror, done, stop), name=f"poll-{mirror.alias}")
            for mirror in self._mirrors
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def leave(self, folder: str) -> None:
        """Refresh the mirror of this folder no more, where there is one."""
        for mirror in self._mirrors:
            mirror.left = mirror.left or os.path.abspath(mirror.folder) == folder  # noqa: PTH100 -- follows no link

    def close(self) -> None:
        for mirror in self._mirrors:
            try:
                mirror.source.close()
            except Exception:  # noqa: BLE001 -- a stranger's code, of which nothing more is wanted
                _log.warning("source %s failed at its end", mirror.alias, exc_info=True)


def _checked(item: Item) -> Item:
    """An item of the types that the seam names. Raises TypeError for another."""
    if not (isinstance(item.key, str) and isinstance(item.mark, str) and isinstance(item.modified_at_ns, int)):
        raise TypeError(f"an item whose key, mark or time is of another type: {spelled(item)[:200]}")
    return item


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {printable(spelled(error), _MOST_REASON)}"


def _poll(mirror: Mirror, done: threading.Event, stop: threading.Event) -> None:
    due = time.monotonic() + mirror.poll_seconds
    while not done.wait(_TICK_SECONDS) and not stop.is_set():
        if time.monotonic() < due:
            continue
        for failure in mirror.refresh(stop):
            _log.warning("%s: %s", failure.source, failure.error)
        due = time.monotonic() + mirror.poll_seconds

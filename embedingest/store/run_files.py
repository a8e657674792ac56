"""Small files that belong to a run, in a folder beside its table, wherever the table lies. Knows not what they say.

In an object store they go through the client of pylance, which is set up by what sets up the table's: there is no
second place for keys and endpoints.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from embedingest.atomic import new_file
from embedingest.errors import StoreError
from embedingest.store import pylance
from embedingest.store.database import translated
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RunFiles", "open_run_files"]

_NOT_FOUND: Final = "not found"


class RunFiles(Protocol):
    """Whole files of some kilobytes by name; a name has no `/` in it. All of it raises StoreError."""

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Write a file unless there is one of this name; whether it was written.

        Readers see it whole or not at all. On this machine one of several that write at once is told `True`. In an
        object store the look and the write are two steps: several may be told so, and what one of them wrote stays.
        """

    def read(self, name: str) -> bytes | None:
        """What a file holds; `None` where there is none."""

    def names(self) -> list[str]:
        """The names of all files, sorted."""

    def folders(self) -> list[str]:
        """The names of the folders in this one that hold files, sorted."""

    def delete(self, name: str) -> None:
        """Remove a file, if it is there; with the last one that leaves nothing, so does the folder."""


def open_run_files(uri: str | Path, folder: str) -> RunFiles:
    """The files of `folder`, relative to the database at `uri`; it need not be there yet.

    Raises ConfigError where the database is an object store and pylance is not installed.
    """
    beside = local_folder(uri)
    return _InStore(pylance.location(uri, folder)) if beside is None else _OnDisk(beside / folder)


class _OnDisk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_if_absent(self, name: str, data: bytes) -> bool:
        with translated("write", str(self._folder / name)):
            return new_file(self._folder / name, data)

    def read(self, name: str) -> bytes | None:
        with translated("read", str(self._folder / name)), contextlib.suppress(FileNotFoundError):
            return (self._folder / name).read_bytes()
        return None

    def names(self) -> list[str]:
        with translated("list", str(self._folder)), contextlib.suppress(FileNotFoundError):
            return sorted(path.name for path in self._folder.iterdir() if path.is_file() and path.name[0] != ".")
        return []

    def folders(self) -> list[str]:
        with translated("list", str(self._folder)), contextlib.suppress(FileNotFoundError):
            return sorted(path.name for path in self._folder.iterdir() if path.is_dir() and any(path.iterdir()))
        return []

    def delete(self, name: str) -> None:
        with translated("delete", str(self._folder / name)):
            (self._folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there are others
                self._folder.rmdir()
                self._folder.parent.rmdir()
            with contextlib.suppress(OSError):
                self._folder.rmdir()  # when it was the last


class _InStore:
    def __init__(self, place: str) -> None:
        self._place = place
        self._client: Any = None

    def put_if_absent(self, name: str, data: bytes) -> bool:
        with self._asking("write", name) as client, tempfile.TemporaryDirectory() as folder:
            if client.contains(name):
                return False
            here = Path(folder, "file")
            here.write_bytes(data)
            client.upload_file(str(here), name)
            return True

    def read(self, name: str) -> bytes | None:
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder, "file")
            try:
                with self._asking("read", name) as client:
                    client.download_file(name, str(here))
            except StoreError as error:
                if _is_missing(error):
                    return None
                raise
            return here.read_bytes()

    def names(self) -> list[str]:
        with self._asking("list", "") as client:
            return sorted(name for name in client.list_with_delimiter().objects if "/" not in name)

    def folders(self) -> list[str]:
        with self._asking("list", "") as client:
            return sorted(name.strip("/") for name in client.list_with_delimiter().common_prefixes)

    def delete(self, name: str) -> None:
        try:
            with self._asking("delete", name) as client:
                client.delete_file(name)
        except StoreError as error:
            if not _is_missing(error):
                raise

    @contextlib.contextmanager
    def _asking(self, action: str, name: str) -> Iterator[Any]:
        with translated(action, f"{self._place}/{name}"):
            if self._client is None:
                self._client = pylance.load().file.LanceFileSession(self._place)
            yield self._client


def _is_missing(error: StoreError) -> bool:
    """Of a file that is not there pylance says so in words only."""
    return _NOT_FOUND in str(error.__cause__).lower()

"""Opens databases and turns LanceDB's errors into ours. Knows no rows; the one place that imports lancedb first."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DamagedTableError, EmbedingestError, StoreError, TableMissingError
from embedingest.store.put_off import put_off
from embedingest.store.refused import refusal_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["connect", "load", "may_pass", "missing", "opened", "translated"]

_INDEX_CACHE_BYTES: Final = 1 << 30
_METADATA_CACHE_BYTES: Final = 128 << 20
_DISK_FULL: Final = ("no space left", "disk quota", "file too large", "storage full")
_DAMAGED: Final = (
    "corrupt file",
    "failed to decode protobuf",
    "does not appear to be a lance file",
    "failed to fill whole buffer",
    "file size is too small",
    "does not contain correct footer",
    "for object of size",
    "column encoding",
    "columnencoding",
    "does not match sibling length",
    "panicked with message",
)
"""What LanceDB says of files that end too early, or hold what nobody wrote."""
_REBUILD: Final = (
    "`embedingest verify` looks at every file; `embedingest rebuild` makes the table again from its folders, "
    "`embedingest optimize` an index that is damaged"
)
_HTTP_REFUSED: Final = ("badscheme", "builder error")
"""What the client of object stores says of an address `http://…` that it was not told to take."""
_SOURCE_LINE: Final = re.compile(r"[,;:]?\s{0,3}(?:\b(?:at|in)\s{1,3})?(?<![^\s,;:])[^\s,;:]+\.rs:\d+(?::\d+)?")
"""Where LanceDB was when it failed: lines of the machine that it was built on."""
_NOT_WRITABLE: Final = ("permission denied", "read-only file system", "access is denied", "operation not permitted")


def load() -> Any:
    """LanceDB's module, which takes seconds to import and is not needed by every run. Safe in any thread."""
    # The Rust layer reads this once, while it is imported; whoever set it before keeps it.
    for name in ("LANCE_LOG", "LANCEDB_LOG"):
        os.environ.setdefault(name, "error")
    # Asks catalogues over HTTP: nearly half of the import's time, and never used here.
    put_off("lance_namespace_urllib3_client")
    import lancedb

    return lancedb


def connect(uri: str | Path, *, read_consistency_seconds: float) -> Any:
    """A LanceDB connection whose tables notice other processes' commits after the given seconds. Raises StoreError."""
    lancedb = load()
    session = lancedb.Session(
        index_cache_size_bytes=_INDEX_CACHE_BYTES, metadata_cache_size_bytes=_METADATA_CACHE_BYTES
    )
    with translated("open database", str(uri)):
        return lancedb.connect(
            str(uri),
            read_consistency_interval=timedelta(seconds=read_consistency_seconds),
            session=session,
        )


def opened(database: Any, uri: str | Path, name: str) -> Any:
    """A table's LanceDB handle, `None` where there is no such table."""
    with translated("open table", f"`{name}` in {uri}"):
        try:
            return database.open_table(name)
        except (ValueError, FileNotFoundError) as error:
            if "was not found" in str(error):
                return None
            raise


def missing(uri: str | Path, name: str) -> TableMissingError:
    """The error for a table that is not there yet, with the command that makes it."""
    return TableMissingError(
        f"there is no table `{name}` in {uri}",
        remedy="`embedingest ingest PATH` makes it; `--db` and `--table` choose another",
    )


@contextlib.contextmanager
def translated(action: str, thing: str) -> Iterator[None]:
    """Turns what LanceDB and Arrow raise inside into StoreError. Every write is one commit or none: nothing is lost.

    DamagedTableError where LanceDB says that a file is not as it was written.
    """
    import pyarrow as pa

    try:
        yield
    except EmbedingestError:
        raise
    except BaseException as error:
        # Bytes that nobody wrote may make LanceDB panic, which is no `Exception`.
        panic = "Panic" in type(error).__name__
        if not panic and not isinstance(
            error, (RuntimeError, OSError, ValueError, TypeError, KeyError, pa.ArrowException)
        ):
            raise
        refusal = refusal_in(str(error))
        if refusal is not None:
            raise StoreError(f"cannot {action} {thing}: {refusal.said}", remedy=refusal.remedy) from error
        message = f"cannot {action} {thing}: {_first_line(error)}"
        if panic or any(sign in str(error).lower() for sign in _DAMAGED):
            raise DamagedTableError(message, remedy=_REBUILD) from error
        raise StoreError(message, remedy=_remedy(str(error))) from error


def may_pass(error: BaseException) -> bool:
    """Whether what failed may succeed in a moment: not on a disk that is full, or a folder that nobody may write."""
    text = str(error).lower()
    return not any(sign in text for sign in (*_DISK_FULL, *_NOT_WRITABLE))


def _first_line(error: BaseException) -> str:
    lines = _SOURCE_LINE.sub("", str(error)).strip().splitlines()
    return lines[0].strip()[:500] if lines else type(error).__name__


def _remedy(message: str) -> str | None:
    lowered = message.lower()
    if any(sign in lowered for sign in _DISK_FULL):
        return "make room on the disk and run the same command again: what was stored before is whole"
    if any(sign in lowered for sign in _NOT_WRITABLE):
        return "its folder must be readable, and writable for who writes it; `--db URI` chooses another place"
    if any(sign in lowered for sign in _HTTP_REFUSED):
        return "a store that speaks plain HTTP is used with `AWS_ALLOW_HTTP=true` in the environment, on every machine"
    return None

"""Whether an object store keeps the promise that every commit rests on: what is put only where nothing is
(If-None-Match) is never put over another.

Where it does not, each of two that commit at once is told that its rows are stored, and one of them loses them. So
several write to a small table at once before a place is first written to, by the client that writes the real ones.
Knows no rows of documents.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from typing import TYPE_CHECKING, Any, Final

from embedingest.atomic import write_bytes
from embedingest.errors import StoreError
from embedingest.store.database import connect, translated

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_once", "check_store"]

_WRITERS: Final = 4
_ENDPOINTS: Final = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
_REMEDY: Final = (
    "keep the database on a disk, or in a store that honours it, as Amazon S3, Google Cloud Storage, Azure Blob "
    "Storage, Cloudflare R2 and MinIO do; a gateway in front of one must hand the header on"
)


def check_once(uri: str, remembered: Path) -> None:
    """Check the store, unless the file `remembered` says that it was. Raises StoreError as `check_store` does."""
    place = {"uri": uri, **{name: os.environ[name] for name in _ENDPOINTS if os.environ.get(name)}}
    known = _read(remembered)
    if place in known:
        return
    check_store(uri)
    with contextlib.suppress(OSError):  # then it is checked again
        write_bytes(remembered, json.dumps([*known, place], indent=1).encode())


def _read(remembered: Path) -> list[Any]:
    try:
        known = json.loads(remembered.read_bytes())
    except (OSError, ValueError):
        return []
    return known if isinstance(known, list) else []


def check_store(uri: str) -> None:
    """Let several write to a new table at `uri` at once, and look whether all that was told to be stored is.

    Raises StoreError where it is not, and where the store cannot be written to. Takes a second or two, and some dozen
    requests; the table is removed again.
    """
    name = f"embedingest__probe_{secrets.token_hex(4)}"
    with translated("try to write to", uri):
        database = connect(uri, read_consistency_seconds=0)
        database.create_table(name, data=[{"writer": -1}])
        try:
            stored = _race(uri, name)
            rows = connect(uri, read_consistency_seconds=0).open_table(name).count_rows() - 1
        finally:
            with contextlib.suppress(Exception):
                database.drop_table(name)
    if rows < stored:
        raise StoreError(
            f"the store of {uri} ignores `If-None-Match`: of {stored} rows that it acknowledged when they were written "
            f"at once {stored - rows} were lost, and so would be those of documents",
            remedy=_REMEDY,
        )


def _race(uri: str, name: str) -> int:
    """Several add a row each to a table in the same moment; how many were told that it is stored.

    Raises what failed where fewer than two were.
    """
    tables = [connect(uri, read_consistency_seconds=0).open_table(name) for _ in range(_WRITERS)]
    start, stored, failed = threading.Barrier(_WRITERS), [], []

    def add(number: int) -> None:
        start.wait()
        try:
            tables[number].add([{"writer": number}])
            stored.append(number)
        except Exception as error:  # noqa: BLE001 -- told by who waits for this thread
            failed.append(error)

    threads = [threading.Thread(target=add, args=(number,), name="probe") for number in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed and len(stored) < 2:
        raise failed[0]
    return len(stored)

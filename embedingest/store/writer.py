"""Which lock guards a table: a file beside it on this machine, a lease in an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.store.lease import LeaseLock
from embedingest.store.lock import WriterLock
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.store.lock import TableLock

__all__ = ["writer_lock"]


def writer_lock(uri: str | Path, table: str, *, state: Path) -> TableLock:
    """The lock of a table, not yet taken.

    With a lease a file in `state` is locked as well, because the journal there has one writer too.
    """
    if local_folder(uri) is not None:
        return WriterLock(uri, table)
    return LeaseLock(str(uri), table, local=WriterLock(uri, table, state=state))

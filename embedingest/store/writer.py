"""Which lock guards a table: a file beside it on this machine, a lease in an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.store.lease import LeaseLock
from embedingest.store.lock import WriterLock
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.store.lock import TableLock

__all__ = ["writer_lock"]

_CHECKED_STORES: Final = ".checked-stores.json"


def writer_lock(uri: str | Path, table: str, *, state: Path) -> TableLock:
    """The lock of a table, not yet taken.

    With a lease a file in `state` is locked as well, because the journal there has one writer too; and `state`
    remembers that the store was checked, which is done before the first write.
    """
    if local_folder(uri) is not None:
        return WriterLock(uri, table)
    local = WriterLock(uri, table, state=state)
    return LeaseLock(str(uri), table, local=local, remembered=state / _CHECKED_STORES)

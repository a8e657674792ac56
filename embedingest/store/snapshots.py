"""Named versions of the table: take one, list, read at one, go back to one, drop one. Knows no journal.

A snapshot is a Lance branch, not a tag: an old tag makes LanceDB refuse to clean up anything newer, a branch keeps
exactly the files it needs.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError, StoreError
from embedingest.store.values import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.store.handle import TableHandle
    from embedingest.store.table import ChunkTable

__all__ = ["at", "drop", "restore", "snapshots", "tag"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def tag(table: ChunkTable, name: str) -> Snapshot:
    """Name the table's present version. Raises ConfigError for a taken or impossible name, StoreError."""
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")) or name == "main":
        raise ConfigError(
            f"`{name}` cannot name a snapshot", remedy="letters, digits, dots, dashes and underscores, 100 at most"
        )
    handle = table.handle
    with handle.writing:
        if name in _branches(handle):
            raise ConfigError(f"there is a snapshot `{name}` already", remedy=f"`embedingest tag --drop {name}` first")
        with handle.translated(f"make snapshot `{name}` of"):
            handle.lance.branches.create(name, from_version=int(handle.lance.version))
    return next(snapshot for snapshot in snapshots(table) if snapshot.name == name)


def snapshots(table: ChunkTable) -> list[Snapshot]:
    """All snapshots, oldest first. Raises StoreError."""
    handle = table.handle
    branches = {name: int(facts["parent_version"]) for name, facts in _branches(handle).items()}
    times: dict[int, datetime] = {}
    if branches:
        with handle.translated("list the versions of"):
            times = {
                int(facts["version"]): facts["timestamp"].astimezone(UTC) for facts in handle.lance.list_versions()
            }
    described = [_described(handle, name, version, times) for name, version in branches.items()]
    return sorted(described, key=lambda snapshot: (snapshot.version, snapshot.name))


def drop(table: ChunkTable, name: str) -> None:
    """Forget a snapshot; its files go with the next clean-up. Raises StoreError."""
    handle = table.handle
    _version(handle, name)
    with handle.writing, handle.translated(f"drop snapshot `{name}` of"):
        handle.lance.branches.delete(name)


def restore(table: ChunkTable, name: str) -> int:
    """Make the table what it was at a snapshot, as a new version; returns its number of rows. Raises StoreError.

    The folders are as they are: the next run that looks at them brings their newest state back, so whoever
    watches is to be paused first.
    """
    handle = table.handle
    version = _version(handle, name)
    with handle.writing, handle.translated(f"restore snapshot `{name}` of"):
        handle.lance.restore(version)
        handle.lance.checkout_latest()
    return handle.count()


def at(table: ChunkTable, name: str) -> ChunkTable:
    """The table as of a snapshot, which can write nothing. Raises StoreError."""
    return table.at(_version(table.handle, name))


def _branches(handle: TableHandle) -> dict[str, Any]:
    with handle.translated("list the snapshots of"):
        return dict(handle.lance.branches.list())


def _version(handle: TableHandle, name: str) -> int:
    branches = _branches(handle)
    if name not in branches:
        known = ", ".join(sorted(branches)) or "none"
        raise StoreError(f"table `{handle.name}` has no snapshot `{name}`", remedy=f"known snapshots: {known}")
    return int(branches[name]["parent_version"])


def _described(handle: TableHandle, name: str, version: int, times: Mapping[int, datetime]) -> Snapshot:
    with handle.translated("read a snapshot of"):
        return Snapshot(name, version, int(handle.reopened(version).count_rows()), times[version])

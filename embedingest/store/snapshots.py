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
    from embedingest.store.table import ChunkTable

__all__ = ["at", "drop", "restore", "snapshots", "tag"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def tag(table: ChunkTable, name: str) -> Snapshot:
    """Name the table's present version. Raises ConfigError for a taken or impossible name."""
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")) or name == "main":
        raise ConfigError(
            f"`{name}` cannot name a snapshot", remedy="letters, digits, dots, dashes and underscores, 100 at most"
        )
    with table.writing:
        if name in _branches(table):
            raise ConfigError(f"there is a snapshot `{name}` already", remedy=f"`embedingest tag --drop {name}` first")
        with table.translated(f"make snapshot `{name}` of"):
            table.lance.branches.create(name, from_version=int(table.lance.version))
    return next(one for one in snapshots(table) if one.name == name)


def snapshots(table: ChunkTable) -> list[Snapshot]:
    """All snapshots, oldest first."""
    branches = {name: int(facts["parent_version"]) for name, facts in _branches(table).items()}
    times: dict[int, datetime] = {}
    if branches:
        with table.translated("list the versions of"):
            times = {int(one["version"]): one["timestamp"].astimezone(UTC) for one in table.lance.list_versions()}
    found = [_described(table, name, version, times) for name, version in branches.items()]
    return sorted(found, key=lambda one: (one.version, one.name))


def drop(table: ChunkTable, name: str) -> None:
    """Forget a snapshot; its files go with the next clean-up."""
    _version(table, name)
    with table.writing, table.translated(f"drop snapshot `{name}` of"):
        table.lance.branches.delete(name)


def restore(table: ChunkTable, name: str) -> int:
    """Make the table what it was at a snapshot, as a new version; returns its number of rows.

    The folders are as they are: the next run that looks at them brings their newest state back, so whoever
    watches is to be paused first.
    """
    version = _version(table, name)
    with table.writing, table.translated(f"restore snapshot `{name}` of"):
        table.lance.restore(version)
        table.lance.checkout_latest()
    return table.count()


def at(table: ChunkTable, name: str) -> ChunkTable:
    """A handle that reads the table as of a snapshot and can write nothing."""
    from embedingest.store.table import ChunkTable as Handle

    version = _version(table, name)
    with table.translated(f"open snapshot `{name}` of"):
        fixed = table.reopened()
        fixed.checkout(version)
    return Handle(table.database, fixed, uri=table.uri, name=table.name)


def _branches(table: ChunkTable) -> dict[str, Any]:
    with table.translated("list the snapshots of"):
        return dict(table.lance.branches.list())


def _version(table: ChunkTable, name: str) -> int:
    found = _branches(table)
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise StoreError(f"table `{table.name}` has no snapshot `{name}`", remedy=f"known snapshots: {known}")
    return int(found[name]["parent_version"])


def _described(table: ChunkTable, name: str, version: int, times: dict[int, datetime]) -> Snapshot:
    with table.translated("read a snapshot of"):
        fixed = table.reopened()
        fixed.checkout(version)
        return Snapshot(name, version, int(fixed.count_rows()), times[version])

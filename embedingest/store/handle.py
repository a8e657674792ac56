"""One open table: LanceDB's handle on it, what it says of itself, and the lock that writes take. Knows no rows."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError, FingerprintError, StoreError
from embedingest.store import schema as columns
from embedingest.store.database import connect, opened, translated
from embedingest.store.health import table_folder, taken_away, telling
from embedingest.store.values import LATE, SPARSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from embedingest.store.values import ColumnModel, TableIdentity
    from embedingest.types import Mode

__all__ = ["MOST_REPLACED", "TableHandle", "check_context", "check_extras", "check_fingerprint", "check_mode"]

MOST_REPLACED: Final = 4
"""How often indices may have been replaced before what LanceDB keeps of the old ones is given up."""


class TableHandle:
    """What search, upkeep and the table itself share. Reads may come from any thread.

    `lance` is LanceDB's table, `database` the connection that opened it; `freshen` puts others in their place, so that
    neither is kept elsewhere for long. Whoever writes holds `writing` meanwhile. `pinned` says that `lance` is set to
    an old version for good.
    """

    def __init__(self, database: Any, lance: Any, *, uri: str, name: str, pinned: bool = False) -> None:
        self.database = database
        self.lance = lance
        self.uri = uri
        self.name = name
        self.writing = threading.RLock()
        folder = None if pinned else table_folder(uri, name)
        self._indices: Final = None if folder is None else folder / "_indices"
        self._changed_at = self._indices_changed_at()
        self._replaced = 0
        self._freshening: Final = threading.Lock()

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema as it is now; a rebuild may have changed it since the last call. Raises StoreError."""
        with self.translated("read the schema of"):
            return self.lance.schema

    @property
    def identity(self) -> TableIdentity:
        """Which model's vectors the table holds, as of now. Raises StoreError."""
        return columns.identity(self.schema, table=self.name)

    def count(self) -> int:
        """Number of rows. Raises StoreError."""
        with self.translated("count"):
            return int(self.lance.count_rows())

    @contextlib.contextmanager
    def translated(self, action: str) -> Iterator[None]:
        """A block in which LanceDB's errors become StoreError naming this table; DamagedTableError naming the file."""
        try:
            with translated(action, f"table `{self.name}`"):
                yield
        except StoreError as error:
            told = taken_away(self.uri, self.name) or telling(error, self.uri, self.name)
            if told is error:
                raise
            raise told from error

    def reopened(self, version: int) -> Any:
        """Another LanceDB handle on the same table, set to `version`; it can write nothing."""
        lance = self.database.open_table(self.name)
        lance.checkout(version)
        return lance

    def freshen(self) -> None:
        """Let go of replaced indices, once there were many. Costs next to nothing, so it is asked before each read.

        LanceDB caches each index under a name of its own and forgets none that was replaced: files of an index over
        words stay open, and so on the disk, after they were deleted. Only another session is without them. What is
        being read goes on with the old one, which goes when nobody reads any more. Most of what the new one reads
        again was replaced anyway. Where the table cannot be opened now all stays as it is.

        Whoever writes asks only while no other thread does: a commit of the old handle may be seen late by the new.
        """
        with self._freshening:
            changed_at = self._indices_changed_at()
            # The folder is looked at first since LanceDB makes one that is missing.
            if changed_at is None or self.lance is None:
                return
            if changed_at != self._changed_at:
                self._changed_at = changed_at
                self._replaced += 1
            if self._replaced >= MOST_REPLACED:
                with contextlib.suppress(StoreError):
                    self._renew()

    def _renew(self) -> None:
        seconds = self.database.read_consistency_interval.total_seconds()
        database = connect(self.uri, read_consistency_seconds=seconds)
        lance = opened(database, self.uri, self.name)
        if lance is not None:
            self.database, self.lance, self._replaced = database, lance, 0

    def _indices_changed_at(self) -> int | None:
        """When an index was last made or removed, in nanoseconds; `None` where that cannot be told.

        In an object store it cannot, and nothing is held open.
        """
        try:
            return None if self._indices is None else self._indices.stat().st_mtime_ns
        except OSError:
            return None

    def close(self) -> None:
        """Give LanceDB's handles back; afterwards nothing may be asked."""
        with self._freshening:
            self.lance = self.database = None


def check_fingerprint(identity: TableIdentity, name: str, *, fingerprint: str | None, dimensions: int | None) -> None:
    """Refuse vectors of another model than that of table `name`. Raises FingerprintError naming both."""
    if fingerprint in (None, identity.fingerprint) and dimensions in (None, identity.dimensions):
        return
    model = f"model `{identity.model}`, " if identity.model else ""
    raise FingerprintError(
        f"table `{name}` holds vectors of {model}fingerprint {identity.fingerprint} "
        f"({identity.dimensions} dimensions); the model in use is {fingerprint} ({dimensions} dimensions)",
        remedy="use the model it was made with (`--model`), another `--table`, or `embedingest rebuild`",
    )


def check_extras(identity: TableIdentity, name: str, extras: Mapping[str, ColumnModel]) -> None:
    """Refuse other models of the columns beside than those of table `name`. Raises FingerprintError naming both."""
    for column in (SPARSE, LATE):
        held, used = identity.extras.get(column), extras.get(column)
        if (held and held.fingerprint) != (used and used.fingerprint):
            raise FingerprintError(
                f"table `{name}` has {_told(column, held)}; the settings in use have {_told(column, used)}",
                remedy=_way_out(column, held, used),
            )


def _way_out(column: str, held: ColumnModel | None, used: ColumnModel | None) -> str:
    if held is None:
        way, rebuild = f"leave `{column}` (`--{column}`) out", "add it by `embedingest rebuild`, which takes that too"
    else:
        way = f"use the model it was made with (`--{column} {held.model}`)"
        rebuild = "`embedingest rebuild PATH` without it" if used is None else "`embedingest rebuild` with this"
    return f"{way}, name another `--table`, or {rebuild}"


def check_context(identity: TableIdentity, name: str, *, context: bool) -> None:
    """Refuse a table `name` that has the column `context` where it should have none, or the other way round.

    Raises FingerprintError.
    """
    if bool(identity.context) != context:
        held, used = ("has", "no `context`") if identity.context else ("has no", "a `context`")
        raise FingerprintError(
            f"table `{name}` {held} column `context`; the settings in use have {used}",
            remedy="use the settings it was made with, another `--table`, or `embedingest rebuild` with these",
        )


def check_mode(identity: TableIdentity, table: str, mode: Mode) -> None:
    """Raises ConfigError for a mode that needs a column which the table does not have."""
    if mode in (SPARSE, LATE) and mode not in identity.extras:
        raise ConfigError(
            f"table `{table}` has no column `{mode}`, which mode `{mode}` searches",
            remedy=f"set `{mode}: MODEL` in the configuration of its pipeline, and `embedingest rebuild`",
        )


def _told(column: str, model: ColumnModel | None) -> str:
    if model is None:
        return f"no column `{column}`"
    return f"column `{column}` of model `{model.model}`, fingerprint {model.fingerprint}"

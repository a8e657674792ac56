"""One open table: LanceDB's handle on it, what it says of itself, and the lock that writes take. Knows no rows."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from embedingest.errors import FingerprintError, StoreError
from embedingest.store import schema as columns
from embedingest.store.database import translated
from embedingest.store.health import telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from embedingest.store.values import TableIdentity

__all__ = ["TableHandle", "check_fingerprint"]


class TableHandle:
    """What search, upkeep and the table itself share. Reads may come from any thread.

    `lance` is LanceDB's table, `database` the connection that opened it. Whoever writes holds `writing` meanwhile.
    """

    def __init__(self, database: Any, lance: Any, *, uri: str, name: str) -> None:
        self.database = database
        self.lance = lance
        self.uri = uri
        self.name = name
        self.writing = threading.RLock()

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
            told = telling(error, self.uri, self.name)
            if told is error:
                raise
            raise told from error

    def reopened(self, version: int) -> Any:
        """Another LanceDB handle on the same table, set to `version`; it can write nothing."""
        lance = self.database.open_table(self.name)
        lance.checkout(version)
        return lance

    def close(self) -> None:
        """Give LanceDB's handles back; afterwards nothing may be asked."""
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

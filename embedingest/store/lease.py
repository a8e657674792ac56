"""One writer per table of an object store: a lease that is renewed while it is held, and free once it has run out.

A store on the network has no lock that ends with a process, so the right to write is a row of a small table beside the
one it guards. LanceDB commits by conditional put and looks at the condition again when another commit came first: of
several that find the row free, one changes it. Knows no rows of documents.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from embedingest.errors import LockedError, StoreError
from embedingest.store.conditional import check_once
from embedingest.store.database import connect, opened, translated
from embedingest.store.lock import Holder, TableLock, refusal
from embedingest.store.predicate import equals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["LeaseLock"]

_log = logging.getLogger(__name__)

_TABLE_SUFFIX: Final = "__lease"
_LEASE_SECONDS: Final = 60.0
_FREE: Final[dict[str, Any]] = {"token": "", "expires": 0.0, "pid": 0, "host": "", "command": "", "since": ""}
_RENEWALS_PER_CLEANUP: Final = 100
_OLD_VERSIONS_KEPT: Final = timedelta(minutes=10)


class _Clocks(NamedTuple):
    """One moment by both clocks, in seconds. One stands still while a machine sleeps, the other may be set."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> _Clocks:
        return cls(time.monotonic(), time.time())

    def after(self, seconds: float) -> _Clocks:
        return _Clocks(self.monotonic + seconds, self.wall + seconds)


class LeaseLock(TableLock):
    """A lease on one table of an object store.

    Renewed by a thread three times in `seconds`. A holder that is killed or cut off keeps others out until the lease
    runs out, never longer. The holder is sure for two thirds of that and asks again after it (`ensure`), so clocks may
    differ by a third.
    `local` is a lock of this machine that is held as well: it guards what lies here. With `remembered`, a file, the
    store is checked before it is first written to (`store/conditional.py`): no lease holds in one that overwrites.
    """

    def __init__(
        self,
        uri: str,
        table: str,
        *,
        seconds: float = _LEASE_SECONDS,
        local: TableLock | None = None,
        remembered: Path | None = None,
    ) -> None:
        self._uri = uri
        self._table = table
        self._seconds = seconds
        self._local = local
        self._remembered = remembered
        self._token = ""
        self._sure_until = _Clocks(0.0, 0.0)
        self._done = threading.Event()
        self._renewer: threading.Thread | None = None
        self._lease_table: Any = None

    @property
    def held(self) -> bool:
        now = _Clocks.now()
        return bool(self._token) and now.monotonic < self._sure_until.monotonic and now.wall < self._sure_until.wall

    def ensure(self) -> None:
        """Asks the store where the lease may have run out, so that nothing is written beside another writer.

        Raises LockedError where another has taken it, StoreError where the store cannot be reached, which may pass.
        """
        if self.held:
            return
        if not self._token or not self._renew():
            raise LockedError(
                f"the lease on table `{self._table}` in {self._uri} was lost: it ran out, and another took it",
                remedy="what was written is whole; run the same command again when the other writer is done",
            )

    def current(self) -> Holder | None:
        """Who holds the lease now, and until when; `None` where nobody does, or where it ran out."""
        lease_table = self._opened(create=False)
        lease = _FREE if lease_table is None else self._read(lease_table)
        return _holder(lease) if float(lease["expires"]) > time.time() else None

    def acquire(self, *, wait_seconds: float = 0.0) -> Self:
        if self._local is not None:
            self._local.acquire(wait_seconds=wait_seconds)
        try:
            if self._remembered is not None:
                check_once(self._uri, self._remembered)
            self._take(time.monotonic() + wait_seconds)
        except BaseException:
            if self._local is not None:
                self._local.release()
            raise
        self._done.clear()
        self._renewer = threading.Thread(target=self._renew_until_done, name="lease", daemon=True)
        self._renewer.start()
        return self

    def release(self) -> None:
        self._done.set()
        if self._renewer is not None:
            self._renewer.join()
            self._renewer = None
        if self._token:
            try:
                with self._translated():
                    self._lease_table.update(equals("token", self._token), _FREE)
            except StoreError as error:
                _log.warning("the lease could not be given back and runs out by itself: %s", error)
            self._token, self._lease_table = "", None
        if self._local is not None:
            self._local.release()

    def _take(self, deadline: float) -> None:
        lease_table = self._opened(create=True)
        while True:
            lease = self._read(lease_table)
            if float(lease["expires"]) <= time.time() and self._swap(lease_table, lease):
                return
            if time.monotonic() >= deadline:
                raise refusal(self._table, _holder(self._read(lease_table)))
            time.sleep(min(1.0, self._seconds / 10))

    def _swap(self, lease_table: Any, lease: Mapping[str, Any]) -> bool:
        """Put this process in the place of `lease`, if that is still what is stored."""
        token, before = uuid.uuid4().hex, _Clocks.now()
        me = Holder.here()
        values = {"token": token, "expires": before.wall + self._seconds}
        values |= {"pid": me.pid, "host": me.host, "command": me.command, "since": me.since}
        with self._translated():
            unchanged = equals("token", str(lease["token"])) & equals("expires", float(lease["expires"]))
            update = lease_table.update(unchanged, values)
        if not update.rows_updated or self._read(lease_table)["token"] != token:
            return False
        self._token, self._lease_table = token, lease_table
        self._be_sure_from(before)
        return True

    def _be_sure_from(self, before: _Clocks) -> None:
        """`before` is when the store was asked, not when it answered: the answer may have taken long."""
        self._sure_until = before.after(self._seconds * 2 / 3)

    def _renew_until_done(self) -> None:
        wait_seconds, renewals = self._seconds / 3, 0
        while not self._done.wait(wait_seconds):
            try:
                if not self._renew():
                    _log.error("the lease on table `%s` was taken by another writer", self._table)
                    self._sure_until = _Clocks(0.0, 0.0)
                    return
                renewals += 1
                if renewals % _RENEWALS_PER_CLEANUP == 0:
                    with self._translated():
                        self._lease_table.optimize(cleanup_older_than=_OLD_VERSIONS_KEPT)
                wait_seconds = self._seconds / 3
            except StoreError as error:
                _log.warning("the lease on table `%s` could not be renewed, trying again: %s", self._table, error)
                wait_seconds = self._seconds / 12

    def _renew(self) -> bool:
        before = _Clocks.now()
        with self._translated():
            values = {"expires": before.wall + self._seconds}
            update = self._lease_table.update(equals("token", self._token), values)
        if update.rows_updated:
            self._be_sure_from(before)
        return bool(update.rows_updated)

    def _opened(self, *, create: bool) -> Any:
        name = self._table + _TABLE_SUFFIX
        database = connect(self._uri, read_consistency_seconds=0)
        lease_table = opened(database, self._uri, name)
        if lease_table is None and create:
            try:
                with self._translated():
                    lease_table = database.create_table(name, data=[_FREE])
            except StoreError:
                lease_table = opened(database, self._uri, name)  # another made it in the same moment
                if lease_table is None:
                    raise
        return lease_table

    def _read(self, lease_table: Any) -> dict[str, Any]:
        with self._translated():
            rows: list[dict[str, Any]] = lease_table.search().limit(1).to_list()
        return rows[0] if rows else dict(_FREE)

    def _translated(self) -> Any:
        return translated("lock", f"table `{self._table}` in {self._uri}")


def _holder(lease: Mapping[str, Any]) -> Holder:
    holder = Holder(**{name: lease[name] for name in ("pid", "host", "command", "since")})
    until = datetime.fromtimestamp(float(lease["expires"]), UTC).isoformat(timespec="seconds")
    return replace(holder, until=until)

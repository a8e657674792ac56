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
from typing import TYPE_CHECKING, Any, Final, Self

from embedingest.errors import LockedError, StoreError
from embedingest.store.database import connect, opened, translated
from embedingest.store.lock import Holder, refusal
from embedingest.store.predicate import equals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from embedingest.store.lock import WriterLock

__all__ = ["LeaseLock"]

log = logging.getLogger(__name__)

SUFFIX: Final = "__lease"
_SECONDS: Final = 60.0
_FREE: Final[dict[str, Any]] = {"token": "", "expires": 0.0, "pid": 0, "host": "", "command": "", "since": ""}
_TIDY_RENEWALS: Final = 100
_KEPT: Final = timedelta(minutes=10)


class LeaseLock:
    """The right to write one table of an object store, held between `acquire` and `release`, or inside `with`.

    Renewed by a thread three times in `seconds`. A holder that is killed or cut off keeps others out until the lease
    runs out, never longer. The holder is sure for two thirds of that and asks again after it (`ensure`), so clocks may
    differ by a third.
    `local` is a lock of this machine that is held as well: it guards what lies here.
    """

    def __init__(
        self,
        uri: str,
        table: str,
        *,
        seconds: float = _SECONDS,
        local: WriterLock | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        self._uri = uri
        self._table = table
        self._seconds = seconds
        self._local = local
        self._storage_options = storage_options
        self._token = ""
        self._sure_until = (0.0, 0.0)
        self._done = threading.Event()
        self._renewer: threading.Thread | None = None
        self._rows: Any = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lease and may be sure of it."""
        # Both clocks are asked: one stands still while a machine sleeps, the other may be set.
        monotonic, wall = self._sure_until
        return bool(self._token) and time.monotonic() < monotonic and time.time() < wall

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
        """Who holds the lease now, and until when; `None` where nobody does."""
        rows = self._opened(create=False)
        found = _FREE if rows is None else self._read(rows)
        return _holder(found) if float(found["expires"]) > time.time() else None

    def holder(self) -> Holder | None:
        """As `current`: a lease that ran out is nobody's."""
        return self.current()

    def acquire(self, *, wait_seconds: float = 0.0) -> Self:
        """Take the lease, waiting at most `wait_seconds`. Raises LockedError naming the holder, StoreError."""
        if self._local is not None:
            self._local.acquire(wait_seconds=wait_seconds)
        try:
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
        """Give the lease back; nothing happens where it is not held."""
        self._done.set()
        if self._renewer is not None:
            self._renewer.join()
            self._renewer = None
        if self._token:
            try:
                with self._translated():
                    self._rows.update(equals("token", self._token), _FREE)
            except StoreError as error:
                log.warning("the lease could not be given back and runs out by itself: %s", error)
            self._token, self._rows = "", None
        if self._local is not None:
            self._local.release()

    def __enter__(self) -> Self:
        return self if self.held else self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, deadline: float) -> None:
        rows = self._opened(create=True)
        while True:
            found = self._read(rows)
            if float(found["expires"]) <= time.time() and self._swap(rows, found):
                return
            if time.monotonic() >= deadline:
                raise refusal(self._table, _holder(self._read(rows)))
            time.sleep(min(1.0, self._seconds / 10))

    def _swap(self, rows: Any, found: Mapping[str, Any]) -> bool:
        """Put this process in the place of what was found, if that is still what is there."""
        token, asked = uuid.uuid4().hex, (time.monotonic(), time.time())
        me = Holder.here()
        values = {"token": token, "expires": asked[1] + self._seconds}
        values |= {"pid": me.pid, "host": me.host, "command": me.command, "since": me.since}
        with self._translated():
            same = equals("token", str(found["token"])) & equals("expires", float(found["expires"]))
            done = rows.update(same, values)
        if not done.rows_updated or self._read(rows)["token"] != token:
            return False
        self._token, self._rows = token, rows
        self._be_sure(asked)
        return True

    def _be_sure(self, asked: tuple[float, float]) -> None:
        # From when it was asked, not answered: the answer may have been long under way.
        sure = self._seconds * 2 / 3
        self._sure_until = (asked[0] + sure, asked[1] + sure)

    def _renew_until_done(self) -> None:
        wait, renewals = self._seconds / 3, 0
        while not self._done.wait(wait):
            try:
                if not self._renew():
                    log.error("the lease on table `%s` was taken by another writer", self._table)
                    self._sure_until = (0.0, 0.0)
                    return
                renewals += 1
                if renewals % _TIDY_RENEWALS == 0:
                    with self._translated():
                        self._rows.optimize(cleanup_older_than=_KEPT)
                wait = self._seconds / 3
            except StoreError as error:
                log.warning("the lease on table `%s` could not be renewed, trying again: %s", self._table, error)
                wait = self._seconds / 12

    def _renew(self) -> bool:
        asked = (time.monotonic(), time.time())
        with self._translated():
            done = self._rows.update(equals("token", self._token), {"expires": asked[1] + self._seconds})
        if done.rows_updated:
            self._be_sure(asked)
        return bool(done.rows_updated)

    def _opened(self, *, create: bool) -> Any:
        name = self._table + SUFFIX
        database = connect(self._uri, read_consistency_seconds=0, storage_options=self._storage_options)
        rows = opened(database, self._uri, name)
        if rows is None and create:
            try:
                with self._translated():
                    rows = database.create_table(name, data=[_FREE])
            except StoreError:
                rows = opened(database, self._uri, name)  # another made it in the same moment
                if rows is None:
                    raise
        return rows

    def _read(self, rows: Any) -> dict[str, Any]:
        with self._translated():
            found: list[dict[str, Any]] = rows.search().limit(1).to_list()
        return found[0] if found else dict(_FREE)

    def _translated(self) -> Any:
        return translated("lock", f"table `{self._table}` in {self._uri}")


def _holder(found: Mapping[str, Any]) -> Holder:
    told = Holder(**{name: found[name] for name in ("pid", "host", "command", "since")})
    until = datetime.fromtimestamp(float(found["expires"]), UTC).isoformat(timespec="seconds")
    return replace(told, until=until)

"""The journal's table of requests from other processes to the running writer. Performs none of them.

A request lives as long as its asker waits: it is withdrawn when the asker goes, runs out unless the asker renews it,
and was never meant for a writer that began after it.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from embedingest.ingest.state.askers import Asker
from embedingest.ingest.state.database import JournalDatabase

__all__ = ["REQUEST_SECONDS", "Request", "Requests"]

REQUEST_SECONDS: Final = 60.0
"""How long a request holds unless its asker renews it."""

_COLUMNS: Final = "id, verb, arguments, state, answer, asker, max(until, made + ?)"


class Request(NamedTuple):
    """A request of another process to the writer: `verb` with JSON arguments, and the answer once there is one.

    `state` is `waiting`, then `taken` by the writer, then `done` or `failed`; or `withdrawn`, and then nobody carries
    it out. `asker` is who waits for it (`None`: an earlier version of the program), until `until`, in seconds since
    the epoch.
    """

    id: int
    verb: str
    arguments: dict[str, Any]
    state: str
    answer: dict[str, Any]
    asker: Asker | None
    until: float

    def given_up(self, now: float) -> bool:
        """Whether nobody waits for this any more at `now`, in seconds since the epoch."""
        return now > self.until or (self.asker is not None and self.asker.gone)


class Requests(JournalDatabase):
    """Requests in the order in which they were made."""

    # -- for who asks

    def ask(self, verb: str, arguments: dict[str, Any], created: float) -> int:
        """Leave a request for the writer, `created` seconds after the epoch; its id, by which `request` finds it."""
        values = (verb, json.dumps(arguments), created, Asker.here().to_text(), created + REQUEST_SECONDS)
        with self._errors():
            cursor = self._db.execute(
                "INSERT INTO requests (verb, arguments, made, state, answer, asker, until) "
                "VALUES (?, ?, ?, 'waiting', '{}', ?, ?)",
                values,
            )
        return int(cursor.lastrowid or 0)

    def renew(self, key: int, now: float) -> None:
        """The asker still waits at `now`."""
        self._run("UPDATE requests SET until=? WHERE id=? AND state='waiting'", now + REQUEST_SECONDS, key)

    def withdraw(self, key: int) -> bool:
        """Nobody is to carry this out any more. False where a writer has begun to, or has answered."""
        return self._moved(key, "waiting", "withdrawn")

    # -- for who answers

    def waiting(self) -> list[Request]:
        """The requests that are neither answered nor withdrawn, nor under way."""
        query = f"SELECT {_COLUMNS} FROM requests WHERE state='waiting' ORDER BY id"
        rows = self._all(query, REQUEST_SECONDS)
        with self._decoding():
            return [_request(row) for row in rows]

    def request(self, key: int) -> Request | None:
        """One request as it is now."""
        row = self._one(f"SELECT {_COLUMNS} FROM requests WHERE id=?", REQUEST_SECONDS, key)
        with self._decoding():
            return None if row is None else _request(row)

    def take(self, key: int) -> bool:
        """Begin to carry out a request that waits; its asker can no longer withdraw it. False where it was."""
        return self._moved(key, "waiting", "taken")

    def answer(self, key: int, state: str, answer: dict[str, Any]) -> None:
        """Answer a request: its state is `done` or `failed` from now on, or `withdrawn` where it was given back."""
        self._run("UPDATE requests SET state=?, answer=? WHERE id=?", state, json.dumps(answer), key)

    def withdraw_all(self) -> None:
        """A writer begins: what was asked of another before it is asked again by who still waits."""
        if self._one("SELECT 1 FROM requests WHERE state IN ('waiting', 'taken') LIMIT 1") is not None:
            self._run("UPDATE requests SET state='withdrawn' WHERE state IN ('waiting', 'taken')")

    def outside_changes(self) -> tuple[int, int]:
        """Numbers that are others when another process has written here, or this one opened it anew. Microseconds."""
        row = self._one("PRAGMA data_version")  # of this connection alone: the next one begins to count again
        return self.times_opened, 0 if row is None else int(row[0])

    def _moved(self, key: int, before: str, after: str) -> bool:
        return self._run_many("UPDATE requests SET state=? WHERE id=? AND state=?", [(after, key, before)]) > 0


def _request(row: tuple[Any, ...]) -> Request:
    key, verb, arguments, state, answer, asker, until = row
    return Request(
        int(key), str(verb), json.loads(arguments), str(state), json.loads(answer), Asker.from_text(asker), float(until)
    )

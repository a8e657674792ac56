"""The journal's table of requests from other processes to the running writer. Performs none of them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from embedingest.ingest.state.database import JournalDatabase

__all__ = ["Request", "Requests"]


class Request(NamedTuple):
    """A request of another process to the writer: `verb` with JSON arguments, and the answer once there is one."""

    id: int
    verb: str
    arguments: dict[str, Any]
    state: str
    answer: dict[str, Any]


class Requests(JournalDatabase):
    """Requests in the order in which they were made."""

    def ask(self, verb: str, arguments: dict[str, Any], created: float) -> int:
        """Leave a request for the writer, `created` seconds after the epoch; its id, by which `request` finds it."""
        with self._errors():
            cursor = self._db.execute(
                "INSERT INTO requests (verb, arguments, made, state, answer) VALUES (?, ?, ?, 'waiting', '{}')",
                (verb, json.dumps(arguments), created),
            )
        return int(cursor.lastrowid or 0)

    def waiting(self) -> list[Request]:
        """The requests that are not answered yet."""
        query = "SELECT id, verb, arguments, state, answer FROM requests WHERE state='waiting' ORDER BY id"
        return [_request(row) for row in self._all(query)]

    def request(self, key: int) -> Request | None:
        """One request as it is now."""
        row = self._one("SELECT id, verb, arguments, state, answer FROM requests WHERE id=?", key)
        return None if row is None else _request(row)

    def answer(self, key: int, state: str, answer: dict[str, Any]) -> None:
        """Answer a request: its state is `done` or `failed` from now on."""
        self._run("UPDATE requests SET state=?, answer=? WHERE id=?", state, json.dumps(answer), key)

    def outside_changes(self) -> int:
        """A number that moves when another process has written here. Costs microseconds."""
        row = self._one("PRAGMA data_version")
        return 0 if row is None else int(row[0])


def _request(row: tuple[Any, ...]) -> Request:
    return Request(int(row[0]), str(row[1]), json.loads(row[2]), str(row[3]), json.loads(row[4]))

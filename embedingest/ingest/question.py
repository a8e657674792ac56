"""A request to the writer of a table, of whoever is not the writer: asked, asked again where it was lost, answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.requests import error_from_json
from embedingest.ingest.state.damage import DamagedJournalError, suspect
from embedingest.ingest.state.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from embedingest.ingest.state.journal import Request

__all__ = ["Question"]

_RENEW_SECONDS: Final = 10.0


class Question:
    """Asks the writer whose journal is at `path` for `verb`. It lives as long as `answer` is called every few seconds.

    It is asked again where it was lost, with the journal or with the writer.
    """

    def __init__(self, path: Path, verb: str, arguments: dict[str, Any]) -> None:
        self._path = path
        self._verb = verb
        self._arguments = arguments
        self._journal: Journal | None = None
        self._key: int | None = None
        self._renew_at = 0.0

    def answer(self, *, ask: bool = True) -> Mapping[str, Any] | None:
        """The answer, once there is one. Where nothing is asked yet, or any more, `ask` does. Raises what failed."""
        try:
            return self._answer(ask=ask)
        except DamagedJournalError:
            suspect(self._path)  # the writer looks into it and makes it anew, and it is asked again
            self.close()
            return None

    def _answer(self, *, ask: bool) -> Mapping[str, Any] | None:
        request = self._request()
        if request is not None and request.state == "failed":
            raise error_from_json(request.answer)
        if request is not None and request.state == "done":
            return request.answer
        if self._journal is not None and ask:
            if request is None or request.state == "withdrawn":
                self._key = self._journal.ask(self._verb, self._arguments, time.time())
            elif time.monotonic() >= self._renew_at:
                self._journal.renew(request.id, time.time())
            else:
                return None
            self._renew_at = time.monotonic() + _RENEW_SECONDS
        return None

    def withdrawn(self) -> bool:
        """Take the request back. False where the writer has begun to carry it out."""
        try:
            request = self._request()
            if request is None or self._journal is None:
                return True
            return self._journal.withdraw(request.id) or request.state == "withdrawn"
        except DamagedJournalError:
            return True  # it is lost with the journal

    def close(self) -> None:
        """Let the journal go. What was asked stays asked until its time runs out."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _request(self) -> Request | None:
        if self._journal is not None and self._journal.replaced:
            self.close()
        if self._journal is None:
            self._key = None
            if not self._path.exists():  # the writer makes it anew
                return None
            self._journal = Journal(self._path, mend=False)
        return None if self._key is None else self._journal.request(self._key)

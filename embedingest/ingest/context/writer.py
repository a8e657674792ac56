"""Requests to whoever writes sentences, some at once, in threads of their own. Knows no files and no rows."""

from __future__ import annotations

import queue
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from embedingest.ingest.context.request import AnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.context.request import Request

__all__ = ["Asked", "Writer", "Written"]

_LAST: Final = 2
_LEAVE_SECONDS: Final = 5.0


class Asked(Protocol):
    """Who writes a sentence, given a request's JSON: a command, an endpoint."""

    def ask(self, body: bytes) -> str:
        """One sentence. Raises AnswerError."""
        ...

    def close(self) -> None:
        """Begin no call any more, and end at once what others have under way."""
        ...


class Written(NamedTuple):
    """What came of a request: a sentence, or why there is none. With neither it was not asked, since nobody waits."""

    key: str
    sentence: str = ""
    error: str = ""


class Writer:
    """Asks `asked`, `threads` requests at once, urgent ones first; each outcome goes to `done`, from its threads."""

    def __init__(self, asked: Asked, threads: int, done: Callable[[Written], None]) -> None:
        self._asked = asked
        self._done = done
        self._closed = threading.Event()
        self._numbers = count()
        self._waiting: queue.PriorityQueue[tuple[int, int, Request | None, Callable[[], bool]]] = queue.PriorityQueue()
        # Daemons: who hangs in spite of all limits must not keep the process from ending.
        self._serving = [threading.Thread(target=self._serve, name="context", daemon=True) for _ in range(threads)]
        for thread in self._serving:
            thread.start()

    def submit(self, request: Request, wanted: Callable[[], bool], *, urgent: bool = False) -> None:
        """Have a sentence written, if it is still `wanted` once its turn comes."""
        self._waiting.put((0 if urgent else 1, next(self._numbers), request, wanted))

    def close(self) -> None:
        """Take nothing more, end what runs and wait for its end, some seconds at most; no outcome comes any more."""
        self._closed.set()
        self._asked.close()
        for _ in self._serving:
            self._waiting.put((_LAST, next(self._numbers), None, bool))
        until = time.monotonic() + _LEAVE_SECONDS
        for thread in self._serving:
            thread.join(max(0.0, until - time.monotonic()))

    def _serve(self) -> None:
        while not self._closed.is_set():
            _, _, request, wanted = self._waiting.get()
            if request is None or self._closed.is_set():
                continue
            written = self._written(request) if wanted() else Written(request.key)
            if not self._closed.is_set():
                self._done(written)

    def _written(self, request: Request) -> Written:
        try:
            return Written(request.key, self._asked.ask(request.body))
        except AnswerError as error:
            return Written(request.key, error=str(error))
        except Exception as error:  # noqa: BLE001 -- of a thread that is to go on
            return Written(request.key, error=f"no context could be written: {type(error).__name__}: {error}")

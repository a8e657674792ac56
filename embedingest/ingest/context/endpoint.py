"""An HTTP endpoint of the user's that writes a sentence: asked by POST, bounded in time and size, never redirected."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from embedingest.errors import ConfigError
from embedingest.ingest.context.request import MOST_BYTES, AnswerError, sentence_of, shown
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Endpoint"]

_REDIRECTS: Final = range(300, 400)
_FINE: Final = range(200, 206)
_PARTIAL: Final = 206
_JSON: Final = "application/json"
_TEXTS: Final = frozenset({"text/plain", "text/markdown"})


class Endpoint:
    """`url` is asked, with the key of the environment variable `key_from` as a bearer, where one is named.

    `ask` may be called from several threads; after `close` nothing is asked any more. No proxy is used. Raises
    ConfigError where the variable is not set.
    """

    def __init__(self, url: str, key_from: str | None, seconds: float, *, name: str) -> None:
        self._seconds = seconds
        self._parts = urlsplit(url)
        self._calls: set[_Call] = set()
        self._lock = threading.Lock()
        self._closed = False
        path = self._parts.path or "/"
        self._target = f"{path}?{self._parts.query}" if self._parts.query else path
        self.name: Final = name
        self._headers = {
            "content-type": "application/json",
            "accept": "application/json, text/plain",
            "user-agent": f"embedingest/{__version__}",
            "connection": "close",
        }
        if key_from is not None:
            key = os.environ.get(key_from, "").strip()
            if not key or not key.isascii() or not key.isprintable():
                raise ConfigError(
                    f"the key of {self.name} is to stand in the variable `{key_from}`, which "
                    f"{'is not set' if not key else 'holds what no header can'}",
                    remedy=f"set it in the environment, or leave `context.key_from: {key_from}` out",
                )
            self._headers["authorization"] = f"Bearer {key}"

    def ask(self, body: bytes) -> str:
        """The sentence that the endpoint answers, given `body`. Raises AnswerError."""
        with self._call() as call:
            try:
                answer = call.post(self._target, body, self._headers)
                data = call.read(MOST_BYTES + 1)
            except (OSError, ValueError, http.client.HTTPException) as error:
                raise AnswerError(f"{self.name} {self._reason(error, late=call.late)}") from error
        if call.late or self._closed:
            raise AnswerError(f"{self.name} {self._reason(None, late=call.late)}")
        if answer.status in _REDIRECTS:
            raise AnswerError(f"{self.name} answered with status {answer.status}; redirects are not followed")
        if answer.status == _PARTIAL:
            raise AnswerError(f"{self.name} answered with status {answer.status}, a part of an answer")
        if answer.status not in _FINE:
            raise AnswerError(f"{self.name} answered with status {answer.status}")
        if len(data) > MOST_BYTES:
            raise AnswerError(f"{self.name} answered with more than {MOST_BYTES // 1024} KiB")
        return sentence_of(self._words(data, answer.headers.get_content_type()), self.name)

    def close(self) -> None:
        """Let every call end at once."""
        with self._lock:
            self._closed = True
            for call in self._calls:
                call.cut()

    @contextlib.contextmanager
    def _call(self) -> Iterator[_Call]:
        """A call that is cut when its time is over, or everything is closed."""
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        call = _Call(kind(self._parts.hostname or "", self._parts.port, timeout=self._seconds))
        clock = threading.Timer(self._seconds, call.end)  # a timeout of the socket begins anew with every byte
        clock.daemon = True
        with self._lock:
            if self._closed:
                raise AnswerError(f"{self.name} was not asked: the run was stopped")
            self._calls.add(call)
        clock.start()
        try:
            yield call
        finally:
            clock.cancel()
            with self._lock:
                self._calls.discard(call)
            call.close()

    def _reason(self, error: Exception | None, *, late: bool) -> str:
        if self._closed:
            return "was not heard out: the run was stopped"
        if late or isinstance(error, TimeoutError):
            return f"gave no answer within {self._seconds:g} s"
        if isinstance(error, http.client.IncompleteRead):
            return "broke its answer off before the end"
        if isinstance(error, http.client.HTTPException):
            return f"answered with no HTTP ({type(error).__name__})"
        return f"cannot be reached: {getattr(error, 'strerror', None) or error}"

    def _words(self, data: bytes, kind: str) -> bytes:
        """The sentence in an answer of a media type: JSON with `context`, or text."""
        is_json = kind == _JSON or kind.endswith("+json")
        if not is_json and kind not in _TEXTS:
            raise AnswerError(f"{self.name} answered with {shown(kind)}; a context is {_JSON} or text/plain")
        if not data.strip() or not (is_json or data.lstrip().startswith(b"{")):
            return data
        try:
            told: Any = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise AnswerError(f"{self.name} answered with no JSON, and with no text") from error
        context = told.get("context") if isinstance(told, dict) else None
        if not isinstance(context, str):
            raise AnswerError(f'{self.name} answered with JSON that has no text under "context"')
        return context.encode("utf-8", "replace")


class _Call:
    """One request and its answer, which another thread may cut short. `late`: its time is over."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.late = False
        self._connection = connection
        self._socket: socket.socket | None = None
        self._answer: http.client.HTTPResponse | None = None

    def post(self, target: str, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """The answer's head; its body is still to be read. Raises OSError, HTTPException."""
        self._connection.connect()
        self._socket = self._connection.sock  # which the connection itself lets go of before the body is read
        if self.late:
            raise TimeoutError
        self._connection.request("POST", target, body, dict(headers))
        self._answer = self._connection.getresponse()
        return self._answer

    def read(self, most: int) -> bytes:
        """So many bytes of the answer's body at most. Raises OSError, HTTPException: also where it is cut off."""
        assert self._answer is not None
        data = self._answer.read(most)
        missing = self._answer.length  # of those that were announced
        if missing and len(data) < most:
            raise http.client.IncompleteRead(data, missing)
        return data

    def end(self) -> None:
        """Its time is over."""
        self.late = True
        self.cut()

    def cut(self) -> None:
        """End it from another thread, which wakes whoever waits for it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):  # there is none any more
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
        self._connection.close()

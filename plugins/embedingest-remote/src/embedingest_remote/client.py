"""HTTP with patience: tries again with growing pauses, and says what went wrong in our words. Knows no vectors."""

from __future__ import annotations

import random
import re
import threading
from typing import TYPE_CHECKING, Any, Final

import httpx

from embedingest.plugin import ConfigError, EngineClosedError, EngineError, ModelNotFoundError, OverloadedError

if TYPE_CHECKING:
    from embedingest_remote.settings import RemoteSettings

__all__ = ["Client", "TooLong"]

_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONG: Final = re.compile(
    r"context (length|size|window)|too (long|large)|maximum (context|input|allowed)|exceed|max_input_length|"
    r"physical batch size|must have less than",
    re.IGNORECASE,
)
_LONGEST_PAUSE: Final = 60.0
_SAID: Final = 300


class TooLong(Exception):  # noqa: N818 -- a finding, not a failure
    """The server refused a request because a text in it is too long."""


class Client:
    """One server. Safe for many threads."""

    def __init__(self, settings: RemoteSettings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        key = settings.key()
        self._http = httpx.Client(
            base_url=settings.url.rstrip("/"),
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(settings.timeout_seconds, connect=min(10.0, settings.timeout_seconds)),
            limits=httpx.Limits(max_connections=settings.parallel + 2),
            trust_env=False,
        )

    def ask(self, method: str, path: str, body: Any = None, *, model: str = "") -> tuple[Any, httpx.Headers]:
        """The JSON answer and its headers.

        Raises TooLong, ModelNotFoundError, OverloadedError, EngineError, EngineClosedError.
        """
        failed: EngineError | None = None
        for turn in range(self._settings.retries + 1):
            if turn and self._stop.wait(_pause(self._settings.backoff_seconds, turn, failed)):
                break
            if self._stop.is_set():
                break
            try:
                answer = self._http.request(method, path, json=body)
            except httpx.TransportError as error:
                failed = EngineError(
                    f"{self._settings.url} does not answer: {type(error).__name__}: {error}",
                    remedy="is the server running, and is `engine.options.url` right?",
                )
                continue
            except RuntimeError:  # the client was closed meanwhile
                break
            if answer.status_code == 200:
                return self._json(answer), answer.headers
            failed = self._failure(answer, model)
            if answer.status_code not in _BUSY:
                raise failed
        if self._stop.is_set() or failed is None:
            raise EngineClosedError("the engine was closed", remedy="start it again")
        raise failed

    def close(self) -> None:
        """End pauses and connections."""
        self._stop.set()
        self._http.close()

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise EngineError(f"{answer.url} did not answer with JSON: {answer.text[:80]!r}") from error

    def _failure(self, answer: httpx.Response, model: str) -> EngineError:
        said = _message(answer)
        status = answer.status_code
        if status in {400, 413, 422, 500} and _LONG.search(said):
            raise TooLong(said)
        where = f"{answer.request.method} {answer.url} answered {status}: {said}"
        if status in {401, 403}:
            raise ConfigError(where, remedy="name the variable that holds the key with `key_env`")
        if status == 404 and model:
            return ModelNotFoundError(model, remedy=f"{where}; `models` lists what the server has")
        if status in {429, 503}:
            busy = OverloadedError(where, remedy="lower `parallel`, or try again later")
            busy.retry_after = _number(answer.headers.get("Retry-After"))  # type: ignore[attr-defined]
            return busy
        return EngineError(where)


def _pause(first: float, turn: int, failed: EngineError | None) -> float:
    """Seconds before try `turn`: twice as long each time, spread by chance, or what the server asked for."""
    asked = getattr(failed, "retry_after", None)
    if asked is not None:
        return min(float(asked), _LONGEST_PAUSE)
    return float(min(first * 2 ** (turn - 1), _LONGEST_PAUSE) * random.uniform(0.5, 1.0))  # noqa: S311 -- spreads load


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None


def _message(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return answer.text[:_SAID]
    error = said.get("error", said.get("message", said)) if isinstance(said, dict) else said
    return str(error.get("message", error) if isinstance(error, dict) else error)[:_SAID]

"""Who is signed in at the page: random tokens, kept in memory, for a while. Knows no requests and no settings.

A session is only as good as its key: it says which one, and the key says what it may, at each request anew.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SESSION_SECONDS", "Sessions"]

SESSION_SECONDS: Final = 12 * 3600
"""After so long the key is asked for again."""
_MOST: Final = 1000
_NAME_BYTES: Final = 9
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _Session:
    secret_digest: bytes
    key_digest: bytes
    ends: float


class Sessions:
    """The sessions of one server. Beyond a thousand the oldest ends. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def begin(self, key_digest: bytes) -> str:
        """A fresh token for who showed the key with this SHA-256."""
        now = self._clock()
        for name in [name for name, session in self._sessions.items() if session.ends <= now]:
            del self._sessions[name]
        while len(self._sessions) >= _MOST:
            del self._sessions[next(iter(self._sessions))]
        name, secret = secrets.token_urlsafe(_NAME_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        self._sessions[name] = _Session(_digest(secret), key_digest, now + SESSION_SECONDS)
        return f"{name}.{secret}"

    def key_digest(self, token: str) -> bytes | None:
        """The SHA-256 of the key that began the session; `None` where there is no such session, or none any more.

        It is looked up by a part that is no secret, and the secret is compared in constant time.
        """
        name, _, secret = token.partition(".")
        session = self._sessions.get(name)
        is_it = hmac.compare_digest(_digest(secret), b"" if session is None else session.secret_digest)
        return session.key_digest if session is not None and is_it and self._clock() < session.ends else None

    def end(self, token: str) -> None:
        """Forget the session of this token, if it is one."""
        if self.key_digest(token) is not None:
            del self._sessions[token.partition(".")[0]]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

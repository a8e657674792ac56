"""Who a request comes from: its key, or the session of the page, which a key began. Knows requests; knows no routes.

A key stands in `Authorization`, as a bearer's or as the password of Basic. A session's cookie counts only for what the
page itself asks: browsers send it along whoever makes them ask.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from embedingest.server.access import EVERYTHING, NOBODY
from embedingest.server.http import Answer, Request, refusal
from embedingest.server.keyring import Keyring
from embedingest.server.sessions import SESSION_SECONDS, Sessions
from embedingest.server.wrong_keys import WrongKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.config import ServerConfig

__all__ = ["Callers", "is_same_origin"]

_READING: Final = ("GET", "HEAD")


class Callers:
    """Those who ask one server. Raises ConfigError for keys that cannot be."""

    def __init__(self, settings: ServerConfig) -> None:
        self.keyring = Keyring(settings)
        self.wrong_keys = WrongKeys()
        self._has_keys = settings.has_keys
        self._sessions = Sessions()

    def identify(self, request: Request) -> None:
        """Say in `request.access` what it may do: `NOBODY` without a key that is known, where there are keys."""
        if not self._has_keys:
            request.access = EVERYTHING
            return
        found = None
        for sent in _sent_keys(request.headers):
            found = self.keyring.find(sent)
        if found is None and "cookie" in request.headers and _is_asked_by_the_page(request):
            digest = self._sessions.key_digest(request.cookies.get(_cookie_name(request), ""))
            found = None if digest is None else self.keyring.with_digest(digest)
        request.access = NOBODY if found is None else found.access

    def refused(self, request: Request) -> Answer:
        """The answer to who showed no key, or a wrong one; that comes the later the more of them there were."""
        if "authorization" in request.headers:
            return self.wrong(request, "this key is not known here")
        text = "this server needs its API key: send `Authorization: Bearer KEY`"
        return refusal(request, 401, text, headers=[("WWW-Authenticate", _challenge(request))])

    def wrong(self, request: Request, text: str) -> Answer:
        """The answer to a wrong key."""
        delay = self.wrong_keys.another(request.client_address)
        if delay is None:
            return refusal(request, 429, "too many wrong keys; try again later", headers=[("Retry-After", "5")])
        request.delay = delay
        text = f"{text}: send the API key of this server as `Authorization: Bearer KEY`"
        return refusal(request, 401, text, headers=[("WWW-Authenticate", _challenge(request))])

    def begin(self, request: Request, key: str) -> str | None:
        """Begin a session for who shows this key, and end the one before: the cookie; `None` for an unknown key."""
        found = self.keyring.find(key.encode("utf-8", "replace"))
        if found is None:
            return None
        self._sessions.end(request.cookies.get(_cookie_name(request), ""))
        request.access = found.access
        return _cookie(request, self._sessions.begin(found.digest), SESSION_SECONDS)

    def end(self, request: Request) -> str:
        """End the session of a request, if it has one: the cookie that takes the old one's place."""
        self._sessions.end(request.cookies.get(_cookie_name(request), ""))
        request.access = NOBODY
        return _cookie(request, "", 0)


def is_same_origin(request: Request) -> bool:
    """Whether a request has no `Origin`, or that of the host which it was sent to."""
    origin = request.headers.get("origin", "")
    host = request.headers.get("host", "")
    return not origin or origin in (f"http://{host}", f"https://{host}")


def _is_asked_by_the_page(request: Request) -> bool:
    """Whether a browser says so: by `Sec-Fetch-Site`, or by `Origin`, which comes with all writing."""
    is_reading = request.method in _READING
    if not is_same_origin(request):
        return False
    site = request.headers.get("sec-fetch-site", "").lower()
    if site:
        return site == "same-origin" or (site == "none" and is_reading)
    return is_reading or "origin" in request.headers


def _cookie_name(request: Request) -> str:
    """With the port, since browsers keep the cookies of all ports of a host together."""
    port = request.headers.get("host", "").rpartition("]")[2].partition(":")[2]
    return f"embedingest-session-{port}" if port else "embedingest-session"


def _cookie(request: Request, token: str, seconds: int) -> str:
    secure = "; Secure" if request.is_https else ""
    path = request.prefix or "/"
    return f"{_cookie_name(request)}={token}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _challenge(request: Request) -> str:
    """Basic where a person may have called for a page: browsers ask for a password then. What the page asks for itself
    is none of these: it has a view of its own for the key.
    """
    page = request.method == "GET" and not request.path.startswith(("/api/", "/v1/", "/ui/", "/mcp"))
    return 'Basic realm="embedingest"' if page else "Bearer"


def _sent_keys(headers: Mapping[str, str]) -> list[bytes]:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return [value.strip().encode("latin-1", "replace")]
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(value.strip(), validate=True)
        except binascii.Error:
            return []
        return [decoded.partition(b":")[2]]
    return []

"""Who may call what: Host and Origin as Ollama checks them, and what each route needs besides of a key.

Knows requests and settings; knows no routes and no models. Cases 121 to 129.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import psutil

from embedingest.server.access import NOBODY
from embedingest.server.callers import Callers, is_same_origin
from embedingest.server.http import Answer, Headers, Request, refusal

if TYPE_CHECKING:
    from embedingest.config import ServerConfig
    from embedingest.server.access import Need

__all__ = ["Guard", "is_loopback"]

_LOCAL: Final = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 -- compared with, not bound to
_APPS: Final = ("app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*")
_STAINLESS: Final = "lang package-version os arch retry-count runtime runtime-version async helper-method poll-helper \
custom-poll-interval timeout"
_ALLOWED_HEADERS: Final = ",".join(
    ["Authorization", "Content-Type", "User-Agent", "Accept", "X-Requested-With", "Openai-Beta"]
    + [f"X-Stainless-{name.title()}" for name in _STAINLESS.split()]
)

_UNLOADING_SECONDS: Final = 1.0
_LAST_PORT: Final = 65_535
_HOSTS_KEPT: Final = 64  # that were read: clients ask again and again for the same
_HOST: Final = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]{2,45})\]|[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_])){0,252}\.?)"
    r"(?::(?P<port>[0-9]{0,5}))?"
)


@dataclass(frozen=True)
class Guard:
    """The rules of one server; `bound` is the host it listens on. Raises ConfigError for keys that cannot be."""

    settings: ServerConfig
    bound: str
    callers: Callers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "callers", Callers(self.settings))

    def malformed(self, request: Request) -> Answer | None:
        """A Host that is none, is missing, or is there twice: no rule could be held against it."""
        hosts, origins = request.headers.getlist("host"), request.headers.getlist("origin")
        if not hosts and request.scope["http_version"] == "1.0":
            return None
        if len(hosts) != 1:
            return refusal(request, 400, f"the request has {len(hosts)} `Host` headers and needs exactly one")
        if not _is_host(hosts[0]):
            return refusal(request, 400, "the `Host` of the request is no host")
        if len(origins) > 1:
            return refusal(request, 400, f"the request has {len(origins)} `Origin` headers and may have one")
        return None

    def origin(self, request: Request) -> tuple[Answer | None, Headers]:
        """A refusal or the answer to a preflight; else nothing, and the CORS headers of the answer to come."""
        origin = request.headers.get("origin", "")
        if not origin or is_same_origin(request):
            return None, []
        everyone = "*" in self.settings.origins
        if not everyone and not self._origins.fullmatch(origin):
            if request.method == "OPTIONS":
                return Answer(403, media=None), []
            text = "the `Origin` of the request is not allowed here; `--origin` or OLLAMA_ORIGINS allows more"
            return refusal(request, 403, text), []
        headers = [("Access-Control-Allow-Origin", "*")]
        if not everyone:
            headers = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        if request.method != "OPTIONS":
            return None, headers
        return Answer(204, media=None, headers=[*_preflight(everyone=everyone), *headers]), []

    def host(self, request: Request) -> Answer | None:
        """On a loopback address only local Hosts are answered, against DNS rebinding (cases 126 to 128)."""
        if not self._is_on_loopback:
            return None
        return self._check_host(request, anything_local=True)

    def unknown(self, request: Request, need: Need) -> Answer | None:
        """401 for who showed no key where the route needs one."""
        if request.access is not NOBODY or need in ("open", "shell"):
            return None
        if need == "front" and "text/html" in request.headers.get("accept", ""):
            return None  # browsers get the page, which asks for the key
        return self.callers.refused(request)

    def refused(self, request: Request, need: Need) -> Answer | None:
        """Why a route with this need does not answer who it knows; `None` where it does."""
        if need in ("search", "control", "shell", "front") and (refused := self._private(request)) is not None:
            return refused
        if need == "page":
            return self.page(request)
        if need in ("open", "any", "shell", "front") or need in request.access.can:
            return None
        has = ", ".join(sorted(request.access.can)) or "nothing"
        text = f"the key `{request.access.name}` lacks the right `{need}` that this endpoint needs: it has {has}"
        return refusal(request, 403, text)

    def _private(self, request: Request) -> Answer | None:
        """Documents and control: same origin, a local Host, and off loopback a key."""
        if not is_same_origin(request) or request.headers.get("sec-fetch-site", "").lower() == "cross-site":
            return refusal(request, 403, "this endpoint answers pages of its own origin only")
        if not self._is_on_loopback and not self.settings.has_keys:
            text = f"this endpoint is off while the server listens on {self.bound} without an API key"
            return refusal(request, 403, text)
        return self.page(request)

    def unloading(self, request: Request, keep_alive: float | None) -> Answer | None:
        """A period that ends with the answer lets the model go, which is control on whatever route it is asked for."""
        is_unloading = keep_alive is not None and 0 <= keep_alive < _UNLOADING_SECONDS
        return self.refused(request, "control") if is_unloading else None

    def page(self, request: Request) -> Answer | None:
        """Documents and pages: names that others may answer for (`*.local`) only where they are allowed."""
        if not request.headers.get("host"):
            return refusal(request, 400, "this endpoint needs a `Host`")
        return self._check_host(request, anything_local=False)

    def _check_host(self, request: Request, *, anything_local: bool) -> Answer | None:
        host = _without_port(request.headers.get("host", ""))
        address = _address(host)
        if address is not None:
            if address.is_loopback or address.is_private or address.is_unspecified or host in _own_addresses():
                return None
            return self._refused_host(request, host)
        if not self._is_local_name(host, anything_local=anything_local):
            return self._refused_host(request, host)
        return Answer(204, media=None) if request.method == "OPTIONS" else None

    @staticmethod
    def _refused_host(request: Request, host: str) -> Answer:
        return refusal(request, 403, f"the `Host` {host} is not allowed here; `--allowed-host {host}` allows it")

    def _is_local_name(self, host: str, *, anything_local: bool) -> bool:
        name = host.lower().rstrip(".")
        if name in ("", "localhost", socket.gethostname().lower()):
            return True
        if anything_local and name.endswith((".localhost", ".local", ".internal")):
            return True
        return any(_is_allowed(name, allowed.lower().rstrip(".")) for allowed in self.settings.hosts)

    @cached_property
    def _is_on_loopback(self) -> bool:
        return is_loopback(self.bound)

    @cached_property
    def _origins(self) -> re.Pattern[str]:
        local = "|".join(map(re.escape, _LOCAL))
        patterns = [*_APPS, *self.settings.origins]
        expressions = [".*".join(re.escape(part) for part in pattern.split("*", 1)) for pattern in patterns]
        return re.compile("|".join([f"https?://(?:{local})(?::[0-9]{{1,5}})?", *(f"(?:{one})" for one in expressions)]))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on this host."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _is_host(text: str) -> bool:
    """A name or an address, with or without a port; an empty one is what HTTP sends for a name that is not known."""
    match = _HOST.fullmatch(text)
    if match is None:
        return not text
    address, port = match["address"], match["port"]
    if port is not None and int(port or 0) > _LAST_PORT:
        return False
    return address is None or _address(address) is not None


def _is_allowed(name: str, allowed: str) -> bool:
    return name.endswith(allowed[1:]) if allowed.startswith("*.") else name == allowed


def _preflight(*, everyone: bool) -> Headers:
    headers = [
        ("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"),
        ("Access-Control-Allow-Headers", _ALLOWED_HEADERS),
        ("Access-Control-Max-Age", "43200"),
    ]
    if not everyone:
        headers += [("Vary", "Access-Control-Request-Method"), ("Vary", "Access-Control-Request-Headers")]
    return headers


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else host


@lru_cache(maxsize=_HOSTS_KEPT)
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _own_addresses() -> set[str]:
    return {a.address.partition("%")[0] for addresses in psutil.net_if_addrs().values() for a in addresses}

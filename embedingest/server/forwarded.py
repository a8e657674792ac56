"""What a proxy says of the request that it passes on, where it is one that is believed. Knows requests' scopes only.

`X-Forwarded-Prefix`, `-Proto`, `-Host` and `-For` count from the addresses of `trusted_proxies` alone; from anybody
else they are as if they were not there. What a trusted proxy says is looked at all the same: it may hand on what a
client wrote.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.config.proxies import prefix_of
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import Scope

    from embedingest.config import ServerConfig

__all__ = ["Forwarded", "Proxies"]

_MOST_HOPS: Final = 32


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Where a request came from and under which path, as its sender sees it; `problem` where a proxy says nonsense."""

    client: str
    is_https: bool = False
    prefix: str = ""
    problem: str | None = None


class Proxies:
    """The proxies of one server. `own` are the first parts of its own paths, under which it cannot be served.

    Raises ConfigError where `root_path` is one of them.
    """

    def __init__(self, settings: ServerConfig, own: Collection[str]) -> None:
        self._root_path = settings.root_path
        self._own = frozenset(own)
        self._networks = [ipaddress.ip_network(text) for text in settings.trusted_proxies]
        if self._is_own(self._root_path):
            raise ConfigError(
                f"root path `{self._root_path}` begins as this server's own paths do",
                remedy="choose another, such as `/embedingest`",
            )

    def seen(self, scope: Scope) -> Forwarded:
        """What is to be believed of where the request came from. Host and path of the scope are made what they mean."""
        client = scope["client"][0] if scope.get("client") else ""
        if not self._networks or not self._is_trusted(client):
            return self._under(scope, Forwarded(client, scope.get("scheme") == "https"), self._root_path)
        said = _said(scope)
        if len(host := said.get(b"x-forwarded-host", "")):
            scope["headers"] = [(n, host.encode("latin-1") if n == b"host" else v) for n, v in scope["headers"]]
        proto = said.get(b"x-forwarded-proto", "").lower()
        is_https = (proto or scope.get("scheme")) in ("https", "wss")
        seen = Forwarded(self._first_untrusted(client, said.get(b"x-forwarded-for", "")), is_https)
        try:
            prefix = prefix_of(said.get(b"x-forwarded-prefix", "")) or self._root_path
        except ValueError:
            return Forwarded(seen.client, is_https, problem="the proxy's `X-Forwarded-Prefix` is no plain path")
        return self._under(scope, seen, prefix)

    def _under(self, scope: Scope, seen: Forwarded, prefix: str) -> Forwarded:
        """A proxy may take the prefix off the path, or leave it there."""
        if not prefix:
            return seen
        if self._is_own(prefix):
            problem = f"the proxy's `X-Forwarded-Prefix` is {prefix}, which begins as this server's own paths do"
            return Forwarded(seen.client, seen.is_https, problem=problem)
        path: str = scope["path"]
        if path == prefix or path.startswith(prefix + "/"):
            scope["path"] = path[len(prefix) :] or "/"
        return Forwarded(seen.client, seen.is_https, prefix)

    def _is_own(self, prefix: str) -> bool:
        return prefix.partition("/")[2].partition("/")[0] in self._own if prefix else False

    def _is_trusted(self, client: str) -> bool:
        address = _address(client)
        return address is not None and any(address in network for network in self._networks)

    def _first_untrusted(self, client: str, chain: str) -> str:
        """Who asked the first proxy that is trusted: read from the end, where the nearest one has written."""
        for hop in reversed(chain.split(",")[-_MOST_HOPS:]):
            address = _address(hop.strip())
            if not self._is_trusted(client) or address is None:
                break
            client = str(address)
        return client


def _said(scope: Scope) -> dict[bytes, str]:
    """The `X-Forwarded-*` headers; of a list the last, which the nearest proxy wrote, but all of the addresses."""
    said: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name.startswith(b"x-forwarded-"):
            text = value.decode("latin-1").strip()
            said[name] = f"{said[name]},{text}" if name in said else text
    return {
        name: text if name == b"x-forwarded-for" else text.rpartition(",")[2].strip() for name, text in said.items()
    }


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address with or without a port; one of IPv4 that came over IPv6 is one of IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

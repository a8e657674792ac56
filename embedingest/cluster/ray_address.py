"""Whether anybody listens where a Ray cluster is said to be. Imports no Ray.

Ray itself tries for minutes, and hears no Ctrl-C meanwhile.
"""

from __future__ import annotations

import os
import socket
from typing import Any, Final
from urllib.parse import urlsplit

__all__ = ["ADDRESS", "host_and_port", "named", "silence"]

ADDRESS: Final = "RAY_ADDRESS"
"""The variable that names a cluster where nothing else does."""
_SECONDS: Final = 5.0


def named(address: str | None) -> str:
    """The address that is meant: the one given, or that of the environment; empty where neither is."""
    return address or os.environ.get(ADDRESS, "")


def host_and_port(address: str) -> tuple[str, int] | None:
    """Host and port of `HOST:PORT` and `ray://HOST:PORT`; None of `auto`, `local`, nothing and other schemes."""
    scheme, _, rest = address.rpartition("://")
    if scheme not in {"", "ray"}:
        return None
    try:
        parts = urlsplit(f"//{rest}")
        return (parts.hostname, parts.port) if parts.hostname and parts.port else None
    except ValueError:
        return None


def silence(host: str, port: int, seconds: float = _SECONDS) -> str | None:
    """Why none of the addresses of a host answers at the port within seconds each; None where one does."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return f"no machine of the name `{host}` is known here"
    reasons: dict[str, None] = {}
    for family, _, _, _, place in found:
        reason = _tried(family, place, port, seconds)
        if reason is None:
            return None
        reasons[reason] = None
    return ", ".join(reasons)


def _tried(family: int, place: Any, port: int, seconds: float) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(seconds)
            probe.connect(place)
    except ConnectionRefusedError:
        return f"nobody listens at port {port} there"
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    except OSError as error:
        return error.strerror or str(error)
    return None

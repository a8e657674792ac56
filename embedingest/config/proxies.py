"""What is set of proxies in front of the server: the path under which it is served, and whom it believes."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator

__all__ = ["Network", "Prefix", "prefix_of"]

_MOST_CHARACTERS: Final = 200
_SEGMENTS: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")

IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def prefix_of(text: str) -> str:
    """The path under which a server is served, without its last slash; empty for none.

    Raises ValueError for what is no plain path: another host (`//evil`), `..`, control characters, or more than 200.
    """
    path = text.rstrip("/")
    if not path and len(text) <= 1:
        return ""
    plain = len(path) <= _MOST_CHARACTERS and _SEGMENTS.fullmatch(path) is not None
    if not plain or {".", ".."} & set(path.split("/")):
        raise ValueError(
            f"no path to serve under: write one such as `/search`, of at most {_MOST_CHARACTERS} characters"
        )
    return path


def _network(value: Any) -> Any:
    """An address, or a network of them, as `ipaddress` writes it."""
    if not isinstance(value, str):
        return value
    try:
        return str(ipaddress.ip_network(value.strip(), strict=False))
    except ValueError:
        raise ValueError(
            "not the address of a proxy: write one such as `10.0.0.2`, or a network `10.0.0.0/24`"
        ) from None


Prefix = Annotated[str, AfterValidator(prefix_of)]
Network = Annotated[str, BeforeValidator(_network)]

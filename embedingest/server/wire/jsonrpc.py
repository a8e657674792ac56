"""How JSON-RPC spells a refusal, for who speaks MCP: its clients show the message of no other spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PATH", "error_body"]

PATH: Final = "/mcp"
"""Whose refusals are spelled so."""
_REFUSED: Final = -32_000  # the first of those that are a server's own to give a meaning


def error_body(text: str, extra: Mapping[str, object]) -> bytes:
    """The error of a request whose id was not read."""
    error = {"code": _REFUSED, "message": text, **({"data": dict(extra)} if extra else {})}
    return orjson.dumps({"jsonrpc": "2.0", "id": None, "error": error})

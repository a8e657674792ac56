"""JSON text as Go's encoder writes it (case 105). Knows bytes; knows no request."""

from __future__ import annotations

from typing import Final

__all__ = ["escaped"]

_ESCAPES: Final = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def escaped(document: bytes) -> bytes:
    """The JSON document with the characters escaped that Go escapes; they can stand nowhere but inside strings."""
    for character, escape in _ESCAPES:
        if character in document:
            document = document.replace(character, escape)
    return document

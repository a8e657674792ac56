"""What the server itself refuses, whatever the route: the texts, and an answer's bytes where no route is reached."""

from __future__ import annotations

from typing import Final

from embedingest.server.wire import ollama, openai

__all__ = ["BUSY", "STOPPING", "TOO_MANY", "last_answer"]

BUSY: Final = "server busy, please try again.  maximum pending requests exceeded"
STOPPING: Final = "the server is stopping"
TOO_MANY: Final = "the server has as many connections as it may; try again in a moment"

_PHRASES: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}


def last_answer(status: int, text: str, *, is_openai: bool, is_head: bool) -> bytes:
    """The whole answer, after which the connection ends; to HEAD without the body that it speaks of."""
    body = openai.error_body(status, text, {}) if is_openai else ollama.error_body(text, {})
    lines = [
        b"HTTP/1.1 %d %s" % (status, _PHRASES[status]),
        b"content-type: application/json; charset=utf-8",
        b"content-length: %d" % len(body),
        b"x-content-type-options: nosniff",
        b"connection: close",
    ]
    if status == 503:
        lines.append(b"retry-after: 1")
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if is_head else body)

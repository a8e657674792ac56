"""What the server itself refuses, whatever the route: the texts, and an answer's bytes where no route is reached."""

from __future__ import annotations

from typing import Final

from embedingest.server.wire import ollama, openai

__all__ = ["BUSY", "NO_TABLE", "STOPPING", "TOO_MANY", "last_answer", "no_request"]

BUSY: Final = "server busy, please try again.  maximum pending requests exceeded"
NO_TABLE: Final = "no table is served here; start with `watch --serve`, or `serve --db URI`"
STOPPING: Final = "the server is stopping"
TOO_MANY: Final = "the server has as many connections as it may; try again in a moment"

_PHRASES: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}

_REASONS: Final = {
    "Duplicate Content-Length": "it has two `Content-Length` headers",
    "Content-Length can't be present with Transfer-Encoding": "it has `Content-Length` beside `Transfer-Encoding`",
    "Transfer-Encoding can't be present with Content-Length": "it has `Content-Length` beside `Transfer-Encoding`",
    "Invalid character in Content-Length": "its `Content-Length` is no whole number",
    "Empty Content-Length": "its `Content-Length` is empty",
    "Content-Length overflow": "its `Content-Length` is too large",
    "Invalid character in chunk size": "the size of a chunk is no hexadecimal number",
    "Chunk size overflow": "the size of a chunk is too large",
}
"""Of what the parser refuses, by its words; the others are told as it says them."""


def no_request(reason: str) -> str:
    """The text for bytes that are no request, with the parser's reason where it gives one."""
    own = _REASONS.get(reason, reason[:1].lower() + reason[1:])
    return "this is no HTTP request" + (f": {own}" if own else "")


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

"""HTTP/1.1 requests as bytes: well-formed ones of every route, and ones bent in their line, headers, framing or body."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.fuzz.bodies import ROUTES, Dice, body_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONNECTIONS", "LAST", "Conversation", "conversations"]

CONNECTIONS = 8

LAST = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""Ends a conversation: whoever has understood all before it answers this and closes."""
_SMUGGLED = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True)
class Conversation:
    """What one connection sends, in packets. `marks` are the lengths of vectors that its well-formed requests ask for.

    `marks[i]` is that of request i, `None` where any answer will do; it ends with the first request whose framing is bent.
    """

    packets: tuple[bytes, ...]
    marks: tuple[int | None, ...]
    is_well_formed: bool = True
    is_cut: bool = False
    """Whether the client leaves in the middle."""

    @property
    def sent(self) -> bytes:
        return b"".join(self.packets)


_METHODS = (
    "GET",
    "HEAD",
    "OPTIONS",
    "PUT",
    "PATCH",
    "DELETE",
    "POST",
    "CONNECT",
    "TRACE",
    "PROPFIND",
    "M-SEARCH",
    "get",
    'FOO"BAR',
    "",
    "PRI",
)
_PATHS = (
    "/", "/api/tags", "/api/ps", "/api/version", "/v1/models", "/v1/models/hashing", "/healthz", "/readyz", "/metrics",
    "/openapi.json", "/docs", "/ui", "/nothing", "/api/embed/", "//api//tags", "/api/blobs/sha256:00", "/v1", "/v1/nope",
    "/v1/models/..%2f..%2fetc%2fpasswd", "/v1/models/a%0d%0aX-Inj:%201", "/v1/models/%ff%fe", "/%6detrics", "/ui/../metrics",
    "/%00", "/x%0d%0aERROR%20fake%1b[31m", "/api/embed?model=hashing&x=" + "y" * 500, "/?", "/#x", "/api/ version", "api/version",
    "*", "localhost:80", "http://localhost/api/tags", "http://evil.example/api/version", "http://evil.example", "http://", "//", "?",
    "/\xff\xfe", "/" + "a" * 3000, "/" + "%41" * 2000, "http://[::1", "http://a:99999999/", "", "/\t", "/\x7f",
)  # fmt: skip
_VERSIONS = (
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/0.9",
    "HTTP/1.1 ",
    "http/1.1",
    "HTTP/11",
    "HTTP/1.",
    "HTTP/1.1x",
    "",
)
_HOSTS = (
    "localhost", "LOCALHOST:11434", "127.0.0.1", "[::1]:80", "evil.example", "evil.local", "localhost.", "localhost..", "", "[::1",
    "user@localhost", "localhost:99999999", "localhost:-1", "localhost,evil.example", "localhost evil.example", "\xff\xfe", "\x00",
    "[::ffff:127.0.0.1]", "0x7f.1", "10.0.0.5", "8.8.8.8", "[fe80::1%25lo]", "localhost\r\n evil.example", "a" * 300,
)  # fmt: skip
_HARMLESS = (
    "Accept: */*", "User-Agent: x/1", "Content-Type: application/json", "Content-Type: text/plain", "Accept-Encoding: gzip, br",
    "Connection: keep-alive", "X: " + "y" * 2000, "Authorization: Bearer x", "Cookie: " + "a=b; " * 100, "Origin: http://localhost",
    "Accept: text/html", "Cache-Control: no-cache", "Range: bytes=0-1", "If-None-Match: *", "TE: trailers", "X-Empty:", "Via: 1.1 x",
    "Upgrade: h2c", "Upgrade: websocket", "Connection: Upgrade", "HTTP2-Settings: AAMAAABkAAQAAP__", "Expect: 100-continue",
)  # fmt: skip
_ODD = (
    "Origin: http://evil.example", "Origin: null", "Origin:", "Origin: http://localhost\r\nOrigin: http://evil.example",
    "Sec-Fetch-Site: cross-site", "Expect: 200-ok", "Expect: 100-continue, x", "Connection: close", "Connection: keep-alive, close",
    "Connection: content-length", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13", "Upgrade:", "Upgrade: ,",
    "Content-Encoding: br", "Content-Encoding: gzip", "Content-Encoding: identity", "Content-Encoding: gzip, gzip, gzip",
    "Content-Encoding: deflate", "Content-Encoding: zstd", "Content-Encoding: ,", "Content-Encoding: \xff", "Trailer: Host",
    "no colon", "Space : before", " folded: first", "A: b\r\n folded", "A: b\r\n\tfolded", ": no name", "X: a\rB: c", "X: \x00",
    "X: \x01\x7f", "X\xff: y", "X: \xff\xfe", "X(y): z", "Proxy-Connection: close", "Transfer-Encoding : chunked", "X: " + "z" * 66_000,
    "X-HTTP-Method-Override: DELETE", "X-Forwarded-Host: evil.example", "Host: evil.example", "\r", "Keep-Alive: timeout=x",
)  # fmt: skip
_ENCODINGS = (
    "chunked", "Chunked", "chunked, identity", "identity", "gzip, chunked", "xchunked", "\tchunked", "chunked\r\nTransfer-Encoding: identity",
    "\r\n chunked", "chunked, chunked", "", "chunked;q=1", '"chunked"', "chunked\x0b", "identity, chunked", "chunked,",
)  # fmt: skip
_SIZES = (
    "0x{:x}",
    "+{:x}",
    "-1",
    "ffffffffffffffffff",
    "{:x} ",
    " {:x}",
    "",
    "g",
    "{:x};a=\nb",
    "{:x};a\rb",
    "{:X}",
    "000{:x}",
    "{:x}_",
)
_EXTENSIONS = (";a", ";a=b", ';a="b;c"', ";" + "e" * 2000, ";", " ;a=b", ";a=\xff")
_TRAILERS = ("", "", "X: y\r\n", "Host: evil.example\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "no colon\r\n",
             "Content-Encoding: br\r\n", "X: " + "t" * 3000 + "\r\n", " folded\r\n")  # fmt: skip


@st.composite
def conversations(draw, connections=CONNECTIONS, *, is_bulk=False):
    """A few conversations, to be held at once. In bulk hypothesis draws only a seed: quicker, and nothing is shrunk."""
    if is_bulk:
        number = draw(st.randoms(use_true_random=True)).randint
        dice = Dice(lambda most: number(0, most))
    else:
        dice = Dice(lambda most: draw(st.integers(0, most)) if most else 0)
    return [_conversation(dice) for _ in range(1 + dice.number(connections - 1))]


def _conversation(dice: Dice) -> Conversation:
    """Up to four requests, most of them well-formed, and `LAST`; cut into packets anywhere."""
    sent, marks, is_framed = b"", [], True
    for _ in range(1 + dice.number(3)):
        request, mark, is_whole = _request(dice)
        sent += dice.one_of((b"\r\n", b"\n", b"\r\n\r\n")) if dice.in_hundred(3) else b""
        sent += request
        is_framed = is_framed and is_whole
        if is_framed:
            marks.append(mark)
    sent += LAST
    is_cut = dice.in_hundred(5)
    if is_cut:
        sent = sent[: dice.number(len(sent))]
    cuts = sorted({dice.number(len(sent)) for _ in range(dice.number(3))}) if dice.in_hundred(30) else []
    packets = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    return Conversation(tuple(packets), tuple(marks), is_framed, is_cut)


def _request(dice: Dice) -> tuple[bytes, int | None, bool]:
    """The bytes, the mark, and whether the framing is beyond doubt."""
    kind = dice.number(9)
    if kind < 3:
        mark = 1 + dice.number(50)
        body = b'{"model": "hashing", "input": "some words", "dimensions": %d}' % mark
        return _framed(dice, "POST", "/api/embed", body), mark, True
    if kind < 4:
        method = dice.one_of(("GET", "GET", "HEAD", "OPTIONS"))
        return _framed(dice, method, dice.one_of(_PATHS[:12]), None), None, True
    (method, path), shape = dice.one_of(tuple(ROUTES.items()))
    body, _ = body_of(dice, shape)
    if kind < 8:
        return _framed(dice, method, path, body), None, True
    if dice.in_hundred(30):
        body = dice.one_of((_SMUGGLED, LAST, b"", body + _SMUGGLED, b"0\r\n\r\n" + _SMUGGLED))
    return _bent(dice, method, path, body), None, False


def _framed(dice: Dice, method: str, path: str, body: bytes | None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: localhost", *_encoded(dice.some(_HARMLESS, 3))]
    if body is None:
        return _head(lines)
    if dice.in_hundred(5):
        lines, body = [*lines, b"Content-Encoding: gzip"], gzip.compress(body, 1)
    if dice.in_hundred(30):
        return _head([*lines, b"Transfer-Encoding: chunked"]) + _chunked(dice, body)
    return _head([*lines, b"Content-Length: %d" % len(body)]) + body


def _bent(dice: Dice, method: str, path: str, body: bytes) -> bytes:
    if dice.in_hundred(30):
        method = dice.one_of(_METHODS)
    if dice.in_hundred(30):
        path = dice.one_of(_PATHS)
    version = dice.one_of(_VERSIONS) if dice.in_hundred(20) else "HTTP/1.1"
    blank = dice.one_of((" ", "  ", "\t", "")) if dice.in_hundred(5) else " "
    lines = _encoded([f"{method}{blank}{path}{blank}{version}"])
    hosts = dice.some(_HOSTS, 2) if dice.in_hundred(30) else ["localhost"]
    lines += _encoded([*(f"Host: {host}" for host in hosts), *dice.some(_HARMLESS, 2), *dice.some(_ODD, 2)])
    framing, content = _framing(dice, body)
    lines += framing
    if dice.in_hundred(10):
        content = dice.one_of((gzip.compress(content), zlib.compress(content), content[:-1], content + b"\r\n"))
    end = dice.one_of((b"\n", b"\r", b"\r\r\n", b"\n\r")) if dice.in_hundred(5) else b"\r\n"
    return _head(lines, end) + content


def _framing(dice: Dice, body: bytes) -> tuple[list[bytes], bytes]:
    """Headers that say, or seem to say, where the body ends, and the body."""
    size = len(body)
    lengths = (
        f"{size}", f"{size + 5}", f"{max(0, size - 5)}", f"{size}, {size}", f"+{size}", "-1", f"{10**20}", f"0x{size:x}", f"{size}_0",
        f"{size} 1", "", f" {size} ", f"{size}\r\nContent-Length: {size}", f"2\r\nContent-Length: {size}", f"{size}.0", "\u0663",
        f"0{size}", f"{size},", "4294967296", "9223372036854775808", "18446744073709551616",
    )  # fmt: skip
    kind = dice.number(4)
    length, encoding = dice.one_of(lengths), dice.one_of(_ENCODINGS)
    if kind == 0:
        return [], body
    if kind == 1:
        return _encoded([f"Content-Length: {length}"]), body
    chunked = _chunked(dice, body, is_bent=dice.in_hundred(50))
    if kind == 2:
        return [b"Transfer-Encoding: chunked"], chunked
    if kind == 3:
        return _encoded([f"Transfer-Encoding: {encoding}"]), chunked
    both = _encoded([f"Content-Length: {length}", f"Transfer-Encoding: {encoding}"])
    return both[:: dice.one_of((1, -1))], chunked


def _chunked(dice: Dice, body: bytes, *, is_bent: bool = False) -> bytes:
    cuts = sorted({dice.number(len(body)) for _ in range(dice.number(3))} - {0, len(body)})
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True) if a < b]
    sent = b""
    for part in parts:
        size = dice.one_of(_SIZES).format(len(part)) if is_bent and dice.in_hundred(50) else f"{len(part):x}"
        extension = dice.one_of(_EXTENSIONS if is_bent else _EXTENSIONS[:4]) if dice.in_hundred(20) else ""
        end = dice.one_of((b"\n", b"", b"\r", b"\r\n\r\n")) if is_bent and dice.in_hundred(20) else b"\r\n"
        sent += f"{size}{extension}".encode("latin-1") + end + part + end
    trailers = dice.one_of(_TRAILERS).encode() if is_bent else b""
    return sent + dice.one_of((b"0\r\n", b"00\r\n", b"0;a=b\r\n", b"0\n")[: 4 if is_bent else 3]) + trailers + b"\r\n"


def _head(lines: Sequence[bytes], end: bytes = b"\r\n") -> bytes:
    return end.join(lines) + end + end


def _encoded(lines: Sequence[str]) -> list[bytes]:
    return [line.encode("utf-8" if any(ord(letter) > 255 for letter in line) else "latin-1") for line in lines]

"""No one request keeps the event loop busy: others are answered meanwhile."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.depth import few
from tests.server.wirecases import send

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

MOST_SECONDS = 0.15
"""Of the processor, in one go. What is read or written on the loop takes some thousandths of it."""


class Heart:
    """Beats in the loop of a server; `longest` is what its thread worked at most between two beats, in seconds."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.longest = 0.0
        self._loop = loop
        self._last: float | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Heart:
        self._loop.call_soon_threadsafe(self._beat)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        done = threading.Event()
        self._loop.call_soon_threadsafe(done.set)
        done.wait(60)

    def _beat(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - (now if self._last is None else self._last))
        self._last = now
        if not self._ended.is_set():
            self._loop.call_later(0.002, self._beat)


def keys(count: int) -> str:
    return ",".join(f'"{number:x}":1' for number in range(count))


LARGE = {
    "a period of many parts": ("/api/embed", '{"model":"hashing","input":"x","keep_alive":"%s"}' % ("1h" * 1_000_000)),
    "a text that is cut": ("/api/embed", '{"model":"hashing","input":"%s"}' % ("a b " * 1_000_000)),
    "a text that is not cut": ("/api/embed", '{"model":"hashing","truncate":false,"input":"%s"}' % ("a b " * 1_000_000)),
    "a text to tokenise": ("/api/tokenize", '{"model":"hashing","content":"%s"}' % ("a b " * 20_000)),
    "numbers, and half a character": ("/api/embed", '{"model":"hashing","z":"\\ud800","input":[%s1]}' % ("1," * 300_000)),
    "keys": ("/api/embed", '{"model":"hashing",' + keys(80_000) + "}"),
    "empty lists": ("/api/embed", '{"model":"hashing","input":[%s[]]}' % ("[]," * 300_000)),
    "many texts for no model": ("/v1/embeddings", '{"model":"nope","input":[%s"x"]}' % ('"some words",' * 60_000)),
    "many texts": ("/api/embed", '{"model":"hashing","input":[%s"x"]}' % ('"x",' * 400)),
    "brackets": ("/api/embed", "[" * 4_000_000),
    "no end": ("/api/embed", '{"model":"hashing","input":"' + "x" * 4_000_000),
    "a filter": ("/api/search", '{"query":"sky","filter":"%s"}' % ("(" * 1_000_000)),
    "a name": ("/api/show", '{"model":"%s"}' % ("a" * 4_000_000)),
}  # fmt: skip


@few(5)
@pytest.mark.parametrize("name", LARGE)
def test_no_request_holds_the_loop_up(serve, name):
    """By the processor's time of the loop's own thread, so that no other program counts."""
    server = serve()
    path, body = LARGE[name]
    loop = server._server.servers[0].get_loop()
    with Heart(loop) as heart:
        reply = send(server.port, {"method": "POST", "path": path, "text": body})
    assert reply.status in {200, 400, 404, 413}, reply.body[:200]
    assert heart.longest < MOST_SECONDS

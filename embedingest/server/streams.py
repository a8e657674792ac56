"""Open event streams: one producer looks, and each stream is sent the newest that it has not had. Knows no pipelines.

A reader that is slow misses what was overtaken meanwhile, and nothing waits for it in a queue.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from embedingest.server.wire.decode import WireError
from embedingest.server.wire.refusals import STOPPING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from embedingest.server.http import Request

__all__ = ["ENDLESS", "MOST_STREAMS", "EventAnswer", "Streams"]

ENDLESS: Final = "embedingest.endless"
"""Set in the scope of a request whose answer ends only with the server: at a stop, no connection waits for it."""

MOST_STREAMS: Final = 100
"""Streams at once. A browser has one for each page that is open."""

EVENTS: Final = "text/event-stream; charset=utf-8"
PERIOD_SECONDS: Final = 0.5
"""How often the producer looks while somebody reads."""

BEAT_SECONDS: Final = 15.0
"""After so long without news a comment is sent, by which both sides notice that the other is gone."""

LIFE_SECONDS: Final = 600.0
"""After so long a stream ends and its page asks for another: who may no longer look is told so then."""

_HEADERS: Final = (
    (b"content-type", EVENTS.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy that collects what is sent would keep the news to itself
)
_BEGIN: Final = b"retry: 2000\n\n"
_BEAT: Final = b": still here\n\n"
_WOKEN_AT_ONCE: Final = 8
"""Streams that are written to in one step of the loop; requests have their turn in between."""


class Streams:
    """The streams of one server. `look` gives the newest state as one event; it is called while there are streams."""

    def __init__(self, look: Callable[[], Awaitable[bytes]], stop: asyncio.Event) -> None:
        self.stop = stop
        self.event = b""
        self.number = 0
        """How many different events there were: what a stream has not had is known by it."""
        self._look = look
        self._open: set[Stream] = set()
        self._producer: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """How many there are."""
        return len(self._open)

    def join(self) -> Stream:
        """One more. Raises WireError (503) where there are as many as there may be, and when the server stops."""
        if self.stop.is_set():
            raise WireError(503, STOPPING)
        if len(self._open) >= MOST_STREAMS:
            raise WireError(503, f"{MOST_STREAMS} pages follow the pipelines already, and no more can; try again later")
        stream = Stream(self)
        self._open.add(stream)
        if self._producer is None or self._producer.done():
            self._producer = asyncio.create_task(self._produce())
        return stream

    def leave(self, stream: Stream) -> None:
        """One less. Without any nobody looks."""
        self._open.discard(stream)
        if not self._open and self._producer is not None:
            self._producer.cancel()
            self._producer, self.event = None, b""

    async def latest(self) -> bytes:
        """The state as of now, for who takes no stream."""
        return self.event or await self._look()

    async def _produce(self) -> None:
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            while not stopping.done():
                event = await self._look()
                if event != self.event:
                    self.event, self.number = event, self.number + 1
                    await self._wake()
                await asyncio.wait([stopping], timeout=PERIOD_SECONDS)
            await self._wake()
        finally:
            stopping.cancel()

    async def _wake(self) -> None:
        for count, stream in enumerate(list(self._open), 1):
            stream.news.set()
            if count % _WOKEN_AT_ONCE == 0:
                await asyncio.sleep(0)


class Stream:
    """What one reader has had."""

    def __init__(self, streams: Streams) -> None:
        self.news = asyncio.Event()
        self.is_gone = False
        self._streams = streams
        self._ends_at = time.monotonic() + LIFE_SECONDS
        self._had = -1 if streams.event else streams.number

    def gone(self) -> None:
        """Its reader left."""
        self.is_gone = True
        self.news.set()

    async def next(self) -> bytes | None:
        """What to send next; `None` once the stream ends."""
        streams = self._streams
        while not (self.is_gone or streams.stop.is_set() or time.monotonic() >= self._ends_at):
            self.news.clear()
            if self._had != streams.number:
                self._had = streams.number
                return streams.event
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await self.news.wait()
            except TimeoutError:
                return _BEAT
        return None


class EventAnswer(Response):
    """An answer that sends each piece of news until its reader leaves, may look no more, or the server stops."""

    def __init__(self, request: Request, streams: Streams, may_look: Callable[[], bool]) -> None:
        """`may_look` is asked before each piece. Raises WireError (503) where there is no room for one more."""
        super().__init__()
        self._may_look = may_look
        self._request = request
        self._streams = streams
        self._stream = streams.join()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        scope[ENDLESS] = True
        stream = self._stream
        leaving = asyncio.ensure_future(self._request.wait_for_disconnect())
        leaving.add_done_callback(lambda _: stream.gone())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            await send({"type": "http.response.body", "body": _BEGIN, "more_body": True})
            while (news := await stream.next()) is not None and self._may_look():
                await send({"type": "http.response.body", "body": news, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()
            self._streams.leave(stream)

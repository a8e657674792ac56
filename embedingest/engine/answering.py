"""How a call over texts is answered by a pool of models: wait for the model, prepare, compute, finish.

Knows no names and no kinds of models.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, TypeVar

from embedingest.engine.pool import leased, waited

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from embedingest.engine.call import Call
    from embedingest.engine.pool import ModelPool

__all__ = ["Answering"]

T = TypeVar("T")

_INLINE_CHARACTERS: Final = 4096  # less than this is tokenised faster than it is handed to another thread
_INLINE_TEXTS: Final = 1024  # of more, the answer is put together on another thread


class Answering(ABC):
    """The half of an engine that runs calls.

    `prepare` is given the call and the encoder, and makes the rows that the scheduler takes; `finish` is given the
    call, its raw rows, the loaded model and the ticket, and makes the answer.
    """

    _pool: ModelPool

    @abstractmethod
    def _admitted(self) -> AbstractContextManager[None]:
        """A block for one call. Raises OverloadedError, EngineClosedError."""

    @abstractmethod
    async def _in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """What a function answers that is called on another thread."""

    def _answer(self, call: Call, prepare: Callable[..., None], finish: Callable[..., T]) -> T:
        with self._admitted(), waited(self._pool.acquire(call.key, call.keep_alive)) as loaded:
            call.load_seconds = time.perf_counter() - call.began
            prepare(call, loaded.encoder)
            ticket = loaded.scheduler.submit(call.tokens, priority=call.priority)
            return finish(call, ticket.result(), loaded, ticket)

    async def _aanswer(self, call: Call, prepare: Callable[..., None], finish: Callable[..., T]) -> T:
        import asyncio

        with self._admitted(), await leased(self._pool.acquire(call.key, call.keep_alive)) as loaded:
            call.load_seconds = time.perf_counter() - call.began
            if call.characters <= _INLINE_CHARACTERS:
                prepare(call, loaded.encoder)
            else:
                try:
                    await self._in_thread(prepare, call, loaded.encoder)
                finally:
                    call.is_dropped = True  # by a caller that went away; else it is done
            ticket = loaded.scheduler.submit(call.tokens, priority=call.priority)
            done = call, ticket.result() if ticket.done() else await asyncio.wrap_future(ticket), loaded, ticket
            return finish(*done) if len(call.texts) <= _INLINE_TEXTS else await self._in_thread(finish, *done)

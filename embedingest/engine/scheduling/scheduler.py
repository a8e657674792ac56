"""One queue per model: who is computed when, and what happens when a batch fails. Knows no text and no HTTP.

The only place with threads that touch the model. Queries go before bulk; whatever has queued while the last batch
ran is the next batch, so nothing waits for a timer.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, get_args

import numpy as np
from numpy.typing import NDArray

from embedingest.arguments import check, one_of
from embedingest.engine.encoder import batch_tokens as best_batch_tokens
from embedingest.engine.engine import QUERY_TEXTS, Priority
from embedingest.engine.scheduling.batch_budget import BatchBudget
from embedingest.engine.scheduling.call_queue import Call, CallQueue, Ticket, WaitingText, on_end, split_call
from embedingest.engine.scheduling.query_cache import QueryCache
from embedingest.engine.vectors import empty_rows, finite_rows, rows_shape
from embedingest.errors import EngineClosedError, EngineError, InputError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from embedingest.engine.encoder import Encoder, TokenIds

__all__ = ["Scheduler", "SchedulerStats", "Ticket"]

_log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]

BATCH_TOKENS: Final = 4096
BATCH_TEXTS: Final = 64
CACHED_TEXTS: Final = 1024
MAX_WAITING_TOKENS: Final = 1 << 26
AGE_SECONDS: Final = 0.5  # bulk that has waited this long goes before queries, once
_PRIORITIES: Final = one_of(*get_args(Priority))
_CACHED_CALL_TEXTS: Final = 4  # queries of more texts are not cached


@dataclass(slots=True)
class SchedulerStats:
    """Counters since the start, and what waits now. `padded_tokens` counts the rectangles that were computed."""

    waiting_calls: int = 0
    waiting_texts: int = 0
    waiting_tokens: int = 0
    batches: int = 0
    texts: int = 0
    tokens: int = 0
    padded_tokens: int = 0
    encode_seconds: float = 0.0
    duplicates: int = 0
    cache_hits: int = 0
    rejected: int = 0
    cancelled: int = 0
    failed: int = 0
    alive: bool = True


class Scheduler:
    """Batches the texts of all callers for one encoder.

    `max_waiting` bounds the calls of one class that wait, `max_waiting_tokens` their tokens; a call that does not fit
    is refused whole. A single call always fits an empty queue, however large. `batch_tokens` is the padded size of a
    batch; memory errors halve it, successes let it grow back. Its texts (`batch_texts`) are more with more tokens.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        max_waiting: int = 512,
        max_waiting_tokens: int = MAX_WAITING_TOKENS,
        batch_tokens: int | None = None,
        batch_texts: int | None = None,
        cached_texts: int = CACHED_TEXTS,
    ) -> None:
        self._encoder = encoder
        self._max_waiting = max_waiting
        self._max_waiting_tokens = max_waiting_tokens
        self.batch_tokens = tokens = batch_tokens or best_batch_tokens(encoder) or BATCH_TOKENS
        self._budget = BatchBudget(tokens)
        self._batch_texts = batch_texts or max(BATCH_TEXTS, BATCH_TEXTS * tokens // BATCH_TOKENS)
        self._cache = QueryCache(cached_texts)
        self._queues: dict[Priority, CallQueue] = {"query": CallQueue(), "bulk": CallQueue()}
        self._stats = SchedulerStats()
        self._changed = threading.Condition()
        self._closing = False
        self._death: BaseException | None = None
        self._bulk_since = 0.0
        self._workers = [
            threading.Thread(target=self._run, name=f"embedingest-encode-{i}", daemon=True)
            for i in range(max(1, encoder.parallel))
        ]
        for worker in self._workers:
            worker.start()

    # -- what callers see

    def submit(self, tokens: Sequence[TokenIds], *, priority: Priority = "query") -> Ticket:
        """Let N texts (content tokens, already cut to the window) be embedded.

        The ticket answers raw rows, as the encoder gives them. It fails with InputError (`index` is that of the text)
        when one text makes the model fail or gives NaN. Raises OverloadedError when more waits than the limits admit,
        EngineClosedError after `close` or when a worker died, ConfigError for another `priority`.
        """
        check(priority=(priority, _PRIORITIES))
        ticket = Ticket()
        rows = empty_rows(len(tokens), self._encoder.dimensions)
        if (cached := self._cached(tokens, priority) if tokens else rows) is not None:
            ticket.set_result(cached)
            return ticket
        call = Call(ticket, priority, rows, remaining=0, tokens=0, submitted=time.perf_counter())
        texts = split_call(call, tokens)
        call.remaining = len(texts)
        call.tokens = sum(text.length for text in texts)
        with self._changed:
            self._admit(call, texts)
            self._count(duplicates=len(tokens) - len(texts))
        on_end(call, self._forget)
        return ticket

    def stats(self) -> SchedulerStats:
        """A consistent copy of the counters."""
        with self._changed:
            texts = sum(len(queue) for queue in self._queues.values())
            calls = sum(queue.calls for queue in self._queues.values())
            return replace(self._stats, waiting_texts=texts, waiting_calls=calls, alive=self.alive)

    @property
    def alive(self) -> bool:
        """Whether texts that are submitted now will be computed."""
        return self._death is None and not self._closing

    def close(self, *, timeout: float | None = 30.0) -> None:
        """Finish what was admitted, refuse the rest. What is not done after `timeout` seconds fails."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        deadline = None if timeout is None else time.monotonic() + timeout
        for worker in self._workers:
            if worker is not threading.current_thread():
                worker.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        self._fail_all(EngineClosedError("the engine was closed while the call waited"))

    # -- admission

    def _admit(self, call: Call, texts: list[WaitingText]) -> None:
        queue = self._queues[call.priority]
        if self._death is not None:
            raise EngineClosedError(f"the worker of this model died: {self._death!r}", remedy="load the model again")
        if self._closing:
            raise EngineClosedError("the engine is closed")
        waiting = self._stats.waiting_tokens
        full = queue.calls >= self._max_waiting
        if full or (waiting and waiting + call.tokens > self._max_waiting_tokens):
            self._count(rejected=1)
            what = f"{queue.calls} calls" if full else f"{waiting} tokens"
            limit = self._max_waiting if full else self._max_waiting_tokens
            raise OverloadedError(f"{what} wait already and the limit is {limit}", remedy="try again in a moment")
        self._count(waiting_tokens=call.tokens)
        if call.priority == "query" and len(texts) <= QUERY_TEXTS:
            self._budget.expect_queries(call.submitted)
        elif call.priority == "bulk" and not len(queue):
            self._bulk_since = call.submitted
        queue.add(call, texts)
        self._changed.notify(min(len(texts), len(self._workers)))

    def _cached(self, tokens: Sequence[TokenIds], priority: Priority) -> Vectors | None:
        if priority != "query" or len(tokens) > _CACHED_CALL_TEXTS or not self.alive:
            return None
        with self._changed:
            rows = self._cache.get(tokens)
            if rows is not None:
                self._count(cache_hits=len(rows))
            return rows

    def _forget(self, call: Call) -> None:
        """A ticket was cancelled, failed or answered: what still waits of it costs nothing more."""
        with self._changed:
            self._queues[call.priority].drop(call)
            self._count(waiting_tokens=-call.tokens, cancelled=int(call.ticket.cancelled()))

    # -- the workers

    def _run(self) -> None:
        batch: list[WaitingText] = []
        try:
            while batch := self._wait_for_batch():
                self._compute(batch)
        except BaseException as death:  # noqa: BLE001 -- whatever it is, every caller is answered with it
            _log.exception("the thread that runs the model died")
            self._death = death
            error = EngineClosedError(f"the worker of this model died: {death!r}", remedy="load the model again")
            self._fail_all(error, {text.call for text in batch})

    def _wait_for_batch(self) -> list[WaitingText]:
        """The next batch, as soon as there is one; empty once closed and drained, or when a worker died."""
        with self._changed:
            while True:
                if self._death is not None:
                    return []
                if batch := self._next_batch():
                    return batch
                if self._closing:
                    return []
                self._changed.wait()

    def _next_batch(self) -> list[WaitingText]:
        now = time.perf_counter()
        query, bulk = self._queues["query"], self._queues["bulk"]
        aged = len(bulk) and now - self._bulk_since > AGE_SECONDS
        queue = query if len(query) and not aged else bulk
        if queue is bulk:
            self._bulk_since = now
        # Several workers share what waits, so that none idles while another has it all.
        share = -(-len(queue) // len(self._workers))
        # The budget holds for both classes: a query of many texts must not keep a short one waiting either.
        batch = queue.take(budget=self._budget.at(now), most=max(1, min(self._batch_texts, share)))
        for text in batch:
            if text.call.started is None:
                text.call.started = now
        return batch

    def _compute(self, batch: list[WaitingText]) -> None:
        """Encode a batch; on failure, its halves, until the text that fails stands alone."""
        batch = [text for text in batch if not text.call.ticket.done()]
        if not batch:
            return
        try:
            vectors = self._encode(batch)
        except Exception as error:  # noqa: BLE001 -- a model may raise anything; the caller of the text gets it
            self._split(batch, error)
            return
        finite = finite_rows(vectors)
        bad = [text for text, good in zip(batch, finite, strict=True) if not good]
        self._deliver([t for t, good in zip(batch, finite, strict=True) if good], vectors[finite])
        for text in bad:
            if len(batch) == 1:
                self._fail(text, "gives a vector with NaN or infinity", None)
            else:
                self._compute([text])  # alone: its vector may have come out wrong because of another text

    def _split(self, batch: list[WaitingText], error: Exception) -> None:
        memory = _out_of_memory(error)
        if memory:
            tokens = self._budget.out_of_memory(_padded(batch))
            _log.warning("out of memory with %d texts: batches now hold %d tokens", len(batch), tokens)
        if len(batch) == 1:
            what = "does not fit into memory" if memory else "makes the model fail"
            self._fail(batch[0], f"{what}: {type(error).__name__}: {error}", error)
            return
        _log.info("batch of %d texts failed, trying its halves: %r", len(batch), error)
        middle = len(batch) // 2
        self._compute(batch[:middle])
        self._compute(batch[middle:])

    def _encode(self, batch: list[WaitingText]) -> Vectors:
        began = time.perf_counter()
        vectors = self._encoder.encode([text.tokens for text in batch])
        seconds = time.perf_counter() - began
        if vectors.shape != rows_shape(len(batch), self._encoder.dimensions):
            raise EngineError(f"encoder answered shape {vectors.shape} for {len(batch)} texts")
        padded = _padded(batch)
        with self._changed:
            self._count(
                batches=1,
                texts=len(batch),
                tokens=sum(text.length for text in batch),
                padded_tokens=padded,
                encode_seconds=seconds,
            )
            self._budget.succeeded(padded, seconds)
        return vectors

    def _deliver(self, batch: list[WaitingText], vectors: Vectors) -> None:
        finished: list[Call] = []
        with self._changed:
            for text, row in zip(batch, vectors, strict=True):
                call = text.call
                for index in text.indices:
                    call.rows[index] = row
                call.remaining -= 1
                if call.priority == "query" and len(call.rows) <= _CACHED_CALL_TEXTS:
                    self._cache.put(text.tokens, row)
                if not call.remaining and _settle(call):
                    finished.append(call)
        for call in finished:
            _note_times(call)
            if call.ticket.set_running_or_notify_cancel():
                call.ticket.set_result(call.rows)

    def _fail(self, text: WaitingText, what: str, cause: Exception | None) -> None:
        index = text.indices[0]
        error = InputError(f"text {index} ({text.length} tokens) {what}", index=index)
        error.__cause__ = cause
        self._refuse(text.call, error)

    def _refuse(self, call: Call, error: EngineError) -> None:
        with self._changed:
            if not _settle(call):
                return
            self._count(failed=1)
        _note_times(call)
        if call.ticket.set_running_or_notify_cancel():
            call.ticket.set_exception(error)

    def _fail_all(self, error: EngineError, running: Collection[Call] = ()) -> None:
        with self._changed:
            calls = [call for queue in self._queues.values() for call in queue.clear()]
            self._changed.notify_all()
        for call in {*calls, *running}:
            self._refuse(call, error)

    def _count(self, **increments: float) -> None:
        for name, n in increments.items():  # under the lock, as `stats` copies them
            setattr(self._stats, name, getattr(self._stats, name) + n)


def _settle(call: Call) -> bool:
    """Under the lock: whether the caller of this function is the one who answers the call."""
    first, call.settled = not call.settled, True
    return first


def _note_times(call: Call) -> None:
    now = time.perf_counter()
    started = now if call.started is None else call.started
    call.ticket.queued_seconds = started - call.submitted
    call.ticket.encode_seconds = now - started


def _padded(batch: Sequence[WaitingText]) -> int:
    return len(batch) * max(text.length for text in batch)


def _out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        sign in message for sign in ("out of memory", "bad_alloc", "bad allocation", "can't allocate memory")
    )

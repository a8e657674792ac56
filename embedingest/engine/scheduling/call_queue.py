"""What waits for the model: calls, their texts, and which of them go next. Knows no threads, no encoder, no clock."""

from __future__ import annotations

import weakref
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embedingest.engine.scheduling.batching import window

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.engine import Priority

__all__ = ["Call", "CallQueue", "Ticket", "WaitingText", "key_of", "on_end", "split_call"]

Vectors = NDArray[np.float32]


class Ticket(Future[Vectors]):
    """The answer to come: raw vectors, float32 (N, D), row i for text i. Cancelling it frees what still waits.

    Once done, `queued_seconds` is the wait before its first batch began and `encode_seconds` the time from there
    until its last batch ended.
    """

    queued_seconds: float = 0.0
    encode_seconds: float = 0.0


@dataclass(eq=False, slots=True, weakref_slot=True)
class Call:
    """One submission: its rows so far, and how many distinct texts remain to be computed.

    Times are of `time.perf_counter`, in seconds. `settled` says that the ticket has its answer or its error.
    """

    ticket: Ticket
    priority: Priority
    rows: Vectors  # (N, D)
    remaining: int
    tokens: int
    submitted: float
    started: float | None = None
    settled: bool = False
    longest: list[WaitingText] = field(default_factory=list)  # ascending by length; those in a batch are dropped lazily


@dataclass(eq=False, slots=True)
class WaitingText:
    """One distinct text of one call; `indices` are those of the call's texts that equal it."""

    tokens: TokenIds
    call: Call
    indices: list[int]
    in_batch: bool = False

    @property
    def length(self) -> int:
        return len(self.tokens)


def on_end(call: Call, forget: Callable[[Call], None]) -> None:
    """Let `forget` be told once the ticket of a call has ended. Who keeps the ticket keeps nothing else of the call.

    Ticket and call would hold each other, and the vectors, until Python looks for such circles.
    """
    known = weakref.ref(call)

    def ended(_: object) -> None:
        if (one := known()) is not None:  # what waits or is computed keeps it until then
            forget(one)
            one.longest.clear()

    call.ticket.add_done_callback(ended)


def key_of(tokens: TokenIds) -> Hashable:
    """Equal for equal texts of one encoder: the bytes of a compact array, else the numbers."""
    return tokens.tobytes() if isinstance(tokens, array) else tuple(tokens)


def split_call(call: Call, tokens: Sequence[TokenIds]) -> list[WaitingText]:
    """The distinct texts of a call, ascending by length: equal token sequences are computed once."""
    distinct: dict[Hashable, WaitingText] = {}
    for index, ids in enumerate(tokens):
        text = distinct.setdefault(key_of(ids), WaitingText(ids, call, []))
        text.indices.append(index)
    return sorted(distinct.values(), key=lambda text: text.length)


class CallQueue:
    """The texts of one priority class, ascending by length, and whose turn it is."""

    def __init__(self) -> None:
        self._lengths: list[int] = []
        self._texts: list[WaitingText] = []
        self._turns: deque[Call] = deque()

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def calls(self) -> int:
        """Calls that have texts waiting here."""
        return len(self._turns)

    def add(self, call: Call, texts: list[WaitingText]) -> None:
        """Let the texts of a call (ascending by length) wait."""
        call.longest = list(texts)
        self._turns.append(call)
        if len(texts) == 1:
            # Before those of equal length: a batch is taken from the right, so the oldest go first.
            index = bisect_left(self._lengths, texts[0].length)
            self._lengths.insert(index, texts[0].length)
            self._texts.insert(index, texts[0])
            return
        self._set(sorted([*texts, *self._texts], key=lambda text: text.length))

    def take(self, *, budget: int, most: int) -> list[WaitingText]:
        """The next batch: the longest text of the call whose turn it is, with those near it in length, of any call."""
        anchor = self._anchor()
        if anchor is None:
            return []
        end = bisect_right(self._lengths, anchor.length)
        start = window(self._lengths, end, budget=budget, most=most)
        batch = self._texts[start:end]
        del self._texts[start:end], self._lengths[start:end]
        for text in batch:
            text.in_batch = True
        self._turns = deque(call for call in self._turns if _waits(call))
        return batch

    def _anchor(self) -> WaitingText | None:
        if not self._turns:
            return None
        self._turns.rotate(-1)
        call = self._turns[-1]
        return call.longest[-1] if _waits(call) else None

    def drop(self, call: Call) -> int:
        """Forget what waits of this call; answers how many texts that were."""
        before = len(self._texts)
        if call in self._turns:
            self._turns.remove(call)
            self._set([text for text in self._texts if text.call is not call])
        return before - len(self._texts)

    def clear(self) -> list[Call]:
        """Forget everything; answers the calls that waited."""
        calls = list(self._turns)
        self._turns.clear()
        self._set([])
        return calls

    def _set(self, texts: list[WaitingText]) -> None:
        self._texts = texts
        self._lengths = [text.length for text in texts]


def _waits(call: Call) -> bool:
    while call.longest and call.longest[-1].in_batch:
        call.longest.pop()
    return bool(call.longest)

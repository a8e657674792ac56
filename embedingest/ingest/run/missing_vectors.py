"""Files that wait for vectors, the texts they wait for, and the calls that will bring them. Pure: calls nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.forecast import TEXT_CHARACTERS
from embedingest.ingest.run.embedder import BULK_THREADS, URGENT_THREADS
from embedingest.ingest.run.rounds import USUAL, Rounds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from embedingest.ingest.run.embedding import Embedded
    from embedingest.ingest.run.planner import PlannedFile
    from embedingest.ingest.run.rounds import RoundSizes

__all__ = ["BULK_CALLS", "MOST_ROUNDS", "URGENT_CALLS", "Arrived", "Call", "MissingVectors"]

BULK_CALLS: Final = BULK_THREADS + 1
"""Calls of the backlog in flight at once: one more than are computed, so that the engine never waits for the next."""

URGENT_CALLS: Final = URGENT_THREADS
"""Urgent calls in flight at once: further texts wait here, where what is saved later overtakes them."""

MOST_ROUNDS: Final = 3
"""Rounds of texts that wait or are in flight before no further file of the backlog is read."""


class Call(NamedTuple):
    """Texts by key (see `ingest/representation.py`), for the engine to embed together, and the tokens of those where
    they are known.
    """

    texts: dict[str, str]
    urgent: bool
    tokens: dict[str, Sequence[int]] = {}  # noqa: RUF012 -- nothing is ever added


class Arrived(NamedTuple):
    """What a call has brought: files that have all their vectors now, and files that never will, with the reason."""

    complete: list[PlannedFile]
    failed: list[tuple[PlannedFile, str]]


class MissingVectors:
    """Every text is asked for once, however many files wait for it. Owns the count of calls in flight.

    `asked` are the characters of all texts until now, as `Work` counts them, `embedded` those whose call came back.
    """

    def __init__(self, sizes: RoundSizes = USUAL) -> None:
        self._most = MOST_ROUNDS * sizes.round_texts
        self._incomplete: dict[str, PlannedFile] = {}
        self._waiters: dict[str, list[PlannedFile]] = {}
        self._rounds = Rounds(sizes)
        self._tokens: dict[str, Sequence[int]] = {}
        self._in_flight: dict[tuple[str, ...], Call] = {}
        self._texts_in_flight = 0
        self.asked = 0
        self.embedded = 0

    def __len__(self) -> int:
        """How many texts wait or are in flight."""
        return len(self._rounds) + self._texts_in_flight

    @property
    def full(self) -> bool:
        """Whether no further file of the backlog should be read for now."""
        return len(self) >= self._most

    @property
    def calls(self) -> int:
        """How many calls are in flight."""
        return len(self._in_flight)

    def ready(self) -> tuple[int, int]:
        """Chunks of files that wait whose vectors are there, and the same share of the bytes of those files."""
        chunks, size = 0, 0
        for file in self._incomplete.values():
            known, wanted = len(file.vectors), len(file.vectors) + len(file.missing)
            chunks += len(file.difference.new) * known // wanted
            size += file.candidate.file.facts.size * known // wanted
        return chunks, size

    def unasked(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that nobody waits for yet."""
        return set(keys) - self._waiters.keys()

    def want(self, file: PlannedFile, texts: Mapping[str, str]) -> None:
        """`file` waits for what is to be made of `texts`, by key; at least one."""
        urgent = file.candidate.urgent
        file.missing.update(texts)
        self._incomplete[file.candidate.source] = file
        for key, text in texts.items():
            if key in self._waiters:
                self._waiters[key].append(file)
                if urgent:
                    self._rounds.hurry(key)
            else:
                self._waiters[key] = [file]
                self.asked += len(text) + TEXT_CHARACTERS
                tokens = None if file.wanted is None else file.wanted.tokens.get(key)
                if tokens is not None:
                    self._tokens[key] = tokens
                self._rounds.add(key, text, urgent=urgent, tokens=None if tokens is None else len(tokens))

    def next_call(self, *, idle: bool) -> Call | None:
        """The call to make now, in flight from here on; `None` where enough are.

        A round that is not full waits for more texts while others keep the engine busy, unless `idle`: no file is
        being read.
        """
        urgent_calls = sum(call.urgent for call in self._in_flight.values())
        urgent = self._rounds.urgent and urgent_calls < URGENT_CALLS
        if not urgent and self.calls - urgent_calls >= BULK_CALLS:
            return None
        texts = self._rounds.next_urgent() if urgent else self._rounds.next_call(begin=idle or self.calls <= 1)
        if not texts:
            return None
        tokens = {key: self._tokens.pop(key) for key in texts if key in self._tokens}
        call = self._in_flight[tuple(texts)] = Call(texts, urgent, tokens)
        self._texts_in_flight += len(texts)
        return call

    def arrived(self, embedded: Embedded) -> Arrived:
        """A call in flight has come back: hand what it brought, if the engine did not fail, to the files that wait."""
        call = self._in_flight.pop(embedded.hashes, None)
        if call is not None:
            self._texts_in_flight -= len(embedded.hashes)
            self.embedded += sum(len(text) + TEXT_CHARACTERS for text in call.texts.values())
        arrived = Arrived([], [])
        if embedded.error is not None:
            return arrived
        for key in embedded.hashes:
            for file in self._waiters.pop(key, ()):
                if key not in file.missing:
                    continue
                if key not in embedded.vectors:
                    self._forget(file)
                    arrived.failed.append((file, embedded.failed.get(key, "no reason given")))
                    continue
                file.vectors[key] = embedded.vectors[key]
                if key in embedded.truncated:
                    file.cut.add(key)
                file.missing.discard(key)
                if not file.missing:
                    self._forget(file)
                    arrived.complete.append(file)
        return arrived

    def give_up(self, source: str) -> PlannedFile | None:
        """Let a file that waits go without its vectors; `None` where it does not wait. Its texts are embedded still."""
        file = self._incomplete.get(source)
        if file is not None:
            self._forget(file)
        return file

    def _forget(self, file: PlannedFile) -> None:
        """It waits no longer; what still comes for it finds nothing missing and is not handed to it."""
        del self._incomplete[file.candidate.source]
        file.missing.clear()

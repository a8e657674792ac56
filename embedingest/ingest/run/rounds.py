"""Which texts go to the engine together: rounds of some hundred, sorted by tokens, cut into calls of a batch or two.

A call is about what the engine computes at once, so calls come back one by one: a crash costs what is under way and
no more. Texts of like length go together, so that batches need little padding; a round is emptied before the next
begins, so that no text waits for ever. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["CALL_TEXTS", "CALL_TOKENS", "ROUND_TEXTS", "URGENT_TEXTS", "USUAL", "RoundSizes", "Rounds"]

ROUND_TEXTS: Final = 512
CALL_TEXTS: Final = 64
CALL_TOKENS: Final = 4096
"""Texts of a call times the tokens of its longest."""

_TOKEN_CHARACTERS: Final = 4  # of prose, where the tokens are not known

URGENT_TEXTS: Final = 8
"""Texts of an urgent call, few so that it ends soon: what is saved meanwhile waits for that."""


class RoundSizes(NamedTuple):
    """How many texts a full round has, and at most a call; `call_tokens` bounds its texts times the tokens of its
    longest.
    """

    round_texts: int = ROUND_TEXTS
    call_texts: int = CALL_TEXTS
    call_tokens: int = CALL_TOKENS


USUAL: Final = RoundSizes()


class Rounds:
    """Texts by hash on their way to the engine; urgent ones go first, the latest before all, and in no round."""

    def __init__(self, sizes: RoundSizes = USUAL) -> None:
        self._sizes = sizes
        self._urgent: dict[str, str] = {}
        self._waiting: dict[str, str] = {}
        self._tokens: dict[str, int] = {}
        self._calls: list[dict[str, str]] = []
        self._texts_in_calls = 0

    def __len__(self) -> int:
        """How many texts wait."""
        return len(self._urgent) + len(self._waiting) + self._texts_in_calls

    def add(self, key: str, text: str, *, urgent: bool, tokens: int | None = None) -> None:
        """Let a text wait, with the number of its tokens where that is known."""
        if urgent:
            self._urgent[key] = text
        else:
            self._waiting[key] = text
            self._tokens[key] = len(text) // _TOKEN_CHARACTERS if tokens is None else tokens

    def hurry(self, key: str) -> None:
        """A text of the backlog is urgent from now on, if no call has taken it yet."""
        text = self._waiting.pop(key, None)
        if text is None:
            call = next((call for call in self._calls if key in call), None)
            if call is None:
                return
            text = call.pop(key)
            self._texts_in_calls -= 1
        self._urgent[key] = text

    @property
    def urgent(self) -> bool:
        return bool(self._urgent)

    def next_urgent(self) -> dict[str, str]:
        """A few urgent texts, the latest first, so that they wait for the calls in flight only."""
        count = min(URGENT_TEXTS, len(self._urgent))
        return dict(self._urgent.popitem() for _ in range(count))

    def next_call(self, *, begin: bool) -> dict[str, str]:
        """The next call of the backlog, empty where there is none; a round that is not full begins with `begin`."""
        if not self._calls and self._waiting and (begin or len(self._waiting) >= self._sizes.round_texts):
            self._calls = _cut(self._waiting, self._tokens, self._sizes)
            self._tokens.clear()
            self._texts_in_calls = len(self._waiting)
            self._waiting = {}
        while self._calls and not self._calls[-1]:
            self._calls.pop()  # all of its texts became urgent
        if not self._calls:
            return {}
        call = self._calls.pop()
        self._texts_in_calls -= len(call)
        return call


def _cut(texts: dict[str, str], tokens: dict[str, int], sizes: RoundSizes) -> list[dict[str, str]]:
    """Calls of texts of like length, the longest last: what takes most memory is found out first."""
    calls: list[dict[str, str]] = []
    current: dict[str, str] = {}
    for key, text in sorted(texts.items(), key=lambda item: tokens[item[0]]):
        full = len(current) >= sizes.call_texts or (len(current) + 1) * tokens[key] > sizes.call_tokens
        if current and full:
            calls.append(current)
            current = {}
        current[key] = text
    if current:
        calls.append(current)
    return calls

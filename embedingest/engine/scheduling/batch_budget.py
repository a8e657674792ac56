"""How many tokens the next batch may hold. Knows sizes and seconds, no texts, no threads, no clock."""

from __future__ import annotations

from typing import Final

__all__ = ["BATCH_SECONDS", "BatchBudget"]

BATCH_SECONDS: Final = 0.05
"""While queries come, a batch is at most about this much computing."""

_QUERY_MEMORY_SECONDS: Final = 2.0  # for so long after a query, more queries are expected
_LEAST_TOKENS: Final = 64
_NEW_RATE_SHARE: Final = 0.2  # of the newest batch in the running mean of tokens a second
_TRIAL_TOKENS: Final = 1  # what shows that the model computes, and nothing of its rate


class BatchBudget:
    """The padded tokens of a batch: at most `tokens`, half after each memory error, growing back with each success.

    While queries are expected it is also what the model computes in `BATCH_SECONDS`, at the rate measured so far.
    """

    def __init__(self, tokens: int) -> None:
        self._most = tokens
        self._tokens = tokens
        self._tokens_per_second = 0.0
        self._last_query = float("-inf")

    def expect_queries(self, now: float) -> None:
        """A query came at `now` (seconds of any clock): more are likely."""
        self._last_query = now

    def at(self, now: float) -> int:
        """Padded tokens of a batch that starts at `now`."""
        if now - self._last_query > _QUERY_MEMORY_SECONDS or not self._tokens_per_second:
            return self._tokens
        return min(self._tokens, max(_LEAST_TOKENS, int(self._tokens_per_second * BATCH_SECONDS)))

    def succeeded(self, padded: int, seconds: float) -> None:
        """A batch of `padded` tokens took so many seconds."""
        self._tokens = min(self._most, self._tokens + self._tokens // 64 + 1)
        if padded <= _TRIAL_TOKENS:
            return
        rate = padded / max(seconds, 1e-6)
        share = _NEW_RATE_SHARE if self._tokens_per_second else 1.0
        self._tokens_per_second += (rate - self._tokens_per_second) * share

    def out_of_memory(self, padded: int) -> int:
        """A batch of `padded` tokens did not fit into memory; answers the size from now on."""
        self._tokens = max(_LEAST_TOKENS, min(self._tokens, padded) // 2)
        return self._tokens

"""Two texts as one row of tokens: the special tokens around and between them, and how much of each fits.

Knows token ids; knows no weights and no runtime.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.pair_prompt import PairPrompt
    from embedingest.engine.folder.tokenizer import FastTokenizer

__all__ = ["SEGMENT", "PairTemplate", "lengths_within"]

SEGMENT: Final = 1 << 20  # more than any model has words
"""Each number of a pair's row is its token, and so much more for each segment before its own: rows of pairs are then
rows of numbers, as batches, probes and graphs of texts are.
"""

_PROBE: Final = "a"


@dataclass(frozen=True, slots=True)
class PairTemplate:
    """What a tokenizer puts before, between and after two texts, and how far the tokens of each are raised."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    to_query: int = 0
    to_document: int = 0

    @classmethod
    def of(cls, tokenizer: FastTokenizer, prompt: PairPrompt | None) -> PairTemplate:
        """That of a prompt, else found by a pair of short texts.

        Raises ModelLoadError where the texts are not found again in their row.
        """
        if prompt is not None:
            start, middle, end = map(tuple, tokenizer.tokenize(prompt.fixed))
            return cls(start, middle, end)
        bare = list(tokenizer.tokenize([_PROBE])[0])
        ids, types = tokenizer.pair(_PROBE, _PROBE)
        size = len(bare)
        first = _found(ids, bare, 0)
        second = None if first is None else _found(ids, bare, first + size)
        if not size or first is None or second is None:
            raise ModelLoadError(
                f"{tokenizer.path} does not put two texts one after the other, as a reranker needs it",
                remedy="save the tokenizer that the model was trained with",
            )
        row = [token + SEGMENT * segment for token, segment in zip(ids, types, strict=True)]
        between, after = row[first + size : second], row[second + size :]
        return cls(tuple(row[:first]), tuple(between), tuple(after), SEGMENT * types[first], SEGMENT * types[second])

    @property
    def special_tokens(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    def row(self, query: TokenIds, document: TokenIds) -> array[int]:
        """The whole row of a pair, each token with its segment (`SEGMENT`)."""
        row = array("i", self.before)
        row.extend(_shifted(query, self.to_query))
        row.extend(self.between)
        row.extend(_shifted(document, self.to_document))
        row.extend(self.after)
        return row


def lengths_within(query: int, document: int, most: int) -> tuple[int, int]:
    """How many tokens of each stay of a pair that may have `most`, the longer one losing first.

    Where one alone has room beside the other it is cut, else both are, to halves. As transformers cuts pairs by
    `longest_first`; nothing is cut of a pair that fits.
    """
    short, long = sorted((query, document))
    if short + long <= most:
        return query, document
    kept = short if short > most else max(short, most - short)
    if short + kept > most:
        short = most // 2
        kept = short + most % 2
    return (short, kept) if query <= document else (kept, short)


def _found(ids: Sequence[int], part: Sequence[int], start: int) -> int | None:
    places = range(start, len(ids) - len(part) + 1)
    return next((i for i in places if list(ids[i : i + len(part)]) == list(part)), None)


def _shifted(tokens: TokenIds, by: int) -> TokenIds:
    return [token + by for token in tokens] if by else tokens

"""Two texts as one row of tokens: the special tokens around and between them, and how much of each fits.

Knows token ids; knows no weights and no runtime.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.tokenizer import FastTokenizer

__all__ = ["PairTemplate", "TypedRow", "lengths_within"]

_PROBE: Final = "a"


class TypedRow(NamedTuple):
    """The tokens of a pair with its special tokens, and of each the segment that it is of (0 or 1)."""

    ids: array[int]
    types: array[int]


@dataclass(frozen=True, slots=True)
class PairTemplate:
    """What a tokenizer puts before, between and after two texts, and the segments of all five parts."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    types: tuple[tuple[int, ...], int, tuple[int, ...], int, tuple[int, ...]]

    @classmethod
    def of(cls, tokenizer: FastTokenizer) -> PairTemplate:
        """Found by a pair of short texts. Raises ModelLoadError where the texts are not found again in their row."""
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
        end = second + size
        return cls(
            tuple(ids[:first]),
            tuple(ids[first + size : second]),
            tuple(ids[end:]),
            (
                tuple(types[:first]),
                types[first],
                tuple(types[first + size : second]),
                types[second],
                tuple(types[end:]),
            ),
        )

    @property
    def special_tokens(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    def row(self, query: TokenIds, document: TokenIds) -> TypedRow:
        """The whole row of a pair."""
        ids = array("i", (*self.before, *query, *self.between, *document, *self.after))
        before, first, between, second, after = self.types
        types = (*before, *[first] * len(query), *between, *[second] * len(document), *after)
        return TypedRow(ids, array("i", types))


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

"""What every scorer owes. Knows the seam, no scorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from embedingest.engine.encoder import batch_tokens, keeps_end, kept
from embedingest.engine.folder.pairs import lengths_within
from embedingest.engine.folder.reranker import ACTIVATIONS
from embedingest.engine.scorer import Scorer, query_tokens
from embedingest.testing.contract import Check, claims
from embedingest.testing.models import END, TOKENS
from embedingest.testing.texts import ODD, PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.scorer import Pair

__all__ = ["CHECKS"]

_SAME: Final = 0.02
"""Of the distance between the least and the largest number of plain pairs: two numbers nearer than this are one."""

_PAIRS: Final = tuple((query, document) for query in PLAIN[:3] for document in PLAIN)


def owes_its_facts(scorer: Scorer) -> None:
    """States its sizes, activation, fingerprint and runtime, and they make sense together."""
    assert isinstance(scorer, Scorer), "it lacks a member of the Scorer protocol"
    for name in ("max_tokens", "context_length", "special_tokens", "size_bytes", "parallel"):
        assert isinstance(getattr(scorer, name), int), f"`{name}` is {getattr(scorer, name)!r}, not an int"
    assert scorer.special_tokens + 2 <= scorer.max_tokens <= scorer.context_length, (
        f"special_tokens {scorer.special_tokens} + 2 <= max_tokens {scorer.max_tokens} "
        f"<= context_length {scorer.context_length} does not hold"
    )
    assert scorer.size_bytes >= 0, f"size_bytes is {scorer.size_bytes}"
    assert scorer.parallel >= 1, f"parallel is {scorer.parallel}"
    assert scorer.activation in ACTIVATIONS, f"activation is {scorer.activation!r}, none of {', '.join(ACTIVATIONS)}"
    assert isinstance(scorer.fingerprint, str), f"fingerprint is {scorer.fingerprint!r}"
    assert scorer.fingerprint, "fingerprint is empty"
    tokens = batch_tokens(scorer)
    assert tokens is None or (isinstance(tokens, int) and tokens > 0), f"batch_tokens is {tokens!r}, not a positive int"
    assert isinstance(keeps_end(scorer), bool), "keeps_end is no bool"
    assert all(isinstance(part, str) for pair in scorer.runtime.items() for part in pair), "runtime is not str to str"


def owes_any_pair_its_number(scorer: Scorer) -> None:
    """Fails for no pair, whatever its texts hold, and gives a finite number for it."""
    _numbers(scorer, _fitting(scorer, [*((PLAIN[0], text) for text in ODD), *((text, PLAIN[0]) for text in ODD)]))


def owes_shape_and_type(scorer: Scorer) -> None:
    """Gives finite float32 (N,), also for no pairs and for one."""
    pairs = _fitting(scorer, _PAIRS)
    for size in (0, 1, len(pairs)):
        _numbers(scorer, pairs[:size])


def owes_its_number_to_each_pair(scorer: Scorer) -> None:
    """Number i belongs to pair i, whatever else is in the batch and in which order."""
    pairs = _fitting(scorer, _PAIRS)
    together = _numbers(scorer, pairs)
    alone = np.concatenate([_numbers(scorer, [pair]) for pair in pairs])
    backwards = _numbers(scorer, pairs[::-1])[::-1]
    for other, how in ((alone, "alone"), (backwards, "in another order")):
        far = np.abs(together - other) / np.ptp(together)
        worst = int(far.argmax())
        assert far[worst] <= _SAME, f"pair {worst} {how} has {other[worst]:.6f}, and {together[worst]:.6f} in the batch"


def owes_the_same_again(scorer: Scorer) -> None:
    """The same pairs give the same numbers the second time, and the fingerprint stays."""
    before, pairs = scorer.fingerprint, _fitting(scorer, _PAIRS)
    first, second = _numbers(scorer, pairs), _numbers(scorer, pairs)
    assert np.abs(first - second).max() <= _SAME * np.ptp(first), "a second call gave other numbers"
    assert scorer.fingerprint == before, "the fingerprint changed by use"


def owes_an_eye_on_both_texts(scorer: Scorer) -> None:
    """Another document gives another number, and so does another query."""
    numbers = _numbers(scorer, _fitting(scorer, _PAIRS)).reshape(3, len(PLAIN))
    assert (np.ptp(numbers, axis=1) > 0).all(), "all documents have one number: the document is not read"
    assert (np.ptp(numbers, axis=0) > 0).any(), "all queries have one number: the query is not read"


def owes_its_whole_window(scorer: Scorer) -> None:
    """Takes a pair that fills the window to the last token."""
    room = min(scorer.max_tokens - scorer.special_tokens, 4096)
    long = PLAIN[-1] * (room // 20 + 1)
    (pair,) = _fitting(scorer, [(PLAIN[0], long * 4)], room)
    assert sum(map(len, pair)) == room, f"a long pair was cut to {sum(map(len, pair))} tokens where {room} have room"
    _numbers(scorer, [pair, *_fitting(scorer, [("one", "two")])])


def _numbers(scorer: Scorer, pairs: Sequence[Pair]) -> NDArray[np.float32]:
    numbers = scorer.score(pairs)
    assert isinstance(numbers, np.ndarray), f"score gave {type(numbers).__name__}, not an array"
    assert numbers.shape == (len(pairs),), f"score gave shape {numbers.shape} for {(len(pairs),)}"
    assert numbers.dtype == np.float32, f"score gave {numbers.dtype}, not float32"
    assert np.isfinite(numbers).all(), "score gave NaN or infinity"
    return numbers


def _fitting(scorer: Scorer, texts: Sequence[tuple[str, str]], most: int | None = None) -> list[Pair]:
    """Pairs of tokens, cut as the engine cuts them."""
    most = scorer.max_tokens - scorer.special_tokens if most is None else most
    pairs = []
    for both in texts:
        query, document = query_tokens(scorer, both[0]), scorer.tokenize([both[1]])[0]
        first, second = lengths_within(len(query), len(document), most)
        pairs.append((kept(scorer, query, first), kept(scorer, document, second)))
    return pairs


CHECKS: Final[tuple[Check, ...]] = (*claims(globals()), *TOKENS, *END)

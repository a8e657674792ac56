"""What every sparse model owes where encoders stand (`SparseRows`). Knows the seam, no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.encoder import Encoder
from embedingest.engine.vectors import RAGGED
from embedingest.testing.contract import Check, claims
from embedingest.testing.models import END
from embedingest.testing.texts import ODD, PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.sparse_rows import SparseRows

__all__ = ["CHECKS"]

_SAME: Final = 1e-3
"""Of the largest weight: two weights nearer than this are one."""


def owes_its_facts(model: SparseRows) -> None:
    """States its sizes, fingerprint and runtime, and they make sense together."""
    assert isinstance(model, Encoder), "it lacks a member of the Encoder protocol"
    assert model.dimensions == RAGGED, f"dimensions is {model.dimensions}, and rows are of different length"
    assert model.weights.dimensions > 0, f"its vocabulary has {model.weights.dimensions} tokens"
    assert model.special_tokens < model.max_tokens <= model.context_length, (
        f"special_tokens {model.special_tokens} < max_tokens {model.max_tokens} "
        f"<= context_length {model.context_length} does not hold"
    )
    assert isinstance(model.fingerprint, str), f"fingerprint is {model.fingerprint!r}"
    assert model.fingerprint, "fingerprint is empty"


def owes_weights_above_zero(model: SparseRows) -> None:
    """Gives each text tokens of the vocabulary, ascending, each with a finite weight above 0; also no text."""
    tokens = _fitting(model, PLAIN)
    for size in (0, 1, len(tokens)):
        _rows(model, tokens[:size])


def owes_any_text_its_weights(model: SparseRows) -> None:
    """Fails for no text, whatever it holds."""
    _rows(model, _fitting(model, ODD))


def owes_its_row_to_each_text(model: SparseRows) -> None:
    """Row i belongs to text i, whatever else is in the batch and in which order."""
    tokens = _fitting(model, PLAIN)
    together = _dense(model, tokens)
    alone = np.concatenate([_dense(model, [row]) for row in tokens])
    backwards = _dense(model, tokens[::-1])[::-1]
    for other, how in ((alone, "alone"), (backwards, "in another order")):
        apart = np.abs(together - other).max(axis=1)
        worst = int(apart.argmax())
        assert apart[worst] <= _SAME * together.max(), f"text {worst} {how} has weights {apart[worst]:.6f} apart"


def owes_the_same_again(model: SparseRows) -> None:
    """The same tokens give the same weights the second time, and the fingerprint stays."""
    before, tokens = model.fingerprint, _fitting(model, PLAIN)
    first, second = _dense(model, tokens), _dense(model, tokens)
    assert np.abs(first - second).max() <= _SAME * first.max(), "a second call gave other weights"
    assert model.fingerprint == before, "the fingerprint changed by use"


def owes_its_whole_window(model: SparseRows) -> None:
    """Takes a text that fills the window to the last token."""
    room = min(model.max_tokens - model.special_tokens, 4096)
    tokens = list(model.tokenize([PLAIN[-1] * (room // 20 + 1)])[0])
    while len(tokens) < room:
        tokens += tokens
    _rows(model, [tokens[:room], *_fitting(model, ["one"])])


def owes_an_eye_on_the_text(model: SparseRows) -> None:
    """Gives other texts other weights."""
    first, second = _dense(model, _fitting(model, (PLAIN[0], PLAIN[2])))
    assert np.abs(first - second).max() > 0, "two texts have the same weights"


def _rows(model: SparseRows, tokens: Sequence[Any]) -> list[NDArray[np.float32]]:
    rows = model.encode(tokens)
    assert rows.shape == (len(tokens),), f"encode gave shape {rows.shape} for {len(tokens)} texts"
    for place, row in enumerate(rows):
        assert row.dtype == np.float32, f"the row of text {place} is {row.dtype}, not float32"
        assert row.ndim == 2, f"the row of text {place} has shape {row.shape}"
        assert row.shape[1] == 2, f"the row of text {place} has shape {row.shape}"
        ids, weights = row.T
        assert np.isfinite(weights).all(), f"text {place} has NaN or infinity"
        assert (weights > 0).all(), f"text {place} has a weight that is not above 0"
        assert (np.diff(ids) > 0).all(), f"the tokens of text {place} do not ascend"
        assert ((ids >= 0) & (ids < model.weights.dimensions)).all(), f"text {place} has a token beyond the vocabulary"
    return list(rows)


def _dense(model: SparseRows, tokens: Sequence[Any]) -> NDArray[np.float32]:
    """The weights of all tokens, float32 (N, V)."""
    whole = np.zeros((len(tokens), model.weights.dimensions), dtype=np.float32)
    for target, row in zip(whole, _rows(model, tokens), strict=True):
        target[row[:, 0].astype(np.int64)] = row[:, 1]
    return whole


def _fitting(model: SparseRows, texts: Sequence[str]) -> list[list[int]]:
    return [list(row[: model.max_tokens - model.special_tokens]) for row in model.tokenize(texts)]


CHECKS: Final[tuple[Check, ...]] = (*claims(globals()), *END)

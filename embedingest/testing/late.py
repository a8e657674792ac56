"""What every model of token vectors owes (`LateEncoder`). Knows the seam, no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from embedingest.engine.late_encoder import LateEncoder
from embedingest.engine.names import ROLES
from embedingest.engine.vectors import RAGGED
from embedingest.testing.contract import Check, claims
from embedingest.testing.models import END
from embedingest.testing.texts import ODD, PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.names import Role

__all__ = ["CHECKS"]

_SAME: Final = 0.9999


def owes_its_facts(model: LateEncoder) -> None:
    """States its sizes, fingerprint and runtime, and they make sense together."""
    assert isinstance(model, LateEncoder), "it lacks a member of the LateEncoder protocol"
    assert model.dimensions == RAGGED, f"dimensions is {model.dimensions}, and rows are of different length"
    assert model.token_dimensions > 0, f"token_dimensions is {model.token_dimensions}"
    assert model.special_tokens < model.max_tokens <= model.context_length, (
        f"special_tokens {model.special_tokens} < max_tokens {model.max_tokens} "
        f"<= context_length {model.context_length} does not hold"
    )
    assert model.room("document") == model.max_tokens - model.special_tokens, "max_tokens is not that of documents"
    assert model.room("query") > 0, f"queries have room for {model.room('query')} tokens"
    assert isinstance(model.fingerprint, str), f"fingerprint is {model.fingerprint!r}"
    assert model.fingerprint, "fingerprint is empty"


def owes_vectors_of_unit_length(model: LateEncoder) -> None:
    """Gives each text finite vectors of unit length, no more than it reads tokens; also no texts, and one."""
    for role in ROLES:
        rows = _read(model, PLAIN, role)
        for size in (0, 1, len(rows)):
            _vectors(model, rows[:size])


def owes_any_text_its_vectors(model: LateEncoder) -> None:
    """Fails for no text, whatever it holds."""
    for role in ROLES:
        _vectors(model, _read(model, ODD, role))


def owes_its_row_to_each_text(model: LateEncoder) -> None:
    """Row i belongs to text i, whatever else is in the batch, of whichever role, and in which order."""
    rows = [row for role in ROLES for row in _read(model, PLAIN, role)]
    together = _vectors(model, rows)
    alone = [_vectors(model, [row])[0] for row in rows]
    backwards = _vectors(model, rows[::-1])[::-1]
    for other, how in ((alone, "alone"), (backwards, "in another order")):
        for place, (first, second) in enumerate(zip(together, other, strict=True)):
            assert first.shape == second.shape, f"text {place} {how} has {len(second)} vectors, and {len(first)} else"
            worst = (first * second).sum(axis=1).min(initial=1.0)
            assert worst >= _SAME, f"a token of text {place} {how} has cosine {worst:.6f} to itself in the batch"


def owes_the_same_again(model: LateEncoder) -> None:
    """The same tokens give the same vectors the second time, and the fingerprint stays."""
    before, rows = model.fingerprint, _read(model, PLAIN, "document")
    first, second = np.concatenate(_vectors(model, rows)), np.concatenate(_vectors(model, rows))
    assert (first * second).sum(axis=1).min() >= _SAME, "a second call gave other vectors"
    assert model.fingerprint == before, "the fingerprint changed by use"


def owes_its_whole_window(model: LateEncoder) -> None:
    """Takes a text that fills the window of its role to the last token."""
    for role in ROLES:
        room = min(model.room(role), 4096)
        tokens = list(model.tokenize([PLAIN[-1] * (room // 20 + 1)])[0])
        while len(tokens) < room:
            tokens += tokens
        _vectors(model, [model.row(tokens[:room], role), *_read(model, ["one"], role)])


def _read(model: LateEncoder, texts: Sequence[str], role: Role) -> list[TokenIds]:
    return [model.row(tokens[: model.room(role)], role) for tokens in model.tokenize(texts)]


def _vectors(model: LateEncoder, rows: Sequence[TokenIds]) -> list[NDArray[np.float32]]:
    found = model.encode(rows)
    assert found.shape == (len(rows),), f"encode gave shape {found.shape} for {len(rows)} texts"
    for place, (row, vectors) in enumerate(zip(rows, found, strict=True)):
        assert vectors.dtype == np.float32, f"the vectors of text {place} are {vectors.dtype}, not float32"
        assert vectors.ndim == 2, f"the vectors of text {place} have shape {vectors.shape}"
        assert vectors.shape[1] == model.token_dimensions, f"the vectors of text {place} have shape {vectors.shape}"
        assert len(vectors) < len(row), f"text {place} has {len(vectors)} vectors for {len(row) - 1} tokens"
        assert np.isfinite(vectors).all(), f"text {place} has NaN or infinity"
        lengths = np.linalg.norm(vectors, axis=1)
        assert np.allclose(lengths, 1, atol=1e-4), f"a vector of text {place} is not of unit length"
    return list(found)


CHECKS: Final[tuple[Check, ...]] = (*claims(globals()), *END)

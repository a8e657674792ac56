"""What every engine owes: the meaning of the embed call. Knows the upper seam, no engine.

The checks use the engine's first model, as `models()` lists them.
"""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.engine import Engine, hosts
from embedingest.errors import InputTooLongError, ModelNotFoundError
from embedingest.testing.contract import Check, claims
from embedingest.testing.texts import ODD, PLAIN

if TYPE_CHECKING:
    from embedingest.types import Embeddings

__all__ = ["CHECKS"]

_SAME: Final = 0.9999


def owes_its_models(engine: Engine) -> None:
    """Lists its models and describes each without being asked twice."""
    assert isinstance(engine, Engine), "it lacks a member of the Engine protocol"
    assert engine.models(), "it has no models"
    info = engine.describe(_model(engine))
    assert info.dimensions > 0, f"dimensions is {info.dimensions}"
    assert info.special_tokens < info.max_tokens, f"{info.special_tokens} special tokens, a window of {info.max_tokens}"
    assert info.fingerprint, "the fingerprint is empty"
    assert all(isinstance(host, str) and host for host in hosts(engine)), f"hosts is {hosts(engine)!r}"


def owes_unit_rows_in_order(engine: Engine) -> None:
    """Gives one row of unit length for each text, in order, the same alone and among others."""
    whole = _embed(engine, PLAIN)
    lengths = np.linalg.norm(whole.vectors, axis=1)
    assert np.allclose(lengths, 1.0, atol=1e-3), f"lengths from {lengths.min():.4f} to {lengths.max():.4f}, not 1"
    for index in (0, len(PLAIN) - 1):
        cosine = float(_embed(engine, [PLAIN[index]]).vectors[0] @ whole.vectors[index])
        assert cosine >= _SAME, f"text {index} alone has cosine {cosine:.6f} to itself among others"


def owes_counts_and_fingerprint(engine: Engine) -> None:
    """Counts tokens, special ones included, and answers with the fingerprint that it describes."""
    info, answer = engine.describe(_model(engine)), _embed(engine, PLAIN)
    assert answer.token_counts.shape == (len(PLAIN),), f"token_counts has shape {answer.token_counts.shape}"
    assert (answer.token_counts > 0).all(), "a text was counted as no tokens"
    assert (answer.token_counts <= info.max_tokens).all(), f"{answer.token_counts.max()} tokens in a window"
    assert answer.fingerprint == info.fingerprint, f"answered {answer.fingerprint}, described {info.fingerprint}"


def owes_nothing_for_no_texts(engine: Engine) -> None:
    """No texts load the model and give vectors of shape (0, D)."""
    answer = _embed(engine, [])
    assert answer.vectors.shape == (0, engine.describe(_model(engine)).dimensions), f"shape {answer.vectors.shape}"
    assert answer.tokens == 0, f"{answer.tokens} tokens of no texts"


def owes_a_cut_that_is_told(engine: Engine) -> None:
    """Cuts a text that is too long and says which; refuses it, with its index, when `truncate` is off."""
    model = _model(engine)
    long = "many words go on and on " * (engine.describe(model).max_tokens + 10)
    answer = _embed(engine, ["short", long])
    assert answer.truncated == (1,), f"text 1 is too long, told were {answer.truncated}"
    try:
        engine.embed(["short", long], model=model, truncate=False)
    except InputTooLongError as error:
        assert error.index in {1, None}, f"text 1 is too long, the error names {error.index}"
    else:
        raise AssertionError("a text beyond the window passed with truncate off")


def owes_fewer_dimensions(engine: Engine) -> None:
    """Cuts vectors to the asked dimensions and normalises again; a wrong number is ignored."""
    model, whole = _model(engine), _embed(engine, PLAIN[:3]).vectors
    wanted = max(1, whole.shape[1] // 2)
    cut = engine.embed(list(PLAIN[:3]), model=model, dimensions=wanted).vectors
    assert cut.shape == (3, wanted), f"asked for {wanted} dimensions, got shape {cut.shape}"
    again = whole[:, :wanted] / np.linalg.norm(whole[:, :wanted], axis=1, keepdims=True)
    assert (cut * again).sum(axis=1).min() >= _SAME, "the cut vectors are not the first numbers, normalised"
    same = engine.embed(list(PLAIN[:3]), model=model, dimensions=whole.shape[1] * 10).vectors
    assert same.shape == whole.shape, f"dimensions beyond D gave shape {same.shape}"


def owes_the_prompt(engine: Engine) -> None:
    """Puts the prompt in front of each text, and counts it."""
    model = _model(engine)
    with_prompt = engine.embed([PLAIN[0]], model=model, prompt="query: ")
    written_out = engine.embed(["query: " + PLAIN[0]], model=model, prompt="")
    assert float(with_prompt.vectors[0] @ written_out.vectors[0]) >= _SAME, "prompt + text is not the prompted text"
    assert with_prompt.tokens == written_out.tokens, f"{with_prompt.tokens} tokens against {written_out.tokens}"


def owes_the_same_awaited(engine: Engine) -> None:
    """Gives the same vectors when awaited, to several callers at once."""
    expected = _embed(engine, PLAIN[:4]).vectors

    async def several() -> list[Embeddings]:
        calls = [engine.aembed(list(PLAIN[:4]), model=_model(engine)) for _ in range(4)]
        return list(await asyncio.gather(*calls))

    for answer in asyncio.run(several()):
        assert (answer.vectors * expected).sum(axis=1).min() >= _SAME, "awaited calls gave other vectors"


def owes_any_text_a_vector(engine: Engine) -> None:
    """Fails for no text that a client may send."""
    texts = [text for text in ODD if text.strip() and "\ud800" not in text]
    answer = _embed(engine, texts)
    assert np.isfinite(answer.vectors).all(), "NaN or infinity"


def owes_a_sizer(engine: Engine) -> None:
    """Its sizer can be pickled, never counts less than the engine, and leaves room for the prompt."""
    model = _model(engine)
    info = engine.describe(model)
    sizer = pickle.loads(pickle.dumps(engine.sizer(model)))  # noqa: S301 -- our own, just pickled
    assert 0 < sizer.capacity <= info.max_tokens, f"capacity {sizer.capacity} of a window of {info.max_tokens}"
    for text in PLAIN:
        starts = list(sizer.starts(text))
        assert len(starts) == sizer.count(text), f"{len(starts)} starts for {sizer.count(text)} tokens"
        if sizer.count(text) <= sizer.capacity:
            assert not engine.embed([text], model=model).truncated, f"fits by the sizer, and was cut: {text[:40]!r}"
    assert engine.sizer(model, prompt="a long prompt: ").capacity < sizer.capacity, "the prompt takes no room"


def owes_a_list_of_texts(engine: Engine) -> None:
    """One bare text, and a text that is no string, are a TypeError: `embedingest.plugin.text_list` says it."""
    for wrong in ("one text", b"one text", [b"a text"], ["a text", None], [7]):
        given: Any = wrong
        for call in (engine.embed, lambda texts, model: asyncio.run(engine.aembed(texts, model=model))):
            try:
                call(given, model=_model(engine))
            except TypeError:
                continue
            raise AssertionError(f"{given!r} was embedded, which is no list of texts")


def owes_a_clear_no(engine: Engine) -> None:
    """A name that no model has is ModelNotFoundError."""
    try:
        engine.embed(["x"], model="no-such-model-anywhere")
    except ModelNotFoundError:
        return
    raise AssertionError("an unknown model was embedded with")


def owes_a_quiet_end(engine: Engine) -> None:
    """Can be closed, and closed again."""
    engine.close()
    engine.close()


def _model(engine: Engine) -> str:
    return engine.models()[0]


def _embed(engine: Engine, texts: Any) -> Embeddings:
    answer = engine.embed(list(texts), model=_model(engine))
    assert answer.vectors.dtype == np.float32, f"vectors are {answer.vectors.dtype}, not float32"
    assert len(answer.vectors) == len(texts), f"{len(texts)} texts gave {len(answer.vectors)} vectors"
    return answer


CHECKS: Final[tuple[Check, ...]] = claims(globals())

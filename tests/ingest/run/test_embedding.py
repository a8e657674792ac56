"""A text that cannot be embedded fails alone, an engine that fails is named."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import EngineError, OverloadedError
from embedingest.ingest.run.embedding import Embedded, embed_texts
from tests.ingest.run.engines import Answering, Picky
from tests.ingest.run.values import RECIPE
from tests.ingest.world import ENGINE


def embedded(engine: Any, texts: dict[str, str], tokens: Any = None, *, closed: bool = False) -> Embedded:
    over = threading.Event()
    if closed:
        over.set()
    return embed_texts(engine, RECIPE, texts, tokens or {}, closed=over)


@given(st.lists(st.sampled_from(["good", "bad", "fine", "bad too"]), min_size=1, max_size=9), st.booleans())
def test_bad_texts_fail_alone_and_the_others_get_the_engines_vectors(texts: list[str], names: bool) -> None:
    keyed = {str(number): text for number, text in enumerate(texts)}
    result = embedded(Picky(names=names), keyed)
    assert result.error is None
    assert result.hashes == tuple(keyed)
    assert result.failed == {key: "no" for key, text in keyed.items() if "bad" in text}
    assert result.vectors.keys() == keyed.keys() - result.failed.keys()
    assert result.characters == sum(len(keyed[key]) for key in result.vectors)
    for key, vector in result.vectors.items():
        expected = ENGINE.embed([keyed[key]], model=RECIPE.model, prompt=RECIPE.prompt).vectors[0]
        np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_one_bad_text_that_nobody_names_is_found_by_halving() -> None:
    engine = Picky(names=False)
    result = embedded(engine, {str(number): "bad" if number == 41 else f"good {number}" for number in range(64)})
    assert list(result.failed) == ["41"]
    assert len(engine.calls) == 1 + 2 * 6, "six halvings of 64 texts"


def test_a_vector_with_nan_is_no_vector() -> None:
    def spoil(answer: Any) -> Any:
        answer.vectors[0, 3] = np.nan
        return answer

    result = embedded(Answering(spoil), {"a": "one", "b": "two"})
    assert (list(result.failed), list(result.vectors)) == (["a"], ["b"])


def test_texts_that_the_engine_cut_are_named() -> None:
    result = embedded(Answering(lambda answer: dataclasses.replace(answer, truncated=(1,))), {"a": "one", "b": "two"})
    assert result.truncated == {"b"}


def crash(answer: Any) -> Any:
    raise ValueError("a bug of a plug-in")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda answer: dataclasses.replace(answer, vectors=answer.vectors[:, :3]), "shape"),
        (crash, "the engine failed: ValueError: a bug of a plug-in"),
    ],
)
def test_an_engine_that_fails_fails_the_call(change: Any, message: str) -> None:
    result = embedded(Answering(change), {"a": "one", "b": "two"})
    assert isinstance(result.error, EngineError)
    assert message in str(result.error)
    assert result.hashes == ("a", "b")
    assert result.vectors == {}


def test_a_call_that_finds_no_room_is_tried_again() -> None:
    tries = []

    def full_twice(answer: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise OverloadedError("full")
        return answer

    assert list(embedded(Answering(full_twice), {"a": "one"}).vectors) == ["a"]
    assert len(tries) == 3


def test_a_call_that_finds_no_room_is_given_up_once_nobody_wants_it() -> None:
    def full(answer: Any) -> Any:
        raise OverloadedError("full")

    result = embedded(Answering(full), {"a": "one"}, closed=True)
    assert isinstance(result.error, OverloadedError)
    assert not result.vectors


class TakesTokens(Picky):
    """Notes which texts it is given, and which tokens in their place."""

    def embed_tokens(self, tokens: Sequence[Sequence[int]], *, model: str, priority: str) -> Any:
        self.calls.append((len(tokens), priority))
        return ENGINE.embed_tokens(tokens, model=model, priority=priority)


def test_an_engine_that_takes_tokens_is_given_them_in_the_place_of_the_texts() -> None:
    class Silent(TakesTokens):
        def embed(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("the texts are tokenised already")

    texts = {"a": "first words", "b": "and a second text"}
    made = asyncio.run(ENGINE.tokenize(list(texts.values()), model="hashing"))
    result = embedded(Silent(), texts, dict(zip(texts, made, strict=True)))
    assert result.error is None
    for key, vector in embedded(Picky(), texts).vectors.items():
        assert float(vector @ result.vectors[key]) > 0.9999


def test_texts_whose_tokens_are_not_all_known_are_given_as_texts() -> None:
    engine = TakesTokens()
    result = embedded(engine, {"a": "bad", "b": "fine"}, {"a": [1]})
    assert result.failed.keys() == {"a"}
    assert result.vectors.keys() == {"b"}

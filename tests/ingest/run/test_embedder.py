"""A text that cannot be embedded fails alone, an engine that fails is named, and each call gives one outcome."""

from __future__ import annotations

import asyncio
import dataclasses
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import EngineError, InputError, OverloadedError
from embedingest.ingest.run.embedder import BULK_THREADS, Embedded, Embedder
from tests.ingest.run.values import RECIPE
from tests.ingest.world import ENGINE
from tests.waiting import HANGS_SECONDS


class Picky:
    """The hashing engine, refusing texts with `bad` in them; `names` says whether it tells which one it was."""

    def __init__(self, *, names: bool = True) -> None:
        self.names = names
        self.calls: list[tuple[int, str]] = []

    def embed(self, texts: Sequence[str], *, priority: str, **options: Any) -> Any:
        self.calls.append((len(texts), priority))
        for index, text in enumerate(texts):
            if "bad" in text:
                raise InputError("no", index=index if self.names else None)
        return ENGINE.embed(texts, priority=priority, **options)


@contextmanager
def running(engine: Any) -> Iterator[tuple[Embedder, queue.SimpleQueue[Embedded]]]:
    results: queue.SimpleQueue[Embedded] = queue.SimpleQueue()
    embedder = Embedder(engine, RECIPE, results.put)
    try:
        yield embedder, results
    finally:
        embedder.close()


def embedded(engine: Any, texts: dict[str, str], *, urgent: bool = False) -> Embedded:
    with running(engine) as (embedder, results):
        embedder.submit(texts, urgent=urgent)
        return results.get(timeout=HANGS_SECONDS)


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


def test_urgent_calls_have_the_priority_of_queries() -> None:
    engine = Picky()
    embedded(engine, {"a": "one"})
    embedded(engine, {"a": "one"}, urgent=True)
    assert [priority for _, priority in engine.calls] == ["bulk", "query"]


class Answering(Picky):
    """An engine whose answers a test changes."""

    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change = change

    def embed(self, texts: Sequence[str], **options: Any) -> Any:
        return self.change(super().embed(texts, **options))


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


def test_calls_that_have_not_begun_can_be_dropped_and_nothing_is_heard_after_closing() -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()
    others = set(threading.enumerate())

    def hold(answer: Any) -> Any:
        begun.release()
        assert go_on.wait(HANGS_SECONDS)
        return answer

    with running(Answering(hold)) as (embedder, results):
        for number in range(BULK_THREADS + 3):
            embedder.submit({str(number): "text"})
        for _ in range(BULK_THREADS):
            assert begun.acquire(timeout=HANGS_SECONDS)
        assert embedder.recall() == 3
        embedder.close()
        go_on.set()
    for thread in set(threading.enumerate()) - others:
        if thread.name == "embed":
            thread.join(HANGS_SECONDS)
    assert results.empty()


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
    with running(Silent()) as (embedder, results):
        embedder.submit(texts, tokens=dict(zip(texts, made, strict=True)))
        result = results.get(timeout=HANGS_SECONDS)
    assert result.error is None
    for key, vector in embedded(Picky(), texts).vectors.items():
        assert float(vector @ result.vectors[key]) > 0.9999


def test_texts_whose_tokens_are_not_all_known_are_given_as_texts() -> None:
    engine = TakesTokens()
    with running(engine) as (embedder, results):
        embedder.submit({"a": "bad", "b": "fine"}, tokens={"a": [1]})
        result = results.get(timeout=HANGS_SECONDS)
    assert result.failed.keys() == {"a"}
    assert result.vectors.keys() == {"b"}

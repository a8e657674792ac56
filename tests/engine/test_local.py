"""The engine: the meaning of the embed call, whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.engine import Engine
from embedingest.engine.hashing import HashingEncoder
from embedingest.engine.local import LocalEngine
from embedingest.errors import (
    EngineClosedError,
    InputError,
    InputTooLongError,
    ModelNotFoundError,
    OverloadedError,
)
from tests.engine.doubles import Gate
from tests.engine.shelf import Poisoned, Watched, engine_of

PROMPTS = {"query": "ask: ", "document": "say: ", "title": "title: "}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    models = {"small": ModelConfig(encoder="hashing", max_tokens=8, prompts=PROMPTS)}
    engine = LocalEngine(EngineConfig(), models, data=tmp_path_factory.mktemp("data"))
    yield engine
    engine.close()


def test_it_is_an_engine(engine):
    assert isinstance(engine, Engine)


@given(st.lists(st.text(max_size=60), max_size=12))
@settings(max_examples=60, deadline=None)
def test_row_i_belongs_to_text_i_alone_or_in_any_company(engine, texts):
    answer = engine.embed(texts, model="hashing")
    assert answer.vectors.shape == (len(texts), 256)
    for i, text in enumerate(texts):
        alone = engine.embed([text], model="hashing")
        np.testing.assert_allclose(answer.vectors[i], alone.vectors[0], atol=1e-6)
        assert answer.token_counts[i] == alone.token_counts[0]
        assert np.linalg.norm(answer.vectors[i]) == pytest.approx(1 if alone.tokens else 0, abs=1e-5)


def test_a_model_that_is_told_to_go_is_not_loaded_again_for_that(tmp_path, monkeypatch):
    opened = []
    with LocalEngine(EngineConfig(), data=tmp_path) as engine:
        whole, describe = engine.open, engine.catalog.describe_key

        def unhurried(key):
            for _ in range(50):
                if not engine._pool.loaded():
                    break
                time.sleep(0.001)
            return describe(key)

        monkeypatch.setattr(engine, "open", lambda key: (opened.append(key), whole(key))[1])
        engine.embed(["some words"], model="hashing")
        monkeypatch.setattr(engine.catalog, "describe_key", unhurried)
        engine.embed([], model="hashing", keep_alive=0)
    assert len(opened) == 1


@given(st.integers(-3, 300))
@settings(max_examples=40, deadline=None)
def test_dimensions_keep_the_first_numbers_at_unit_length_or_change_nothing(engine, dimensions):
    whole = engine.embed(["some words"], model="hashing").vectors[0]
    cut = engine.embed(["some words"], model="hashing", dimensions=dimensions).vectors[0]
    kept = whole[:dimensions] if 0 < dimensions < 256 else whole
    norm = np.linalg.norm(kept)
    np.testing.assert_allclose(cut, kept / norm if norm else kept, atol=1e-6)


@given(words=st.integers(0, 30), context=st.none() | st.integers(-2, 40))
@settings(max_examples=60, deadline=None)
def test_the_head_is_kept_up_to_the_window_and_the_cut_is_told(engine, words, context):
    text = " ".join(f"w{i}" for i in range(words))
    window = context if context is not None and context > 0 else 8
    answer = engine.embed([text], model="small", context=context, prompt="")
    head = engine.embed([" ".join(text.split()[:window])], model="small", context=10_000, prompt="")
    assert answer.tokens == min(words, window)
    assert answer.truncated == ((0,) if words > window else ())
    np.testing.assert_array_equal(answer.vectors, head.vectors)


def test_a_text_of_a_million_tokens_is_cut_and_harms_no_other(engine):
    answer = engine.embed(["a " * 1_000_000, "short"], model="hashing")
    assert answer.truncated == (0,)
    assert answer.token_counts.tolist() == [512, 1]
    np.testing.assert_allclose(answer.vectors[1], engine.embed(["short"], model="hashing").vectors[0], atol=1e-6)


def test_tokens_in_the_place_of_texts_give_the_same_answer(engine):
    texts = ["a b", "one two three four five six seven eight nine ten", "a b"]
    tokens = asyncio.run(engine.tokenize(texts, model="small"))
    answer, wanted = engine.embed_tokens(tokens, model="small"), engine.embed(texts, model="small", prompt="")
    np.testing.assert_allclose(answer.vectors, wanted.vectors, atol=1e-6)
    assert answer.token_counts.tolist() == wanted.token_counts.tolist()
    assert answer.truncated == wanted.truncated == (1,)


def test_without_truncation_the_first_text_that_does_not_fit_is_named(engine):
    with pytest.raises(InputTooLongError, match="the input length exceeds the context length") as refused:
        engine.embed(["a", "b c " * 9, "d"], model="small", truncate=False)
    assert refused.value.index == 1


def test_a_prompt_counts_and_is_cut_with_its_text(engine):
    plain = engine.embed(["x"], model="small", prompt="")
    prompted = engine.embed(["x"], model="small", prompt="a b ")
    assert prompted.tokens == plain.tokens + 2
    assert engine.embed(["x " * 8], model="small", prompt="a ").truncated == (0,)


@pytest.mark.parametrize(("name", "prompt"), [("small:query", "ask: "), ("small:document", "say: "), ("small", "")])
def test_a_name_may_choose_the_prompt(engine, name, prompt):
    by_name = engine.embed(["x y"], model=name)
    by_text = engine.embed(["x y"], model="small", prompt=prompt)
    np.testing.assert_array_equal(by_name.vectors, by_text.vectors)
    assert by_name.model == "small:latest"


def test_no_texts_load_the_model_and_embed_nothing(engine):
    answer = engine.embed([], model="hashing")
    assert answer.vectors.shape == (0, 256)
    assert answer.tokens == 0
    assert "hashing:latest" in [running.info.name for running in engine.running()]


def test_an_unknown_name_is_refused_with_the_ways_out(engine):
    with pytest.raises(ModelNotFoundError) as refused:
        engine.embed(["x"], model="nope")
    assert "models pull" in str(refused.value)
    with pytest.raises(ModelNotFoundError):
        engine.describe("nope:cloud")


def test_describing_and_sizing_load_nothing(tmp_path):
    engine = engine_of(tmp_path, {"a": Watched}, prompts={"a": PROMPTS})
    assert engine.describe("a").prompts == PROMPTS
    sizer = engine.sizer("a", prompt="ask: ")
    assert sizer.capacity == 512 - sizer.count("ask: ")
    assert engine.catalog.opened == []
    engine.close()


def test_awaiting_gives_the_same(engine):
    texts = ["one", "two words", "x " * 3000]
    plain = engine.embed(texts, model="hashing")
    awaited = asyncio.run(engine.aembed(texts, model="hashing"))
    np.testing.assert_array_equal(plain.vectors, awaited.vectors)
    assert awaited.truncated == plain.truncated == (2,)


@pytest.mark.parametrize(("bad", "reason"), [("poison", "the kernel fell over"), ("nan", "NaN")])
def test_one_bad_text_is_named_and_the_model_lives_on(tmp_path, bad, reason):
    engine = engine_of(tmp_path, {"p": Poisoned})
    with pytest.raises(InputError, match=reason) as failed:
        engine.embed(["a", "b", bad, "c"], model="p")
    assert failed.value.index == 2
    assert engine.embed(["a"], model="p").tokens == 1
    assert engine.alive()
    engine.close()


def test_more_calls_than_may_wait_are_refused_and_a_cancelled_one_frees_its_place(tmp_path):
    gate = Gate()
    engine = engine_of(tmp_path, {"g": lambda: Watched(gate)}, max_waiting=1)

    async def crowd():
        first = asyncio.create_task(engine.aembed(["first"], model="g"))
        await asyncio.to_thread(gate.entered.wait, 10)
        second = asyncio.create_task(engine.aembed(["second"], model="g"))
        await asyncio.sleep(0.02)
        with pytest.raises(OverloadedError):
            await engine.aembed(["third"], model="g")
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        third = asyncio.create_task(engine.aembed(["third"], model="g"))
        await asyncio.sleep(0.02)
        gate.open()
        return [(await task).tokens for task in (first, third)]

    assert asyncio.run(crowd()) == [1, 1]
    engine.close()


def test_a_call_cancelled_while_its_model_loads_holds_no_lease(tmp_path):
    may_load = threading.Event()

    def make():
        assert may_load.wait(60)
        return Watched()

    engine = engine_of(tmp_path, {"slow": make})

    async def leave():
        call = asyncio.create_task(engine.aembed(["x"], model="slow"))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(leave())
    may_load.set()
    engine.close()  # would wait for ever for a lease that nobody gives back


def test_tokens_and_text_go_both_ways(engine):
    tokens = asyncio.run(engine.tokenize(["why not"], model="hashing"))
    assert [len(ids) for ids in tokens] == [2]
    assert asyncio.run(engine.detokenize(tokens[0], model="hashing")) == "why not"


def test_after_closing_every_call_is_refused(tmp_path):
    engine = engine_of(tmp_path, {})
    engine.close()
    with pytest.raises(EngineClosedError):
        engine.embed(["x"], model="hashing")
    assert not engine.alive()


def test_tokenizing_stops_for_a_caller_that_left_and_gives_all_to_one_that_stays(tmp_path):
    begun, go_on = threading.Event(), threading.Event()
    sizes = []

    class Slow(HashingEncoder):
        def tokenize(self, texts):
            sizes.append(sum(map(len, texts)))
            begun.set()
            assert go_on.wait(60)
            return super().tokenize(texts)

    texts = [f"{'word ' * 1000}{number}" for number in range(200)]

    async def leave():
        asked = asyncio.ensure_future(engine.tokenize(texts, model="slow"))
        await asyncio.to_thread(begun.wait, 60)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        go_on.set()
        await engine._in_thread(lambda: None)

    with engine_of(tmp_path, {"slow": Slow}, threads=1) as engine:
        asyncio.run(leave())
        assert len(sizes) == 1, "nothing is read that nobody waits for"
        assert max(sizes) < 200_000
        tokens = asyncio.run(engine.tokenize(texts, model="slow"))
    assert [list(ids) for ids in tokens] == [list(ids) for ids in HashingEncoder().tokenize(texts)]

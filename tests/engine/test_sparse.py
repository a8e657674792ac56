"""Sparse models: the weights of sentence-transformers, only those above 0, cuts told, each kind told apart.

Their weights are random, so nothing here says that a search by them is good.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tracemalloc

import numpy as np
import pytest

from embedingest import ConfigError, EngineConfig, InputError, InputTooLongError, ModelConfig, ModelLoadError
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.local import LocalEngine
from embedingest.engine.scheduling.scheduler import Scheduler
from embedingest.engine.sparse import SupportsSparse
from embedingest.engine.sparse_rows import SparseRows
from tests.depth import few
from tests.engine import seconds
from tests.engine.doubles import CountingEncoder


@pytest.fixture(scope="session")
def splade(shelf_of_models):
    """Gives the folder of a tiny sparse model."""

    def folder(architecture="bert", **settings):
        path = shelf_of_models / "-".join(["splade", architecture, *map(str, settings.values())])
        return path if path.is_dir() else seconds.sparse(architecture, path, **settings)

    return folder


@pytest.fixture
def engine(own_cache):
    """Gives an engine over folders by name; closed at the end."""
    opened = []

    def over(**folders):
        models = {name: ModelConfig(path=path, device="cpu") for name, path in folders.items()}
        opened.append(LocalEngine(EngineConfig(), models))
        return opened[-1]

    yield over
    for one in opened:
        one.close()


def dense(answer, width):
    """The weights of all tokens, (N, V)."""
    rows = np.zeros((len(answer.offsets) - 1, width), dtype=np.float32)
    for row, start, end in zip(rows, answer.offsets, answer.offsets[1:], strict=False):
        row[answer.tokens[start:end]] = answer.weights[start:end]
    return rows


@few(2)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        ("bert", {}),
        ("bert", {"pooling": "sum", "activation": "log1p_relu", "older": True}),
        ("distilbert", {}),
        ("roberta", {}),
        ("modernbert", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())) or "plain",
)
def test_two_hundred_texts_have_the_weights_of_sentence_transformers(engine, splade, architecture, settings) -> None:
    folder, texts = splade(architecture, **settings), seconds.texts(200)
    due = seconds.weights(folder, texts, "document")
    answer = engine(s=folder).embed_sparse(texts, model="s", role="document")
    assert np.abs(dense(answer, due.shape[1]) - due).max() < 1e-4
    assert due.std() > 0.1, "the weights of this model tell nothing apart"


@few(1)
@pytest.mark.slow
@pytest.mark.parametrize("role", ["query", "document"])
def test_queries_that_are_looked_up_have_the_weights_of_sentence_transformers(engine, shelf_of_models, role) -> None:
    folder, texts = shelf_of_models / "inference-free", seconds.texts(200)
    if not folder.is_dir():
        seconds.inference_free(folder)
    ours = engine(s=folder)
    due = seconds.weights(folder, texts, role)
    answer = ours.embed_sparse(texts, model="s", role=role)
    assert np.abs(dense(answer, due.shape[1]) - due).max() < 1e-4
    assert ours.describe("s").kind == "sparse"


def test_of_each_text_the_weights_above_zero_are_there_by_ascending_tokens(engine, splade) -> None:
    ours = engine(s=splade())
    answer = ours.embed_sparse(["the sky is blue", "", "the sky is blue"], model="s", role="query")
    assert isinstance(ours, SupportsSparse)
    assert (answer.tokens.dtype, answer.weights.dtype, answer.offsets.dtype) == ("int32", "float32", "int64")
    assert answer.offsets[0] == 0
    assert answer.offsets[-1] == len(answer.tokens) == len(answer.weights)
    first, second, third = (slice(*answer.offsets[i : i + 2]) for i in range(3))
    assert (np.diff(answer.tokens[first]) > 0).all()
    assert (answer.weights > 0).all()
    assert answer.tokens[first].tolist() == answer.tokens[third].tolist() != answer.tokens[second].tolist()
    assert answer.token_counts.tolist() == [6, 2, 6]
    none = ours.embed_sparse([], model="s", role="query")
    assert (none.offsets.tolist(), len(none.tokens), none.fingerprint) == ([0], 0, answer.fingerprint)


def test_what_is_cut_is_told_and_refused_without_truncation(engine, splade) -> None:
    ours = engine(s=splade())
    answer = ours.embed_sparse(["rain", "rain " * 80], model="s", role="document")
    assert (answer.truncated, answer.token_counts.tolist()) == ((1,), [3, 48])
    with pytest.raises(InputTooLongError) as refused:
        ours.embed_sparse(["rain", "rain " * 80], model="s", role="document", truncate=False)
    assert refused.value.index == 1


def test_awaited_it_is_the_same(engine, splade) -> None:
    ours, texts = engine(s=splade()), [*seconds.texts(30), "sea " * 3000]
    awaited = asyncio.run(ours.aembed_sparse(texts, model="s", role="document"))
    waited = ours.embed_sparse(texts, model="s", role="document")
    assert awaited.tokens.tolist() == waited.tokens.tolist()
    assert np.allclose(awaited.weights, waited.weights, atol=1e-5)


def test_each_kind_is_told_as_what_it_is_and_asked_for_what_it_gives(engine, splade, tiny_folder) -> None:
    ours = engine(s=splade(), e=tiny_folder("bert-mean"))
    assert (ours.describe("s").kind, ours.describe("s").dimensions) == ("sparse", 63)
    with pytest.raises(ConfigError, match="model s:latest is a sparse model: it gives weights for the 63 tokens"):
        ours.embed(["a"], model="s")
    with pytest.raises(ConfigError, match="model s:latest is a sparse model"):
        ours.rerank("a", ["b"], model="s")
    with pytest.raises(ConfigError, match="model s:latest is a sparse model"):
        ours.embed_late(["a"], model="s", role="query")
    with pytest.raises(ConfigError, match=r"model e:latest is an embedding model: .* gives no weights for the tokens"):
        ours.embed_sparse(["a"], model="e", role="query")
    with pytest.raises(TypeError, match="one str is given where a list"):
        ours.embed_sparse("a", model="s", role="query")


def test_a_weight_that_is_no_number_is_an_error_that_names_the_text(engine, splade, tmp_path) -> None:
    """From one place on the vectors are so large that they overflow: shorter texts are none the wiser."""
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(splade(), tmp_path / "s")
    weights = load_file(folder / "model.safetensors")
    weights["bert.embeddings.position_embeddings.weight"][40:] = 3e38
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    ours = engine(s=folder)
    with pytest.raises(InputError, match=r"text 2 .* gives a vector with NaN") as failed:
        ours.embed_sparse(["the sky", "", "rain " * 45, "a cat"], model="s", role="document")
    assert failed.value.index == 2


def test_a_model_without_its_last_layer_and_settings_that_are_not_known_are_refused(engine, splade, tmp_path) -> None:
    """transformers would fill it with random numbers."""
    from safetensors.numpy import load_file, save_file

    bare = shutil.copytree(splade(), tmp_path / "bare")
    weights = load_file(bare / "model.safetensors")
    del weights["cls.predictions.transform.dense.weight"]
    save_file(weights, bare / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelLoadError, match=r"lack `cls\.predictions\.transform\.dense\.weight`"):
        engine(s=bare).embed_sparse(["a"], model="s", role="query")
    strange = shutil.copytree(splade(), tmp_path / "strange")
    file = strange / "1_SpladePooling" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"pooling_strategy": "median"}))
    with pytest.raises(ModelLoadError, match="pooling_strategy: median; max and sum are known"):
        ModelFolder.open(strange)


class Wide(CountingEncoder):
    """A weight for one of fifty thousand tokens, by how many words a text has."""

    dimensions = 50_000

    def encode(self, batch):
        rows = np.zeros((len(batch), self.dimensions), dtype=np.float32)
        rows[np.arange(len(batch)), [len(tokens) for tokens in batch]] = 1.0
        return rows


def test_a_call_holds_the_whole_vocabulary_for_one_batch_alone() -> None:
    """A thousand texts would take 200 MB as rows of the whole vocabulary; 64 of them take 13."""
    scheduler = Scheduler(SparseRows(Wide()))
    tracemalloc.start()
    try:
        rows = scheduler.submit([[i, *[1] * (i % 50)] for i in range(1000)], priority="bulk").result()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        scheduler.close()
    assert [row.tolist() for row in rows[:3]] == [[[1, 1]], [[2, 1]], [[3, 1]]]
    assert peak < 40e6

"""Late interaction: the token vectors of sentence-transformers for every layout, cuts told, a reranker by MaxSim.

Weights are random, so nothing here says that a search by them is good.
"""

from __future__ import annotations

import asyncio
import json
import shutil

import numpy as np
import pytest

from embedingest import ConfigError, EngineConfig, InputError, InputTooLongError, ModelConfig, ModelLoadError
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.late import SupportsLate
from embedingest.engine.local import LocalEngine
from tests.depth import few, only_deep
from tests.engine import seconds, tiny

LAYOUTS = {
    "pylate": lambda path: seconds.pylate("bert", path, layers=2),
    "pylate-attends": lambda path: seconds.pylate("bert", path, attend_to_expansion_tokens=True),
    "pylate-as-it-is": lambda path: seconds.pylate("bert", path, do_query_expansion=False, skiplist_words=[]),
    "pylate-roberta": lambda path: seconds.pylate("roberta", path),
    "pylate-modernbert": lambda path: seconds.pylate("modernbert", path),
    "stanford": seconds.stanford,
    "listed": seconds.listed_late,
    "listed-fixed": lambda path: seconds.listed_late(
        path, query_expansion={"strategy": "fixed", "length": 12, "attend": True, "token": "<unk>"}
    ),
}


@pytest.fixture(scope="session")
def colbert(shelf_of_models):
    """Gives the folder of a tiny late interaction model by its layout."""

    def folder(layout="pylate"):
        path = shelf_of_models / f"late-{layout}"
        return path if path.is_dir() else LAYOUTS[layout](path)

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


def split(answer):
    return [answer.vectors[start:end] for start, end in zip(answer.offsets, answer.offsets[1:], strict=False)]


@few(2)
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_hundred_texts_have_the_token_vectors_of_sentence_transformers(engine, colbert, layout) -> None:
    folder, texts = colbert(layout), seconds.texts(200)
    ours = engine(c=folder)
    for role in ("query", "document"):
        due = seconds.vectors(folder, texts, role)
        answer = ours.embed_late(texts, model="c", role=role)
        assert [len(vectors) for vectors in split(answer)] == [len(vectors) for vectors in due]
        assert np.abs(answer.vectors - np.concatenate(due)).max() < 1e-4


def test_a_text_has_a_vector_of_unit_length_for_each_token_that_counts(engine, colbert) -> None:
    ours = engine(c=colbert())
    texts = ["the sky is blue", "", "the sky, is blue!", "the sky is blue"]
    documents = ours.embed_late(texts, model="c", role="document")
    assert isinstance(ours, SupportsLate)
    assert (documents.vectors.dtype, documents.offsets.dtype) == ("float32", "int64")
    assert documents.token_counts.tolist() == [7, 3, 9, 7]
    assert np.diff(documents.offsets).tolist() == [7, 3, 7, 7], "signs are read, and have no vectors"
    assert np.allclose(np.linalg.norm(documents.vectors, axis=1), 1, atol=1e-6)
    queries = ours.embed_late(texts, model="c", role="query")
    assert np.diff(queries.offsets).tolist() == [12] * 4, "a query is filled to its length, and signs count"
    none = ours.embed_late([], model="c", role="document")
    assert (none.vectors.shape, none.offsets.tolist(), none.fingerprint) == ((0, 16), [0], documents.fingerprint)
    info = ours.describe("c")
    assert (info.kind, info.dimensions, info.max_tokens, info.special_tokens) == ("late", 16, 30, 3)
    assert info.token_dimensions == 16


def test_what_is_cut_is_told_and_refused_without_truncation(engine, colbert) -> None:
    ours = engine(c=colbert())
    texts = ["rain", "rain " * 10, "rain " * 40]
    assert ours.embed_late(texts, model="c", role="document").truncated == (2,)
    assert ours.embed_late(texts, model="c", role="query").truncated == (1, 2), "queries have a window of their own"
    with pytest.raises(InputTooLongError, match="exceeds the context length") as refused:
        ours.embed_late(texts, model="c", role="query", truncate=False)
    assert refused.value.index == 1


def test_awaited_it_is_the_same(engine, colbert) -> None:
    ours, texts = engine(c=colbert()), [*seconds.texts(30), "sea " * 3000]
    awaited = asyncio.run(ours.aembed_late(texts, model="c", role="document"))
    waited = ours.embed_late(texts, model="c", role="document")
    assert awaited.offsets.tolist() == waited.offsets.tolist()
    assert np.allclose(awaited.vectors, waited.vectors, atol=1e-5)


@only_deep
def test_an_embedding_model_gives_the_vectors_of_its_own_tokens(engine, tiny_folder) -> None:
    """Those of its transformer, of unit length, special tokens too; in both roles the same."""
    folder = tiny_folder("bert-mean")
    ours, texts = engine(e=folder), tiny.TEXTS
    due = tiny.reference(folder).encode(texts, output_value="token_embeddings", batch_size=4)
    answer = ours.embed_late(texts, model="e", role="document")
    for vectors, theirs in zip(split(answer), due, strict=True):
        raw = np.asarray(theirs)[: len(vectors)]
        assert np.abs(vectors - raw / np.linalg.norm(raw, axis=1, keepdims=True)).max() < 1e-4
    assert np.diff(answer.offsets).tolist() == answer.token_counts.tolist()
    assert answer.vectors.tolist() == ours.embed_late(texts, model="e", role="query").vectors.tolist()
    assert answer.fingerprint != ours.embed(texts, model="e").fingerprint, "other vectors, the same fingerprint"
    assert (ours.describe("e").kind, ours.describe("e").token_dimensions) == ("embedding", 32)
    ours.unload("e")


def test_each_kind_is_told_as_what_it_is_and_asked_for_what_it_gives(engine, colbert) -> None:
    ours = engine(c=colbert())
    with pytest.raises(
        ConfigError, match="model c:latest is a late interaction model: it gives a vector of 16 numbers"
    ):
        ours.embed(["a"], model="c")
    with pytest.raises(ConfigError, match="model c:latest is a late interaction model"):
        ours.embed_sparse(["a"], model="c", role="query")
    with pytest.raises(ConfigError, match=r"model hashing:latest is an embedding model: .* no vectors of tokens"):
        ours.embed_late(["a"], model="hashing", role="query")


def test_a_vector_that_is_no_number_is_an_error_that_names_the_text(engine, colbert, tmp_path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(colbert(), tmp_path / "c")
    weights = load_file(folder / "model.safetensors")
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    weights["embeddings.word_embeddings.weight"][vocabulary["light"]] = 3e38
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"text 2 .* gives a vector with NaN") as failed:
        engine(c=folder).embed_late(["the sky", "", "dark light", "a cat"], model="c", role="document")
    assert failed.value.index == 2


def test_folders_that_would_answer_otherwise_are_refused(engine, colbert, tmp_path) -> None:
    unmarked = shutil.copytree(colbert(), tmp_path / "unmarked")
    settings = unmarked / "config_sentence_transformers.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"query_prefix": "[QUERY]"}))
    with pytest.raises(ModelLoadError, match=r"marks texts with `\[QUERY\]`, and .* has no such word"):
        engine(c=unmarked).embed_late(["a"], model="c", role="query")
    pooled = shutil.copytree(colbert(), tmp_path / "pooled")
    modules = json.loads((pooled / "modules.json").read_text())
    more = {"idx": 9, "name": "9", "path": "", "type": "pylate.models.Pooling"}
    (pooled / "modules.json").write_text(json.dumps([*modules, more]))
    with pytest.raises(ModelLoadError, match="is of a late interaction model and chains Transformer → Dense"):
        ModelFolder.open(pooled)
    bare = shutil.copytree(colbert("stanford"), tmp_path / "bare")
    from safetensors.numpy import load_file, save_file

    weights = load_file(bare / "model.safetensors")
    del weights["linear.weight"]
    save_file(weights, bare / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelLoadError, match=r"lack `linear\.weight`"):
        ModelFolder.open(bare)


def by_hand(ours, query, documents):
    """The mean over the query's tokens of the cosine to the nearest token of each document."""
    (asked,) = split(ours.embed_late([query], model="c", role="query"))
    found = split(ours.embed_late(documents, model="c", role="document"))
    return [(asked @ vectors.T).max(axis=1).mean() for vectors in found]


def test_named_as_a_reranker_it_scores_by_the_nearest_tokens(engine, colbert) -> None:
    ours, query = engine(c=colbert()), "the sky is blue"
    documents = [*(text for text in seconds.texts(20) if len(text) < 100), "the sky is blue", "rain " * 60]
    answer = ours.rerank(query, documents, model="c")
    assert np.allclose(answer.scores, by_hand(ours, query, documents), atol=1e-5)
    assert answer.order[0] == int(np.argmax(answer.scores))
    assert answer.truncated == (len(documents) - 1,)
    assert answer.token_counts[-2:].tolist() == [12 + 7, 12 + 30]
    many = asyncio.run(ours.arerank(query, documents * 40, model="c", priority="bulk"))
    assert np.allclose(many.scores, np.tile(answer.scores, 40), atol=1e-5)
    assert many.truncated == tuple(range(len(documents) - 1, len(documents) * 40, len(documents)))
    assert ours.rerank(query, [], model="c").scores.shape == (0,)
    raw = ours.rerank(query, documents, model="c", activation="sigmoid").scores
    assert np.allclose(raw, 1 / (1 + np.exp(-answer.scores)), atol=1e-6)


def test_an_embedding_model_named_as_a_reranker_scores_by_its_own_tokens(engine, tiny_folder) -> None:
    ours = engine(c=tiny_folder("bert-mean"))
    documents = ["rain fell over hills", "the sky is blue", "a cat"]
    answer = ours.rerank("the sky is blue", documents, model="c", keep_alive=0)
    assert np.allclose(answer.scores, by_hand(ours, "the sky is blue", documents), atol=1e-5)
    assert answer.order[0] == 1
    assert answer.scores[1] == pytest.approx(1, abs=1e-5)


def test_a_document_that_cannot_be_scored_is_named(engine, colbert) -> None:
    ours = engine(c=colbert())
    documents = [f"rain {i}" for i in range(300)] + ["rain " * 60]
    with pytest.raises(InputTooLongError, match="document 300: ") as refused:
        ours.rerank("rain", documents, model="c", truncate=False)
    assert refused.value.index == 300
    with pytest.raises(InputTooLongError, match="the query: "):
        ours.rerank("rain " * 60, ["rain"], model="c", truncate=False)

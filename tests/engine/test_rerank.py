"""Reranking over tiny seeded cross-encoders: the scores of sentence-transformers, cuts told, each kind told apart.

Their weights are random, so nothing here says that a ranking is good.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from itertools import groupby

import numpy as np
import pytest

from embedingest import ConfigError, EngineConfig, InputError, InputTooLongError, ModelConfig, ModelLoadError
from embedingest.engine.folder.pairs import lengths_within
from embedingest.engine.local import LocalEngine
from embedingest.picture import Picture
from tests.depth import few, much, only_deep
from tests.engine import cross
from tests.engine.cross import QUERY

DOCUMENTS = ["the sea is blue", "a cat sat on warm roof", "rain " * 80, "", "light dark"]


@pytest.fixture(scope="session")
def cross_folder(shelf_of_models):
    """Gives the folder of a tiny cross-encoder."""

    def folder(architecture="bert", layout="plain"):
        path = shelf_of_models / f"cross-{architecture}-{layout}"
        return path if path.is_dir() else cross.save(architecture, path, layout=layout)

    return folder


@pytest.fixture
def engine(own_cache):
    """Gives an engine over folders by name; closed at the end."""
    opened = []

    def over(**folders):
        settings = {
            "device": "cpu",
            "encoder": "sentence-transformers",
        }  # compiled: tests/engine/compiled/test_scorer.py
        models = {name: ModelConfig(path=path, **settings) for name, path in folders.items()}
        opened.append(LocalEngine(EngineConfig(), models))
        return opened[-1]

    yield over
    for one in opened:
        one.close()


@few(3)
@pytest.mark.deep
@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "layout"),
    [
        ("bert", "plain"),
        pytest.param("bert", "listed", marks=only_deep),
        pytest.param("roberta", "plain", marks=only_deep),
        ("xlm-roberta", "listed"),
        ("modernbert", "plain"),
    ],
)
def test_pairs_have_the_scores_of_sentence_transformers(engine, cross_folder, architecture, layout) -> None:
    folder = cross_folder(architecture, layout)
    pairs = cross.pairs(much(60, 200))
    due = cross.scores(folder, pairs)
    ours = engine(r=folder)
    found = [
        ours.rerank(query, [document for _, document in group], model="r").scores
        for query, group in ((query, list(group)) for query, group in groupby(pairs, key=lambda pair: pair[0]))
    ]
    assert np.abs(np.concatenate(found) - due).max() < 1e-4
    assert due.std() > 1e-3, "the scores of this model tell nothing apart"


@few(2)
@pytest.mark.parametrize("activation", ["torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Sigmoid"])
@pytest.mark.parametrize("layout", ["plain", "listed"])
def test_a_score_is_put_through_what_the_folder_states(engine, tmp_path, layout, activation) -> None:
    folder = cross.save("bert", tmp_path / "r", layout=layout, activation=activation)
    ours = engine(r=folder)
    answer = ours.rerank(QUERY, DOCUMENTS, model="r")
    assert np.abs(answer.scores - cross.scores(folder, [(QUERY, text) for text in DOCUMENTS])).max() < 1e-4
    raw = ours.rerank(QUERY, DOCUMENTS, model="r", activation="identity").scores
    assert np.allclose(ours.rerank(QUERY, DOCUMENTS, model="r", activation="sigmoid").scores, 1 / (1 + np.exp(-raw)))


def test_what_is_cut_is_told_and_refused_without_truncation(engine, cross_folder) -> None:
    ours = engine(r=cross_folder())
    answer = ours.rerank(QUERY, DOCUMENTS, model="r")
    assert answer.truncated == (2,)
    assert answer.token_counts.tolist() == [11, 13, 48, 7, 9]
    with pytest.raises(InputTooLongError, match="document 2 has 80 tokens and the query 4") as refused:
        ours.rerank(QUERY, DOCUMENTS, model="r", truncate=False)
    assert refused.value.index == 2


def test_of_a_pair_the_longer_text_loses_first_and_then_both() -> None:
    assert lengths_within(4, 100, 45) == (4, 41)
    assert lengths_within(100, 4, 45) == (41, 4)
    assert lengths_within(100, 100, 45) == (22, 23)
    assert lengths_within(101, 100, 45) == (23, 22)
    assert lengths_within(20, 25, 45) == (20, 25)


def test_many_documents_none_and_equal_ones(engine, cross_folder) -> None:
    ours = engine(r=cross_folder())
    many = ours.rerank(QUERY, ["the sea", "light"] * 5000, model="r", priority="bulk")
    assert many.scores.shape == (10_000,)
    first, second = sorted((0, 1), key=lambda place: -many.scores[place])
    assert many.order == [*range(first, 10_000, 2), *range(second, 10_000, 2)], "equal scores change their order"
    none = ours.rerank(QUERY, [], model="r")
    assert (none.scores.shape, none.tokens, none.order) == ((0,), 0, [])
    with pytest.raises(TypeError, match="one str is given where a list"):
        ours.rerank(QUERY, "the sea", model="r")
    with pytest.raises(TypeError, match="the query is a NoneType, not a str"):
        ours.rerank(None, ["the sea"], model="r")
    with pytest.raises(TypeError, match="the query is a Picture, not a str"):
        ours.rerank(Picture(1, 1, b"\0\0\0"), ["the sea"], model="r")
    with pytest.raises(ConfigError, match="`activation` was given 'relu'"):
        ours.rerank(QUERY, ["the sea"], model="r", activation="relu")


def test_a_folder_that_is_no_model_is_told_as_such(engine, tmp_path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n")
    with pytest.raises(ModelLoadError, match=r"is no model: it has neither `modules\.json` nor `config\.json`"):
        engine(r=tmp_path).rerank(QUERY, DOCUMENTS, model="r")


def test_awaited_it_is_the_same(engine, cross_folder) -> None:
    ours = engine(r=cross_folder())
    awaited = asyncio.run(ours.arerank(QUERY, [*DOCUMENTS, "sea " * 3000], model="r"))
    waited = ours.rerank(QUERY, [*DOCUMENTS, "sea " * 3000], model="r")
    assert awaited.scores.tolist() == pytest.approx(waited.scores.tolist(), abs=1e-6)
    assert awaited.truncated == waited.truncated == (2, 5)
    assert awaited.fingerprint == ours.describe("r").fingerprint


def test_each_kind_of_model_is_told_as_what_it_is(engine, cross_folder, tiny_folder) -> None:
    ours = engine(r=cross_folder("bert", "listed"), e=tiny_folder("bert-mean"))
    assert (ours.describe("r").kind, ours.describe("r").dimensions) == ("reranker", 0)
    assert ours.describe("e").kind == "embedding"
    with pytest.raises(ConfigError, match="model r:latest is a reranker"):
        ours.embed(["a"], model="r")
    with pytest.raises(ConfigError, match="model r:latest is a reranker"):
        ours.sizer("r")
    with pytest.raises(
        ConfigError, match="model hashing:latest is an embedding model: it gives vectors of 256 numbers"
    ):
        ours.rerank(QUERY, DOCUMENTS, model="hashing")


def test_a_number_that_is_none_is_an_error_that_names_the_document(engine, cross_folder, tmp_path) -> None:
    folder = shutil.copytree(cross_folder(), tmp_path / "r")
    cross.overflow(folder, "light")
    ours = engine(r=folder)
    assert np.isfinite(ours.rerank(QUERY, DOCUMENTS[:4], model="r").scores).all()
    with pytest.raises(InputError, match="document 4 with this query: model r:latest gives no score") as failed:
        ours.rerank(QUERY, DOCUMENTS, model="r")
    assert failed.value.index == 4


def test_a_classifier_a_strange_activation_and_a_list_of_more_modules_are_refused(cross_folder, tmp_path) -> None:
    from embedingest.engine.folder.folder import ModelFolder

    classifier = shutil.copytree(cross_folder(), tmp_path / "classifier")
    cross.settings(classifier, id2label={"0": "joy", "1": "anger"}, label2id={"joy": 0, "anger": 1})
    with pytest.raises(ModelLoadError, match=r"is a classifier with 2 labels \(joy, anger\)"):
        ModelFolder.open(classifier)
    strange = shutil.copytree(cross_folder(), tmp_path / "strange")
    cross.settings(strange, sentence_transformers={"activation_fn": "os.system"})
    with pytest.raises(ModelLoadError, match=r"puts its score through `os\.system`"):
        ModelFolder.open(strange)
    more = shutil.copytree(cross_folder("bert", "listed"), tmp_path / "more")
    modules = json.loads((more / "modules.json").read_text())
    (more / "modules.json").write_text(json.dumps([*modules, modules[0] | {"idx": 1}]))
    with pytest.raises(ModelLoadError, match="chains Transformer → Transformer; one Transformer"):
        ModelFolder.open(more)


def test_a_reranker_without_its_classifier_is_refused(engine, cross_folder, tmp_path) -> None:
    """transformers would fill it with random numbers."""
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(cross_folder(), tmp_path / "r")
    weights = load_file(folder / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelLoadError, match=r"lack `classifier\.weight`"):
        engine(r=folder).rerank(QUERY, DOCUMENTS, model="r")

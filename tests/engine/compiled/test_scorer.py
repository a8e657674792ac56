"""Rerankers go the compiled path of encoders: made once, held at a gate of their own, kept, or left to torch.

Their weights are random: what is held is that the numbers are those of torch, not that a ranking is good.
"""

from __future__ import annotations

import logging
from itertools import groupby

import numpy as np
import pytest

from embedingest import EngineConfig, ModelConfig
from embedingest.engine.auto import explain
from embedingest.engine.compiled import gauge, make, runtime
from embedingest.engine.compiled.convert import Converter
from embedingest.engine.compiled.encoder import create
from embedingest.engine.compiled.graphs import infer, run_options
from embedingest.engine.compiled.scorer import CompiledScorer
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import LEAST_SCORE, PROBE_TEXTS, Figures, compare, spread_of
from embedingest.engine.local import LocalEngine
from embedingest.engine.precision import PRECISIONS
from embedingest.engine.torch.scorer import TorchScorer
from tests.depth import few, only_deep, some
from tests.engine import cross

pytestmark = pytest.mark.slow

ARCHITECTURES = ("bert", "roberta", "modernbert")
FP32 = ModelConfig(precision="fp32", device="cpu")


@pytest.fixture(scope="session")
def cross_folder(shelf_of_models):
    """Gives the folder of a tiny cross-encoder."""

    def folder(architecture="bert"):
        path = shelf_of_models / f"compiled-cross-{architecture}"
        return path if path.is_dir() else cross.save(architecture, path)

    return folder


@pytest.fixture
def folder(cross_folder) -> ModelFolder:
    return ModelFolder.open(cross_folder())


@pytest.fixture
def fresh_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


@few(1)
@pytest.mark.parametrize("architecture", some(ARCHITECTURES, "bert"))
def test_two_hundred_pairs_have_the_scores_of_sentence_transformers(cross_folder, own_cache, architecture) -> None:
    """With and without segments; single pairs, then bulk in streams."""
    path = cross_folder(architecture)
    pairs = cross.pairs(200)
    due = cross.scores(path, pairs)
    with LocalEngine(EngineConfig(), {"r": FP32.model_copy(update={"path": path})}) as engine:
        groups = [(query, [text for _, text in group]) for query, group in groupby(pairs, key=lambda pair: pair[0])]
        for priority in ("query", "bulk"):
            found = [engine.rerank(query, texts, model="r", priority=priority).scores for query, texts in groups]
            assert np.abs(np.concatenate(found) - due).max() < 1e-4
        (running,) = engine.running()
        assert running.runtime["runtime"].startswith("openvino")


def test_the_gate_is_of_288_pairs_and_told_without_loading_the_model(folder, own_cache) -> None:
    scorer = create(folder, FP32)
    assert isinstance(scorer, CompiledScorer)
    facts = explain(folder, FP32)
    assert facts["precision"] == "fp32"
    gate = facts["gate"]
    assert gate["texts"] == PROBE_TEXTS
    assert gate["passed"]
    assert gate["least"] > 0.999
    assert gate["spread"] > 0
    assert scorer.runtime["score_texts"] == str(PROBE_TEXTS)
    scorer.close()


def test_scores_that_move_by_more_than_a_share_of_their_spread_fail_the_gate() -> None:
    """Of a pair that may move so little the order with every pair that is twice as far away is kept."""
    reference = np.linspace(-5, 5, 300, dtype=np.float32)[:, None]
    spread = spread_of(reference)
    moved = reference.copy()
    moved[7] += 0.9 * (1 - LEAST_SCORE) * spread
    assert compare(reference, moved, spread).passed
    moved[7] += 0.2 * (1 - LEAST_SCORE) * spread
    assert not compare(reference, moved, spread).passed
    assert not compare(reference, reference * 1.02, spread).passed, "all pairs moved a little, which is much"
    assert not compare(reference, -reference, spread).passed, "the cosine of numbers would not see it before"
    moved[7] = np.nan
    assert not compare(reference, moved, spread).passed


@only_deep
@pytest.mark.parametrize("architecture", some(ARCHITECTURES, "modernbert"))
@pytest.mark.parametrize("form", ["bf16", "bf16-linears"])
def test_scores_of_forms_in_16_bits_have_more_digits_than_these(cross_folder, architecture, form) -> None:
    folder, precision = ModelFolder.open(cross_folder(architecture)), PRECISIONS[form]
    rows = gauge.gauge_rows(folder, FP32)[:24]
    graph = Converter(folder).graph(precision.graph)
    request = runtime.core().compile_model(graph, "CPU", run_options(precision, None)).create_infer_request()
    scores = infer(request, rows, pad=folder.config["pad_token_id"], most=folder.context_length)
    assert (scores.view(np.uint32) & 0xFFFF).astype(bool).mean() > 0.9


@only_deep
def test_a_reranker_that_fails_the_gate_is_run_by_torch_with_the_same_scores(
    folder, fresh_cache, monkeypatch, caplog
) -> None:
    with monkeypatch.context() as wrong:
        wrong.setattr(make, "compare", lambda reference, candidate, spread: Figures(288, 0.98, 0.9, spread))
        with caplog.at_level(logging.WARNING):
            scorer = create(folder, FP32)
    assert isinstance(scorer, TorchScorer)
    assert "agreement mean 0.98, least 0.9" in caplog.text
    assert isinstance(create(folder, FP32), TorchScorer), "the refusal is remembered"
    assert explain(folder, FP32)["runtime"] == "torch"


def test_a_reranker_serves_after_64_pairs_and_the_others_are_compared_once(folder, fresh_cache, monkeypatch) -> None:
    monkeypatch.setattr(gauge, "_LITTLE_WORK", 0.0)
    scorer = create(folder, FP32)
    spread = explain(folder, FP32)["gate"]["spread"]
    scorer.model.wait_for_rest()
    gate = explain(folder, FP32)["gate"]
    assert (gate["texts"], gate["spread"]) == (PROBE_TEXTS, spread)
    assert gate["passed"]
    scorer.close()

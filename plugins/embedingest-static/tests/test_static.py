"""Static encoders: the contract over real files, the same vectors as Model2Vec, clear words about wrong folders."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from embedingest_static import StaticEncoder, create
from safetensors.numpy import save_file

from embedingest import Config, Session
from embedingest.plugin import ModelConfig, ModelLoadError
from embedingest.testing import contract
from embedingest.testing.texts import ODD, PLAIN


def packaged() -> Path:
    """The model files inside an installed package, found without importing it."""
    spec = importlib.util.find_spec("static_model")
    assert spec is not None, "`pip install tokenlearn-static-model==0.1.1` brings the files"
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


FOLDER = packaged()

test_contract = contract("encoders", lambda: create(None, ModelConfig(encoder="static", path=FOLDER)))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def test_vectors_equal_those_of_model2vec() -> None:
    from model2vec import StaticModel

    texts = [text for text in (*PLAIN, *ODD) if "\ud800" not in text]
    encoder = StaticEncoder(FOLDER)
    ours = unit(encoder.encode(encoder.tokenize(texts)))
    theirs = unit(StaticModel.from_pretrained(FOLDER).encode(texts, max_length=None))
    known = np.linalg.norm(theirs, axis=1) > 0
    assert np.array_equal(known, np.linalg.norm(ours, axis=1) > 0)
    assert (ours * theirs).sum(axis=1)[known].min() > 0.99999


def test_long_batches_are_taken_in_pieces() -> None:
    encoder = StaticEncoder(FOLDER)
    tokens = encoder.tokenize(list(PLAIN) * 300)
    together = encoder.encode(tokens)
    assert np.allclose(together[: len(PLAIN)], encoder.encode(tokens[: len(PLAIN)]), atol=1e-5)


def test_the_engine_gives_it_truncation_and_unit_length() -> None:
    with_window = ModelConfig(encoder="static", path=FOLDER, max_tokens=16)
    with Session(Config(models={"tiny": with_window})).engine as engine:
        answer = engine.embed([PLAIN[0], PLAIN[-1]], model="tiny")
        assert engine.describe("tiny").max_tokens == 16
        assert answer.truncated == (1,)
        assert np.allclose(np.linalg.norm(answer.vectors, axis=1), 1, atol=1e-5)


def tiny(folder: Path, **tensors: np.ndarray) -> Path:
    vocabulary = {"[UNK]": 0, "red": 1, "blue": 2}
    model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}
    (folder / "tokenizer.json").write_text(json.dumps({"model": model, "pre_tokenizer": {"type": "Whitespace"}}))
    save_file(tensors, folder / "model.safetensors")
    return folder


def test_a_mean_that_can_be_read_by_eye(tmp_path: Path) -> None:
    rows = np.array([[9, 9], [1, 0], [0, 3]], np.float32)
    encoder = StaticEncoder(tiny(tmp_path, embeddings=rows))
    vectors = encoder.encode(encoder.tokenize(["red red blue nonsense", "nonsense"]))
    assert np.allclose(vectors, [[2 / 3, 1], [0, 0]])


def test_no_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="needs files"):
        create(None, ModelConfig(encoder="static"))
    with pytest.raises(ModelLoadError, match="cannot be read"):
        StaticEncoder(tmp_path)


def test_wrong_tensors_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"no static embeddings \(has: weights\)"):
        StaticEncoder(tiny(tmp_path, weights=np.ones(3, np.float32)))
    with pytest.raises(ModelLoadError, match="2 rows, 3 tokens, 3 weights"):
        StaticEncoder(tiny(tmp_path, embeddings=np.ones((2, 4), np.float32), mapping=np.array([0, 1, 2])))

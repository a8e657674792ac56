"""A model folder: what is read of it, and what is refused with the reason, before any weight is."""

from __future__ import annotations

import json

import pytest

from embedingest.engine.folder.folder import ModelFolder
from embedingest.errors import ConfigError, ModelLoadError
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


@pytest.mark.parametrize("architecture", ["roberta", "longformer"])
def test_positions_that_begin_after_the_padding_index_are_no_room_for_tokens(tmp_path, architecture):
    assert model(tmp_path / "model", config={**BERT, "model_type": architecture}).context_length == 30


def test_a_model_that_states_no_positions_has_the_window_that_it_was_published_with(tmp_path):
    settings = {"model_type": "t5", "d_model": 4, "num_layers": 1}
    folder = model(tmp_path / "model", config=settings)
    assert (folder.context_length, folder.max_tokens) == (16, 16)
    write(folder.path / "sentence_bert_config.json", {})
    for length in (None, 10**30):
        write(folder.path / "tokenizer_config.json", {"model_max_length": length})
        assert ModelFolder.open(folder.path).context_length == 512


def refused(path, reason):
    with pytest.raises(ModelLoadError, match=reason):
        ModelFolder.open(path)


def test_code_from_the_folder_is_refused(path):
    write(path / "config.json", {**BERT, "auto_map": {"AutoModel": "model.Model"}})
    refused(path, "code from a model folder is never run")


CODE = {"auto_map": {"AutoModel": "modeling.Model"}}
NOMIC = {
    **CODE, "model_type": "nomic_bert", "n_embd": 4, "n_layer": 1, "n_head": 2, "n_inner": 8, "n_positions": 8192,
    "rotary_emb_base": 1000, "max_trained_positions": 2048, "rotary_scaling_factor": None, "prenorm": False,
}  # fmt: skip


def test_the_hubs_names_of_settings_are_read_where_transformers_has_the_class(tmp_path):
    folder = model(tmp_path / "model", config=NOMIC)
    assert (folder.context_length, folder.told["hidden_size"], folder.told["head_dim"]) == (8192, 4, 2)
    assert folder.told["rope_parameters"] == {"rope_type": "default", "rope_theta": 1000.0}
    stretched = model(tmp_path / "stretched", config={**NOMIC, "rotary_scaling_factor": 2})
    assert stretched.context_length == 2048
    assert model(tmp_path / "plain").told == {}


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({**NOMIC, "prenorm": True}, "it has prenorm: True, and transformers' class has False"),
        ({**NOMIC, "num_experts": 8, "moe_top_k": 2}, "leaves out `moe_top_k`, `num_experts`"),
        ({**BERT, **CODE, "position_embedding_type": "alibi"}, "a bias by distance .ALiBi."),
        ({**BERT, "position_embedding_type": "alibi"}, "a bias by distance .ALiBi."),
        ({**BERT, "position_embedding_type": "relative_key_query"}, "has no such positions any more"),
        ({**BERT, **CODE, "model_type": "qwen2"}, "it looks in both directions"),
        ({**BERT, **CODE, "model_type": "gte", "rope_scaling": {"type": "ntk", "factor": 8}}, "it has rope_scaling"),
        ({**BERT, **CODE, "model_type": "new"}, "by the name `gte`"),
        ({**BERT, **CODE, "model_type": "own"}, "transformers' own class of `own`"),
    ],
)
def test_what_only_code_of_its_own_does_is_a_reason_to_refuse_a_model(path, settings, why):
    write(path / "config.json", settings)
    refused(path, why)


def test_a_model_with_a_bias_by_distance_is_refused_with_others_that_run(path):
    write(path / "config.json", {**BERT, **CODE, "position_embedding_type": "alibi"})
    with pytest.raises(ModelLoadError) as failed:
        ModelFolder.open(path)
    assert "jina-embeddings-v3-hf" in failed.value.remedy


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


def test_what_leaves_prompts_out_of_pooling_has_none(path):
    write(path / "1_Pooling" / "config.json", {**POOLING, "include_prompt": False})
    write(path / "config_sentence_transformers.json", {"prompts": {"query": "ask: "}})
    folder = ModelFolder.open(path)
    folder.check_prompt("")
    with pytest.raises(ConfigError, match="leaves the tokens of prompts out of pooling"):
        folder.check_prompt("ask: ")


def test_the_default_prompt_is_one_that_there_is(path):
    settings = {"prompts": {"ask": "ask: "}, "default_prompt_name": "asking"}
    write(path / "config_sentence_transformers.json", settings)
    refused(path, "`default_prompt_name` 'asking', which none of its prompts has: ask, query, document")
    for name in ("ask", "query", None):  # a query's and a document's are there in every model
        write(path / "config_sentence_transformers.json", {**settings, "default_prompt_name": name})
        ModelFolder.open(path).check()


@pytest.mark.parametrize("name", ["modules.json", "config.json", "tokenizer.json"])
def test_a_file_that_is_missing_is_named(path, name):
    (path / name).unlink()
    refused(path, name.replace(".", r"\."))


@pytest.mark.parametrize("kind", ["CLIPModel", "base.modules.transformer.Transformer", None])
@pytest.mark.parametrize("model_type", ["clip", "siglip"])
def test_a_model_of_pictures_names_the_plugin_that_runs_it(tmp_path, kind, model_type):
    inner = tmp_path / "0_CLIPModel" if kind == "CLIPModel" else tmp_path
    inner.mkdir(exist_ok=True)
    (inner / "config.json").write_text(json.dumps({"model_type": model_type}))
    if kind is not None:
        path = "" if inner == tmp_path else inner.name
        module = {"idx": 0, "name": "0", "path": path, "type": f"sentence_transformers.models.{kind}"}
        (tmp_path / "modules.json").write_text(json.dumps([module]))
    with pytest.raises(ModelLoadError, match=f"a model of pictures and texts .`{model_type}`") as refused:
        ModelFolder.open(tmp_path)
    assert "pip install embedingest-images" in refused.value.remedy

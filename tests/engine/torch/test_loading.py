"""Weights that torch has loaded: nothing is made up, whatever the architecture, and a damaged folder is told as one."""

from __future__ import annotations

import json
import logging
import shutil

import numpy as np
import pytest

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.compiled.encoder import create as compiled
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.local import LocalEngine
from embedingest.engine.torch.encoder import create, load_chain
from embedingest.engine.vectors import cosines
from embedingest.errors import ConfigError, ModelLoadError
from tests.depth import few, only_deep
from tests.engine import tiny
from tests.engine.folder.handmade import write
from tests.engine.folder.test_damage import changed

FORMS = {"torch": create, "compiled": compiled}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


@only_deep
def test_every_sound_architecture_loads(tiny_folder):
    for name in tiny.KINDS:
        load_chain(ModelFolder.open(tiny_folder(name)))


@few(2)
@pytest.mark.parametrize("kind", ["modernbert", "causal-left-padded"])
@pytest.mark.parametrize("form", FORMS)
def test_a_tensor_that_is_missing_is_named_and_never_made_up(tiny_folder, tmp_path, kind, form):
    lost: list[str] = []

    def lose(tensors):
        lost.append(next(name for name in sorted(tensors) if "mlp" in name))
        del tensors[lost[0]]

    folder = changed(tiny_folder(kind), tmp_path / "model", lose)
    with pytest.raises(ModelLoadError) as refused:
        FORMS[form](folder, ModelConfig(device="cpu"))
    assert f"lack `{lost[0]}`" in str(refused.value)
    assert not list((tmp_path / "cache").rglob("model.xml"))


def test_a_tensor_in_another_shape_or_of_one_more_layer_is_named(tiny_folder, tmp_path):
    wide = changed(
        tiny_folder("modernbert"), tmp_path / "wide", lambda t: t.update({"final_norm.weight": np.ones(7, "float32")})
    )
    with pytest.raises(ModelLoadError, match=r"in another shape `final_norm\.weight \[7\], not \[32\]"):
        load_chain(wide)
    more = changed(tiny_folder("modernbert"), tmp_path / "more", lambda tensors: None).path
    config = json.loads((more / "config.json").read_text())
    config |= {"num_hidden_layers": 3, "layer_types": config["layer_types"][:3]}
    write(more / "config.json", config)
    with pytest.raises(ModelLoadError, match=r"have beyond it `layers\.3\."):
        load_chain(ModelFolder.open(more))


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("form", FORMS)
def test_numbers_that_are_none_are_refused_before_a_model_is_prepared(tiny_folder, tmp_path, caplog, number, form):
    name = "encoder.layer.1.output.dense.bias"
    folder = changed(tiny_folder("bert-mean"), tmp_path / "model", lambda t: t[name].fill(number))
    caplog.set_level(logging.INFO)
    with pytest.raises(ModelLoadError, match=r"NaN or infinity\) in `.*encoder\.layer\.1\.output\.dense\.bias`"):
        FORMS[form](folder, ModelConfig(device="cpu"))
    assert "preparing" not in caplog.text


def test_a_dropout_after_pooling_does_nothing(tiny_folder, tmp_path):
    folder = changed(tiny_folder("bert-dense"), tmp_path / "model", lambda tensors: None).path
    steps = json.loads((folder / "modules.json").read_text())
    kind = "sentence_transformers.sentence_transformer.modules.dropout.Dropout"
    steps = [*steps[:2], {"idx": 9, "name": "9", "path": "9_Dropout", "type": kind}, *steps[2:]]
    write(folder / "modules.json", [{**step, "idx": number} for number, step in enumerate(steps)])
    write(folder / "9_Dropout" / "config.json", {"dropout": 0.3})
    encoder = create(ModelFolder.open(folder), ModelConfig(device="cpu"))
    given = encoder.encode(encoder.tokenize(tiny.TEXTS))
    assert cosines(given, tiny.vectors(folder, tiny.TEXTS)).min() > 0.99999
    assert cosines(given, tiny.vectors(tiny_folder("bert-dense"), tiny.TEXTS)).min() > 0.99999


def test_a_model_that_leaves_prompts_out_of_pooling_runs_without_and_refuses_them(tiny_folder, tmp_path):
    folder = changed(tiny_folder("bert-mean"), tmp_path / "model", lambda tensors: None).path
    settings = json.loads((folder / "1_Pooling" / "config.json").read_text())
    write(folder / "1_Pooling" / "config.json", {**settings, "include_prompt": False})
    write(folder / "config_sentence_transformers.json", {"prompts": {"query": "ask: "}})
    models = {"apart": ModelConfig(path=folder, encoder="sentence-transformers", device="cpu")}
    with LocalEngine(EngineConfig(), models, data=tmp_path) as engine:
        given = engine.embed(tiny.TEXTS, model="apart").vectors
        assert cosines(given, tiny.vectors(folder, tiny.TEXTS)).min() > 0.99999
        with pytest.raises(ConfigError, match="leaves the tokens of prompts out of pooling"):
            engine.embed(["light"], model="apart:query")
        with pytest.raises(ConfigError, match="leaves the tokens of prompts out of pooling"):
            engine.sizer("apart", prompt="ask: ")


@pytest.mark.parametrize("normalizer", ["none", "bert", "some"])
def test_texts_are_lowered_but_for_special_tokens(tiny_folder, tmp_path, normalizer):
    folder = changed(tiny_folder("bert-mean"), tmp_path / "model", lambda tensors: None).path
    words = json.loads((folder / "tokenizer.json").read_text())
    steps = {"none": None, "some": {"type": "Sequence", "normalizers": [{"type": "NFC"}]}}
    words["normalizer"] = steps.get(normalizer, words["normalizer"])
    write(folder / "tokenizer.json", words)
    stated = json.loads((folder / "tokenizer_config.json").read_text())
    write(folder / "tokenizer_config.json", {**stated, "tokenizer_class": "PreTrainedTokenizerFast"})
    file = folder / "sentence_bert_config.json"
    write(file, {**json.loads(file.read_text()), "do_lower_case": True})
    ours = FastTokenizer.of(ModelFolder.open(folder))
    texts = ["[CLS] a [SEP]", "The SKY [MASK]", "RAIN\ud800 fell", "İ SKY"]
    theirs = tiny.reference(folder).tokenizer(texts[:2], add_special_tokens=False)["input_ids"]
    assert [list(ids) for ids in ours.tokenize(texts[:2])] == theirs
    assert [len(ours.starts(text)) for text in texts] == [len(ids) for ids in ours.tokenize(texts)]
    assert ours.starts("The SKY") == [0, 4]


def test_settings_of_a_far_larger_model_are_refused_before_memory_is_taken(tiny_folder, tmp_path):
    folder = changed(tiny_folder("modernbert"), tmp_path / "model", lambda tensors: None).path
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", {**config, "intermediate_size": 10**9})
    with pytest.raises(ModelLoadError, match=r"describes a model of \d+ parameters, and its weight files hold \d+"):
        load_chain(ModelFolder.open(folder))


def test_an_architecture_that_transformers_lacks_is_named_without_its_advice(tiny_folder, tmp_path):
    folder = changed(tiny_folder("bert-mean"), tmp_path / "model", lambda tensors: None).path
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", {**config, "model_type": "zorgbert"})
    with pytest.raises(
        ModelLoadError, match=r"is of the kind `zorgbert` .* transformers [\d.]+ does not know"
    ) as caught:
        load_chain(ModelFolder.open(folder))
    assert "encoder plug-in" in str(caught.value.remedy)
    assert "git+" not in str(caught.value)


def test_a_model_that_another_thread_loads_is_not_taken_for_this_one(tiny_folder):
    from concurrent.futures import ThreadPoolExecutor

    folders = [ModelFolder.open(tiny_folder(name)) for name in ("bert-mean", "modernbert", "distilbert", "mpnet")]
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(load_chain, folders))) == 4


def test_a_tokenizer_that_transformers_would_build_otherwise_is_refused_with_the_way_out(tmp_path, tiny_folder):
    """Other tokens are other vectors: nothing is embedded with them unsaid."""
    folder = shutil.copytree(tiny_folder("bert-mean"), tmp_path / "m")
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text()) | {"tokenizer_class": "RobertaTokenizer"}
    file.write_text(json.dumps(settings))
    with pytest.raises(ModelLoadError, match=r"other tokens than RobertaTokenizer.* texts, such as") as refused:
        load_chain(ModelFolder.open(folder))
    assert "save_pretrained" in refused.value.remedy

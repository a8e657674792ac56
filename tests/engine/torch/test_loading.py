"""Weights that torch has loaded: nothing is made up, whatever the architecture, and a damaged folder is told as one."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.compiled.encoder import create as compiled
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.torch.encoder import create, load_chain
from embedingest.errors import ModelLoadError
from tests.engine import tiny
from tests.engine.folder.handmade import write
from tests.engine.folder.test_damage import changed

FORMS = {"torch": create, "compiled": compiled}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


def test_every_sound_architecture_loads(tiny_folder):
    for name in tiny.KINDS:
        load_chain(ModelFolder.open(tiny_folder(name)))


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
def test_numbers_that_are_none_are_refused(tiny_folder, tmp_path, number, form):
    name = "encoder.layer.1.output.dense.bias"
    folder = changed(tiny_folder("bert-mean"), tmp_path / "model", lambda t: t[name].fill(number))
    with pytest.raises(ModelLoadError, match=r"NaN or infinity\) in `.*encoder\.layer\.1\.output\.dense\.bias`"):
        FORMS[form](folder, ModelConfig(device="cpu"))


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

"""CLIP and SigLIP folders give what transformers gives, by either half, and are refused by name where they cannot."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
import transformers
from embedingest_images.encoder import create
from embedingest_images.layout import Layout
from made import EDGE, WORDS, clip, scene, siglip

from embedingest import EngineConfig, ModelConfig
from embedingest.engine.local import LocalEngine
from embedingest.plugin import ModelLoadError, Picture
from embedingest.testing import checks

TEXTS = ["a photo of a red boat", "The OLD town, at night!", "cat", "zebra " * 40, "a dog on the beach", ""]
SIZES = [(60, 40), (40, 60), (32, 32), (7, 5), (300, 17), (1, 500), (33, 32)]


def pictured(image) -> Picture:
    return Picture(image.width, image.height, image.convert("RGB").tobytes())


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    made = {layout: clip(base / layout, layout=layout) for layout in ("transformers", "clip", "st")}
    return {**made, "siglip": siglip(base / "siglip")}


@pytest.fixture(params=["transformers", "clip", "st", "siglip"])
def name(request):
    return request.param


@pytest.fixture
def encoder(folders, name):
    return create(None, ModelConfig(encoder="images", path=folders[name], device="cpu"))


@pytest.fixture(scope="module")
def engine(folders):
    models = {name: ModelConfig(encoder="images", path=path, device="cpu") for name, path in folders.items()}
    with LocalEngine(EngineConfig(threads=2), models) as engine:
        yield engine


def unit(answer) -> np.ndarray:
    vectors = getattr(answer, "pooler_output", answer).detach().numpy()
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def theirs(folder, name):
    """The model as transformers has it, with its own tokenizer and processor of pictures."""
    inner = folder / "0_CLIPModel" if name == "clip" else folder
    kind = transformers.SiglipModel if name == "siglip" else transformers.CLIPModel
    by = transformers.SiglipImageProcessorPil if name == "siglip" else transformers.CLIPImageProcessorPil
    words = transformers.PreTrainedTokenizerFast if name == "siglip" else transformers.CLIPTokenizer
    return kind.from_pretrained(inner).eval(), words.from_pretrained(inner), by.from_pretrained(inner)


@pytest.mark.parametrize("check", checks("encoders"), ids=lambda check: check.name)
def test_contract(check, encoder):
    check(encoder)


def test_texts_have_the_vectors_of_transformers(engine, folders, name):
    model, words, _ = theirs(folders[name], name)
    padding = {"padding": "max_length", "max_length": 64} if name == "siglip" else {"padding": True, "max_length": 77}
    rows = words(TEXTS, truncation=True, return_tensors="pt", **padding)
    with torch.no_grad():
        expected = unit(model.get_text_features(**rows))
    answer = engine.embed(TEXTS, model=name)
    assert (answer.vectors * expected).sum(axis=1).min() > 0.9999
    assert answer.truncated == (3,)
    alone = np.concatenate([engine.embed([text], model=name).vectors for text in TEXTS])
    assert (alone * expected).sum(axis=1).min() > 0.9999


def test_pictures_have_the_vectors_of_transformers(engine, folders, name):
    model, _, processor = theirs(folders[name], name)
    images = [scene(number, *size) for number, size in enumerate(SIZES)]
    with torch.no_grad():
        rows = [processor(image, return_tensors="pt")["pixel_values"] for image in images]
        expected = unit(model.get_image_features(pixel_values=torch.cat(rows)))
    sizer = engine.sizer(name)
    answer = engine.embed([sizer.ready(pictured(image)) for image in images], model=name)
    assert (answer.vectors * expected).sum(axis=1).min() > 0.9999
    mixed = engine.embed([TEXTS[0], sizer.ready(pictured(images[3])), TEXTS[1]], model=name).vectors
    assert mixed[1] @ expected[3] > 0.9999


def test_a_picture_is_cut_as_it_is_by_transformers(folders, name):
    """Pixel by pixel, though only what stays is computed."""
    layout, (_, _, processor) = Layout.open(folders[name]), theirs(folders[name], name)
    for number, size in enumerate(SIZES):
        image = scene(number, *size)
        made = layout.preparation.ready(pictured(image))
        whole = processor(image, return_tensors="np", do_normalize=False, do_rescale=False)["pixel_values"][0]
        ours = np.frombuffer(made.pixels, np.uint8).reshape(EDGE, EDGE, 3)
        assert np.abs(whole.transpose(1, 2, 0).astype(int) - ours).max() <= 1, size


def test_a_very_long_picture_costs_no_memory(folders, name):
    made = Layout.open(folders[name]).preparation.ready(Picture(1, 300_000, bytes(900_000)))
    assert (made.width, made.height) == (EDGE, EDGE)


def test_a_picture_that_was_not_made_ready_is_refused_by_its_size(engine, name):
    with pytest.raises(Exception, match="5 x 4 pixels, and the model looks at 32 x 32"):
        engine.embed([pictured(scene(1, 5, 4))], model=name)


def test_the_fingerprint_is_of_what_makes_vectors(folders, tmp_path, name):
    before = Layout.open(folders[name]).fingerprint
    copy = tmp_path / "copy"
    shutil.copytree(folders[name], copy)
    assert Layout.open(copy).fingerprint == before
    file = (copy / "0_CLIPModel" if name == "clip" else copy) / "preprocessor_config.json"
    if not file.is_file():
        file = file.with_name("processor_config.json")
    settings = json.loads(file.read_text())
    settings.get("image_processor", settings)["image_mean"] = [0.1, 0.2, 0.3]
    file.write_text(json.dumps(settings))
    assert Layout.open(copy).fingerprint != before


def edited(folder, copy, file, **changes):
    shutil.copytree(folder, copy)
    content = json.loads((copy / file).read_text())
    content.update(changes)
    (copy / file).write_text(json.dumps(content))
    return copy


@pytest.mark.parametrize(
    ("file", "changes", "reason"),
    [
        ("config.json", {"model_type": "bert"}, "of the kind `bert`"),
        ("config.json", {"vision_config": {"image_size": "large"}}, "image_size: large; a whole number"),
        ("preprocessor_config.json", {"resample": 9}, "`resample` is 9"),
        ("preprocessor_config.json", {"do_resize": False}, "`do_resize` is false"),
        ("preprocessor_config.json", {"size": {"longest_edge": 32}}, "longest_edge"),
        (
            "preprocessor_config.json",
            {"crop_size": 16},
            "pictures become 16 x 16 pixels, but the model looks at 32 x 32",
        ),
        ("preprocessor_config.json", {"crop_size": 64}, "`crop_size` is 64 x 64 and `size` 32"),
        ("preprocessor_config.json", {"image_std": [0, 1, 1]}, "three numbers each"),
    ],
)
def test_settings_that_cannot_be_are_named(folders, tmp_path, file, changes, reason):
    with pytest.raises(ModelLoadError, match=reason):
        Layout.open(edited(folders["transformers"], tmp_path / "copy", file, **changes))


def test_folders_that_lack_something_are_named(folders, tmp_path):
    for file, reason in (
        ("tokenizer.json", "no `tokenizer.json`"),
        ("preprocessor_config.json", "does not say how pictures are made ready"),
        ("model.safetensors", "safetensors"),
    ):
        copy = tmp_path / file
        shutil.copytree(folders["transformers"], copy)
        (copy / file).unlink()
        with pytest.raises(ModelLoadError, match=reason):
            create(None, ModelConfig(encoder="images", path=copy))


def test_weights_only_as_a_pickle_are_refused(folders, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folders["transformers"], copy)
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelLoadError, match="only as a pickle"):
        create(None, ModelConfig(encoder="images", path=copy))


def test_weights_that_are_not_all_there_are_refused(folders, tmp_path):
    copy = edited(folders["transformers"], tmp_path / "copy", "config.json")
    config = json.loads((copy / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] = 3
    (copy / "config.json").write_text(json.dumps(config))
    encoder = create(None, ModelConfig(encoder="images", path=copy, device="cpu"))
    with pytest.raises(ModelLoadError, match="lack 16 tensors"):
        encoder.encode(encoder.tokenize(WORDS))


def test_a_list_of_modules_that_leads_elsewhere_is_refused(folders, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folders["clip"], copy)
    modules = json.loads((copy / "modules.json").read_text())
    for changes, reason in (({"path": "../.."}, "leads out"), ({"type": "custom.Code"}, "lists Code")):
        (copy / "modules.json").write_text(json.dumps([modules[0] | changes]))
        with pytest.raises(ModelLoadError, match=reason):
            Layout.open(copy)

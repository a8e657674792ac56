"""Model folders that are damaged or lie: each is refused by name, whatever stands in its files, and never read wrong."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedingest.config import ModelConfig
from embedingest.engine.folder.encoder import FolderEncoder
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.tensors import check_tensors
from embedingest.engine.folder.weights import read_header
from embedingest.errors import ModelLoadError
from tests.depth import few, much
from tests.engine.folder.handmade import BERT, DENSE, POOLING, model, write

SETTINGS_FILES = (
    "modules.json",
    "config.json",
    "tokenizer_config.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
    "2_Dense/config.json",
)
ABSURD = ("[]", "null", '"x"', "7", "true", "[1, 2]", "[[]]", "", "{", "[" * 100_000, '{"a":' * 100_000, "9" * 5000)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path):
    return model(tmp_path / "model", dense=DENSE).path


def described(path) -> tuple[object, ...]:
    """Everything that a catalogue asks of a folder."""
    folder = ModelFolder.open(path)
    return (folder.dimensions, folder.max_tokens, folder.prompts, folder.default_prompt, folder.parameters,
            folder.architecture, folder.lowercase, folder.modified_at, folder.fingerprint())  # fmt: skip


def refused(path, *parts: str) -> None:
    with pytest.raises(ModelLoadError) as error:
        described(path)
    for part in parts:
        assert part in str(error.value)


@few(28)
@pytest.mark.parametrize("content", ABSURD, ids=lambda text: text[:8] or "nothing")
@pytest.mark.parametrize("name", SETTINGS_FILES)
def test_a_settings_file_of_another_kind_is_refused_by_name(path, name, content):
    (path / name).write_text(content)
    refused(path, name)


@pytest.mark.parametrize("content", ["[]", "null", "[" * 100_000, "{}", '{"model": {"type": "Nothing"}}'], ids=len)
def test_a_tokenizer_that_is_none_is_refused_by_name(path, content):
    (path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelLoadError, match=r"tokenizer\.json"):
        FolderEncoder(ModelFolder.open(path), ModelConfig())
    with contextlib.suppress(ModelLoadError):
        described(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_position_embeddings", "a"),
        ("max_position_embeddings", [512]),
        ("max_position_embeddings", 1e300),
        ("hidden_size", 0),
        ("hidden_size", -1),
        ("hidden_size", 10**9),
        ("hidden_size", True),
        ("hidden_size", "4"),
        ("num_hidden_layers", 10**9),
        ("num_hidden_layers", 1.5),
        ("num_attention_heads", 0),
        ("vocab_size", -3),
        ("pad_token_id", "a"),
    ],
)
def test_a_number_that_is_none_or_out_of_bounds_is_named_with_its_file(path, key, value):
    write(path / "config.json", {**BERT, key: value})
    refused(path, "config.json", key, "a whole number from")


def test_numbers_that_disagree_are_both_named(path):
    write(path / "config.json", {**BERT, "hidden_size": 8})
    refused(path, "1_Pooling", "4 numbers", "gives 8")
    write(path / "config.json", {**BERT, "vocab_size": 10, "pad_token_id": 11})
    refused(path, "pad_token_id: 11", "vocab_size: 10")
    write(path / "config.json", BERT)
    write(path / "2_Dense" / "config.json", {**DENSE, "in_features": 5})
    refused(path, "2_Dense", "5 numbers", "gives 4")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", [{"idx": "a", "path": "", "type": "sentence_transformers.models.Transformer"}]),
        ("modules.json", [{"idx": 0, "path": 7, "type": "sentence_transformers.models.Transformer"}]),
        ("modules.json", [{"idx": 0, "path": "a\0b", "type": "sentence_transformers.models.Transformer"}]),
        ("modules.json", [{"idx": 0, "path": "/etc", "type": "sentence_transformers.models.Transformer"}]),
        ("modules.json", [{"idx": 0, "type": ["x"]}]),
        ("1_Pooling/config.json", {**POOLING, "pooling_mode": 7}),
        ("1_Pooling/config.json", {**POOLING, "pooling_mode": [{}]}),
        ("1_Pooling/config.json", {**POOLING, "word_embedding_dimension": "four"}),
        ("2_Dense/config.json", {**DENSE, "out_features": None}),
        ("sentence_bert_config.json", {"max_seq_length": "long"}),
        ("tokenizer_config.json", {"model_max_length": []}),
        ("config_sentence_transformers.json", {"prompts": ["a"]}),
        ("config_sentence_transformers.json", {"prompts": {"query": 7}}),
        ("config_sentence_transformers.json", {"default_prompt_name": {}}),
    ],
)
def test_a_setting_of_another_kind_is_refused_by_name(path, file, content):
    write(path / file, content)
    refused(path, file.partition("/")[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only Unix has pipes with names")
@pytest.mark.parametrize("name", ["modules.json", "config.json", "tokenizer.json", "model.safetensors"])
def test_a_pipe_a_device_and_a_folder_are_no_files(path, name):
    file = path / name
    file.unlink()
    os.mkfifo(file)
    refused(path, name)  # nobody writes: whoever opened it would wait for ever
    file.unlink()
    file.symlink_to("/dev/zero")
    refused(path, name)
    file.unlink()
    file.mkdir()
    refused(path, name)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OTHER_KEYS = (
    "vocab_size", "pad_token_id", "max_seq_length", "model_max_length", "prompts", "idx", "path", "type",
    "default_prompt_name", "auto_map", "include_prompt", "n_positions", "do_lower_case",
)  # fmt: skip
keys = st.sampled_from([*BERT, *POOLING, *DENSE, *OTHER_KEYS])


@settings(max_examples=much(30, 300), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(SETTINGS_FILES), keys, values, st.booleans())
def test_whatever_one_setting_is_a_folder_opens_or_is_refused(path, name, key, value, whole):
    file = path / name
    before = file.read_text() if file.exists() else None
    content = json.loads(before or "{}")
    if isinstance(content, list):
        content[1] = value if whole else {**content[1], key: value}
    else:
        content = value if whole else {**content, key: value}
    write(file, content)
    try:
        with contextlib.suppress(ModelLoadError):
            described(path)
    finally:
        file.unlink()
        if before is not None:
            file.write_text(before)


# -- weights


def tensor(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def weights(path, header, *, body: int = 16, length: int | None = None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + bytes(body))
    return path


LIES = {
    "a list": [1],
    "null": None,
    "no tensor": {"w": 7},
    "no shape": {"w": {"dtype": "F32", "data_offsets": [0, 16]}},
    "a shape of texts": {"w": tensor(["4"], 0, 16)},
    "a negative shape": {"w": tensor([-4], 0, 16)},
    "a shape far too large": {"w": tensor([2**60, 2**60], 0, 16)},
    "three offsets": {"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 8, 16]}},
    "offsets backwards": {"w": tensor([4], 16, 0)},
    "negative offsets": {"w": tensor([4], -16, 0), "v": tensor([4], 0, 16)},
    "more bytes than the shape": {"w": tensor([3], 0, 16)},
    "an unknown number type": {"w": tensor([4], 0, 16, "F99")},
    "an overlap": {"w": tensor([4], 0, 16), "v": tensor([2], 8, 16)},
    "a gap": {"w": tensor([1], 0, 4), "v": tensor([2], 8, 16)},
    "beyond the end": {"w": tensor([8], 0, 32)},
    "one name twice": b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],'
    b'"data_offsets":[8,16]}}',
    "nested too deep": b'{"w":' * 60_000,
    "no text": b"\xff\xfe\xff",
}


@pytest.mark.parametrize("header", LIES.values(), ids=LIES)
def test_a_header_that_lies_is_refused_by_name(tmp_path, header):
    file = weights(tmp_path / "model.safetensors", header)
    with pytest.raises(ModelLoadError, match=r"model\.safetensors"):
        read_header(file)


@pytest.mark.parametrize("length", [0, 2**20, 2**40, 2**64 - 1])
def test_a_header_of_another_length_is_refused_before_memory_is_taken(tmp_path, length):
    with pytest.raises(ModelLoadError, match="safetensors"):
        read_header(weights(tmp_path / "model.safetensors", {"w": tensor([4], 0, 16)}, length=length))


@settings(max_examples=much(25, 200), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 200), st.integers(0, 255))
def test_any_byte_of_a_header_may_be_damaged(tmp_path, index, byte):
    file = weights(tmp_path / "model.safetensors", {"w": tensor([2, 2], 0, 16)})
    content = bytearray(file.read_bytes())
    content[index % len(content)] = byte
    file.write_bytes(content)
    with contextlib.suppress(ModelLoadError):
        assert read_header(file).parameters <= 4


@pytest.mark.parametrize(
    "index",
    [[], {}, {"weight_map": []}, {"weight_map": {}}, {"weight_map": {"w": 7}}, {"weight_map": {"w": ".."}},
     {"weight_map": {"w": "gone.safetensors"}}, {"weight_map": {"other": "a.safetensors"}}],
)  # fmt: skip
def test_an_index_of_shards_that_lies_is_refused(path, index):
    (path / "model.safetensors").rename(path / "a.safetensors")
    write(path / "model.safetensors.index.json", {"weight_map": {"w": "a.safetensors"}})
    described(path)
    write(path / "model.safetensors.index.json", index)
    refused(path, "safetensors")


# -- tensors of the architecture


def changed(folder, target, change):
    """A copy of a folder whose tensors went through `change`, in place."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(folder, target)
    tensors = load_file(target / "model.safetensors")
    change(tensors)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    return ModelFolder.open(target)


@few(2)
@pytest.mark.parametrize("kind", ["bert-mean", "roberta", "xlm-roberta", "mpnet", "distilbert"])
def test_each_tensor_that_is_missing_or_misshapen_is_named_without_torch(tiny_folder, tmp_path, kind):
    from safetensors.numpy import load_file

    folder = tiny_folder(kind)
    check_tensors(ModelFolder.open(folder))
    for number, name in enumerate(load_file(folder / "model.safetensors")):
        if name.startswith("pooler."):
            continue
        with pytest.raises(ModelLoadError, match=f"lack `{name}`"):
            check_tensors(changed(folder, tmp_path / f"lacks-{number}", lambda t, name=name: t.pop(name)))
        with pytest.raises(ModelLoadError, match=rf"in another shape `{name} \[\d"):
            check_tensors(
                changed(
                    folder,
                    tmp_path / f"shape-{number}",
                    lambda t, name=name: t.update({name: t[name].repeat(2, axis=0)}),
                )
            )


def test_names_of_older_files_and_a_missing_pooler_are_no_damage(tiny_folder, tmp_path):
    def older(tensors):
        for name in list(tensors):
            values = tensors.pop(name)
            if not name.startswith("pooler."):
                tensors["bert." + name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta")] = values

    check_tensors(changed(tiny_folder("bert-mean"), tmp_path / "older", older))


def test_layers_that_the_settings_leave_out_and_numbers_of_another_type_are_named(tiny_folder, tmp_path):
    folder = changed(tiny_folder("bert-mean"), tmp_path / "fewer", lambda tensors: None).path
    write(folder / "config.json", {**json.loads((folder / "config.json").read_text()), "num_hidden_layers": 1})
    with pytest.raises(ModelLoadError, match=r"have beyond it `encoder\.layer\.1\."):
        check_tensors(ModelFolder.open(folder))
    name = "embeddings.word_embeddings.weight"
    small = changed(tiny_folder("bert-mean"), tmp_path / "small", lambda t: t.update({name: t[name].astype("int8")}))
    with pytest.raises(ModelLoadError, match=rf"`{name}` of .* holds I8 numbers"):
        check_tensors(small)


def test_a_norm_after_pooling_lacks_nothing_and_is_as_wide_as_what_it_takes(tiny_folder, tmp_path):
    from safetensors.numpy import load_file, save_file

    target = shutil.copytree(tiny_folder("bert-layer-norm"), tmp_path / "norm")
    settings, file = target / "3_LayerNorm" / "config.json", target / "3_LayerNorm" / "model.safetensors"
    save_file({"norm.weight": load_file(file)["norm.weight"]}, file)
    with pytest.raises(ModelLoadError, match=r"3_LayerNorm.*lack `norm\.bias`"):
        check_tensors(ModelFolder.open(target))
    write(settings, {"dimension": 5})
    with pytest.raises(ModelLoadError, match=r"3_LayerNorm.* 5 numbers, .* gives 24"):
        ModelFolder.open(target)


def test_a_dense_lacks_nothing_either(tiny_folder, tmp_path):
    from safetensors.numpy import load_file, save_file

    target = shutil.copytree(tiny_folder("bert-dense"), tmp_path / "dense")
    file = target / "2_Dense" / "model.safetensors"
    tensors = load_file(file)
    save_file({"linear.weight": tensors["linear.weight"]}, file)
    with pytest.raises(ModelLoadError, match=r"2_Dense.*lack `linear\.bias`"):
        check_tensors(ModelFolder.open(target))


@pytest.mark.parametrize("words", [70, 20])
def test_the_tokenizer_of_another_model_is_refused(tiny_folder, tmp_path, words):
    target = shutil.copytree(tiny_folder("bert-mean"), tmp_path / "words")
    content = json.loads((target / "tokenizer.json").read_text())
    vocabulary = list(content["model"]["vocab"])
    content["model"]["vocab"] = {
        word: number for number, word in enumerate([*vocabulary, *(f"w{i}" for i in range(words))][:words])
    }
    write(target / "tokenizer.json", content)
    with pytest.raises(ModelLoadError, match=rf"knows {words} words and .*vocab_size: 62"):
        FolderEncoder(ModelFolder.open(target), ModelConfig())


@pytest.mark.parametrize("largest", [62, 10**9])
def test_a_word_whose_id_the_model_has_no_vector_for_is_named_with_its_file(tiny_folder, tmp_path, largest):
    target = shutil.copytree(tiny_folder("bert-mean"), tmp_path / "ids")
    content = json.loads((target / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    last = max(vocabulary, key=vocabulary.get)
    vocabulary[last] = largest
    write(target / "tokenizer.json", content)
    for config in (read := json.loads((target / "config.json").read_text()), {**read, "vocab_size": None}):
        write(target / "config.json", {key: value for key, value in config.items() if value is not None})
        with pytest.raises(ModelLoadError) as error:
            FolderEncoder(ModelFolder.open(target), ModelConfig())
        for part in ("tokenizer.json", str(largest), "vocab_size: 62", "hint: "):
            assert part in str(error.value)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "modules.json", "1_Pooling/config.json"])
def test_a_number_of_thousands_of_digits_is_told_in_our_words(path, name):
    content = (path / name).read_text() if (path / name).exists() else "{}"
    (path / name).write_text(
        content.replace("{", '{"x": ' + "9" * 5000 + ("}" if content == "{}" else ", "), 1).replace("}}", "}")
    )
    refused(path, name, "a number in it has thousands of digits")
    header = b'{"w": {"dtype": "F32", "shape": [' + b"9" * 5000 + b'], "data_offsets": [0, 4]}}'
    (path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(ModelLoadError, match="thousands of digits"):
        read_header(path / "model.safetensors")

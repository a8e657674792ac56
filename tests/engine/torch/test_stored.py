"""Weights in 16 bits: the vectors are those in fp32, and no second copy of the weights is ever in memory."""

from __future__ import annotations

import gc
import json
import shutil
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.compiled import runtime
from embedingest.engine.compiled.convert import Converter
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.torch.encoder import create, load_chain
from embedingest.engine.torch.stored import stored
from embedingest.engine.vectors import cosines, normalise
from tests.depth import few, only_deep
from tests.engine import tiny

ROWS = [[5, 6, 7, 8, 9, 10, 11], [12, 13], [5]]


def halved(source: Path, place: Path, kind: str, *, mixed: bool = False) -> Path:
    """A model folder with its transformer's matrices in 16 bits and in several files; `mixed` leaves vectors in fp32."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(source, place)
    tensors = load_file(place / "model.safetensors")
    (place / "model.safetensors").unlink()
    kept = {n: t if mixed and t.dim() < 2 else t.to(getattr(torch, kind)).contiguous() for n, t in tensors.items()}
    names = sorted(kept)
    placed = {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-{number:05}-of-00002.safetensors"
        save_file({name: kept[name] for name in part}, place / file, metadata={"format": "pt"})
        placed |= dict.fromkeys(part, file)
    size = sum(t.nbytes for t in kept.values())
    index = {"metadata": {"total_size": size}, "weight_map": placed}
    (place / "model.safetensors.index.json").write_text(json.dumps(index))
    return place


def in_fp32(folder: Path, texts: list[str]) -> np.ndarray:
    """What sentence-transformers answers once it has widened all weights."""
    import torch
    from sentence_transformers import SentenceTransformer

    chain = SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32})
    return np.asarray(chain.encode(texts, batch_size=4), dtype=np.float32)


@pytest.mark.parametrize(("name", "kind", "mixed"), [
    ("gemma3-two-dense", "bfloat16", True),
    ("t5", "float16", False),
    pytest.param("gemma3-two-dense", "bfloat16", False, marks=only_deep),
    pytest.param("t5", "bfloat16", True, marks=only_deep),
    pytest.param("bert-dense", "float16", False, marks=only_deep),
    pytest.param("bert-dense", "float16", True, marks=only_deep),
    pytest.param("modernbert", "bfloat16", True, marks=only_deep),
    pytest.param("causal-left-padded", "bfloat16", False, marks=only_deep),
])  # fmt: skip
def test_vectors_of_16_bit_weights_are_those_of_the_model_in_fp32(tiny_folder, tmp_path, name, kind, mixed):
    folder = halved(tiny_folder(name), tmp_path / "model", kind, mixed=mixed)
    encoder = create(ModelFolder.open(folder), ModelConfig(device="cpu"))
    ours = normalise(encoder.encode(encoder.tokenize(tiny.TEXTS)))
    theirs = normalise(in_fp32(folder, tiny.TEXTS))
    assert cosines(ours, theirs).min() > 0.999999


@few(4)
@pytest.mark.parametrize(("name", "form"), [
    ("gemma3-two-dense", "plain"),
    *[pytest.param(name, form, marks=only_deep) for name in ("bert-mean", "causal-right-padded", "gemma3-two-dense")
      for form in ("plain", "bf16-linears", "int8")],
])  # fmt: skip
def test_a_graph_of_16_bit_weights_gives_the_vectors_and_tracing_leaves_the_model_as_it_was(
    tiny_folder, tmp_path, name, form
):
    folder = ModelFolder.open(halved(tiny_folder(name), tmp_path / "model", "bfloat16"))
    converter = Converter(folder)
    before = converter.reference(ROWS)
    compiled = runtime.load().compile_model(converter.graph(form), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert np.array_equal(converter.reference(ROWS), before)
    given = [compiled([np.array([row]), np.ones((1, len(row)), np.int64)])[0][0] for row in ROWS]
    assert cosines(np.stack(given), before).min() > (0.9999999 if form == "plain" else 0.99)


@pytest.fixture(scope="module")
def large(tiny_folder, tmp_path_factory) -> ModelFolder:
    """28 MB in bf16: a table of rows and wide layers."""
    import torch
    import transformers

    place = tmp_path_factory.mktemp("large") / "model"
    shutil.copytree(tiny_folder("causal-right-padded"), place)
    settings = json.loads((place / "config.json").read_text())
    config = transformers.Qwen3Config(**settings | {"vocab_size": 200_000, "intermediate_size": 40_000})
    model = transformers.AutoModel.from_config(config, dtype=torch.bfloat16)
    (place / "model.safetensors").unlink()
    model.save_pretrained(place, max_shard_size="16MB")
    return ModelFolder.open(place)


def anonymous() -> int:
    """Bytes of this process that no file holds."""
    gc.collect()
    return int(Path("/proc/self/status").read_text().partition("RssAnon:")[2].split()[0]) * 1024


@only_deep
@pytest.mark.skipif(sys.platform != "linux", reason="memory is told so by Linux alone")
def test_loading_maps_the_files_and_copies_no_matrix(large, tiny_folder):
    load_chain(ModelFolder.open(tiny_folder("causal-right-padded")))  # what is imported and set up, once
    before = anonymous()
    chain = load_chain(large)
    assert large.size_bytes > 25e6
    assert anonymous() - before < large.size_bytes / 3
    del chain


class Widened(list[int]):
    """Bytes of fp32 that were made out of 16 bits, one number for each time; and which of them are still there."""

    def __init__(self) -> None:
        self.alive: list[weakref.ref] = []


@pytest.fixture
def widened(monkeypatch) -> Widened:
    import torch

    made = Widened()
    plain = torch.Tensor.float

    def counting(tensor: torch.Tensor) -> torch.Tensor:
        answer = plain(tensor)
        if tensor.dtype in (torch.float16, torch.bfloat16):
            made.append(answer.nbytes)
            made.alive.append(weakref.ref(answer))
        return answer

    monkeypatch.setattr(torch.Tensor, "float", counting)
    return made


def test_a_forward_widens_one_layer_at_a_time_and_of_the_table_the_rows_that_it_reads(large, widened):
    converter = Converter(large)
    widened.clear()
    widened.alive.clear()
    converter.reference(ROWS)
    layer = 4 * 32 * 40_000
    assert max(widened) == layer
    assert sum(widened) == pytest.approx(2 * large.size_bytes - 4 * 32 * 200_000, rel=0.01)  # all without the table
    assert not any(alive() is not None for alive in widened.alive)


@only_deep
def test_a_trace_widens_nothing_and_its_graph_holds_the_weights_as_they_are_stored(large, widened):
    converter = Converter(large)
    widened.clear()
    graph = converter.graph("plain")
    assert sum(widened) < 100_000  # the rows of the table that the example has
    constants = [node for node in graph.get_ordered_ops() if node.get_type_name() == "Constant"]
    wide = sum(node.get_byte_size() for node in constants if node.get_element_type() != runtime.load().Type.bf16)
    assert wide < large.size_bytes / 20
    assert stored(converter._chain[0].model.embed_tokens, "weight").dtype.itemsize == 2

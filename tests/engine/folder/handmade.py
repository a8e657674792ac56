"""Model folders of a few bytes: real files, read as any model is; no forward pass could run them."""

from __future__ import annotations

import json
import struct

from embedingest.engine.folder.folder import ModelFolder

BERT = {"model_type": "bert", "hidden_size": 4, "max_position_embeddings": 32, "num_hidden_layers": 1}
POOLING = {"word_embedding_dimension": 4, "pooling_mode": "mean"}
DENSE = {
    "in_features": 4,
    "out_features": 2,
    "bias": True,
    "activation_function": "torch.nn.modules.activation.Tanh",
    "module_output_name": "sentence_embedding",
}


def write(path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_weights(path, numbers) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [len(numbers)], "data_offsets": [0, 4 * len(numbers)]}})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + struct.pack(f"<{len(numbers)}f", *numbers))


def model(path, *, config=BERT, pooling=POOLING, dense=None, lower=False, numbers=(1, 2, 3, 4), tokenizer=None):
    """A folder with one weight tensor of these numbers a module."""
    kinds = ["Transformer", "Pooling", *(["Dense"] if dense else []), "Normalize"]
    steps = [(kind, "" if kind == "Transformer" else f"{i}_{kind}") for i, kind in enumerate(kinds)]
    write(
        path / "modules.json",
        [{"idx": i, "path": at, "type": f"sentence_transformers.models.{k}"} for i, (k, at) in enumerate(steps)],
    )
    write(path / "config.json", config)
    write(path / "tokenizer.json", tokenizer or {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}}})
    write(path / "sentence_bert_config.json", {"max_seq_length": 16, "do_lower_case": lower})
    write(path / "1_Pooling" / "config.json", pooling)
    write_weights(path / "model.safetensors", numbers)
    if dense:
        write(path / "2_Dense" / "config.json", dense)
        write_weights(path / "2_Dense" / "model.safetensors", (5, 6))
    return ModelFolder.open(path)

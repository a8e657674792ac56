"""A sentence-transformers BERT folder as a GGUF file, so that llama.cpp's server can run the same weights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from gguf import GGUFWriter
from safetensors.numpy import load_file

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_TOP = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}


def write(folder: Path, out: Path) -> None:
    """Mean pooling, WordPiece, all in fp32."""
    config = json.loads((folder / "config.json").read_text())
    writer = GGUFWriter(str(out), "bert")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_uint32("bert.pooling_type", 1)
    _vocabulary(writer, folder)
    for name, tensor in load_file(folder / "model.safetensors").items():
        target = _named(name.removeprefix("bert."))
        if target is not None:
            writer.add_tensor(target, tensor.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary(writer: GGUFWriter, folder: Path) -> None:
    ids = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    words = sorted(ids, key=ids.__getitem__)
    writer.add_tokenizer_model("bert")
    writer.add_token_list([_spelled(word) for word in words])
    writer.add_token_scores([-1000.0] * len(words))
    writer.add_token_types([3 if word.startswith("[") and word.endswith("]") else 1 for word in words])
    writer.add_token_type_count(2)
    writer.add_bos_token_id(ids["[CLS]"])
    writer.add_eos_token_id(ids["[SEP]"])
    writer.add_sep_token_id(ids["[SEP]"])
    writer.add_unk_token_id(ids["[UNK]"])
    writer.add_pad_token_id(ids["[PAD]"])
    writer.add_mask_token_id(ids["[MASK]"])


def _spelled(word: str) -> str:
    if word.startswith("[") and word.endswith("]"):
        return word
    return word[2:] if word.startswith("##") else "\u2581" + word


def _named(name: str) -> str | None:
    if name in _TOP:
        return _TOP[name]
    if not name.startswith("encoder.layer."):
        return None
    _, _, number, rest = name.split(".", 3)
    part, _, kind = rest.rpartition(".")
    return f"blk.{number}.{_BLOCK[part]}.{kind}"

"""llama.cpp's server over the packaged weights, for `run.py`: runs in an environment of its own.

`python llama.py MODEL_FOLDER GGUF_FILE` writes the GGUF if it is not there, serves it, prints its address, and ends
when its standard input is closed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import xllamacpp
from safetensors.numpy import load_file

LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
EMBEDDINGS = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}


def convert(folder: Path, target: Path) -> None:
    """The weights of a BERT folder in float32, with its WordPiece vocabulary."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    writer = gguf.GGUFWriter(target, "bert")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    add_vocabulary(writer, (folder / "vocab.txt").read_text("utf-8").splitlines(), config["type_vocab_size"])
    for name, tensor in load_file(folder / "model.safetensors").items():
        if (new := renamed(name)) is not None:
            writer.add_tensor(new, np.ascontiguousarray(tensor, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_vocabulary(writer: gguf.GGUFWriter, words: list[str], types: int) -> None:
    """Pieces that go on a word lose their `##`; pieces that begin one get the mark of a word's start."""
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    pieces = [w if w in special else w[2:] if w.startswith("##") else f"\u2581{w}" for w in words]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_type_count(types)
    writer.add_token_list([piece.encode() for piece in pieces])
    writer.add_token_types([control if word in special else normal for word in words])
    for word, add in (("[UNK]", writer.add_unk_token_id), ("[SEP]", writer.add_sep_token_id),
                      ("[PAD]", writer.add_pad_token_id), ("[CLS]", writer.add_bos_token_id),
                      ("[SEP]", writer.add_eos_token_id), ("[MASK]", writer.add_mask_token_id)):  # fmt: skip
        add(words.index(word))
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)


def renamed(name: str) -> str | None:
    """A tensor's name in GGUF; `None` for what mean pooling does not use."""
    if name in EMBEDDINGS:
        return EMBEDDINGS[name]
    parts = name.split(".")
    if parts[:2] != ["encoder", "layer"]:
        return None
    return f"blk.{parts[2]}.{LAYER['.'.join(parts[3:-1])]}.{parts[-1]}"


def serve(model: Path) -> None:
    """Serve embeddings on a free port until standard input ends."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.embedding = True
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.n_parallel = 1
    params.port = 0
    params.verbosity = 0
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print(f"address {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    if not target.is_file():
        aside = target.with_suffix(".part")
        convert(source, aside)
        aside.rename(target)
    serve(target)

"""llama.cpp's server over a BERT folder, for `run.py` and the benchmarks: may run in an environment of its own.

`python llama.py MODEL_FOLDER GGUF_FILE` writes the GGUF if it is not there (`--f16`: weights in half precision), serves
it, prints its address, and ends when its standard input is closed.
"""

from __future__ import annotations

import argparse
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


IN_FLOAT32 = ("position_embd.weight", "token_types.weight")  # as llama.cpp's own converter leaves them


def convert(folder: Path, target: Path, *, f16: bool = False) -> None:
    """The weights of a BERT folder in float32, with its WordPiece vocabulary. `f16`: matrices in half precision."""
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
            half = f16 and tensor.ndim > 1 and new not in IN_FLOAT32
            writer.add_tensor(new, np.ascontiguousarray(tensor, dtype=np.float16 if half else np.float32))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if f16 else gguf.LlamaFileType.ALL_F32)
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


def serve(model: Path, *, threads: int | None = None, parallel: int = 1) -> None:
    """Serve embeddings on a free port until standard input ends; `parallel` texts of up to 512 tokens at a time."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.embedding = True
    params.n_ctx = params.n_batch = params.n_ubatch = 512 * parallel
    params.n_parallel = parallel
    if threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.port = 0
    params.verbosity = 0
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print(f"address {server.listening_address}", flush=True)
    sys.stdin.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--f16", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--parallel", type=int, default=1)
    arguments = parser.parse_args()
    if not arguments.file.is_file():
        partial = arguments.file.with_suffix(".part")
        convert(arguments.folder, partial, f16=arguments.f16)
        partial.rename(arguments.file)
    serve(arguments.file, threads=arguments.threads, parallel=arguments.parallel)


if __name__ == "__main__":
    main()

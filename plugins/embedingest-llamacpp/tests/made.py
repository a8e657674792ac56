"""GGUF files made by the tests: a BERT of a few numbers, and a whole one from a folder of sentence-transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import load_file

WIDTH, LAYERS = 32, 2
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


def write(target: Path, settings: dict[str, int], vocabulary: dict[str, Any], tensors: dict[str, np.ndarray],
          *, pooling: bool = True) -> Path:  # fmt: skip
    """A GGUF file of a BERT with these sizes, words and weights (by GGUF's names)."""
    writer = gguf.GGUFWriter(target, "bert")
    writer.add_block_count(settings["num_hidden_layers"])
    writer.add_context_length(settings["max_position_embeddings"])
    writer.add_embedding_length(settings["hidden_size"])
    writer.add_feed_forward_length(settings["intermediate_size"])
    writer.add_head_count(settings["num_attention_heads"])
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    if pooling:
        writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for name, value in vocabulary.items():
        key = f"tokenizer.ggml.{name}"
        if isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, int):
            writer.add_uint32(key, value)
        elif isinstance(value, str):
            writer.add_string(key, value)
        elif name == "precompiled_charsmap":
            writer.add_precompiled_charsmap(bytes(value))
        else:
            writer.add_array(key, value)
    for name, tensor in tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(tensor, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def word_pieces(words: list[str]) -> dict[str, Any]:
    """What `tokenizer.ggml.` says of a WordPiece vocabulary."""
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    return {
        "model": "bert",
        "pre": "default",
        "token_type_count": 2,
        "tokens": [w if w in special else w[2:] if w.startswith("##") else f"\u2581{w}" for w in words],
        "token_type": [3 if word in special else 1 for word in words],
        "unknown_token_id": words.index("[UNK]"),
        "seperator_token_id": words.index("[SEP]"),
        "padding_token_id": words.index("[PAD]"),
        "cls_token_id": words.index("[CLS]"),
        "bos_token_id": words.index("[CLS]"),
        "eos_token_id": words.index("[SEP]"),
        "mask_token_id": words.index("[MASK]"),
        "add_bos_token": True,
        "add_eos_token": True,
    }


def byte_pairs(texts: list[str], pre: str) -> dict[str, Any]:
    """What `tokenizer.ggml.` says of byte pairs that were learned from these texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    return {
        "model": "gpt2",
        "pre": pre,
        "token_type_count": 2,
        "tokens": pieces,
        "token_type": [3 if piece in special else 1 for piece in pieces],
        "merges": [" ".join(merge) for merge in model["merges"]],
        "bos_token_id": 0,
        "eos_token_id": 2,
        "padding_token_id": 1,
        "unknown_token_id": 3,
        "add_bos_token": True,
        "add_eos_token": True,
    }


def unigrams(texts: list[str]) -> dict[str, Any]:
    """What `tokenizer.ggml.` says of pieces that SentencePiece learned from these texts, as XLM-RoBERTa has them."""
    import io

    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=made, vocab_size=300, hard_vocab_limit=False, minloglevel=2
    )
    model = sentencepiece_model_pb2.ModelProto.FromString(made.getvalue())
    pieces = [(piece.piece, piece.score) for piece in model.pieces if piece.type == 1]
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    return {
        "model": "t5",
        "pre": "default",
        "token_type_count": 2,
        "tokens": [*special, *(piece for piece, _ in pieces)],
        "scores": [0.0] * len(special) + [float(score) for _, score in pieces],
        "token_type": [3, 3, 3, 2] + [1] * len(pieces),
        "precompiled_charsmap": list(model.normalizer_spec.precompiled_charsmap),
        "bos_token_id": 0,
        "eos_token_id": 2,
        "padding_token_id": 1,
        "unknown_token_id": 3,
        "add_bos_token": True,
        "add_eos_token": True,
        "add_space_prefix": model.normalizer_spec.add_dummy_prefix,
        "remove_extra_whitespaces": model.normalizer_spec.remove_extra_whitespaces,
    }


def tiny(target: Path, vocabulary: dict[str, Any], *, pooling: bool = True) -> Path:
    """A BERT of a few seeded numbers with these words."""
    random = np.random.default_rng(7)
    settings = {"num_hidden_layers": LAYERS, "max_position_embeddings": 2048, "hidden_size": WIDTH,
                "intermediate_size": 64, "num_attention_heads": 4}  # fmt: skip

    def some(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape)

    tensors = {
        "token_embd.weight": some(len(vocabulary["tokens"]), WIDTH) * 3,
        "token_types.weight": some(2, WIDTH),
        "position_embd.weight": some(2048, WIDTH) * 0.3,
        "token_embd_norm.weight": np.ones(WIDTH),
        "token_embd_norm.bias": np.zeros(WIDTH),
    }
    for block in range(LAYERS):
        squares = [(name, WIDTH, WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_output")]
        for name, rows, columns in (*squares, ("ffn_up", 64, WIDTH), ("ffn_down", WIDTH, 64)):
            tensors[f"blk.{block}.{name}.weight"] = some(rows, columns)
            tensors[f"blk.{block}.{name}.bias"] = some(rows)
        for name in ("attn_output_norm", "layer_output_norm"):
            tensors[f"blk.{block}.{name}.weight"] = np.ones(WIDTH)
            tensors[f"blk.{block}.{name}.bias"] = np.zeros(WIDTH)
    return write(target, settings, vocabulary, tensors, pooling=pooling)


def whole(target: Path, folder: Path) -> Path:
    """The weights of a BERT folder in float32, with its WordPiece vocabulary."""
    tensors = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        parts = name.split(".")
        if name in EMBEDDINGS:
            tensors[EMBEDDINGS[name]] = tensor
        elif parts[:2] == ["encoder", "layer"]:
            tensors[f"blk.{parts[2]}.{LAYER['.'.join(parts[3:-1])]}.{parts[-1]}"] = tensor
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    return write(target, settings, word_pieces((folder / "vocab.txt").read_text("utf-8").splitlines()), tensors)

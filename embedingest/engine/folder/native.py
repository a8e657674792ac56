"""Models that come with code of their own which transformers does not need: it has the class. Reads no file.

The hub's settings of such a model are put into the names that the class reads, and every one of them must be something
that the class does: what it would leave out in silence is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["native_settings"]

# Settings that every architecture may have: names, versions, training, and what a pooled vector does not depend on.
_COMMON: Final = frozenset((
    "_name_or_path", "architectures", "auto_map", "model_type", "transformers_version", "torch_dtype", "dtype",
    "use_cache",
    "id2label", "label2id", "num_labels", "problem_type", "gradient_checkpointing", "initializer_range",
    "tie_word_embeddings",
    "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "return_dict", "output_attentions",
    "output_hidden_states", "is_decoder", "is_encoder_decoder", "add_cross_attention", "chunk_size_feed_forward",
    "bos_token_id", "eos_token_id", "pad_token_id", "mask_token_id", "bos_token", "eos_token", "pad_token",
    "mask_token",
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
    "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "rope_theta", "rope_parameters", "head_dim",
))  # fmt: skip

# Of each architecture: the settings of its own that its class reads, and those that change nothing.
_READ: Final[Mapping[str, frozenset[str]]] = {
    "nomic_bert": frozenset((
        "n_embd", "n_layer", "n_head", "n_inner", "n_positions", "layer_norm_epsilon", "rotary_emb_base",
        "max_trained_positions", "rotary_scaling_factor", "attn_pdrop", "embd_pdrop", "resid_pdrop", "fused_bias_fc",
        "fused_dropout_add_ln", "dense_seq_output", "pad_vocab_size_multiple", "reorder_and_upcast_attn",
        "use_flash_attn",
        "use_xentropy", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
        "summary_use_proj",
    )),
    "gte": frozenset(("unpad_inputs", "use_memory_efficient_attention", "logn_attention_clip1")),
    "eurobert": frozenset((
        "num_key_value_heads", "rms_norm_eps", "pretraining_tp", "attention_bias", "attention_dropout", "mlp_bias",
        "classifier_pooling", "clf_pooling", "hidden_dropout",
    )),
    "jina_embeddings_v3": frozenset(("emb_pooler", "use_flash_attn", "use_reentrant", "matryoshka_dimensions",
    "truncate_dim")),
}  # fmt: skip

# Settings whose one value is what the class does; left out, they have it.
_FIXED: Final[Mapping[str, Mapping[str, Any]]] = {
    "nomic_bert": {
        "activation_function": "swiglu", "causal": False, "mlp_fc1_bias": False, "mlp_fc2_bias": False,
        "parallel_block": False, "parallel_block_tied_norm": False, "prenorm": False, "qkv_proj_bias": False,
        "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": False, "rotary_emb_scale_base": None,
        "scale_attn_by_inverse_layer_idx": False, "scale_attn_weights": True, "use_rms_norm": False,
    },
    "gte": {
        "pack_qkv": True, "position_embedding_type": "rope", "layer_norm_type": "layer_norm",
        "logn_attention_scale": False, "rope_scaling": None,
    },
    "eurobert": {"rope_scaling": None},
    "jina_embeddings_v3": {"position_embedding_type": "rotary", "rope_scaling": None},
}  # fmt: skip

_NOMIC_NAMES: Final = {
    "n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads",
    "n_inner": "intermediate_size",
    "n_positions": "max_position_embeddings", "layer_norm_epsilon": "layer_norm_eps",
}  # fmt: skip

_WHY: Final = {
    "bert": "transformers' class of this name is another model",
    "xlm-roberta": "it has adapters or positions of its own that transformers' class of this name leaves out",
    "new": "transformers has its class by the name `gte`",
    "qwen2": "it looks in both directions, and transformers' class of this name in one",
}
_ALIBI: Final = "its positions are a bias by distance (ALiBi), which transformers' class of this name has not"
_LONG_TOO: Final = (
    "for as long texts use jinaai/jina-embeddings-v3-hf, BAAI/bge-m3 or nomic-ai/nomic-embed-text-v1.5, which run "
    "here; or its GGUF, by the plug-in embedingest-llamacpp"
)
_OTHER_POSITIONS: Final = ("esm", "evolla", "granitemoehybrid")  # of transformers' own that read the setting
_INSTEAD: Final = {
    "new": "use a copy in that form, such as alibaba-nlp-community/gte-multilingual-base",
    "xlm-roberta": "use a copy in transformers' own form, such as jinaai/jina-embeddings-v3-hf",
}


def native_settings(path: Path, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A transformer's settings in the names that transformers reads, and those of them that its loader must be told.

    Settings without `auto_map` stay as they are. Raises ModelLoadError where only code from the folder would run the
    model as it was published.
    """
    kind = str(config.get("model_type"))
    if "auto_map" not in config:
        _check_positions(path, kind, config)
        return dict(config), {}
    if kind not in _READ:
        if config.get("position_embedding_type") == "alibi":
            raise _refused(path, _ALIBI, _LONG_TOO)
        why = _WHY.get(kind, f"it is not known to give the same vectors by transformers' own class of `{kind[:60]}`")
        raise _refused(path, why, _INSTEAD.get(kind))
    fixed = _FIXED[kind]
    for name, value in fixed.items():
        if name in config and config[name] != value:
            raise _refused(path, f"it has {name}: {str(config[name])[:80]}, and transformers' class has {value}", None)
    unknown = sorted(set(config) - _COMMON - _READ[kind] - set(fixed))
    if unknown:
        raise _refused(
            path, f"transformers' class leaves out {', '.join(f'`{name[:60]}`' for name in unknown[:5])}", None
        )
    told = _nomic(config) if kind == "nomic_bert" else {}
    return {**config, **told}, told


def _check_positions(path: Path, kind: str, config: Mapping[str, Any]) -> None:
    """Raises ModelLoadError for positions that transformers' class leaves out in silence; once it had some of them."""
    stated = config.get("position_embedding_type")
    expected = _FIXED.get(kind, {}).get("position_embedding_type", "absolute")
    if stated in (None, "absolute", expected) or kind in _OTHER_POSITIONS:
        return
    why = _ALIBI if stated == "alibi" else f"transformers' class of `{kind[:60]}` has no such positions any more"
    raise ModelLoadError(
        f"{path / 'config.json'} has position_embedding_type: {str(stated)[:60]}: {why}, and without them its vectors "
        "would be others",
        remedy=_LONG_TOO if stated == "alibi" else "write an encoder plug-in for this model, or take another",
    )


def _nomic(config: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: config[key] for key, name in _NOMIC_NAMES.items() if config.get(key) is not None}
    told["rope_parameters"] = {"rope_type": "default", "rope_theta": float(config.get("rotary_emb_base") or 10_000)}
    if config.get("rotary_scaling_factor") and config.get("max_trained_positions"):
        # Beyond these its positions are stretched by the length of the longest text of a batch.
        told["max_position_embeddings"] = min(
            config["max_trained_positions"], told.get("max_position_embeddings", 2**31)
        )
    width, heads = told.get("hidden_size"), told.get("num_attention_heads")
    if isinstance(width, int) and isinstance(heads, int) and heads > 0:
        told["head_dim"] = width // heads
    return told


def _refused(path: Path, why: str, instead: str | None) -> ModelLoadError:
    return ModelLoadError(
        f"{path} needs code of its own to run (`auto_map`): {why}; code from a model folder is never run",
        remedy=instead or "use a model whose architecture transformers knows, or write an encoder plug-in",
    )

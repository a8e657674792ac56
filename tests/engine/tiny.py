"""Tiny seeded models of every architecture and pooling, as sentence-transformers saves them; and ST's own vectors."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SENTENCES = (
    "the sky is blue because air scatters short waves more than long ones",
    "and a cat sat on warm roof while rain fell over hills where people walk to work every day",
    "with bread milk tea green red light dark old new city river sea",
)
WORDS = " ".join(SENTENCES).split()
WIDTH = 32
TEXTS = [
    "the sky is blue",
    "a",
    "",
    " ".join(WORDS[:30]),
    " ".join(WORDS[10:20] * 2),
    "rain fell over hills where people walk",
    "zebra! unknown words? the sea, the sea",
    " ".join(reversed(WORDS)),
    "light",
    "old city and new city and dark river",
]


@dataclass(frozen=True)
class Kind:
    """One tiny model: its architecture, pooling, and what follows."""

    architecture: str = "bert"
    pooling: str | tuple[str, ...] = "mean"
    dense: int = 0
    """How many Dense follow."""
    layer_norm: bool = False
    normalize: bool = True
    layers: int | None = None
    """From which layer on the mean of layers is taken, where it is."""
    padding_side: str = "right"
    seed: int = 7
    hub: bool = False
    """Whether its settings are in the hub's names, which ask for code of its own."""


KINDS: dict[str, Kind] = {
    "bert-mean": Kind(),
    "bert-cls": Kind(pooling="cls"),
    "bert-last-token": Kind(pooling="lasttoken"),
    "bert-max": Kind(pooling="max"),
    "bert-mean-sqrt-length": Kind(pooling="mean_sqrt_len_tokens"),
    "bert-weighted-mean": Kind(pooling="weightedmean"),
    "bert-cls-and-mean": Kind(pooling=("cls", "mean")),
    "bert-dense": Kind(dense=1),
    "bert-layer-norm": Kind(dense=1, layer_norm=True),
    "bert-not-normalised": Kind(normalize=False),
    "bert-layers": Kind(layers=1),
    "roberta": Kind("roberta"),
    "xlm-roberta": Kind("xlm-roberta"),
    "mpnet": Kind("mpnet"),
    "distilbert": Kind("distilbert", pooling="cls"),
    "modernbert": Kind("modernbert"),
    "causal-left-padded": Kind("qwen3", pooling="lasttoken", padding_side="left"),
    "causal-right-padded": Kind("qwen3", pooling="lasttoken"),
    "qwen2-left-padded": Kind("qwen2", pooling="lasttoken", padding_side="left"),
    "qwen2": Kind("qwen2", pooling="lasttoken"),
    "llama": Kind("llama", pooling="lasttoken", padding_side="left"),
    "mistral": Kind("mistral", pooling="weightedmean"),
    "gemma3-two-dense": Kind("gemma3_text", dense=2),
    "nomic": Kind("nomic_bert", hub=True),
    "gte": Kind("gte", pooling="cls", hub=True),
    "eurobert": Kind("eurobert", hub=True),
    "jina-v3": Kind("jina_embeddings_v3"),
    "t5": Kind("t5", dense=1),
    "longformer": Kind("longformer", pooling="cls"),
    "bigbird": Kind("big_bird"),
    "convbert": Kind("convbert"),
}


NOMIC = {
    "n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads",
    "n_inner": "intermediate_size", "n_positions": "max_position_embeddings", "layer_norm_epsilon": "layer_norm_eps",
}  # fmt: skip


def byte_pairs(kind: Kind) -> Any:
    """A tokenizer of bytes, as Qwen's and Llama's."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    pad, end = "<|endoftext|>", "<|im_end|>"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=[pad, end], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {end}", special_tokens=[(end, 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=pad, eos_token=end, padding_side=kind.padding_side, model_max_length=48
    )


def tokenizer(kind: Kind) -> Any:
    if kind.architecture in ("qwen2", "llama", "mistral"):
        return byte_pairs(kind)
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    offset = kind.architecture in ("roberta", "xlm-roberta", "mpnet", "jina_embeddings_v3", "longformer")
    specials = ["<s>", "<pad>", "</s>", "<unk>"] if offset else ["<pad>", "<s>", "</s>", "<unk>"]
    vocabulary = {word: i for i, word in enumerate([*specials, *dict.fromkeys(WORDS), *"!?,.zebrunkow"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ids = [(name, vocabulary[name]) for name in ("<s>", "</s>")]
    single = "$A </s>" if kind.architecture in ("qwen3", "t5") else "<s> $A </s>"
    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=ids)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", cls_token="<s>", sep_token="</s>",
        padding_side=kind.padding_side, model_max_length=48,
    )  # fmt: skip


def network(kind: Kind, vocabulary: int) -> Any:
    import torch
    import transformers

    torch.manual_seed(kind.seed)
    common = {"vocab_size": vocabulary, "initializer_range": 0.2}
    bert = common | {
        "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
        "max_position_embeddings": 50, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
    }  # fmt: skip
    gated = bert | {"pad_token_id": 0, "num_key_value_heads": 2, "head_dim": 8}
    configs = {
        "bert": lambda: transformers.BertConfig(**bert | {"pad_token_id": 0}),
        "roberta": lambda: transformers.RobertaConfig(**bert),
        "xlm-roberta": lambda: transformers.XLMRobertaConfig(**bert),
        "mpnet": lambda: transformers.MPNetConfig(**bert),
        "distilbert": lambda: transformers.DistilBertConfig(
            **common, dim=WIDTH, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=50, pad_token_id=0
        ),
        "modernbert": lambda: transformers.ModernBertConfig(
            **bert | {"pad_token_id": 0, "max_position_embeddings": 64, "local_attention": 8, "num_hidden_layers": 4}
        ),
        "qwen3": lambda: transformers.Qwen3Config(**gated, tie_word_embeddings=True),
        "qwen2": lambda: transformers.Qwen2Config(**gated),
        "llama": lambda: transformers.LlamaConfig(**gated),
        "mistral": lambda: transformers.MistralConfig(**gated, sliding_window=16),
        "gemma3_text": lambda: transformers.Gemma3TextConfig(
            **gated, use_bidirectional_attention=True, sliding_window=8, query_pre_attn_scalar=8,
            layer_types=["sliding_attention", "full_attention"],
        ),
        "nomic_bert": lambda: transformers.NomicBertConfig(
            **bert | {"pad_token_id": 0}, rope_parameters={"rope_type": "default", "rope_theta": 5000.0}
        ),
        "gte": lambda: transformers.GteConfig(**bert | {"pad_token_id": 0}),
        "eurobert": lambda: transformers.EuroBertConfig(**gated),
        "jina_embeddings_v3": lambda: transformers.JinaEmbeddingsV3Config(**bert),
        "longformer": lambda: transformers.LongformerConfig(**bert, attention_window=8),
        "big_bird": lambda: transformers.BigBirdConfig(
            **bert | {"pad_token_id": 0}, block_size=4, num_random_blocks=1, attention_type="block_sparse"
        ),
        "convbert": lambda: transformers.ConvBertConfig(**bert | {"pad_token_id": 0}, embedding_size=16),
        "t5": lambda: transformers.T5Config(
            vocab_size=vocabulary, d_model=WIDTH, d_ff=64, d_kv=8, num_layers=2, num_heads=4, is_encoder_decoder=False,
            use_cache=False, architectures=["T5EncoderModel"], initializer_factor=0.3,
        ),
    }  # fmt: skip
    config = configs[kind.architecture]()
    if kind.architecture == "t5":
        return transformers.T5EncoderModel(config).eval()
    return transformers.AutoModel.from_config(config).eval()


def save(kind: Kind, folder: Path) -> Path:
    """A model folder of this kind, written by sentence-transformers itself."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling, WeightedLayerPooling

    words = tokenizer(kind)
    inner = folder.parent / f"{folder.name}-inner"
    network(kind, len(words)).save_pretrained(inner)
    words.save_pretrained(inner)
    if kind.layers is not None:
        settings = json.loads((inner / "config.json").read_text())
        (inner / "config.json").write_text(json.dumps(settings | {"output_hidden_states": True}))
    steps: list[Any] = [Transformer(str(inner)), Pooling(WIDTH, kind.pooling)]
    size = steps[1].pooling_output_dimension
    if kind.layers is not None:
        weights = torch.nn.Parameter(torch.tensor([0.2, 0.9, 0.4][kind.layers :]))
        steps.insert(1, WeightedLayerPooling(WIDTH, 2, kind.layers, weights))
    torch.manual_seed(kind.seed)
    for number in range(kind.dense):
        steps.append(Dense(size, size - 8, activation_function=torch.nn.Identity() if number else torch.nn.Tanh()))
        size -= 8
    if kind.layer_norm:
        steps.append(LayerNorm(size))
        torch.nn.init.normal_(steps[-1].norm.weight)
        torch.nn.init.normal_(steps[-1].norm.bias)
    if kind.normalize:
        steps.append(Normalize())
    SentenceTransformer(modules=steps, device="cpu").save(str(folder), create_model_card=False)
    if kind.hub:
        shutil.copytree(folder, plain(folder))
        settings = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(as_on_the_hub(settings)))
    return folder


def plain(folder: Path) -> Path:
    """The same model with transformers' own names of its settings."""
    return folder.with_name(f"{folder.name}-plain")


def as_on_the_hub(settings: dict[str, Any]) -> dict[str, Any]:
    """A transformer's settings as the repositories that bring code of their own have them."""
    module = "modeling_hf_" + settings["model_type"]
    hub = {"auto_map": {"AutoConfig": f"configuration.{module}Config", "AutoModel": f"{module}.Model"}}
    theta = settings.pop("rope_parameters")["rope_theta"]
    if settings["model_type"] != "nomic_bert":
        return {**settings, **hub, "rope_theta": theta, "rope_scaling": None}
    return {
        **{key: value for key, value in settings.items() if key not in NOMIC.values() and key != "head_dim"},
        **{key: settings[name] for key, name in NOMIC.items()},
        **hub, "activation_function": "swiglu", "causal": False, "prenorm": False, "qkv_proj_bias": False,
        "rotary_emb_base": theta, "rotary_emb_fraction": 1.0, "rotary_scaling_factor": None, "use_flash_attn": True,
    }  # fmt: skip


@cache
def reference(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    folder = plain(folder) if plain(folder).is_dir() else folder
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def vectors(folder: Path, texts: list[str], batch_size: int = 4) -> NDArray[np.float32]:
    """What sentence-transformers answers in fp32."""
    return np.asarray(reference(folder).encode(texts, batch_size=batch_size), dtype=np.float32)

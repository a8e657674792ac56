"""Tiny seeded models of every architecture and pooling, as sentence-transformers saves them; and ST's own vectors."""

from __future__ import annotations

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
    dense: bool = False
    normalize: bool = True
    padding_side: str = "right"
    seed: int = 7


KINDS: dict[str, Kind] = {
    "bert-mean": Kind(),
    "bert-cls": Kind(pooling="cls"),
    "bert-last-token": Kind(pooling="lasttoken"),
    "bert-max": Kind(pooling="max"),
    "bert-mean-sqrt-length": Kind(pooling="mean_sqrt_len_tokens"),
    "bert-weighted-mean": Kind(pooling="weightedmean"),
    "bert-cls-and-mean": Kind(pooling=("cls", "mean")),
    "bert-dense": Kind(dense=True),
    "bert-not-normalised": Kind(normalize=False),
    "roberta": Kind("roberta"),
    "xlm-roberta": Kind("xlm-roberta"),
    "mpnet": Kind("mpnet"),
    "distilbert": Kind("distilbert", pooling="cls"),
    "modernbert": Kind("modernbert"),
    "causal-left-padded": Kind("qwen3", pooling="lasttoken", padding_side="left"),
}


def tokenizer(kind: Kind) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    offset = kind.architecture in ("roberta", "xlm-roberta", "mpnet")
    specials = ["<s>", "<pad>", "</s>", "<unk>"] if offset else ["<pad>", "<s>", "</s>", "<unk>"]
    vocabulary = {word: i for i, word in enumerate([*specials, *dict.fromkeys(WORDS), *"!?,.zebrunkow"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ids = [(name, vocabulary[name]) for name in ("<s>", "</s>")]
    single = "$A </s>" if kind.architecture == "qwen3" else "<s> $A </s>"
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
        "qwen3": lambda: transformers.Qwen3Config(
            **bert | {"pad_token_id": 0}, num_key_value_heads=2, head_dim=8, tie_word_embeddings=True
        ),
    }
    return transformers.AutoModel.from_config(configs[kind.architecture]()).eval()


def save(kind: Kind, folder: Path) -> Path:
    """A model folder of this kind, written by sentence-transformers itself."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    words = tokenizer(kind)
    inner = folder.parent / f"{folder.name}-inner"
    network(kind, len(words)).save_pretrained(inner)
    words.save_pretrained(inner)
    steps: list[Any] = [Transformer(str(inner)), Pooling(WIDTH, kind.pooling)]
    size = steps[1].pooling_output_dimension
    if kind.dense:
        torch.manual_seed(kind.seed)
        steps.append(Dense(size, 24, activation_function=torch.nn.Tanh()))
    if kind.normalize:
        steps.append(Normalize())
    SentenceTransformer(modules=steps, device="cpu").save(str(folder))
    return folder


@cache
def reference(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def vectors(folder: Path, texts: list[str], batch_size: int = 4) -> NDArray[np.float32]:
    """What sentence-transformers answers in fp32."""
    return np.asarray(reference(folder).encode(texts, batch_size=batch_size), dtype=np.float32)

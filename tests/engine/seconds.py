"""Tiny seeded sparse and late interaction models in their layouts, and what other libraries answer. No meaning in them."""

from __future__ import annotations

import json
import random
import string
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.engine import tiny

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MASKED = {
    "bert": "BertForMaskedLM",
    "distilbert": "DistilBertForMaskedLM",
    "roberta": "RobertaForMaskedLM",
    "modernbert": "ModernBertForMaskedLM",
}
WIDTH = 16
"""Numbers of a token's vector."""


def texts(count: int) -> list[str]:
    """Seeded texts of mixed length, some with signs, empty ones, and some beyond every window."""
    chance = random.Random(5)
    lengths = (0, 1, 2, 3, 5, 8, 13, 25, 45, 60)
    words = [*tiny.WORDS, *"!?,."]
    return [" ".join(chance.choices(words, k=chance.choice(lengths))) for _ in range(count)]


def tokenizer(kind: tiny.Kind, *, marks: bool = False) -> Any:
    """The tokenizer of tiny models, with a word to mask, and PyLate's two marks."""
    words = tiny.tokenizer(kind)
    words.add_special_tokens({"mask_token": "<mask>"})
    if marks:
        words.add_tokens(["[Q] ", "[D] "])
    words.model_input_names = ["input_ids", "attention_mask"]
    return words


def sparse(
    architecture: str, folder: Path, *, pooling: str = "max", activation: str = "relu", older: bool = False
) -> Path:
    """A SPLADE folder as sentence-transformers saves it; `older` as it did before 5.4."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SpladePooling

    inner = _masked(architecture, folder)
    steps = [Transformer(str(inner), transformer_task="fill-mask"), SpladePooling(pooling, activation)]
    SparseEncoder(modules=steps, device="cpu").save(str(folder), create_model_card=False)
    if older:
        file = folder / "modules.json"
        listed = json.loads(file.read_text())
        listed[0]["type"] = "sentence_transformers.sparse_encoder.models.MLMTransformer"
        listed[1]["type"] = "sentence_transformers.sparse_encoder.models.SpladePooling"
        file.write_text(json.dumps(listed))
        stated = {"max_seq_length": 48, "do_lower_case": False}
        (folder / "sentence_bert_config.json").write_text(json.dumps(stated))
    return folder


def inference_free(folder: Path) -> Path:
    """A model whose queries are looked up, and whose documents are computed."""
    import torch
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Router, Transformer
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    inner = _masked("bert", folder)
    words = tokenizer(tiny.Kind())
    torch.manual_seed(3)
    router = Router.for_query_document(
        query_modules=[SparseStaticEmbedding(tokenizer=words, weight=torch.rand(len(words)) + 0.1)],
        document_modules=[Transformer(str(inner), transformer_task="fill-mask"), SpladePooling("max")],
    )
    SparseEncoder(modules=[router], device="cpu").save(str(folder), create_model_card=False)
    return folder


def pylate(architecture: str, folder: Path, *, layers: int = 1, **settings: Any) -> Path:
    """A ColBERT folder as PyLate saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Transformer

    inner = _network(architecture, folder, marks=True)
    sizes = [tiny.WIDTH, *[24] * (layers - 1), WIDTH]
    torch.manual_seed(9)
    dense = [Dense(into, out, bias=False, activation_function=torch.nn.Identity()) for into, out in pairwise(sizes)]
    SentenceTransformer(modules=[Transformer(str(inner)), *dense], device="cpu").save(
        str(folder), create_model_card=False
    )
    listed = json.loads((folder / "modules.json").read_text())
    listed[0]["type"] = "sentence_transformers.models.Transformer"
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 29, "do_lower_case": False}))
    for entry in listed[1:]:
        entry["type"] = "pylate.models.Dense.Dense"
        dense_file = folder / entry["path"] / "config.json"
        told = json.loads(dense_file.read_text())
        dense_file.write_text(json.dumps({key: value for key, value in told.items() if not key.startswith("module_")}))
    (folder / "modules.json").write_text(json.dumps(listed))
    stated = {
        "model_type": "ColBERT", "prompts": {}, "default_prompt_name": None, "similarity_fn_name": "MaxSim",
        "query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 12, "document_length": 30,
        "attend_to_expansion_tokens": False, "skiplist_words": list(string.punctuation), "do_query_expansion": True,
        **settings,
    }  # fmt: skip
    (folder / "config_sentence_transformers.json").write_text(json.dumps(stated))
    return folder


def stanford(folder: Path, **metadata: Any) -> Path:
    """A folder in the layout of Stanford's ColBERT: one file of weights, the projection among them."""
    import torch
    from safetensors.torch import load_file, save_file

    words = tokenizer(tiny.Kind())
    words.add_tokens(["[unused0]", "[unused1]"])
    network = tiny.network(tiny.Kind(), len(words))
    network.save_pretrained(folder)
    words.save_pretrained(folder)
    weights = {f"bert.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    torch.manual_seed(4)
    weights["linear.weight"] = torch.randn(WIDTH, tiny.WIDTH)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"architectures": ["HF_ColBERT"]}))
    told = {
        "query_token_id": "[unused0]",
        "doc_token_id": "[unused1]",
        "query_maxlen": 12,
        "doc_maxlen": 30,
        "dim": WIDTH,
    }
    (folder / "artifact.metadata").write_text(json.dumps(told | metadata))
    return folder


def listed_late(folder: Path, **settings: Any) -> Path:
    """A folder as sentence-transformers' own MultiVectorEncoder saves it."""
    import torch
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    inner = _network("bert", folder, marks=False)
    torch.manual_seed(9)
    steps = [
        Transformer(
            str(inner), **{"document_length": 30, "query_expansion": {"strategy": "min", "length": 12}, **settings}
        ),
        Dense(
            tiny.WIDTH, WIDTH, bias=False, activation_function=torch.nn.Identity(), module_input_name="token_embeddings"
        ),
        MultiVectorMask(skiplist_words=["!", "."], skiplist_tasks=["query", "document"]),
        Normalize(module_input_name="token_embeddings"),
    ]
    prompts = {"query": "the query ", "document": "a document "}
    MultiVectorEncoder(modules=steps, device="cpu", prompts=prompts).save(str(folder), create_model_card=False)
    return folder


def weights(folder: Path, of: list[str], role: str) -> NDArray[np.float32]:
    """What sentence-transformers' SparseEncoder answers, (N, V)."""
    from sentence_transformers import SparseEncoder

    model = SparseEncoder(str(folder), device="cpu", local_files_only=True)
    encode = model.encode_query if role == "query" else model.encode_document
    return np.asarray(encode(of, batch_size=16, convert_to_sparse_tensor=False, convert_to_tensor=True).cpu())


def vectors(folder: Path, of: list[str], role: str) -> list[NDArray[np.float32]]:
    """What sentence-transformers' MultiVectorEncoder answers, (T, D) for each text."""
    from sentence_transformers import MultiVectorEncoder

    model = MultiVectorEncoder(str(folder), device="cpu", local_files_only=True)
    encode = model.encode_query if role == "query" else model.encode_document
    return encode(of, batch_size=16, convert_to_numpy=True)


def _masked(architecture: str, folder: Path) -> Path:
    import torch
    import transformers

    inner = folder.with_name(f"{folder.name}-inner")
    kind = tiny.Kind(architecture)
    words = tokenizer(kind)
    config = tiny.network(kind, len(words)).config
    torch.manual_seed(kind.seed)
    getattr(transformers, MASKED[architecture])(config).eval().save_pretrained(inner)
    words.save_pretrained(inner)
    return inner


def _network(architecture: str, folder: Path, *, marks: bool) -> Path:
    inner = folder.with_name(f"{folder.name}-inner")
    kind = tiny.Kind(architecture)
    words = tokenizer(kind, marks=marks)
    tiny.network(kind, len(words)).save_pretrained(inner)
    words.save_pretrained(inner)
    return inner

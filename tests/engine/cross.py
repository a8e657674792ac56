"""Tiny seeded cross-encoders in both layouts, and sentence-transformers' own scores. They know no meaning."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.engine import tiny

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CLASSES = {
    "bert": "BertForSequenceClassification",
    "roberta": "RobertaForSequenceClassification",
    "xlm-roberta": "XLMRobertaForSequenceClassification",
    "modernbert": "ModernBertForSequenceClassification",
}
QUERY = "the sky is blue"


def pairs(count: int) -> list[tuple[str, str]]:
    """Seeded pairs of texts of mixed length: empty ones, and either and both beyond the window."""
    chance = random.Random(11)
    lengths = (0, 1, 2, 3, 5, 8, 13, 25, 49, 60, 90)
    texts = [" ".join(chance.choices(tiny.WORDS, k=chance.choice(lengths))) for _ in range(2 * count)]
    return list(zip(texts[:count], texts[count:], strict=True))


def save(architecture: str, folder: Path, *, layout: str = "plain", activation: str | None = None) -> Path:
    """A cross-encoder's folder: `plain` as transformers saves it, `listed` as sentence-transformers does."""
    import torch
    import transformers
    from tokenizers import processors

    kind = tiny.Kind(architecture)
    words = tiny.tokenizer(kind)
    ids = [(name, words.convert_tokens_to_ids(name)) for name in ("<s>", "</s>")]
    pair = "<s> $A </s> </s> $B </s>" if "roberta" in architecture else "<s> $A </s> $B:1 </s>:1"
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair=pair, special_tokens=ids
    )
    words.model_input_names = ["input_ids", "attention_mask", *(["token_type_ids"] if architecture == "bert" else [])]
    config = tiny.network(kind, len(words)).config
    config.num_labels, config.cls_token_id, config.sep_token_id = 1, ids[0][1], ids[1][1]
    torch.manual_seed(kind.seed)
    plain = folder if layout == "plain" else folder.with_name(f"{folder.name}-inner")
    getattr(transformers, CLASSES[architecture])(config).eval().save_pretrained(plain)
    words.save_pretrained(plain)
    if activation is not None:
        settings(plain, sentence_transformers={"activation_fn": activation, "version": "4.1.0"})
    if layout == "listed":
        from sentence_transformers import CrossEncoder

        CrossEncoder(str(plain), device="cpu", local_files_only=True).save(str(folder), create_model_card=False)
    return folder


def settings(folder: Path, **values: Any) -> None:
    """Write values into the folder's config.json; `None` takes one out."""
    file = folder / "config.json"
    stated = json.loads(file.read_text()) | values
    file.write_text(json.dumps({key: value for key, value in stated.items() if value is not None}))


def overflow(folder: Path, word: str) -> None:
    """Let one word be so large a vector that a pair with it has no number. The others are none the wiser."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    weights["bert.embeddings.word_embeddings.weight"][vocabulary[word]] = 3e38
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def scores(folder: Path, of: list[tuple[str, str]]) -> NDArray[np.float32]:
    """What sentence-transformers answers."""
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    return np.asarray(model.predict(of, batch_size=16), dtype=np.float32)

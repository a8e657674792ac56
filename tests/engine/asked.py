"""Tiny seeded rerankers that answer yes or no inside a prompt, as Qwen3's do, in three layouts; and transformers' own scores.

They know no meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.engine import tiny

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BEFORE = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. "
    'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a web search query, '
    "retrieve relevant passages that answer the query\n<Query>: "
)
AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
TEMPLATE = (
    "<|im_start|>system\n{{ 'Is it so?' }}<|im_end|>\n<|im_start|>user\n"
    "<Query>: {{ messages | selectattr('role', 'eq', 'query') | map(attribute='content') | first }}\n"
    "<Document>: {{ messages | selectattr('role', 'eq', 'document') | map(attribute='content') | first }}<|im_end|>\n"
    "<|im_start|>assistant\n"
)
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def tokenizer() -> Any:
    """Bytes in pairs, cut into words as Qwen's does."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "yes", "no"]
    words = Tokenizer(models.BPE())
    words.normalizer = normalizers.NFC()
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    words.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=marks[:5], initial_alphabet=alphabet, show_progress=False
    )
    words.train_from_iterator([BEFORE, AFTER, *tiny.SENTENCES, "yes no yes no"], trainer)
    words.add_tokens([mark for mark in marks if words.token_to_id(mark) is None])
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=marks[0], eos_token=marks[2], padding_side="left", model_max_length=256
    )


def save(folder: Path, layout: str) -> Path:
    """`language` and `classifier` as transformers saves them, `listed` as sentence-transformers does."""
    import torch
    import transformers
    from sentence_transformers import CrossEncoder

    words = tokenizer()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = transformers.Qwen3Config(
        **sizes, intermediate_size=48, head_dim=8, max_position_embeddings=256, vocab_size=len(words),
        pad_token_id=words.pad_token_id, tie_word_embeddings=True, initializer_range=0.3,
    )  # fmt: skip
    torch.manual_seed(5)
    language = transformers.Qwen3ForCausalLM(config).eval()
    if layout == "classifier":
        config.num_labels = 1
        model = transformers.Qwen3ForSequenceClassification(config).eval()
        model.model.load_state_dict(language.model.state_dict())
        rows = language.lm_head.weight.detach()
        yes, no = words.convert_tokens_to_ids(["yes", "no"])
        model.score.weight.data[0] = rows[yes] - rows[no]
    else:
        model = language
    plain = folder.with_name(f"{folder.name}-inner") if layout == "listed" else folder
    model.save_pretrained(plain)
    if layout == "listed":
        words.chat_template = TEMPLATE
    words.save_pretrained(plain)
    if layout == "listed":
        CrossEncoder(str(plain), device="cpu", local_files_only=True).save(str(folder), create_model_card=False)
    return folder


def scores(folder: Path, pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
    """How likely yes is beside no after the whole prompt, by transformers, each pair alone."""
    import torch
    import transformers

    words = transformers.AutoTokenizer.from_pretrained(folder)
    is_language = "CausalLM" in (folder / "config.json").read_text()
    kind = transformers.AutoModelForCausalLM if is_language else transformers.AutoModelForSequenceClassification
    model = kind.from_pretrained(folder, dtype=torch.float32).eval()
    found = []
    for query, document in pairs:
        asked = words(f"{BEFORE}{query}\n<Document>: {document}{AFTER}", add_special_tokens=False, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**asked).logits
        if is_language:
            yes, no = words.convert_tokens_to_ids(["yes", "no"])
            logits = logits[:, -1, [yes]] - logits[:, -1, [no]]
        found.append(torch.sigmoid(logits)[0, 0].item())
    return np.array(found, dtype=np.float32)

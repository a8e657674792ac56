"""What tokenizer_config.json changes of tokenizer.json: transformers builds some tokenizers anew from its settings.

A tokenizer as BERT's takes lower case, accents and the parting of Chinese signs from there, each with a value of its
own where nothing is said; every tokenizer takes further added tokens from there. Knows settings, no text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenizers import Tokenizer

__all__ = ["apply", "in_tokenizer_json", "word_settings"]

_REBUILT: Final = frozenset((
    "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "MPNetTokenizer",
    "LxmertTokenizer", "SqueezeBertTokenizer", "ConvBertTokenizer", "RetriBertTokenizer", "LayoutLMTokenizer",
))  # fmt: skip
_CLASS_OF: Final = {
    **dict.fromkeys(
        ("bert", "convbert", "distilbert", "electra", "ernie", "layoutlm", "megatron-bert", "mobilebert",
         "nomic_bert", "squeezebert"),
        "BertTokenizer",
    ),
    "mpnet": "MPNetTokenizer",
}  # fmt: skip
"""The tokenizer of an architecture whose settings name none."""
_AS_IT_IS: Final = frozenset(("modernbert", "modernbert-decoder", "eurobert", "qwen2"))
"""Architectures whose tokenizer.json counts, whatever class the settings name."""
_LONGEST_WORD: Final = 100
_PREFIX: Final = "##"
_TOKEN_FLAGS: Final = ("single_word", "lstrip", "rstrip", "normalized", "special")


def word_settings(config: Mapping[str, Any], tokenizer_config: Mapping[str, Any]) -> str:
    """What is to be changed of a tokenizer.json, as one line of JSON; empty for nothing."""
    changes: dict[str, Any] = {}
    architecture = str(config.get("model_type"))
    named = tokenizer_config.get("tokenizer_class") or config.get("tokenizer_class")
    kind = str(named).removesuffix("Fast") if named else _CLASS_OF.get(architecture)
    if kind in _REBUILT and architecture not in _AS_IT_IS:
        accents = tokenizer_config.get("strip_accents")
        changes["normalizer"] = {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": bool(tokenizer_config.get("tokenize_chinese_chars", True)),
            "strip_accents": None if accents is None else bool(accents),
            "lowercase": bool(tokenizer_config.get("do_lower_case", True)),
        }
    if added := _added(tokenizer_config):
        changes["added"] = added
    return json.dumps(changes, sort_keys=True) if changes else ""


def in_tokenizer_json(content: dict[str, Any], changes: str) -> dict[str, Any]:
    """The content of a tokenizer.json with the changes in it; the same content where they change nothing."""
    wanted = json.loads(changes) if changes else {}
    content = dict(content)
    if "normalizer" in wanted and _is_word_pieces(content.get("model")):
        longest = {"max_input_chars_per_word": _LONGEST_WORD, "continuing_subword_prefix": _PREFIX}
        content |= {
            "normalizer": wanted["normalizer"],
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "model": {**content["model"], **longest},
        }
    has = {token.get("content") for token in content.get("added_tokens") or () if isinstance(token, dict)}
    if further := [token for token in wanted.get("added", ()) if token["content"] not in has]:
        content["further_tokens"] = further
    return content


def apply(tokenizer: Tokenizer, changes: str) -> None:
    """Make the changes in a loaded tokenizer."""
    wanted = json.loads(changes) if changes else {}
    if not wanted:
        return
    from tokenizers import AddedToken, normalizers, pre_tokenizers

    if "normalizer" in wanted and type(tokenizer.model).__name__ == "WordPiece":
        settings = {name: value for name, value in wanted["normalizer"].items() if name != "type"}
        tokenizer.normalizer = normalizers.BertNormalizer(**settings)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.model.max_input_chars_per_word = _LONGEST_WORD
        tokenizer.model.continuing_subword_prefix = _PREFIX
    has = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    for token in wanted.get("added", ()):
        if token["content"] not in has:
            flags = {name: value for name, value in token.items() if name != "content"}
            tokenizer.add_tokens([AddedToken(token["content"], **flags)])


def _added(tokenizer_config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The added tokens that the settings list, in the order of their ids; what is not as it must be is left out."""
    listed = tokenizer_config.get("added_tokens_decoder")
    if not isinstance(listed, dict):
        return []
    tokens = [
        (int(number), {"content": token["content"], **{name: bool(token.get(name, False)) for name in _TOKEN_FLAGS}})
        for number, token in listed.items()
        if str(number).isdecimal() and isinstance(token, dict) and isinstance(token.get("content"), str)
    ]
    return [token for _, token in sorted(tokens, key=lambda pair: pair[0])]


def _is_word_pieces(model: Any) -> bool:
    """Whether a model of a tokenizer.json is WordPiece; older files do not say so."""
    if not isinstance(model, dict):
        return False
    return model.get("type", "WordPiece") == "WordPiece" and "continuing_subword_prefix" in model

"""How transformers builds some tokenizers anew: what it does to a text before the words are looked up, by class.

Such a class takes the words of a tokenizer.json, and settings beside it, but not what stands there of lower case, of
spaces and of where text is parted. In the notation of tokenizer.json. Knows settings, no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["PRECOMPILED", "marks", "rebuilt"]

PRECOMPILED: Final = "Precompiled"
"""A table of letters in the file itself, which is taken as it is; where the file has none, there is none."""

_SLOTS: Final = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_LISTS: Final = ("additional_special_tokens", "extra_special_tokens")

_Parts = tuple[str, Any, Any]  # kind of the model, and what stands for `normalizer` and `pre_tokenizer`
_QWEN_WORDS: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def rebuilt(kind: str, stated: Mapping[str, Any]) -> dict[str, Any] | None:
    """`model`, `normalizer` and `pre_tokenizer` of a class with these settings; `None` for one taken as it is."""
    if kind not in _CLASSES:
        return None
    model, normalizer, pre_tokenizer = _CLASSES[kind](stated)
    return {"model": model, "normalizer": normalizer, "pre_tokenizer": pre_tokenizer}


def marks(kind: str, stated: Mapping[str, Any]) -> list[str]:
    """The special tokens that such a class has whatever a tokenizer.json lists: those of the settings, else its own."""
    own, more = _MARKS.get(kind, _MARKS["BertTokenizer"]), _MORE_MARKS.get(kind, ())
    found = [stated.get(slot, default) for slot, default in zip(_SLOTS, own, strict=True)]
    listed = next((stated[name] for name in _LISTS if isinstance(stated.get(name), list)), more)
    contents = [token.get("content") if isinstance(token, dict) else token for token in (*found, *listed)]
    return sorted({content for content in contents if isinstance(content, str)})


def _bert(stated: Mapping[str, Any]) -> _Parts:
    accents = stated.get("strip_accents")
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": bool(stated.get("tokenize_chinese_chars", True)),
        "strip_accents": None if accents is None else bool(accents),
        "lowercase": bool(stated.get("do_lower_case", True)),
    }
    return "WordPiece", normalizer, {"type": "BertPreTokenizer"}


def _bytes(stated: Mapping[str, Any]) -> _Parts:
    return "BPE", None, _byte_level(bool(stated.get("add_prefix_space", False)))


def _qwen(stated: Mapping[str, Any]) -> _Parts:
    parted = {"type": "Split", "pattern": {"Regex": _QWEN_WORDS}, "behavior": "Isolated", "invert": False}
    level = _byte_level(bool(stated.get("add_prefix_space")), use_regex=False)
    return "BPE", {"type": "NFC"}, _in_turn("pretokenizers", parted, level)


def _gemma(_: Mapping[str, Any]) -> _Parts:
    parted = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
    return "BPE", _replaced({"String": " "}, "▁"), parted


def _pieces(stated: Mapping[str, Any]) -> _Parts:
    return "Unigram", {"type": PRECOMPILED}, _marked_words(bool(stated.get("add_prefix_space", True)))


def _t5(_: Mapping[str, Any]) -> _Parts:
    return "Unigram", {"type": PRECOMPILED}, _marked_words(is_first=True)


def _albert(stated: Mapping[str, Any]) -> _Parts:
    plain = [] if stated.get("keep_accents", False) else [{"type": "NFKD"}, {"type": "StripAccents"}]
    lower = [{"type": "Lowercase"}] if stated.get("do_lower_case", True) else []
    normalizer = _in_turn("normalizers", *_QUOTES, *plain, *lower, {"type": PRECOMPILED})
    return "Unigram", normalizer, _marked_words(bool(stated.get("add_prefix_space", True)))


def _xlnet(stated: Mapping[str, Any]) -> _Parts:
    lower = [{"type": "Lowercase"}] if stated.get("do_lower_case", False) else []
    plain = [{"type": "NFKD"}, {"type": "StripAccents"}]
    normalizer = _in_turn("normalizers", *_QUOTES, *plain, *lower, {"type": PRECOMPILED})
    return "Unigram", normalizer, _marked_words(is_first=True)


def _deberta(stated: Mapping[str, Any]) -> _Parts:
    lower = [{"type": "Lowercase"}] if stated.get("do_lower_case", False) else []
    spaces = _replaced({"Regex": r"\s{2,}|[\n\r\t]"}, " ")
    strip = {"type": "Strip", "strip_left": False, "strip_right": True}
    parts = [{"type": "Punctuation", "behavior": "Isolated"}] if stated.get("split_by_punct", False) else []
    marked = _marked("always" if stated.get("add_prefix_space", True) else "first")
    normalizer = _in_turn("normalizers", *lower, spaces, {"type": "NFC"}, strip)
    return "Unigram", normalizer, _in_turn("pretokenizers", *parts, marked)


def _in_turn(name: str, *steps: Any) -> dict[str, Any]:
    return {"type": "Sequence", name: list(steps)}


def _byte_level(is_first: bool, *, use_regex: bool = True) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": is_first, "trim_offsets": True, "use_regex": use_regex}


def _marked(scheme: str) -> dict[str, Any]:
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": True}


def _marked_words(is_first: bool) -> dict[str, Any]:
    return _in_turn("pretokenizers", {"type": "WhitespaceSplit"}, _marked("always" if is_first else "never"))


def _replaced(pattern: Mapping[str, str], content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": dict(pattern), "content": content}


_QUOTES: Final = (_replaced({"String": "``"}, '"'), _replaced({"String": "''"}, '"'))
_CLASSES: Final[Mapping[str, Callable[[Mapping[str, Any]], _Parts]]] = {
    **dict.fromkeys(
        ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "MPNetTokenizer",
         "LxmertTokenizer", "SqueezeBertTokenizer", "ConvBertTokenizer", "LayoutLMTokenizer"),
        _bert,
    ),
    **dict.fromkeys(
        ("RobertaTokenizer", "GPT2Tokenizer", "DebertaTokenizer", "LongformerTokenizer", "BartTokenizer"), _bytes
    ),
    "Qwen2Tokenizer": _qwen,
    "GemmaTokenizer": _gemma,
    **dict.fromkeys(("XLMRobertaTokenizer", "CamembertTokenizer"), _pieces),
    "T5Tokenizer": _t5,
    "AlbertTokenizer": _albert,
    "XLNetTokenizer": _xlnet,
    "DebertaV2Tokenizer": _deberta,
}  # fmt: skip

_BOTH_ENDS: Final = ("<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>")
_BRACKETS: Final = ("[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]")
_END: Final = "<|endoftext|>"
# Of each class in the order of `_SLOTS`.
_MARKS: Final[Mapping[str, Sequence[str | None]]] = {
    "BertTokenizer": (None, None, "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"),
    "MPNetTokenizer": ("<s>", "</s>", "[UNK]", "</s>", "<pad>", "<s>", "<mask>"),
    **dict.fromkeys(("RobertaTokenizer", "LongformerTokenizer", "BartTokenizer"), _BOTH_ENDS),
    **dict.fromkeys(("XLMRobertaTokenizer", "CamembertTokenizer"), _BOTH_ENDS),
    **dict.fromkeys(("DebertaTokenizer", "DebertaV2Tokenizer"), _BRACKETS),
    "GPT2Tokenizer": (_END, _END, _END, None, None, None, None),
    "Qwen2Tokenizer": (None, _END, _END, None, _END, None, None),
    "GemmaTokenizer": ("<bos>", "<eos>", "<unk>", None, "<pad>", None, "<mask>"),
    "T5Tokenizer": (None, "</s>", "<unk>", None, "<pad>", None, None),
    "AlbertTokenizer": ("[CLS]", "[SEP]", "<unk>", "[SEP]", "<pad>", "[CLS]", "[MASK]"),
    "XLNetTokenizer": ("<s>", "</s>", "<unk>", "<sep>", "<pad>", "<cls>", "<mask>"),
}
_MORE_MARKS: Final[Mapping[str, Sequence[str]]] = {
    "CamembertTokenizer": ("<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"),
    "T5Tokenizer": tuple(f"<extra_id_{number}>" for number in range(100)),
    "XLNetTokenizer": ("<eop>", "<eod>"),
}

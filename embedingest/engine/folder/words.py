"""What tokenizer_config.json changes of tokenizer.json: transformers builds some tokenizers anew from its settings.

Such a tokenizer takes lower case, accents, spaces and the like from there, each with a value of its own where nothing
is said (`rebuilt.py`); every tokenizer takes further added tokens from there. Knows settings, no text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.rebuilt import PRECOMPILED, marks, rebuilt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tokenizers import Tokenizer

__all__ = ["in_tokenizer_json", "load", "word_settings"]

_CLASS_OF: Final = {
    **dict.fromkeys(
        ("bert", "convbert", "distilbert", "electra", "ernie", "layoutlm", "megatron-bert", "mobilebert",
         "nomic_bert", "squeezebert"),
        "BertTokenizer",
    ),
    **dict.fromkeys(("roberta", "longformer", "data2vec-text", "roberta-prelayernorm", "ibert"), "RobertaTokenizer"),
    **dict.fromkeys(("xlm-roberta", "gte", "jina_embeddings_v3", "xmod"), "XLMRobertaTokenizer"),
    **dict.fromkeys(("qwen2", "qwen3"), "Qwen2Tokenizer"),
    **dict.fromkeys(("gemma", "gemma2", "gemma3_text"), "GemmaTokenizer"),
    **dict.fromkeys(("t5", "mt5"), "T5Tokenizer"),
    "albert": "AlbertTokenizer",
    "camembert": "CamembertTokenizer",
    "deberta": "DebertaTokenizer",
    "deberta-v2": "DebertaV2Tokenizer",
    "gpt2": "GPT2Tokenizer",
    "mpnet": "MPNetTokenizer",
    "xlnet": "XLNetTokenizer",
}  # fmt: skip
"""The tokenizer of an architecture whose settings name none."""
_AS_IT_IS: Final = frozenset(("modernbert", "modernbert-decoder", "mistral", "xlm-roberta-xl", "nystromformer", "umt5"))
"""Architectures whose tokenizer.json counts, whatever class the settings name."""
_ITS_OWN: Final = frozenset(("qwen2",))
"""Architectures whose own class counts, whatever class the settings name."""
_LONGEST_WORD: Final = 100
_PREFIX: Final = "##"
_TOKEN_FLAGS: Final = ("single_word", "lstrip", "rstrip", "normalized", "special")
_STEPS: Final = ("normalizer", "pre_tokenizer")
_NO_WORDS: Final[dict[str, Any]] = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "post_processor": None, "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"},
}  # fmt: skip


def word_settings(config: Mapping[str, Any], tokenizer_config: Mapping[str, Any]) -> str:
    """What is to be changed of a tokenizer.json, as one line of JSON; empty for nothing."""
    changes: dict[str, Any] = {}
    kind = _class(config, tokenizer_config)
    if kind is not None and (steps := rebuilt(kind, tokenizer_config)) is not None:
        changes["rebuilt"] = steps
    added = _added(tokenizer_config)
    if added:
        changes["added"] = added
    if added and kind is not None and "rebuilt" in changes:  # then those of tokenizer.json are not taken over
        changes["only"] = sorted({*(token["content"] for token in added), *marks(kind, tokenizer_config)})
    return json.dumps(changes, sort_keys=True) if changes else ""


def _class(config: Mapping[str, Any], tokenizer_config: Mapping[str, Any]) -> str | None:
    """The class that transformers takes, `None` for the one that takes tokenizer.json as it is."""
    architecture = str(config.get("model_type"))
    if architecture in _AS_IT_IS:
        return None
    named = tokenizer_config.get("tokenizer_class") or config.get("tokenizer_class")
    own = _CLASS_OF.get(architecture)
    return own if architecture in _ITS_OWN or not named else str(named).removesuffix("Fast")


def in_tokenizer_json(content: dict[str, Any], changes: str) -> dict[str, Any]:
    """The content of a tokenizer.json with the changes in it; the same content where they change nothing."""
    wanted = json.loads(changes) if changes else {}
    content = dict(content)
    if (due := wanted.get("rebuilt")) and due["model"] == _kind_of_model(content.get("model")):
        content |= _changed(due, {step: content.get(step) for step in _STEPS})
        if due["model"] == "WordPiece":
            longest = {"max_input_chars_per_word": _LONGEST_WORD, "continuing_subword_prefix": _PREFIX}
            content["model"] = {**content["model"], **longest}
        if "only" in wanted:
            content["added_tokens"] = _taken(content, wanted)
    has = {token.get("content") for token in content.get("added_tokens") or () if isinstance(token, dict)}
    if further := [token for token in wanted.get("added", ()) if token["content"] not in has]:
        content["further_tokens"] = further
    return content


def load(path: Path, changes: str) -> Tokenizer:
    """The tokenizer of a tokenizer.json with the changes in it. Raises what the library raises, OSError, ValueError."""
    from tokenizers import AddedToken, Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_file(str(path))
    wanted = json.loads(changes) if changes else {}
    if _loses_tokens(tokenizer, wanted):
        content = json.loads(path.read_bytes())
        tokenizer = Tokenizer.from_str(json.dumps({**content, "added_tokens": _taken(content, wanted)}))
    if (due := wanted.get("rebuilt")) and due["model"] == type(tokenizer.model).__name__:
        changed = _changed(due, _steps_of(tokenizer))
        if changed:
            parts = _without_words(changed)
            tokenizer.normalizer, tokenizer.pre_tokenizer = parts.normalizer, parts.pre_tokenizer
        if due["model"] == "WordPiece":
            tokenizer.model.max_input_chars_per_word = _LONGEST_WORD
            tokenizer.model.continuing_subword_prefix = _PREFIX
    has = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    for token in wanted.get("added", ()):
        if token["content"] not in has:
            flags = {name: value for name, value in token.items() if name != "content"}
            tokenizer.add_tokens([AddedToken(token["content"], **flags)])
    return tokenizer


def _loses_tokens(tokenizer: Tokenizer, wanted: Mapping[str, Any]) -> bool:
    if "only" not in wanted or wanted["rebuilt"]["model"] != type(tokenizer.model).__name__:
        return False
    return any(token.content not in wanted["only"] for token in tokenizer.get_added_tokens_decoder().values())


def _taken(content: Mapping[str, Any], wanted: Mapping[str, Any]) -> Any:
    """The added tokens of a tokenizer.json that a class which is built anew has too."""
    only = {*wanted["only"]}
    return [token for token in content.get("added_tokens") or () if token.get("content") in only]


def _changed(due: Mapping[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    """The steps as they are to be where they are not: before the words are looked up, in tokenizer.json's notation."""
    wanted = {
        "normalizer": _with_letters(due["normalizer"], held["normalizer"]),
        "pre_tokenizer": due["pre_tokenizer"],
    }
    # The library reads older notations too; how it writes them is one.
    is_same = wanted == held or _written(wanted) == _written(held)
    return {} if is_same else wanted


def _written(steps: dict[str, Any]) -> Any:
    return _plain(_steps_of(_without_words(steps)))


def _plain(value: Any) -> Any:
    """Without what says where a token stands in a text alone."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if name != "trim_offsets"}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _with_letters(due: Any, held: Any) -> Any:
    """A normaliser with the table of letters of the one that is there; without where that has none."""
    steps = held.get("normalizers", [held]) if isinstance(held, dict) else []
    table = [step for step in steps if isinstance(step, dict) and step.get("type") == PRECOMPILED][:1]
    if not isinstance(due, dict):
        return due
    if due["type"] == PRECOMPILED:
        return table[0] if table else None
    if "normalizers" not in due:
        return due
    others = [step for step in due["normalizers"] if step["type"] != PRECOMPILED]
    return {**due, "normalizers": [*others, *(table if len(others) < len(due["normalizers"]) else ())]}


def _without_words(steps: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json.dumps({**_NO_WORDS, **steps}))


def _steps_of(tokenizer: Tokenizer) -> dict[str, Any]:
    found = {step: getattr(tokenizer, step) for step in _STEPS}
    return {step: None if part is None else json.loads(part.__getstate__()) for step, part in found.items()}


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


def _kind_of_model(model: Any) -> str | None:
    """What kind of model a tokenizer.json has; older files do not say so."""
    if not isinstance(model, dict):
        return None
    if "continuing_subword_prefix" in model and "merges" not in model:
        return str(model.get("type", "WordPiece"))
    return str(model.get("type") or ("BPE" if "merges" in model else "Unigram"))

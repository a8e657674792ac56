"""Whether a model folder is one of late interaction (ColBERT), and what it does to queries and documents.

Knows settings files in the layouts of PyLate, of sentence-transformers' MultiVectorEncoder and of Stanford's ColBERT;
no weights but their headers, and no tokenizer.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.module import PROJECTION, TOKENS, Module
from embedingest.engine.folder.settings_files import REMEDY, kind_of, read_json, read_object, whole_number
from embedingest.engine.folder.sizes import WIDTHS
from embedingest.engine.folder.weights import read_header, weight_files
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["PLAIN", "PROJECTED", "is_late", "late_settings", "stanford_modules"]

PROJECTED: Final = "linear.weight"
"""The matrix of Stanford's layout, beside the transformer's tensors in one file."""

_TYPES: Final = ("ColBERT", "MultiVectorEncoder")
_PYLATE: Final = "pylate."
_STANFORD: Final = "HF_ColBERT"
_METADATA: Final = "artifact.metadata"
_LONGEST: Final = 2**20
_QUERY_TOKENS: Final = 32  # of a query, where the settings leave it out
_DOCUMENT_TOKENS: Final = 180  # and of a document, in PyLate
_DIMENSIONS: Final = 128  # and numbers of a vector in Stanford's
PLAIN: Final[dict[str, Any]] = {
    "query_prefix": "",
    "document_prefix": "",
    "query_length": None,
    "document_length": None,
    "expansion": None,
    "skiplist": [],
    "skips": ["document"],
}
"""The settings of a `TOKENS` module that only takes what the transformer gives.

`…_prefix` is a word of the tokenizer after the first special token, `…_length` the most tokens of a text, `expansion`
what a short query is made longer by, `skiplist` the words whose vectors are left out, in texts of the roles `skips`.
"""


def is_late(path: Path) -> bool:
    """Whether a folder with `modules.json` is of late interaction. Raises ModelLoadError for damaged settings."""
    settings = read_object(path / "config_sentence_transformers.json", optional=True)
    if settings.get("model_type") in _TYPES or "query_prefix" in settings:
        return True
    listed = read_json(path / "modules.json")
    entries = listed if isinstance(listed, list) else []
    return any(isinstance(entry, dict) and str(entry.get("type", "")).startswith(_PYLATE) for entry in entries)


def late_settings(path: Path, transformer: Module, mask: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a folder with `modules.json` does to queries and documents: the settings of its `TOKENS` module.

    `mask` are the settings of its MultiVectorMask; PyLate's folders have none, and everything in one file.

    Raises ModelLoadError for settings that are none.
    """
    file = path / "config_sentence_transformers.json"
    if mask is not None:
        place = transformer.path / "sentence_bert_config.json"
        return PLAIN | {
            "query_length": _length(place, transformer.config, "query_length"),
            "document_length": _length(place, transformer.config, "document_length"),
            "expansion": _expansion(place, transformer.config.get("query_expansion")),
            "skiplist": _words(transformer.path, mask, "skiplist_words", []),
            "skips": _words(transformer.path, mask, "skiplist_tasks", ["document"]),
        }
    settings = read_object(file, optional=True)
    length = _length(file, settings, "query_length") or _QUERY_TOKENS
    expands = settings.get("do_query_expansion") is not False
    attends = bool(settings.get("attend_to_expansion_tokens"))
    return PLAIN | {
        "query_prefix": _text(file, settings, "query_prefix", "[Q] "),
        "document_prefix": _text(file, settings, "document_prefix", "[D] "),
        "query_length": length,
        "document_length": _length(file, settings, "document_length") or _DOCUMENT_TOKENS,
        "expansion": {"length": length, "attend": attends, "token": None} if expands else None,
        "skiplist": _words(file, settings, "skiplist_words", list(string.punctuation)),
    }


def stanford_modules(path: Path) -> tuple[Module, ...] | None:
    """The modules of a folder in Stanford's layout, which lists none; `None` for another folder.

    Raises ModelLoadError for settings that are none.
    """
    config = read_object(path / "config.json", optional=True)
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or _STANFORD not in architectures:
        return None
    file, place = path / _METADATA, path.resolve()
    told = read_object(file, optional=True)
    length = _length(file, told, "query_maxlen") or _QUERY_TOKENS
    settings = PLAIN | {
        "query_prefix": _text(file, told, "query_token_id", "[unused0]"),
        "document_prefix": _text(file, told, "doc_token_id", "[unused1]"),
        "query_length": length,
        "document_length": _length(file, told, "doc_maxlen") or _DOCUMENT_TOKENS,
        "expansion": {"length": length, "attend": bool(told.get("attend_to_mask_tokens")), "token": None},
        "skiplist": list(string.punctuation) if told.get("mask_punctuation", True) else [],
    }
    out = whole_number(file, told, "dim", least=1, most=_LONGEST) or _DIMENSIONS
    projection = {"out_features": _projected(path) or out, "in_features": _width(config)}
    return (
        Module("Transformer", place, {}),
        Module(PROJECTION, place, projection),
        Module(TOKENS, place, settings),
    )


def _projected(path: Path) -> int | None:
    """How long the vectors of Stanford's layout are, by the weights, where they are there."""
    if not any(path.glob("*.safetensors")):
        return None
    for file in weight_files(path):
        shape = read_header(file).shapes.get(PROJECTED)
        if shape is not None and len(shape) == 2:
            return shape[0]
    raise ModelLoadError(f"the weights of {path} lack `{PROJECTED}`, the last step of its vectors", remedy=REMEDY)


def _width(config: Mapping[str, Any]) -> int | None:
    return next((config[key] for key in WIDTHS if isinstance(config.get(key), int)), None)


def _length(file: Path, settings: Mapping[str, Any], key: str) -> int | None:
    return whole_number(file, settings, key, least=1, most=_LONGEST)


def _text(file: Path, settings: Mapping[str, Any], key: str, unstated: str) -> str:
    value = settings.get(key)
    if value is None:
        return unstated
    if not isinstance(value, str):
        raise ModelLoadError(f"{file} has {kind_of(value)} as `{key}`, where a text is due", remedy=REMEDY)
    return value


def _words(file: Path, settings: Mapping[str, Any], key: str, unstated: Sequence[str]) -> list[str]:
    value = settings.get(key)
    if value is None:
        return list(unstated)
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise ModelLoadError(f"{file} has {kind_of(value)} as `{key}`, where a list of texts is due", remedy=REMEDY)
    return listed


def _expansion(file: Path, value: Any) -> dict[str, Any] | None:
    """How short queries are made longer. Raises ModelLoadError."""
    if value is None:
        return None
    length = _length(file, value, "length") if isinstance(value, dict) else None
    token = value.get("token") if isinstance(value, dict) else None
    if length is None or value.get("strategy") not in ("fixed", "min") or not isinstance(token, str | None):
        raise ModelLoadError(f"{file} has a `query_expansion` that is not known: {str(value)[:100]}", remedy=REMEDY)
    return {"length": length, "attend": bool(value.get("attend")), "token": token, "least": value["strategy"] == "min"}

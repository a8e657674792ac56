"""What makes two models give the same vectors, as one short text. Knows files and hashes, not how a model runs.

Weights, tokenizer, module chain, architecture and the vector class go in. Prompts, window, runtime, device and
precision do not: they change no stored vector beyond the gate of class `exact`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from typing import TYPE_CHECKING, Any, Final, TypeVar

from blake3 import blake3

from embedingest.atomic import write_bytes
from embedingest.engine.folder.module import SCORES, SPLADE, TOKENS
from embedingest.engine.folder.words import in_tokenizer_json
from embedingest.errors import ModelLoadError
from embedingest.numerals import json_fault
from embedingest.paths import user_cache
from embedingest.regular import read_bounded, why_not_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["canonical_tokenizer", "file_hash", "fingerprint", "joined", "read_ours", "remembered"]

_log = logging.getLogger(__name__)

_Found = TypeVar("_Found")

_LARGEST_NOTE_BYTES: Final = 2**20

# Of a transformer's config.json: names, versions and training settings that no forward pass reads.
_UNREAD_SETTINGS: Final = frozenset(
    ("_name_or_path", "architectures", "transformers_version", "torch_dtype", "dtype", "use_cache", "id2label",
     "label2id", "gradient_checkpointing", "classifier_dropout", "attention_probs_dropout_prob",
     "hidden_dropout_prob", "initializer_range")
)  # fmt: skip
_READ_SETTINGS: Final = {
    "Dense": ("in_features", "out_features", "bias", "activation_function", "use_residual"),
    "WeightedLayerPooling": ("layer_start",),
    SCORES: ("activation", "prompt", "answers"),
    SPLADE: ("pooling_strategy", "activation_function"),
    TOKENS: ("query_prefix", "document_prefix", "expansion", "skiplist", "skips"),
}


def fingerprint(
    *,
    weights: Sequence[Path],
    tokenizer: Path,
    words: str,
    lowercase: bool,
    config: Mapping[str, Any],
    pooling: Sequence[str],
    chain: Sequence[tuple[str, Mapping[str, Any]]],
    vector_class: str,
) -> str:
    """`<32 hex digits>:<class>` of a model. The digits differ when any vector would.

    `weights` are the files in the order of the chain, `tokenizer` its tokenizer.json, `words` what other settings
    change of it, `lowercase` whether text is lowered before it, `config` the transformer's settings, `pooling` the
    kinds that are joined, `chain` the kind and the settings of each module after pooling.
    """
    facts = {
        "weights": [file_hash(file) for file in weights],
        "tokenizer": file_hash(tokenizer, words),
        "lowercase": lowercase,
        "config": {key: value for key, value in config.items() if key not in _UNREAD_SETTINGS},
        "pooling": pooling,
        "chain": [(kind, {key: settings.get(key) for key in _READ_SETTINGS.get(kind, ())}) for kind, settings in chain],
    }
    return f"{blake3(_canonical(facts)).hexdigest(length=16)}:{vector_class}"


def joined(parts: Mapping[str, str], vector_class: str) -> str:
    """`<32 hex digits>:<class>` of a model that embeds queries and documents by different modules, from theirs."""
    return f"{blake3(_canonical(dict(parts))).hexdigest(length=16)}:{vector_class}"


def file_hash(path: Path, words: str | None = None) -> str:
    """blake3 of a file, hex; remembered in the user's cache, see `remembered`.

    `words` hashes a tokenizer.json as it is used: with these changes, without its padding and truncation.
    """

    def digest() -> str:
        return canonical_tokenizer(path, words) if words is not None else blake3().update_mmap(path).hexdigest()

    return remembered(path, "hashes", [words], "blake3", str, digest)


def remembered(
    path: Path, folder: str, further: list[Any], name: str, read: Callable[[Any], _Found], find: Callable[[], _Found]
) -> _Found:
    """What `find` finds out about a file; kept in the user's cache, in JSON by `name` of a note in `folder`.

    It holds for the path, the size and the time of change, and for what `further` says of how it was asked. `read`
    makes it of JSON again, and raises ValueError, KeyError or TypeError for what is none.
    """
    stat = path.stat()
    known = [stat.st_size, stat.st_mtime_ns, stat.st_ino, *further]
    note = user_cache() / folder / f"{blake3(os.fsencode(path.resolve())).hexdigest(length=16)}.json"
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        noted = json.loads(read_ours(note) or b"{}")
        if noted["stat"] == known:
            return read(noted[name])
    found = find()
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        write_bytes(note, json.dumps({"path": str(path), "stat": known, name: found}).encode(), private=True)
    return found


def read_ours(note: Path) -> bytes | None:
    """A note of the cache; `None`, with a warning, where somebody else may have written it, or it cannot be read."""
    try:
        reason = why_not_ours(note)
        if reason is None:
            return read_bounded(note, _LARGEST_NOTE_BYTES)
    except OSError:
        return None
    _log.warning("a note of the cache is not taken: %s", reason)
    return None


def canonical_tokenizer(path: Path, words: str = "") -> str:
    """blake3 over what a tokenizer.json and `words` say apart from padding and truncation. Raises ModelLoadError."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError, MemoryError) as error:
        reason = json_fault(error) if isinstance(error, ValueError) else error
        raise ModelLoadError(f"{path} is not JSON: {reason}", remedy="copy or pull the model again") from error
    if not isinstance(content, dict):
        raise ModelLoadError(f"{path} holds no settings of a tokenizer", remedy="copy or pull the model again")
    content = in_tokenizer_json(content, words)
    return blake3(_canonical({k: v for k, v in content.items() if k not in ("padding", "truncation")})).hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()

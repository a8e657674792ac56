"""What things are called: sources, hashes and ids, from content and never from positions.

Knows no folder, no table and no model; it is handed the bytes and names that it hashes.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final

import orjson
from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CHILD",
    "canonical_json",
    "chunk_id",
    "config_hash",
    "content_hash",
    "escape",
    "hash_fields",
    "occurrences",
    "parent_source",
    "path_of_source",
    "source_name",
    "text_hash",
]

# Between a document and one inside it (an attachment, an archive member). A file name cannot hold a NUL, but a
# column that people read should not either: "!/" is what Java and others write for members of archives.
CHILD: Final = "!/"

_HASH_BYTES: Final = 16
_ESCAPED: Final = re.compile(rb"%([0-9A-F]{2})")
_LOOKS_ESCAPED: Final = re.compile("%(?=[0-9A-F]{2})")
_UNDECODABLE: Final = re.compile("[\udc80-\udcff]")


def hash_fields(*fields: str | bytes) -> str:
    """blake3 over length-prefixed fields, 32 hex characters: ("ab", "c") and ("a", "bc") differ."""
    hasher = blake3()
    for field in fields:
        raw = field.encode("utf-8", "surrogatepass") if isinstance(field, str) else field
        hasher.update(len(raw).to_bytes(8, "little"))
        hasher.update(raw)
    return str(hasher.hexdigest(_HASH_BYTES))


def content_hash(data: bytes) -> str:
    """blake3 of a file's bytes, 64 hex characters."""
    return str(blake3(data).hexdigest())


def text_hash(fingerprint: str, prompt: str, text: str) -> str:
    """What one vector belongs to: the model, the document prompt and the exact text that is embedded."""
    return hash_fields(fingerprint, prompt, text)


def chunk_id(source: str, text_hash: str, occurrence: int) -> str:
    """The row of the `occurrence`-th chunk (from 0) of this text in this document."""
    return hash_fields(source, text_hash, str(occurrence))


def occurrences(hashes: Iterable[str]) -> list[int]:
    """How often each hash came before: [a, b, a] gives [0, 0, 1]."""
    seen: dict[str, int] = {}
    out = []
    for key in hashes:
        out.append(seen.get(key, 0))
        seen[key] = out[-1] + 1
    return out


def canonical_json(value: Mapping[str, Any]) -> str:
    """Equal mappings give equal strings: keys sorted, no spaces, no escapes beyond what JSON asks."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode()
    except TypeError:
        # Integers of more than 64 bits, and halves of surrogate pairs, which the escapes below can spell.
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def config_hash(
    *,
    loader: tuple[str, str, Mapping[str, Any]],
    chunker: tuple[str, str, Mapping[str, Any]],
    prompt: str,
    capacity: str,
    metadata: Mapping[str, Any],
) -> str:
    """Everything that decides a document's rows beside its bytes: (name, version, options) of its loader and its
    chunker, the document prompt, the token capacity of a chunk and the metadata that every row is given.
    """
    parts = [loader[0], loader[1], canonical_json(loader[2]), chunker[0], chunker[1], canonical_json(chunker[2])]
    return hash_fields(*parts, prompt, capacity, canonical_json(metadata))


def source_name(alias: str, relative: str) -> str:
    """`alias/relative`, or the alias alone for a root that is one file.

    Undecodable bytes (surrogates, as `os.fsdecode` gives them) become %XX. A literal percent sign in front of two
    upper-case hex digits becomes %25, so that two different paths never share a source. Any other character stays.
    """
    path = escape(relative if os.sep == "/" else relative.replace(os.sep, "/"))
    return f"{alias}/{path}" if path else alias


def escape(name: str) -> str:
    """A file name as text that UTF-8 can hold, such that no two names give the same."""
    if "%" in name:
        name = _LOOKS_ESCAPED.sub("%25", name)
    if name.isascii():
        return name
    return _UNDECODABLE.sub(lambda match: f"%{ord(match.group()) - 0xDC00:02X}", name)


def path_of_source(alias: str, source: str) -> str:
    """The POSIX path under its root that `source_name` was given; the empty string for a root that is one file."""
    if source == alias:
        return ""
    raw = source[len(alias) + 1 :].encode("utf-8", "surrogateescape")
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match.group(1), 16)]), raw))


def parent_source(source: str) -> str:
    """The file that a document inside another came from; a file's own source is its own parent."""
    return source.partition(CHILD)[0]

"""What things are called: sources, hashes and ids, from content and never from positions.

Knows no folder, no table and no model; it is handed the bytes and names that it hashes. Sources are spelled and taken
apart here and nowhere else.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "Source",
    "base_name",
    "below",
    "canonical_json",
    "chunk_id",
    "config_hash",
    "content_hash",
    "escape",
    "hash_fields",
    "inside",
    "occurrences",
    "parent_source",
    "path_of_source",
    "picture_hash",
    "source_name",
    "speller",
    "text_hash",
]

# Between a document and one inside it (an attachment, an archive member). A file name cannot hold a NUL, but a
# column that people read should not either: "!/" is what Java and others write for members of archives.
_CHILD: Final = "!/"

_HASH_BYTES: Final = 16
_UNSAFE: Final = re.compile(r"%(?=[0-9A-F]{2}|uD[89A-F][0-9A-F]{2})|!(?=/)|[\0\ud800-\udfff]")
_UNDECODABLE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final = re.compile(r"%(?:u(D[89A-F][0-9A-F]{2})|([0-9A-F]{2}))")
# The one thing that an alias may not do as it stands is to end with an exclamation mark in front of a slash.
_ALIAS_END: Final = re.compile(r"%((?:25)*)21\Z")


def hash_fields(*fields: str | bytes) -> str:
    """blake3 over length-prefixed fields, 32 hex characters: ("ab", "c") and ("a", "bc") differ."""
    parts: list[bytes] = []
    for field in fields:
        raw = field.encode("utf-8", "surrogatepass") if isinstance(field, str) else field
        parts += (len(raw).to_bytes(8, "little"), raw)
    return str(blake3(b"".join(parts)).hexdigest(_HASH_BYTES))


def content_hash(data: bytes) -> str:
    """blake3 of a file's bytes, 64 hex characters."""
    return str(blake3(data).hexdigest())


def text_hash(fingerprint: str, prompt: str, text: str) -> str:
    """What one vector belongs to: the model, the document prompt and the exact text that is embedded."""
    return hash_fields(fingerprint, prompt, text)


def picture_hash(fingerprint: str, picture: str, text: str) -> str:
    """As `text_hash`, of a picture by its name (`Picture`). `text` is what models beside the vector's read, if any."""
    return hash_fields(fingerprint, "", picture, text)


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


class Source(NamedTuple):
    """The parts of a source: the alias of its root, the POSIX path below it (empty where the root is one file), and the
    names of the documents inside each other that lead to it.
    """

    alias: str
    path: str = ""
    members: tuple[str, ...] = ()

    @classmethod
    def parse(cls, source: str) -> Source:
        """The parts of what `spelled` gave."""
        file, *members = source.split(_CHILD)
        alias, _, path = file.partition("/")
        alias = _ALIAS_END.sub(lambda end: f"%{end[1][2:]}21" if end[1] else "!", alias)
        return cls(alias, _unescaped(path), tuple(map(_unescaped, members)))

    @property
    def spelled(self) -> str:
        """`alias/path!/member`, as it stands in the table; no two sources are spelled alike."""
        spelled = source_name(self.alias, self.path)
        return spelled if not self.members else _CHILD.join([spelled, *map(escape, self.members)])

    @property
    def readable(self) -> str:
        """What lies below the root, with every name as it is on disk where that is text: for patterns of users."""
        return _CHILD.join(part if _is_text(part) else escape(part) for part in (self.path, *self.members) if part)


def source_name(alias: str, relative: str) -> str:
    """`alias/relative`, or the alias alone for a root that is one file.

    Undecodable bytes (surrogates, as `os.fsdecode` gives them) become %XX. So does what would be mistaken: an
    exclamation mark in front of a slash is %21, a percent sign in front of two upper-case hex digits %25. Any other
    character stays.
    """
    if alias.endswith(("!", "21")):
        alias = _ALIAS_END.sub(r"%25\g<1>21", alias)
        if relative and alias.endswith("!"):
            alias = alias[:-1] + "%21"
    path = escape(relative if os.sep == "/" else relative.replace(os.sep, "/"))
    return f"{alias}/{path}" if path else alias


def speller(alias: str) -> Callable[[str], str]:
    """`source_name` under one alias, made for many paths: most names need no escaping."""
    prefix = below(source_name(alias, ""))

    def spelled(relative: str) -> str:
        plain = relative and relative.isascii() and not ("%" in relative or "!/" in relative or "\0" in relative)
        return prefix + relative if plain else source_name(alias, relative)

    return spelled


def below(source: str) -> str:
    """What the sources of everything below a folder begin with, of the folder's own source."""
    return source[:-1] + "%21/" if source.endswith("!") else source + "/"


def inside(source: str, name: str) -> str:
    """The source of the document called `name` inside that of this source."""
    return f"{source}{_CHILD}{escape(name)}"


def escape(name: str) -> str:
    """A file name or path as text that UTF-8 can hold, such that no two give the same and none holds a `!/`."""
    if name.isascii() and "%" not in name and "!/" not in name and "\0" not in name:
        return name
    return _UNSAFE.sub(_escaped, name)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x80:
        return f"%{code:02X}"
    # Bytes that are no UTF-8 are kept in this range (PEP 383); other halves of pairs are Windows' own.
    return f"%{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"%u{code:04X}"


def _unescaped(name: str) -> str:
    return _ESCAPED.sub(_character, name) if "%" in name else name


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    code = int(match[2], 16)
    return chr(code if code < 0x80 else 0xDC00 + code)


def _is_text(name: str) -> bool:
    return name.isascii() or _UNDECODABLE.search(name) is None


def path_of_source(alias: str, source: str) -> str:
    """The POSIX path under its root that `source_name` was given; the empty string for a root that is one file."""
    parsed = Source.parse(source)
    return parsed.path if parsed.alias == alias else ""


def parent_source(source: str) -> str:
    """The file that a document inside another came from; a file's own source is its own parent."""
    return source.partition(_CHILD)[0]


def base_name(source: str) -> str:
    """The last name in a source, as it is spelled there."""
    return source.rpartition("/")[2]

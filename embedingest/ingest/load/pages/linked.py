"""Whether links are all that lies on the pages of a file beside their print, by the bytes of the file. Pure.

PDFium reads each link of a page before it says that it is one. To unpack all that the file has packed takes less.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["has_only_links"]

_MOST_UNPACKED: Final = 2**25
"""Bytes that are unpacked of a file, at most."""

_NEAR: Final = 512
"""How many bytes what describes a stream has before or behind its kind, at most."""

_BEHIND: Final = 2
"""Bytes between what is packed and the end of its stream: the end of a line."""

_KINDS: Final = re.compile(rb"/Subtype(?=(.{0,24}))", re.DOTALL)
_KIND: Final = re.compile(
    rb"\s*/(?:Link|Popup|Form|Image|XML|Type[013]|Type1C|MMType1|TrueType|OpenType|CIDFontType[02]C?)(?![^\s/<>\[\]()])"
)
"""What is called so is no field and says nothing: links, and what pages are printed with."""

_NAMES: Final = (b"Subtype", b"ObjStm", b"Contents")
_BEGUN: Final = frozenset(b"/" + name[:at] for name in _NAMES for at in range(len(name)))
_LONGEST: Final = max(map(len, _BEGUN))
_BY_NUMBER: Final = re.compile(rb"#[4-7][0-9A-Fa-f]")
"""A letter of a name, written by its number."""

_SAYS: Final = re.compile(rb"/Contents\s*[(<]")
_BEGINS: Final = re.compile(rb"stream\r?\n")


def has_only_links(data: bytes) -> bool:
    """Whether no page can have fields, comments or texts of others on it. Where it cannot be told it may have."""
    try:
        return all(map(_are_links, (data, *_unpacked(data))))
    except (ValueError, zlib.error):
        return False


def _are_links(written: bytes) -> bool:
    if not all(map(_KIND.match, set(_KINDS.findall(written)))) or _SAYS.search(written):
        return False
    return not any(_begins_name(written, letter.start()) for letter in _BY_NUMBER.finditer(written))


def _begins_name(written: bytes, end: int) -> bool:
    """Whether the beginning of one of the names stands before a place."""
    return any(written.endswith(begun, max(0, end - _LONGEST), end) for begun in _BEGUN)


def _unpacked(data: bytes) -> Iterator[bytes]:
    """The objects that are packed together, stream by stream. Raises ValueError, zlib.error."""
    left = _MOST_UNPACKED
    place = data.find(b"/ObjStm")
    while place >= 0:
        begins = _BEGINS.search(data, place, place + _NEAR)
        head = data[max(0, place - _NEAR) : begins.start() if begins else place].rpartition(b"obj")[2]
        if begins is None or b"/FlateDecode" not in head or head.count(b"Decode") > 1:
            raise ValueError("packed in another way")
        ends = data.find(b"endstream", begins.end())
        unpacking = zlib.decompressobj()
        found = unpacking.decompress(data[begins.end() : max(begins.end(), ends)], left)
        left -= len(found)
        if not unpacking.eof or not left or len(unpacking.unused_data) > _BEHIND:
            raise ValueError("too large, cut off, or more than this")
        yield found
        place = data.find(b"/ObjStm", ends)

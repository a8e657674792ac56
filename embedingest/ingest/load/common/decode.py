"""Bytes to text: byte order mark, strict UTF-8, UTF-16 by its zeros, then a guess over the whole file.

Knows no formats. Lines end in a line feed afterwards, and what could not be decoded is counted.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentSkipped

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Decoded", "decode", "is_binary"]

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like the mark of UTF-16, so it comes first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SNIFF: Final = 8192
_CONTROLS: Final = bytes(set(range(32)) - {0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1B})
_REPLACEMENT: Final = "�"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with line feeds only, the encoding it was read by, and the count of what was lost, by reason."""

    text: str
    encoding: str
    notices: Mapping[str, int] = field(default_factory=dict)


def decode(data: bytes, name: str) -> Decoded:
    """Decode a whole file. Raises DocumentSkipped (`binary`) where the bytes are no text in any encoding."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _lossy(data[len(mark) :], encoding)
    head = data[:_SNIFF]
    if is_binary(head):
        raise DocumentSkipped(f"{name} holds binary data, not text", source=name, code="binary")
    wide = _utf16(head) if b"\0" in head else None  # before UTF-8, in which zeros are valid too
    if wide is not None:
        return _lossy(data, wide)
    try:
        return _decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _lossy(data, _nearly_utf8(data) or _guess(data))


def is_binary(head: bytes) -> bool:
    """Whether these first bytes of a file are no text: a zero byte outside UTF-16, or many control characters."""
    if any(head.startswith(mark) for mark, _ in _BOMS):
        return False
    if b"\0" in head:
        return _utf16(head) is None
    return len(head) - len(head.translate(None, _CONTROLS)) > len(head) * 0.05


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: zeros gather at one parity, or the pairs decode to text of few scripts."""
    even = head[: len(head) & ~1]
    if len(even) < 4:
        return None
    zeros = {"utf-16-be": even[0::2].count(0), "utf-16-le": even[1::2].count(0)}
    encoding, high = max(zeros.items(), key=lambda item: item[1])
    if high == 0 or high < 3 * (sum(zeros.values()) - high):
        return None
    text = even.decode(encoding, "replace").removesuffix(_REPLACEMENT)  # the head may end inside a pair
    odd = sum(not (c.isprintable() or c in "\n\r\t\f") for c in text) + text.count(_REPLACEMENT)
    spaces = text.count(" ") + text.count("\n") + text.count("\u3000") + text.count("。")
    return encoding if odd * 50 <= len(text) and (high * 4 >= len(even) // 2 or spaces * 200 >= len(text)) else None


def _nearly_utf8(data: bytes) -> str | None:
    """UTF-8 with a few damaged places: a guess would turn every good character of it into two bad ones."""
    text = data.decode("utf-8", "replace")
    bad = text.count(_REPLACEMENT)
    good = sum(map(len, re.findall(r"[^\x00-\x7f]+", text))) - bad
    return "utf-8" if good > 4 * bad else None


def _guess(data: bytes) -> str:
    import chardet

    encoding = chardet.detect(data)["encoding"]
    if encoding is None:
        return "utf-8"
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "utf-8"


def _lossy(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    # The mark may also be what the author wrote.
    written = data.count(_REPLACEMENT.encode()) if encoding == "utf-8" else 0
    return _decoded(text, encoding, lost=text.count(_REPLACEMENT) - written)


def _decoded(text: str, encoding: str, *, lost: int = 0) -> Decoded:
    notices = {"undecodable": lost} if lost > 0 else {}
    if "\0" in text:
        notices["nul_bytes"] = text.count("\0")
        text = text.replace("\0", _REPLACEMENT)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, encoding, notices)

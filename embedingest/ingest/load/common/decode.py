"""Bytes to text: byte order mark, UTF-16 and UTF-32 by their zeros, strict UTF-8, seven-bit encodings, then a guess.

A file of lines in UTF-8 and others in an older encoding is decoded line by line.

Knows no formats. Lines end in a line feed afterwards, and what could not be decoded is counted.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.common.legacy import FALLBACK, guess, looks_like
from embedingest.ingest.load.common.seven_bit import seven_bit
from embedingest.ingest.load.encoded.armour import without_armour
from embedingest.ingest.load.encoded.data import without_data
from embedingest.ingest.notices import plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Decoded", "decode", "fallen_back", "is_binary", "is_utf8"]

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
_ZEROS: Final = re.compile(rb"\0+")
_NULS: Final = re.compile(r"\0+")
_FEW: Final = 512
"""Bytes of a text for each place with zeros in it: a program has them closer together."""
_ABOVE_ASCII: Final = re.compile(r"[^\x00-\x7f]+")


_fallback: Final[ContextVar[str]] = ContextVar("fallback", default=FALLBACK)


@contextlib.contextmanager
def fallen_back(encoding: str) -> Iterator[None]:
    """While this lasts, texts that show no encoding are read in this one. Raises LookupError for an unknown one."""
    token = _fallback.set(codecs.lookup(encoding).name)
    try:
        yield
    finally:
        _fallback.reset(token)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with line feeds only, the encoding it was read by, and the count of what was lost, by reason."""

    text: str
    encoding: str
    notices: Mapping[str, int] = field(default_factory=dict)


def decode(data: bytes, name: str) -> Decoded:
    """Decode a whole file; data in letters (base64, keys, signatures) is left out and counted, every line in its place.

    Zeros within a text are a replacement mark, one for all that stand side by side.

    Raises DocumentSkipped (`binary`) where the bytes are no text in any encoding.
    """
    decoded = _decode(data, name)
    text, sealed = without_armour(decoded.text)
    text, encoded = without_data(text)
    if not sealed and not encoded:
        return decoded
    return Decoded(text, decoded.encoding, plus({**decoded.notices, **sealed}, encoded_data=encoded))


def _decode(data: bytes, name: str) -> Decoded:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _lossy(data[len(mark) :], encoding)
    head = data[:_SNIFF]
    if is_binary(head):
        raise DocumentSkipped(f"{name} holds binary data, not text", source=name, code="binary")
    # Before UTF-8, in which zeros are valid too.
    wide = _wide(head) if b"\0" in head and not _is_text_with_zeros(head) else None
    if wide is not None:
        return _lossy(data, wide)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data)
    packed = seven_bit(data)
    return _lossy(data, packed) if packed is not None else _decoded(text, "utf-8")


def is_binary(head: bytes) -> bool:
    """Whether these first bytes of a file are no text: zeros in many places outside UTF-16, or many controls."""
    if any(head.startswith(mark) for mark, _ in _BOMS):
        return False
    if b"\0" in head:
        return not _is_text_with_zeros(head) and _wide(head) is None
    if head.startswith(b"\x1b$)C"):
        head = head.translate(None, b"\x0e\x0f")  # the shifts of ISO-2022-KR, which its first line announces
    return len(head) - len(head.translate(None, _CONTROLS)) > len(head) * 0.05


def _wide(head: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark."""
    even = head[: len(head) & ~3]
    if len(even) >= 8:
        # The highest byte of every character is zero, and the next one at most 16.
        for encoding, top, second in (("utf-32-le", 3, 2), ("utf-32-be", 0, 1)):
            if not any(even[top::4]) and max(even[second::4]) <= 16:
                return encoding if _is_text(even.decode(encoding, "replace")) else None
    return _utf16(head)


def _is_text_with_zeros(head: bytes) -> bool:
    """Whether zeros got into what is plainly a text: at its end, or in a few places."""
    rest, places = _ZEROS.subn(b"", head)
    if places > 1 + len(rest) // _FEW or len(rest) != len(rest.translate(None, _CONTROLS)):
        return False
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(rest)  # the head may end inside a character
    except UnicodeDecodeError:
        return False
    return any(map(str.isalnum, text)) and _is_text(text)


def _is_text(text: str) -> bool:
    """Whether next to no character is unassigned, a control or lost."""
    odd = sum(not (c.isprintable() or c in "\n\r\t\f") for c in text) + text.count(_REPLACEMENT)
    return odd * 50 <= len(text)


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
    spaces = text.count(" ") + text.count("\n") + text.count("\u3000") + text.count("。")
    return encoding if _is_text(text) and (high * 4 >= len(even) // 2 or spaces * 200 >= len(text)) else None


def _legacy(data: bytes) -> Decoded:
    """Bytes that are not UTF-8 as a whole: with damaged places, in part, or not at all."""
    lines = data.splitlines(keepends=True)
    odd = [line for line in lines if not is_utf8(line)]
    if _mostly_utf8(data, odd):
        return _lossy(data, "utf-8")
    encoding = guess(b"".join(odd), _fallback.get())
    in_utf8 = b"".join(line for line in lines if not line.isascii() and is_utf8(line))
    # Two letters of an older encoding can be one of UTF-8 by chance.
    if not in_utf8 or looks_like(in_utf8, encoding):
        return _lossy(data, encoding)
    return _line_by_line(lines, encoding)


def _mostly_utf8(data: bytes, odd: list[bytes]) -> bool:
    """UTF-8 with a few damaged places: a guess would turn every good character of it into two bad ones.

    `odd` are the lines that are not UTF-8.
    """
    text = data.decode("utf-8", "replace")
    bad = text.count(_REPLACEMENT)
    good = sum(map(len, _ABOVE_ASCII.findall(text))) - bad
    if good <= 4 * bad:
        return False
    # Where whole lines are in another encoding the file is mixed, not damaged.
    return any(_has_utf8(line) for line in odd)


def is_utf8(line: bytes) -> bool:
    """Whether these bytes are UTF-8 from end to end."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_utf8(line: bytes) -> bool:
    """Whether a line holds more characters of UTF-8 above ASCII than bytes that are not UTF-8."""
    text = line.decode("utf-8", "replace")
    bad = text.count(_REPLACEMENT)
    return sum(map(len, _ABOVE_ASCII.findall(text))) - bad > bad


def _line_by_line(lines: list[bytes], encoding: str) -> Decoded:
    """Lines in UTF-8 as they are, the others in `encoding`; how many these were is told."""
    texts, others = [], 0
    lost = 0
    for line in lines:
        whole = is_utf8(line)
        text = line.decode("utf-8" if whole or _has_utf8(line) else encoding, "replace")
        others += not whole
        lost += 0 if whole else text.count(_REPLACEMENT)
        texts.append(text)
    decoded = _decoded("".join(texts), "utf-8", lost=lost)
    return Decoded(decoded.text, decoded.encoding, {**decoded.notices, "lines_in_other_encoding": others})


def _lossy(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    # The mark may also be what the author wrote.
    written = data.count(_REPLACEMENT.encode()) if encoding == "utf-8" else 0
    return _decoded(text, encoding, lost=text.count(_REPLACEMENT) - written)


def _decoded(text: str, encoding: str, *, lost: int = 0) -> Decoded:
    notices = {"undecodable": lost} if lost > 0 else {}
    if "\0" in text:
        notices["nul_bytes"] = text.count("\0")
        text = _NULS.sub(_REPLACEMENT, text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, encoding, notices)

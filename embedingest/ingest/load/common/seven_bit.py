"""Text above ASCII in ASCII bytes: ISO-2022, HZ, UTF-7. Told by its own marks, and by what they enclose."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["seven_bit"]

_ESCAPES: Final = (
    (re.compile(rb"\x1b\$\)C"), ("iso2022_kr",)),
    (re.compile(rb"\x1b(?:\$[@B]|\([JI]|\$\([DOPQ])"), ("iso2022_jp_ext", "iso2022_jp_2004", "iso2022_jp_2")),
)
_HZ: Final = re.compile(rb"~\{((?:[\x21-\x77][\x21-\x7e])+)~\}")
_UTF7: Final = re.compile(rb"\+([A-Za-z0-9+/]*)-?")


def seven_bit(data: bytes) -> str | None:
    """The codec of bytes that are all ASCII and mean more; `None` for what is plain ASCII, or has other bytes too."""
    if not data.isascii():
        return None
    if b"\x1b" in data:
        for pattern, codecs in _ESCAPES:
            if pattern.search(data):
                return next((codec for codec in codecs if _decodes(data, codec)), None)
    if b"~{" in data and _is_hz(data):
        return "hz"
    return "utf-7" if b"+" in data and _is_utf7(data) else None


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _is_hz(data: bytes) -> bool:
    """Whether every `~{` opens pairs of letters that make Chinese characters of the usual ones."""
    runs = _HZ.findall(data)
    if len(runs) != data.count(b"~{") or not _decodes(data, "hz"):
        return False
    pairs = [run[index] for run in runs for index in range(0, len(run), 2)]
    usual = sum(0x30 <= lead <= 0x57 or 0x21 <= lead <= 0x23 for lead in pairs)
    return len(pairs) >= 2 and usual * 10 >= len(pairs) * 8


def _is_utf7(data: bytes) -> bool:
    """Whether every plus sign opens text of one or two scripts, as no arithmetic and no base64 does."""
    runs = [run for run in _UTF7.findall(data) if run]
    if not runs or not _decodes(data, "utf-7"):
        return False
    letters = [character for character in data.decode("utf-7") if character > "\x7f"]
    if len(letters) < 2 or any(unicodedata.category(letter) in {"Cn", "Co", "Cc", "Cs"} for letter in letters):
        return False
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters if letter.isalpha()}
    joined = scripts - {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH", "HANGUL"}
    return len(joined) <= 1 and sum(map(len, runs)) <= 6 * len(letters)

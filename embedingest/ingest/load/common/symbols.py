"""Characters of symbol fonts as the Unicode characters that a person sees. Holds tables, knows no formats."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["PRIVATE", "spelled", "symbol"]

_GREEK: Final = dict(
    zip(
        "ABCDEFGHIKLMNOPQRSTUWXYZabcdefghijklmnopqrstuvwxyz",
        "ΑΒΧΔΕΦΓΗΙΚΛΜΝΟΠΘΡΣΤΥΩΞΨΖαβχδεφγηιϕκλμνοπθρστυϖωξψζ",
        strict=True,
    )
)
_SYMBOL: Final = {ord(letter): sign for letter, sign in _GREEK.items()} | {
    0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2A: "∗", 0x2D: "−", 0x40: "≅", 0x4A: "ϑ", 0x56: "ς", 0x5C: "∴", 0x5E: "⊥",
    0xA0: "€", 0xA1: "ϒ", 0xA2: "′", 0xA3: "≤", 0xA4: "⁄", 0xA5: "∞", 0xA7: "♣", 0xA8: "♦", 0xA9: "♥", 0xAA: "♠",
    0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×",
    0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xC0: "ℵ", 0xC1: "ℑ",
    0xC2: "ℜ", 0xC4: "⊗", 0xC5: "⊕", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xC9: "⊃", 0xCA: "⊇", 0xCB: "⊄", 0xCC: "⊂",
    0xCD: "⊆", 0xCE: "∈", 0xCF: "∉", 0xD0: "∠", 0xD1: "∇", 0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD5: "∏", 0xD6: "√",
    0xD7: "⋅", 0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDB: "⇔", 0xDC: "⇐", 0xDD: "⇑", 0xDE: "⇒", 0xDF: "⇓", 0xE5: "∑",
    0xF2: "∫",
}  # fmt: skip
_WINGDINGS: Final = {
    0x28: "☎", 0x2A: "✉", 0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6E: "■", 0x6F: "□", 0x71: "❑", 0x76: "❖", 0x9F: "•",
    0xA7: "▪", 0xA8: "☐", 0xAB: "★", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xF0: "⇨",
    0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
_PIECES: Final = dict(zip(range(0xF8EB, 0xF8FF), "⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪⎮⎞⎟⎠⎤⎥⎦⎫⎬⎭", strict=True))
"""Pieces of tall brackets, in every font."""

_FONTS: Final = {"symbol": _SYMBOL, "wingdings": _WINGDINGS}
PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
"""Characters that mean what their font says."""


def spelled(text: str, font: str) -> str:
    """A text with its private characters as `symbol` gives them."""
    return PRIVATE.sub(lambda match: symbol(font, f"{ord(match[0]):X}"), text)


def symbol(font: str, code: str) -> str:
    """The character at `code` (hexadecimal) of a font; a replacement mark for one that only its font knows."""
    try:
        value = int(code, 16)
    except ValueError:
        return ""
    if value in _PIECES:
        return _PIECES[value]
    value -= 0xF000 if 0xF000 <= value <= 0xF0FF else 0
    table = _FONTS.get(font.strip().lower())
    if table is not None:
        return table.get(value, chr(value) if table is _SYMBOL and 0x20 <= value < 0x7F else "\ufffd")
    plain = 0x20 <= value < 0xD800 or 0xF900 <= value < 0xFFFE or 0x10000 <= value < 0xF0000
    return chr(value) if plain and code[:2].upper() != "F0" else "\ufffd"

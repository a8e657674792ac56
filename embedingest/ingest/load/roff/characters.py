"""What stands behind a backslash in roff: characters by name, fonts, sizes, strings. Knows no requests."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["arguments", "plain", "with_strings"]

_NAME: Final = r"(?:\[[^\]\n]{0,80}\]|\(..|.)"
_ESCAPE: Final = re.compile(
    r"\\(?:"
    r"(?P<comment>[\"#].*)"
    r"|(?P<character>\(..|\[[^\]\n]{0,80}\])"
    r"|[fFmMgknVY*]" + _NAME +
    r"|s(?:\[[^\]\n]{0,20}\]|'[^'\n]{0,20}'|[+-]?\(..|[+-]?\d|[+-]\d)"
    r"|N'(?P<code>\d{1,5})'"
    r"|C'(?P<named>[^'\n]{0,80})'"
    r"|[AbBDhHlLoRSvwxXZ](?:'(?P<quoted>[^'\n]{0,400})'|\"[^\"\n]{0,400}\")"
    r"|(?P<one>.)"
    r"|$)"
)  # fmt: skip
_STRING: Final = re.compile(r"\\\*(?:\[([^\]\n]{0,80})\]|\((..)|(.))")
_ARGUMENT: Final = re.compile(r'"((?:[^"\n]|"")*+)(?:"|$)|((?:\\[ ]|[^ \t])++)|[ \t]+')
_ONE: Final = {"-": "-", "e": "\\", "\\": "\\", " ": " ", "0": " ", "~": "\u00a0", "'": "´", "`": "`", "t": "\t",
               ".": ".", "E": "\\", "a": ""}  # fmt: skip
_BY_NAME: Final = {
    "hy": "-", "en": "–", "em": "—", "bu": "•", "co": "©", "rg": "®", "tm": "™", "aq": "'", "dq": '"', "lq": "“",
    "rq": "”", "oq": "‘", "cq": "’", "bs": "\\", "rs": "\\", "ti": "~", "ha": "^", "ga": "`", "aa": "´", "sl": "/",
    "ul": "_", "or": "|", "ba": "|", "br": "|", "at": "@", "sh": "#", "Do": "$", "de": "°", "mu": "×", "di": "÷",
    "+-": "±", "<=": "≤", ">=": "≥", "!=": "≠", "==": "≡", "~=": "≅", "->": "→", "<-": "←", "<>": "↔", "ua": "↑",
    "da": "↓", "dA": "⇓", "rA": "⇒", "lA": "⇐", "hA": "⇔", "dg": "†", "dd": "‡", "sc": "§", "ps": "¶", "lB": "[",
    "rB": "]", "lC": "{", "rC": "}", "la": "⟨", "ra": "⟩", "Fo": "«", "Fc": "»", "fo": "‹", "fc": "›", "12": "½",
    "14": "¼", "34": "¾", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "/o": "ø", "/O": "Ø", "/l": "ł",
    "/L": "Ł", "oa": "å", "oA": "Å", "-D": "Ð", "Sd": "ð", "Tp": "þ", "TP": "Þ", "eu": "€", "Eu": "€", "Po": "£",
    "Ye": "¥", "ct": "¢", "if": "∞", "mo": "∈", "no": "¬", "sq": "□", "ci": "○", "lh": "☜", "rh": "☞", "r!": "¡",
    "r?": "¿", "mi": "−", "pl": "+", "eq": "=", "**": "∗", "pc": "·", "md": "⋅", "fm": "′", "sd": "″", "S1": "¹",
    "S2": "²", "S3": "³", "OK": "✓", "sr": "√", "is": "∫", "pd": "∂", "es": "∅", "fa": "∀", "te": "∃", "tf": "∴",
    "AN": "∧", "OR": "∨", "ca": "∩", "cu": "∪", "sb": "⊂", "sp": "⊃", "ap": "∼", "~~": "≈", "lf": "⌊", "rf": "⌋",
    "lc": "⌈", "rc": "⌉", ".i": "ı", "vS": "š", "vs": "š", "vZ": "Ž", "vz": "ž", "vC": "Č", "vc": "č", "Bq": "„",
    "bq": "‚", "Of": "ª", "Om": "º", "Cs": "¤", "Fn": "ƒ", "bv": "|", "rn": "‾", "ru": "_", "CR": "↵",
}  # fmt: skip
_GREEK: Final = dict(zip("abgdezyhiklmncoprstufxqw", "αβγδεζηθικλμνξοπρστυφχψω", strict=True)) | dict(
    zip("ABGDEZYHIKLMNCOPRSTUFXQW", "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", strict=True)
)
_ACCENTS: Final = {":": "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", ",": "\u0327"}
_CODE: Final = re.compile(r"u([0-9A-F]{4,6})((?:_[0-9A-F]{4,6}){0,8})\Z")
_LONGEST_STRING: Final = 100


def plain(text: str) -> str:
    """The words of a line of roff."""
    return _ESCAPE.sub(_shown, text) if "\\" in text else text


def with_strings(text: str, strings: Mapping[str, str]) -> str:
    """The line with what its strings (`\\*(Tm`) stand for, once."""
    if "\\*" not in text:
        return text
    return _STRING.sub(lambda match: strings.get(match[1] or match[2] or match[3] or "", "")[:_LONGEST_STRING], text)


def arguments(text: str) -> list[str]:
    """The arguments of a request: parted by blanks, or in quotes; as they are written. A remark ends them."""
    found: list[str] = []
    for match in _ARGUMENT.finditer(text):
        if match[1] is not None:
            found.append(match[1].replace('""', '"'))
        elif match[2] is not None:
            if match[2].startswith('\\"'):
                break
            found.append(match[2])
    return found


def _shown(match: re.Match[str]) -> str:
    if match["one"] is not None:
        return _ONE.get(match["one"], "" if match["one"] in "&|^%:/,)czudprLaO{}!?" else match["one"])
    if match["character"] is not None:
        return _named(match["character"].strip("[]") if match["character"][0] == "[" else match["character"][1:])
    if match["code"] is not None:
        return chr(int(match["code"])) if 32 <= int(match["code"]) < 0xD800 else ""
    if match["named"] is not None:
        return _named(match["named"])
    if match["quoted"] is not None and match[0][1] in "oZb":
        return plain(match["quoted"]) if match[0][1] == "Z" else match["quoted"][:1]
    return ""


def _named(name: str) -> str:
    if name in _BY_NAME:
        return _BY_NAME[name]
    code = _CODE.match(name)
    if code is not None:
        points = [int(each, 16) for each in (code[1] + code[2]).split("_")]
        whole = "".join(chr(point) for point in points if point < 0x110000 and not 0xD800 <= point < 0xE000)
        return unicodedata.normalize("NFC", whole)
    if len(name) == 2 and name[0] == "*":
        return _GREEK.get(name[1], "")
    if len(name) == 2 and name[0] in _ACCENTS and name[1].isalpha():
        return unicodedata.normalize("NFC", name[1] + _ACCENTS[name[0]])
    return ""

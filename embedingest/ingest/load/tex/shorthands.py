"""Short forms of German and its neighbours in LaTeX (babel): `"a` is ä, `"~` a hyphen that ends no line."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["has_shorthands", "without_shorthands"]

_NAMED: Final = r"(?:n?germanb?|austrian|naustrian|swissgerman|nswissgerman|dutch)"
_LOADED: Final = re.compile(
    r"\\usepackage(?:\[([^\]]{0,400})\])?\{([^{}]{1,200})\}|\\documentclass(?:\[([^\]]{0,400})\])?\{"
)
_LANGUAGE: Final = re.compile(rf"(?<![a-z]){_NAMED}(?![a-z])")
_SHORT: Final = re.compile(r"""(?<!\\)"([aeiouAEIOUsSzZ`'<>~=|/"-]|[cfflmnprtCFLMNPRT](?=[a-zA-Z]))""")
_SIGNS: Final = {
    "a": "ä", "e": "ë", "i": "ï", "o": "ö", "u": "ü", "A": "Ä", "E": "Ë", "I": "Ï", "O": "Ö", "U": "Ü", "s": "ß",
    "z": "ß", "S": "SS", "Z": "SZ", "`": "„", "'": "“", "<": "«", ">": "»", "~": "-", "=": "-", "/": "/",
}  # fmt: skip


def has_shorthands(preamble: str) -> bool:
    """Whether the packages of a source, or its class, are told a language that has them."""
    babel = german = False
    for match in _LOADED.finditer(preamble):
        packages = (match[2] or "").replace(" ", "").split(",")
        babel = babel or "babel" in packages
        if "babel" in packages or match[2] is None:
            german = german or _LANGUAGE.search(match[1] or match[3] or "") is not None
        if {"german", "ngerman"} & set(packages):
            return True
    return babel and german


def without_shorthands(text: str) -> str:
    """The text with what the short forms print; those that only say where a word may be parted print nothing."""
    return _SHORT.sub(lambda match: _SIGNS.get(match[1], match[1] if match[1].isalpha() else ""), text)

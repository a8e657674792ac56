"""What is raised or lowered on a page, as words on the line that cannot be misread: 10⁸ is not 108."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST", "written"]

_ABOVE: Final = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_BELOW: Final = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_HAS_OWN: Final = re.compile(r"[0-9+\-−=()]+")
# Endings of numbers and short forms, marks of firms: their words are written the same on the line.
_ENDING: Final = re.compile(
    r"st|nd|rd|th|er|ers|re|res|[eèaoº]|[eè]mes?|nde?|os|as|mes?|lles?|gr|tm|sm|[™®©ªº°*†‡§¶′″'\"]+", re.IGNORECASE
)
LONGEST: Final = 24
"""Characters of what is raised; more than these are words that stand apart."""


def written(words: str, *, below: bool, behind: str = "") -> str:
    """What is raised or lowered, on the line: by letters of its own where all characters have one, else by a sign.

    `behind` is the character that it stands behind: one letter ends a number (5e), and is an exponent elsewhere.
    """
    if _HAS_OWN.fullmatch(words):
        return words.translate(_BELOW if below else _ABOVE)
    if len(words) > LONGEST:
        return f" {words} "
    if words[0] in "[(⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉^_" or (not below and _is_ending(words, behind)):
        return words
    sign = "_" if below else "^"
    return f"{sign}{words}" if len(words) == 1 else f"{sign}({words})"


def _is_ending(words: str, behind: str) -> bool:
    if len(words) == 1 and words.isalpha() and words not in "ªº":
        return words in "eèao" and (behind.isdigit() or behind in {"n", "N"})
    return bool(_ENDING.fullmatch(words))

"""Numbers as lists write them: 1, iv, B, 3rd, in words of one template a level. Knows no format of files."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST_LABEL", "letters", "roman", "written"]

LONGEST_LABEL: Final = 80
"""Characters of a label that are kept: one is written before every item, whatever a template says."""

_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_MARKDOWN: Final = re.compile(r"\d{1,9}[.)]")


def written(label: str, *, bullet: bool) -> str:
    """What stands in front of an item in Markdown: its number where that is one of Markdown's, or else a bullet too."""
    label = " ".join(label.split())[:LONGEST_LABEL]
    if bullet or not label:
        return "-"
    return label if _MARKDOWN.fullmatch(label) else f"- {label}"


def roman(value: int) -> str:
    """Lower-case Roman numerals from 1 to 3999; digits beyond."""
    if not 0 < value < 4000:
        return str(value)
    numerals = ""
    for worth, numeral in _ROMAN:
        numerals += numeral * (value // worth)
        value %= worth
    return numerals


def letters(value: int) -> str:
    """A to z, then aa, bb, as word processors count; digits beyond."""
    if not 0 < value <= 26 * 8:
        return str(value)
    return chr(97 + (value - 1) % 26) * ((value - 1) // 26 + 1)

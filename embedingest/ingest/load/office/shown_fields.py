"""Fields of Word and rich text that have no result: what they show stands in their instruction."""

from __future__ import annotations

import re
from typing import Final

from embedingest.ingest.load.common.symbols import spelled
from embedingest.ingest.load.office.equation_fields import equation_words

__all__ = ["drawn", "shown_by_itself"]

_BUTTON: Final = re.compile(r"\s{0,9}(?:MACRO|GOTO)BUTTON\s{1,9}\S{1,80}\s(.{1,2000})", re.IGNORECASE | re.DOTALL)
_SYMBOL: Final = re.compile(
    r"\s{0,9}SYMBOL\s{1,9}(0x[0-9a-f]{1,5}|\d{1,5})(?:\s[^\"]{0,40}\\f\s{0,9}\"([^\"]{0,80})\")?", re.IGNORECASE
)
_QUOTE: Final = re.compile(r"\s{0,9}QUOTE\s{1,9}\"([^\"]{1,2000})\"", re.IGNORECASE)


def drawn(code: str) -> str:
    """What a field that never has a result shows: an equation, the words of a button; empty for others."""
    button = _BUTTON.match(code)
    return equation_words(code) or ("" if button is None else button[1].strip())


def shown_by_itself(code: str) -> str:
    """What a field that has no result shows: what is `drawn`, a sign, a quotation; empty for others."""
    quoted, sign = _QUOTE.match(code), _SYMBOL.match(code)
    words = drawn(code) or ("" if quoted is None else quoted[1])
    if words or sign is None:
        return words
    point = int(sign[1].lower().removeprefix("0x"), 16 if sign[1][:2].lower() == "0x" else 10)
    if sign[2]:
        return spelled(chr(0xF000 + point) if point < 0x100 else chr(point), sign[2])
    shown = bytes([point]).decode("cp1252", "replace") if point < 0x100 else chr(point)
    return shown if shown.isprintable() else ""

"""What is raised or lowered, as words on the line that cannot be misread: 10^8 is not 108."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["AROUND", "DOWN", "END", "LONGEST", "UP", "on_the_line", "written"]

_ABOVE: Final = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_BELOW: Final = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_SLASHES: Final = frozenset({"/", "⁄"})
_NUMBER: Final = re.compile(r"[+\-−]?[0-9]+")
_HAS_OWN: Final = re.compile(r"[0-9+\-−=()]+")
# Endings of numbers and short forms, marks of firms: their words are written the same on the line.
_ENDING: Final = re.compile(
    r"st|nd|rd|th|er|ers|re|res|[eèaoº]|[eè]mes?|nde?|os|as|mes?|lles?|gr|tm|sm|[™®©ªº°*†‡§¶′″'\"]+", re.IGNORECASE
)
UP: Final = "\x01"
DOWN: Final = "\x02"
END: Final = "\x03"
"""What stands around words that are raised or lowered, until `on_the_line`; no text of a document holds them."""

_PIECE: Final = re.compile(r"([\x01\x02])([^\x01-\x03]*)\x03|([^\x01-\x03]+)|[\x01-\x03]")
AROUND: Final = 24
"""Characters before and behind what is raised that say whether it belongs to a price."""

_MONEY: Final = r"(?:[€$£¥₹₽₩₺₴₪฿]|\b(?:EUR|USD|GBP|CHF|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|Fr|kr|zł|Kč))"
_PRICED: Final = re.compile(rf"{_MONEY}\.?\s?(\d{{1,3}}(?:[.,'’ \u00a0]\d{{3}})*|\d+)\Z")
_AMOUNT: Final = re.compile(r"(?<![\d.,])(?<![×·*x^] )(?<![×·*x^])(\d{1,3}(?:[.,'’ \u00a0]\d{3})*|\d+)\Z")
_SOLD: Final = re.compile(rf"\s?{_MONEY}(?!\w)")
_CENTS: Final = re.compile(r"(\d\d)(\s?" + _MONEY + r")?")
_DECIMALS: Final = re.compile(r"[.,](?:\d\d|[-–—−]{1,2})(?:\s?" + _MONEY + r")?")
_CURRENCY: Final = re.compile(_MONEY + r"(?:\s?\d\d)?")

_THOUSANDS: Final = frozenset({"12", "15", "18", "21", "24"})  # of ten: it is a power, whatever stands beside it
_PIECES: Final = 6  # that are looked back on: those between others may be empty
LONGEST: Final = 24
"""Characters of what is raised; more than these are words that stand apart."""


def written(words: str, *, below: bool, behind: str = "", ahead: str = "", price: bool = False) -> str:
    """What is raised or lowered, on the line: by letters of its own where all characters have one, else by a sign.

    `behind` is the character that it stands behind: one letter ends a number (5e), and is an exponent elsewhere. A
    raised number behind a digit gets the sign (10^8): many models read 10⁸ as 108. `ahead` is the character after it:
    before a slash it is the top of a fraction. More of both, up to `AROUND`, tells the cents of a price: $19.95;
    `price` where it is known to be one.
    """
    of_price = None if below else _of_price(words, behind, ahead, known=price)
    if of_price is not None:
        return of_price
    behind, ahead = behind[-1:], ahead[:1]
    if not below and behind.isdigit() and _NUMBER.fullmatch(words):
        return f" {words.translate(_ABOVE)}" if ahead in _SLASHES else f"^{words}"
    if _HAS_OWN.fullmatch(words):
        return words.translate(_BELOW if below else _ABOVE)
    if len(words) > LONGEST:
        return f" {words} "
    if words[0] in "[(⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉^_" or (not below and _is_ending(words, behind)):
        return words
    sign = "_" if below else "^"
    return f"{sign}{words}" if len(words) == 1 else f"{sign}({words})"


def _of_price(words: str, behind: str, ahead: str, *, known: bool) -> str | None:
    """What is raised in a price, as it is written on the line; None in what is none."""
    if _CURRENCY.fullmatch(words) and (behind[-1:].isdigit() or ahead[:1].isdigit()):
        sides = (" " * behind[-1:].isdigit(), " " * ahead[:1].isdigit()) if words.isalpha() else ("", "")
        return f"{sides[0]}{words}{sides[1]}"
    if behind[-1:].isdigit() and _DECIMALS.fullmatch(words):
        return words
    if _PRICED.search(behind) and set(words) <= set("-–—−"):
        return words
    cents = _CENTS.fullmatch(words)
    amount = _PRICED.search(behind) or (
        _AMOUNT.search(behind) if cents and (known or cents[2] or _SOLD.match(ahead)) else None
    )
    if cents is None or amount is None or (amount[1] == "10" and cents[1] in _THOUSANDS):
        return None
    return f",{words}" if "." in amount[1] else f".{words}"  # a point parts thousands there


def on_the_line(text: str) -> str:
    """A text with what `UP` or `DOWN` and `END` stand around written on the line; parts that touch are one."""
    if UP not in text and DOWN not in text:
        return text
    said: list[str] = []
    mark, raised = "", ""
    for match in _PIECE.finditer(text):
        if match[1] == mark and mark:
            raised += match[2]
            continue
        said.append(_set(raised, mark, said, (match[3] or "")[:AROUND]))
        mark, raised = match[1] or "", match[2] or ""
        said.append(match[3] or "")
    return "".join([*said, _set(raised, mark, said, "")])


def _set(raised: str, mark: str, said: list[str], ahead: str) -> str:
    words = raised.strip()
    if not words:
        return raised
    before = "".join(piece[-AROUND:] for piece in said[-_PIECES:])[-AROUND:]
    at = raised.index(words)
    return raised[:at] + written(words, below=mark == DOWN, behind=before, ahead=ahead) + raised[at + len(words) :]


def _is_ending(words: str, behind: str) -> bool:
    if len(words) == 1 and words.isalpha() and words not in "ªº":
        return words in "eèao" and (behind.isdigit() or behind in {"n", "N"})
    return bool(_ENDING.fullmatch(words))

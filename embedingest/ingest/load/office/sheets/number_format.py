"""Numbers as a spreadsheet shows them: percentages, currencies, fractions, powers of ten; what is added to texts.

Knows codes, no files.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

__all__ = ["BUILT_IN", "shown", "text_shown"]

BUILT_IN: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: "#,##0",
    42: "#,##0", 43: "#,##0.00", 44: "#,##0.00", 48: "##0.0E+0",
}  # fmt: skip
"""The codes of formats that files name by a number only."""

_TOKEN: Final = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[([<>=]{1,2}-?[\d.]{1,30})\]|\[[^\]]*\]'
    r"|([eE][+-]0+)|([0#?][0#?,.]*|\.[0#?]+|(?i:general))|(.)",
    re.DOTALL,
)
_OTHERWISE: Final = frozenset("eEgGyYdDmMhHsS@")  # dates, texts
_CONDITION: Final = re.compile(r"(<=|>=|<>|<|>|=)(-?\d*\.?\d+)")
_COMPARED: Final = {
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_PLAIN: Final = "general"
_EXACT: Final = 10**15
"""From here on a sheet has fewer digits than a number."""

_LARGEST: Final = 10**21
_WIDE: Final = Context(prec=800, rounding=ROUND_HALF_UP)


@dataclass(slots=True)
class _Section:
    """A format of a kind of number: words and patterns of digits in their order, and for which numbers it is."""

    pieces: list[tuple[str, bool]] = field(default_factory=list)
    percents: int = 0
    power: str = ""
    condition: str = ""

    @property
    def patterns(self) -> list[str]:
        return [piece for piece, is_pattern in self.pieces if is_pattern]


def shown(value: float, code: str) -> str | None:
    """The number in this format; `None` for a format of another kind, which is left to be written plainly."""
    sections = _sections(code)
    if sections is None:
        return None
    chosen, sign = _chosen(value, sections)
    if abs(value) >= _LARGEST and not chosen.power:
        return None
    exact = Decimal(repr(value) if abs(value) < _EXACT else f"{value:.15g}")
    number = _WIDE.multiply(abs(exact), Decimal(100**chosen.percents))
    patterns = chosen.patterns
    if not patterns:
        return "".join(piece for piece, _ in chosen.pieces).strip()
    if _PLAIN in map(str.lower, patterns):
        digits = f"{float(number):.15g}".upper() if len(patterns) == 1 else None
    elif "/" in [piece for piece, is_pattern in chosen.pieces if not is_pattern]:
        digits = _fraction(number, chosen)
    elif chosen.power:
        digits = _scientific(number, patterns[0], chosen.power)
    elif len(patterns) > 1:
        digits = _grouped(number, chosen)
    else:
        digits = _digits(number, patterns[0])
    if digits is None:
        return None
    sign = sign if any(digit in "123456789" for digit in digits) else ""
    return f"{sign}{_around(chosen, digits)}".strip()


def text_shown(text: str, code: str) -> str | None:
    """The text with what this format adds to texts; `None` for a format that adds no words, or shows others instead."""
    pieces = _text_pieces(code)
    return None if pieces is None else "".join(text if piece is None else piece for piece in pieces).strip()


@lru_cache(maxsize=256)
def _text_pieces(code: str) -> tuple[str | None, ...] | None:
    """The section for texts, `None` in the place of the text."""
    sections: list[list[str | None]] = [[]]
    for match in _TOKEN.finditer(code[:255]):
        literal, escaped, currency, _, _, _, other = match.groups()
        if other == ";":
            sections.append([])
        elif other == "@":
            sections[-1].append(None)
        else:
            sections[-1].append(literal or escaped or currency or other or "")
    chosen = next((section for section in reversed(sections[:4]) if None in section), [])
    return tuple(chosen) if any(piece and piece.strip() for piece in chosen) else None


def _chosen(value: float, sections: list[_Section]) -> tuple[_Section, str]:
    """The section for the number, and the sign to stand before it."""
    minus = "-" if value < 0 else ""
    if any(section.condition for section in sections):
        for section in sections[:3]:
            match = _CONDITION.fullmatch(section.condition)
            if match is None or _COMPARED[match[1]](value, float(match[2])):
                return section, minus
        return sections[min(len(sections), 3) - 1], minus
    if value < 0 and len(sections) > 1:
        return sections[1], ""
    return (sections[2], "") if not value and len(sections) > 2 else (sections[0], minus)


def _around(section: _Section, digits: str) -> str:
    """The digits in the place of the patterns, with the words before and behind them."""
    places = [place for place, (_, is_pattern) in enumerate(section.pieces) if is_pattern]
    before = "".join(piece for piece, _ in section.pieces[: places[0]])
    return before + digits + "".join(piece for piece, _ in section.pieces[places[-1] + 1 :])


def _digits(value: Decimal, pattern: str) -> str:
    bare = pattern.rstrip(",")
    value /= 1000 ** (len(pattern) - len(bare))
    whole, _, decimals = bare.partition(".")
    places = min(len(decimals), 15)
    written = f"{value.quantize(Decimal(1).scaleb(-places), context=_WIDE):{',' if ',' in whole else ''}f}"
    front, point, behind = written.partition(".")
    least = decimals.rfind("0") + 1
    while len(behind) > least and behind.endswith("0"):
        behind = behind[:-1]
    front = front.rjust(min(whole.count("0"), 30), "0") if whole.count("0") or front != "0" else ""
    return front + (point + behind if behind else "")


def _scientific(value: Decimal, pattern: str, power: str) -> str:
    width = max(1, len(pattern.partition(".")[0].replace(",", "")))
    exponent = value.adjusted() if value else 0
    exponent -= exponent % width
    mantissa = _digits(value.scaleb(-exponent), pattern)
    if Decimal(mantissa.replace(",", "")) >= 10**width:  # rounded up to one digit more
        exponent += width
        mantissa = _digits(value.scaleb(-exponent), pattern)
    sign = "-" if exponent < 0 else "+" if power[1] == "+" else ""
    return f"{mantissa}{power[0].upper()}{sign}{str(abs(exponent)).rjust(len(power) - 2, '0')}"


def _fraction(value: Decimal, section: _Section) -> str | None:
    """A whole number and a fraction, or a fraction alone; the denominator is a number, or has so many digits."""
    at = next(place for place, piece in enumerate(section.pieces) if piece == ("/", False))
    below = "".join(piece for piece, is_pattern in section.pieces[at + 1 : at + 2] if is_pattern)
    mixed = len([1 for _, is_pattern in section.pieces[:at] if is_pattern]) > 1
    whole, rest = divmod(value, 1) if mixed else (Decimal(0), value)
    if not below:
        return None
    if below.strip("0?#"):
        bottom = int(below[:6])
        top = round(rest * bottom)
    else:
        near = Fraction(rest).limit_denominator(10 ** min(len(below), 6) - 1)
        top, bottom = near.numerator, near.denominator
    if mixed and top == bottom:
        whole, top = whole + 1, 0
    front = str(int(whole)) if whole or (mixed and not top) else ""
    behind = f"{top}/{bottom}" if top or not mixed else ""
    return f"{front} {behind}".strip()


def _grouped(value: Decimal, section: _Section) -> str | None:
    """Digits parted by words, as telephone numbers have: filled from the right."""
    if any("." in pattern for pattern in section.patterns):
        return None
    places = [place for place, (_, is_pattern) in enumerate(section.pieces) if is_pattern]
    inner = section.pieces[places[0] : places[-1] + 1]
    left = str(int(value.quantize(Decimal(1), context=_WIDE)))
    said: list[str] = []
    for number, (piece, is_pattern) in enumerate(reversed(inner), start=1):
        if not is_pattern:
            said.append(piece)
            continue
        taken = left if number == len(inner) else left[-len(piece) :] if piece else ""
        left = left[: len(left) - len(taken)]
        said.append(taken.rjust(piece.count("0"), "0"))
    return "".join(reversed(said))


@lru_cache(maxsize=256)
def _sections(code: str) -> list[_Section] | None:
    """The code's parts for numbers above, below and of zero; `None` where one is for something else than a number."""
    sections = [_Section()]
    for match in _TOKEN.finditer(code[:255]):
        literal, escaped, currency, condition, power, pattern, other = match.groups()
        here = sections[-1]
        if other == "@" and len(sections) == 4:  # for texts
            break
        if other and other in _OTHERWISE:
            return None
        if other == ";":
            sections.append(_Section())
        elif condition:
            here.condition = condition
        elif power:
            here.power = power
        elif pattern:
            here.pieces.append((pattern, True))
        else:
            here.percents += other == "%"
            text = literal or escaped or currency or other or ""
            if text:
                here.pieces.append((text, False))
    if len(sections) == 4:
        sections.pop()
    for section in sections:
        _join_denominator(section)
    told = any(section.condition or (section.pieces and len(sections) > 1) for section in sections)
    if len(sections) == 1 and [piece.lower() for piece, _ in sections[0].pieces] == [_PLAIN]:
        return None
    return sections if sections[0].patterns or told else None


def _join_denominator(section: _Section) -> None:
    """A denominator that the format says (`# ?/16`) is a pattern, as one of so many digits is."""
    if ("/", False) not in section.pieces:
        return
    at = section.pieces.index(("/", False)) + 1
    end = at
    while end < len(section.pieces) and section.pieces[end][0].isdigit() and not section.pieces[end][1]:
        end += 1
    if end > at:
        section.pieces[at:end] = [("".join(piece for piece, _ in section.pieces[at:end]), True)]

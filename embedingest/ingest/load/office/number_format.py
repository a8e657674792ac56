"""Numbers as a spreadsheet shows them: percentages, currencies, decimals. Knows format codes, no files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

__all__ = ["BUILT_IN", "shown"]

BUILT_IN: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00",
}  # fmt: skip
"""The codes of formats that files name by a number only."""

_TOKEN: Final = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|(\[[<>=][^\]]*\])|\[[^\]]*\]|([0#?][0#?,.]*|\.[0#?]+)|(.)', re.DOTALL
)
_OTHERWISE: Final = frozenset("eEgGyYdDmMhHsS@/")  # dates, fractions, powers of ten, texts
_LARGEST: Final = 10**15


@dataclass(slots=True)
class _Section:
    before: str = ""
    pattern: str = ""
    after: str = ""
    percents: int = 0


def shown(value: float, code: str) -> str | None:
    """The number in this format; `None` for a format of another kind, which is left to be written plainly."""
    sections = _sections(code)
    if sections is None or abs(value) >= _LARGEST:
        return None
    chosen, sign = sections[0], "-" if value < 0 else ""
    if value < 0 and len(sections) > 1:
        chosen, sign = sections[1], ""
    elif not value and len(sections) > 2:
        chosen = sections[2]
    if not chosen.pattern:
        return (chosen.before + chosen.after).strip()
    digits = _digits(abs(Decimal(repr(value))) * 100**chosen.percents, chosen.pattern)
    sign = sign if any(digit in "123456789" for digit in digits) else ""
    return f"{sign}{chosen.before}{digits}{chosen.after}".strip()


def _digits(value: Decimal, pattern: str) -> str:
    bare = pattern.rstrip(",")
    value /= 1000 ** (len(pattern) - len(bare))
    whole, _, decimals = bare.partition(".")
    places = min(len(decimals), 15)
    written = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):{',' if ',' in whole else ''}f}"
    front, point, behind = written.partition(".")
    least = decimals.rfind("0") + 1
    while len(behind) > least and behind.endswith("0"):
        behind = behind[:-1]
    front = front.rjust(min(whole.count("0"), 30), "0")
    return front + (point + behind if behind else "")


def _sections(code: str) -> list[_Section] | None:
    """The code's parts for numbers above, below and of zero; `None` where one is for something else than a number."""
    sections = [_Section()]
    for match in _TOKEN.finditer(code[:255]):
        literal, escaped, currency, condition, pattern, other = match.groups()
        if other == "@" and len(sections) == 4:  # for texts
            break
        if condition or (other and other in _OTHERWISE):
            return None
        if other == ";":
            sections.append(_Section())
            continue
        here = sections[-1]
        if pattern and here.pattern:
            return None  # groups of digits, as telephone numbers have
        here.pattern = pattern or here.pattern
        here.percents += other == "%"
        text = literal or escaped or currency or other or ""
        if here.pattern:
            here.after += text
        else:
            here.before += text
    return sections if sections[0].pattern else None

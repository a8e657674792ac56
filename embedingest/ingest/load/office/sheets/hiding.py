"""Formats of cells that show nothing of a value (`;;;`), of zeros (`0;-0;`), or stars (`**`). Knows no files."""

from __future__ import annotations

import operator
import re
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["hides", "may_hide"]

_TOKEN: Final = re.compile(
    r'"([^"]*)"|\\(.)|_.|(\*.)|\[\$([^\]-]*)[^\]]*\]|\[([<>=]{1,2})(-?[\d.]{1,30})\]|\[(?:h+|m+|s+)(\])|\[[^\]]*\]|(.)',
    re.DOTALL | re.IGNORECASE,
)
_COMPARED: Final = {
    "<=": operator.le, ">=": operator.ge, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_OF_TEXTS: Final = 3
"""The place of the section for texts, behind those for numbers above, below and of zero."""


class _Section(NamedTuple):
    """Whether a part of a format shows anything, and for which numbers it is."""

    shows: bool
    sign: str
    limit: float


def hides(value: object, code: str) -> bool:
    """Whether a cell in this format shows nothing of its value."""
    sections = _sections(code)
    if all(section.shows for section in sections):
        return False
    if isinstance(value, str | bool):
        return len(sections) > _OF_TEXTS and not sections[_OF_TEXTS].shows
    number = float(value) if isinstance(value, int | float) else 1.0  # dates lie above zero
    if any(section.sign for section in sections):
        fits = (each for each in sections[:_OF_TEXTS] if not each.sign or _COMPARED[each.sign](number, each.limit))
        return not next(fits, sections[0]).shows
    place = 1 if number < 0 else 0 if number else 2
    return not sections[place if place < len(sections) else 0].shows


def may_hide(code: str) -> bool:
    """Whether there are values of which a cell in this format shows nothing."""
    return not all(section.shows for section in _sections(code))


@lru_cache(maxsize=256)
def _sections(code: str) -> list[_Section]:
    sections = [_Section(False, "", 0.0)]
    stars = False
    for match in _TOKEN.finditer(code[:255]):
        literal, escaped, filler, currency, sign, limit, elapsed, other = match.groups()
        if other == ";":
            sections.append(_Section(False, "", 0.0))
        elif sign in _COMPARED and limit.count(".") < 2 and limit.strip("-."):
            sections[-1] = sections[-1]._replace(sign=sign, limit=float(limit))
        elif (literal or escaped or currency or elapsed or other or "").strip():
            sections[-1] = sections[-1]._replace(shows=True)
        stars = stars or filler is not None
    if len(sections) == 1 and not stars:  # an empty format is the usual one
        return [_Section(True, "", 0.0)]
    return sections

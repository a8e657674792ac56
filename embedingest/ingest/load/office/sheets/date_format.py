"""Dates, times and durations as a spreadsheet shows them. Knows format codes, no files.

What depends on the reader's country (the usual short date) is left to be written plainly.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

from embedingest.ingest.load.office.sheets.day_names import ENGLISH, DayNames, date_separator, day_names

__all__ = ["BUILT_IN_DATES", "dated", "is_date_code"]

BUILT_IN_DATES: Final = {
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0",
}  # fmt: skip
"""The codes of formats that files name by a number only; 14 and 22 differ by country."""

_TOKEN: Final = re.compile(
    r'"([^"]*)"|\\(.)|[_*].|\[\$[^\]-]*-?([0-9A-Fa-f]*)[^\]]*\]|\[(h+|m+|s+)\]|\[[^\]]*\]|(AM/PM|A/P)|(y+|m+|d+|h+|s+)'
    r"|(\.0+)|(.)",
    re.IGNORECASE | re.DOTALL,
)
_OTHERWISE: Final = frozenset("eEgGbB#?0@")  # eras, Buddhist years, numbers, texts
_NAMED: Final = frozenset({("m", 3), ("m", 4), ("m", 5), ("d", 3), ("d", 4)})

Value = dt.datetime | dt.date | dt.time | dt.timedelta


def is_date_code(code: str) -> bool:
    """Whether a format code is for dates, times or durations, and for every country the same."""
    return _parts(code) is not None


def dated(value: Value, code: str) -> str | None:
    """The value in this format; `None` for a format of another kind, which is left to be written plainly."""
    found = _parts(code)
    if found is None:
        return None
    parts, names = found
    elapsed = _elapsed(value)
    clock = _clock(value)
    hours12 = any(kind == "half" for kind, _ in parts)
    said = []
    for kind, word in parts:
        if kind == "text":
            said.append(word)
        elif kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[word[0]]
            said.append(str(int(elapsed // unit)).rjust(len(word), "0"))
        elif kind == "fraction":
            said.append(f"{elapsed % 1:.{len(word) - 1}f}"[1:])
        elif kind == "half":
            said.append(("AM" if clock.hour < 12 else "PM")[: len(word) // 2 or 1])
        else:
            piece = _field(kind, len(word), clock, names, hours12=hours12)
            if piece is None or (kind in "yMd" and isinstance(value, dt.time | dt.timedelta)):
                return None
            said.append(piece)
    return "".join(said).strip()


def _field(kind: str, width: int, clock: dt.datetime, names: DayNames, *, hours12: bool) -> str | None:
    if kind == "y":
        return f"{clock.year % 100:02}" if width < 3 else f"{clock.year:04}"
    if kind == "M":
        name, short = names.months[clock.month - 1], names.short_months[clock.month - 1]
        return {1: str(clock.month), 2: f"{clock.month:02}", 3: short, 5: name[:1]}.get(width, name)
    if kind == "d":
        name, short = names.days[clock.weekday()], names.short_days[clock.weekday()]
        return {1: str(clock.day), 2: f"{clock.day:02}", 3: short}.get(width, name)
    number = {"h": (clock.hour % 12 or 12) if hours12 else clock.hour, "m": clock.minute, "s": clock.second}[kind]
    return f"{number:02}" if width > 1 else str(number)


def _elapsed(value: Value) -> float:
    """Seconds since midnight, or of a duration."""
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, dt.datetime | dt.time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return 0.0


def _clock(value: Value) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 -- sheets know no time zones
    if isinstance(value, dt.time):
        return dt.datetime.combine(dt.date(2000, 1, 1), value)
    return dt.datetime(2000, 1, 1) + dt.timedelta(seconds=value.total_seconds() % 86400)  # noqa: DTZ001


@lru_cache(maxsize=256)
def _parts(code: str) -> tuple[list[tuple[str, str]], DayNames] | None:
    """Kinds and words of the code's first section, and the names that it asks for.

    `M` is a month, `m` minutes: those stand by hours or seconds.
    """
    parts: list[tuple[str, str]] = []
    language = ENGLISH
    for match in _TOKEN.finditer(code[:255]):
        literal, escaped, locale, elapsed, half, letters, fraction, other = match.groups()
        if other == ";":
            break
        if other and other in _OTHERWISE:
            return None
        if locale:
            number = int(locale[-8:], 16)
            if number in {0xF800, 0xF400}:  # as the reader's system writes dates
                return None
            language = number & 0xFFFF or ENGLISH
        elif elapsed:
            parts.append(("elapsed", elapsed.lower()))
        elif half:
            parts.append(("half", half))
        elif letters:
            parts.append((letters[0].lower(), letters))
        elif fraction:
            parts.append(("fraction", fraction))
        else:
            parts.append(("text", literal or escaped or (date_separator(language) if other == "/" else other) or ""))
    _tell_months(parts)
    fields = [(kind.lower(), len(word)) for kind, word in parts if kind in {"y", "M", "d", "h", "m", "s"}]
    if not fields and not any(kind == "elapsed" for kind, _ in parts):
        return None
    named = any(kind in {"M", "d"} and (kind.lower(), len(word)) in _NAMED for kind, word in parts)
    names = day_names(language if named else ENGLISH)
    return None if names is None else (parts, names)


def _tell_months(parts: list[tuple[str, str]]) -> None:
    fields = [place for place, (kind, _) in enumerate(parts) if kind in {"y", "m", "d", "h", "s", "elapsed"}]
    minutes = set()
    for before, after in pairwise(fields):
        if parts[after][0] == "m" and _is_hours(parts[before]):
            minutes.add(after)
        if parts[before][0] == "m" and (parts[after][0] == "s" or parts[after][1][:1] == "s"):
            minutes.add(before)
    for place in fields:
        if parts[place][0] == "m" and (place not in minutes or len(parts[place][1]) > 2):
            parts[place] = ("M", parts[place][1])


def _is_hours(part: tuple[str, str]) -> bool:
    return part[0] == "h" or (part[0] == "elapsed" and part[1][0] == "h")

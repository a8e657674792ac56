"""Durations as Go spells them (`5m`, `1h30m`, `-1s`) and as plain seconds. Knows no models and no HTTP.

The texts of `DurationError` are the ones clients of Ollama match on (cases 81 to 89).
"""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["FOREVER", "DurationError", "parse_duration", "parse_setting", "seconds_of"]

FOREVER: Final = -1.0
"""Any negative period means: never unload."""

_SECONDS_BY_UNIT: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^0-9.]*)")
_LONGEST_CHARACTERS: Final = 1000  # what is longer is no duration that anybody means
_SHOWN_CHARACTERS: Final = 60
_LONGEST_SECONDS: Final = (2**63 - 1) / 1e9  # what fits Go's int64 of nanoseconds


class DurationError(ValueError):
    """A text is not a duration; the message is Go's."""


def parse_duration(text: str) -> float:
    """Seconds of a Go duration such as `1h30m`. Raises DurationError with Go's text."""
    if len(text) > _LONGEST_CHARACTERS:
        raise DurationError(f'time: invalid duration "{text[:_SHOWN_CHARACTERS]}…"')
    rest = text
    sign = 1.0
    if rest[:1] in ("+", "-"):
        sign = -1.0 if rest[0] == "-" else 1.0
        rest = rest[1:]
    if rest == "0":
        return 0.0
    if not rest:
        raise DurationError(f'time: invalid duration "{text}"')
    return sign * _sum_of_parts(rest, text)


def _sum_of_parts(rest: str, text: str) -> float:
    total = 0.0
    while rest:
        match = _PART.match(rest)
        if match is None or not (match[1] or match[3]):
            raise DurationError(f'time: invalid duration "{text}"')
        unit = match[4]
        if not unit:
            raise DurationError(f'time: missing unit in duration "{text}"')
        if unit not in _SECONDS_BY_UNIT:
            raise DurationError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += float(f"{match[1] or '0'}.{match[3] or '0'}") * _SECONDS_BY_UNIT[unit]
        rest = rest[match.end() :]
    if total > _LONGEST_SECONDS:
        raise DurationError(f'time: invalid duration "{text}"')
    return total


def seconds_of(value: float | str) -> float:
    """A request's `keep_alive`: a number is seconds, a text is a Go duration; every negative is for ever (case 83).

    Larger than any clock saturates instead of overflowing (case 89).
    """
    seconds = parse_duration(value) if isinstance(value, str) else float(value)
    if math.isnan(seconds):
        raise DurationError(f'time: invalid duration "{value}"')
    return FOREVER if seconds < 0 else min(seconds, _LONGEST_SECONDS)


def parse_setting(value: float | str) -> float:
    """A setting or environment variable: as `seconds_of`, and a bare number in a text is seconds too."""
    if isinstance(value, str):
        try:
            return seconds_of(float(value.strip()))
        except ValueError:
            return seconds_of(value.strip())
    return seconds_of(value)

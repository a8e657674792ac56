"""Names of months and days in the language that a format code asks for, from the tables of the Unicode consortium."""

from __future__ import annotations

import locale
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["ENGLISH", "DayNames", "day_names"]

ENGLISH: Final = 0x409
"""The number that Windows has for English."""


class DayNames(NamedTuple):
    """Twelve months and seven days from Monday, in full and short."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]


@lru_cache(maxsize=64)
def day_names(language: int) -> DayNames | None:
    """By the number that Windows has for a language; `None` where nothing tells its names.

    Where Babel is not installed only English is known.
    """
    if language & 0xFF == ENGLISH & 0xFF:  # whose short names are of three letters in all countries
        return _IN_ENGLISH
    try:
        from babel import Locale, UnknownLocaleError
    except ImportError:
        return None
    try:
        found = Locale.parse(locale.windows_locale.get(language, ""))
    except (UnknownLocaleError, ValueError):
        return None
    # Full names have the case that follows a day, short ones are written without a full stop, as in sheets.
    months, days = found.months["format"], found.days["format"]
    return DayNames(
        tuple(months["wide"][number] for number in range(1, 13)),
        tuple(months["abbreviated"][number].removesuffix(".") for number in range(1, 13)),
        tuple(days["wide"][number] for number in range(7)),
        tuple(days["abbreviated"][number].removesuffix(".") for number in range(7)),
    )


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_IN_ENGLISH: Final = DayNames(_MONTHS, tuple(name[:3] for name in _MONTHS), _DAYS, tuple(name[:3] for name in _DAYS))

"""Names of months and days, and what parts the numbers of a date, in the language that a format code asks for.

The names are from the tables of the Unicode consortium.
"""

from __future__ import annotations

import locale
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["ENGLISH", "DayNames", "date_separator", "day_names"]

ENGLISH: Final = 0x409
"""The number that Windows has for English."""


_POINTS: Final = frozenset(
    [0x02, 0x05, 0x07, 0x0B, 0x0E, 0x0F, 0x14, 0x15, 0x18, 0x19, 0x1A, 0x1B, 0x1F, 0x22, 0x23, 0x24, 0x25, 0x26, 0x2C,
     0x2F, 0x3F]
)  # fmt: skip
"""Languages whose dates have points: Bulgarian, Czech, German, Finnish, Hungarian, Icelandic, Norwegian, Polish,
Romanian, Russian, those of Croatia, Serbia and Bosnia, Slovak, Turkish, Ukrainian, Belarusian, Slovenian, Estonian,
Latvian, Azerbaijani, Macedonian, Kazakh."""

_HYPHENS: Final = frozenset({0x06, 0x13, 0x1D, 0x27})
"""Languages whose dates have hyphens: Danish, Dutch, Swedish, Lithuanian."""

_OF_COUNTRIES: Final = {0x813: "/", 0xC0C: "-", 0x100C: ".", 0x810: "."}
"""Dutch of Belgium, French of Canada and of Switzerland, Italian of Switzerland."""

_LANGUAGE: Final = 0x3FF
"""The bits of the number of a language and country that are the language's."""


class DayNames(NamedTuple):
    """Twelve months and seven days from Monday, in full and short."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]


def date_separator(language: int) -> str:
    """What a `/` in a format code is in the dates of a language and country, by the number that Windows has for it."""
    if language <= _LANGUAGE or language in _OF_COUNTRIES:
        return _OF_COUNTRIES.get(language, "/")
    own = language & _LANGUAGE
    return "." if own in _POINTS else "-" if own in _HYPHENS else "/"


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

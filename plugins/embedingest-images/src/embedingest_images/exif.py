"""What a camera says of a picture, as metadata and as words. Knows no pixels; believes nothing that cannot be so."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Exif

__all__ = ["facts_of", "words_of"]

# Numbers of the standard: of the file itself, of the shot, of the place.
_DESCRIPTION, _MAKE, _MODEL, _TITLE, _KEYWORDS = 0x010E, 0x010F, 0x0110, 0x9C9B, 0x9C9E
_SHOT, _TAKEN, _DIGITISED, _OFFSET, _LENS = 0x8769, 0x9003, 0x9004, 0x9011, 0xA434
_PLACE, _NORTH_SOUTH, _LATITUDE, _EAST_WEST, _LONGITUDE = 0x8825, 1, 2, 3, 4

_TIME: Final = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_AWAY: Final = re.compile(r"[+-]\d\d:\d\d\Z")
_CONTROLS: Final = dict.fromkeys((*range(32), *range(0x7F, 0xA0)), " ")  # of terminals: no words
_MOST_LETTERS: Final = 1000  # of one value
_DIGITS: Final = 6  # of a degree: a tenth of a metre


def facts_of(exif: Exif) -> dict[str, Any]:
    """What is said and can be so, by name.

    `taken_at` (ISO 8601, with the offset from UTC where the camera says it), `camera`, `lens`, `description`,
    `keywords`, `latitude` and `longitude` in degrees, north and east above zero.
    """
    shot, place = exif.get_ifd(_SHOT), exif.get_ifd(_PLACE)
    facts: dict[str, Any] = {
        "taken_at": _time(shot.get(_TAKEN) or shot.get(_DIGITISED), shot.get(_OFFSET)),
        "camera": _camera(_text(exif.get(_MAKE)), _text(exif.get(_MODEL))),
        "lens": _text(shot.get(_LENS)),
        "description": _text(exif.get(_DESCRIPTION)) or _text(exif.get(_TITLE), "utf-16-le"),
        "keywords": _text(exif.get(_KEYWORDS), "utf-16-le"),
    }
    latitude = _degrees(place.get(_LATITUDE), place.get(_NORTH_SOUTH), "NS", 90)
    longitude = _degrees(place.get(_LONGITUDE), place.get(_EAST_WEST), "EW", 180)
    if latitude is not None and longitude is not None:
        facts |= {"latitude": latitude, "longitude": longitude}
    return {name: value for name, value in facts.items() if value not in (None, "")}


def words_of(facts: Mapping[str, Any]) -> str:
    """The facts in words that people search for, one line or two; empty where there are none."""
    lines = ["; ".join(str(facts[name]) for name in ("description", "keywords") if name in facts)]
    parts = []
    if "taken_at" in facts:
        taken = dt.datetime.fromisoformat(facts["taken_at"])
        parts.append(f"taken {taken:%Y-%m-%d %H:%M}, {taken.day} {_MONTHS[taken.month - 1]} {taken.year}")
    if "camera" in facts:
        parts.append(f"with {facts['camera']}")
    lines.append(", ".join(parts))
    return "\n".join(line for line in lines if line)


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _time(said: Any, offset: Any) -> str | None:
    match = _TIME.match(_text(said))
    if match is None:
        return None
    try:
        time = dt.datetime(*map(int, match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 -- as said
        away = _AWAY.match(_text(offset))
        return dt.datetime.fromisoformat(time.isoformat() + (away[0] if away else "")).isoformat()
    except ValueError:  # 0000:00:00, of a camera that was never set
        return None


def _camera(make: str, model: str) -> str:
    if not make or model.lower().startswith(make.split(maxsplit=1)[0].lower()):
        return model or make
    return f"{make} {model}".strip()


def _text(value: Any, encoding: str = "utf-8") -> str:
    """A value of EXIF as one line; empty where it is none."""
    if isinstance(value, tuple) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        value = bytes(value)
    if isinstance(value, bytes):
        value = value.decode(encoding, "replace")
    if not isinstance(value, str):
        return ""
    line = " ".join(value.partition("\0")[0].translate(_CONTROLS).split())[:_MOST_LETTERS]
    return line.encode("utf-8", "replace").decode("utf-8")


def _degrees(value: Any, side: Any, sides: str, most: int) -> float | None:
    """Degrees, minutes and seconds as one number; the second of `sides` is below zero."""
    name = _text(side).upper()[:1]
    if not isinstance(value, tuple) or len(value) != 3 or not name or name not in sides:
        return None
    try:
        degrees, minutes, seconds = map(float, value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    number = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(number) or not 0 <= number <= most:
        return None
    return round(-number if name == sides[1] else number, _DIGITS)

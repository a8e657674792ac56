"""Quantities of the package siunitx as they are printed: `5 km`. Runs no TeX."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["with_units"]

_ARGUMENT: Final = r"\s?\{([^{}]{0,200})\}"
_RANGE: Final = re.compile(r"\\(?:SIrange|qtyrange)(?:\[[^\]\n]{0,200}\])?" + _ARGUMENT * 3)
_NUMBERS: Final = re.compile(r"\\numrange(?:\[[^\]\n]{0,200}\])?" + _ARGUMENT * 2)
_QUANTITY: Final = re.compile(r"\\(?:SI|qty)(?:\[[^\]\n]{0,200}\])?" + _ARGUMENT * 2)
_UNIT: Final = re.compile(r"\\(?:si|unit)(?:\[[^\]\n]{0,200}\])?" + _ARGUMENT)
_ANGLE: Final = re.compile(r"\\ang(?:\[[^\]\n]{0,200}\])?" + _ARGUMENT)
_NAME: Final = re.compile(r"\\([a-zA-Z]+)\s*")
_SYMBOLS: Final = {
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "hecto": "h", "deca": "da", "deci": "d", "centi": "c",
    "milli": "m", "micro": "µ", "nano": "n", "pico": "p", "femto": "f", "kibi": "Ki", "mebi": "Mi", "gibi": "Gi",
    "metre": "m", "meter": "m", "gram": "g", "second": "s", "ampere": "A", "kelvin": "K", "mole": "mol",
    "candela": "cd", "hertz": "Hz", "newton": "N", "pascal": "Pa", "joule": "J", "watt": "W", "volt": "V", "ohm": "Ω",
    "farad": "F", "coulomb": "C", "tesla": "T", "weber": "Wb", "henry": "H", "siemens": "S", "lumen": "lm", "lux": "lx",
    "becquerel": "Bq", "sievert": "Sv", "gray": "Gy", "celsius": "°C", "degreeCelsius": "°C", "degree": "°",
    "percent": "%", "litre": "l", "liter": "L", "minute": "min", "hour": "h", "day": "d", "tonne": "t", "hectare": "ha",
    "bar": "bar", "electronvolt": "eV", "bit": "bit", "byte": "B", "kg": "kg", "km": "km", "cm": "cm", "mm": "mm",
    "radian": "rad", "decibel": "dB", "squared": "²", "cubed": "³", "per": "/", "of": "",
}  # fmt: skip
_POWERS: Final = {"square": "²", "cubic": "³"}
_PREFIXES: Final = frozenset(
    {"kilo", "mega", "giga", "tera", "hecto", "deca", "deci", "centi", "milli", "micro", "nano", "pico", "femto"}
    | {"kibi", "mebi", "gibi"}
)


def with_units(text: str) -> str:
    """The text with quantities, ranges and units as words."""
    if "\\" not in text:
        return text
    text = _RANGE.sub(lambda match: f"{match[1]}–{match[2]} {_unit(match[3])}", text)
    text = _NUMBERS.sub(lambda match: f"{match[1]}–{match[2]}", text)
    text = _QUANTITY.sub(lambda match: f"{match[1]} {_unit(match[2])}", text)
    text = _ANGLE.sub(lambda match: _angle(match[1]), text)
    return _UNIT.sub(lambda match: _unit(match[1]), text)


def _angle(spelled: str) -> str:
    """An angle with its signs, from degrees, minutes and seconds between semicolons."""
    return "".join(
        f"{part.strip()}{sign}" for part, sign in zip(spelled.split(";"), "°′″", strict=False) if part.strip()
    )


def _unit(spelled: str) -> str:
    """A unit by its symbols; names that are not known stay, and signs between names."""
    written: list[str] = []
    power, joined = "", True
    at = 0
    for match in _NAME.finditer(spelled):
        written.append(spelled[at : match.start()])
        at, name = match.end(), match[1]
        if name in _POWERS:
            power = _POWERS[name]
            continue
        symbol = _SYMBOLS.get(name, name)
        apart = not joined and symbol not in {"²", "³", "/", ""}
        written.append((" " if apart else "") + symbol)
        joined = name in _PREFIXES or name == "per"
        if power and not joined:
            written.append(power)
            power = ""
    return "".join([*written, spelled[at:]]).replace("~", " ").strip()

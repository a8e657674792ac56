"""Numbers as other people wrote them: of any length, in any alphabet. What is beyond every use becomes a bound.

Python refuses whole numbers of more than some thousand digits; a file that holds one is a file all the same.
"""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["json_fault", "read_json", "whole"]

_FEW_DIGITS: Final = 10
_MOST_DIGITS: Final = 400
"""More than a float of any size has."""


def whole(written: str | None, default: int, *, least: int = 0, most: int = 2**31) -> int:
    """The whole number that is written in ASCII digits, brought within bounds; `default` where none is."""
    if written is None:
        return default
    if len(written) < _FEW_DIGITS and written.isascii() and written.isdigit():  # nearly all
        number = int(written)
        return number if least <= number <= most else least if number < least else most
    digits = written.strip()
    negative = digits.startswith("-")
    digits = digits.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return default
    number = _bounded(digits)
    return max(least, min(-number if negative else number, most))


def read_json(text: str | bytes, **settings: Any) -> Any:
    """As `json.loads`, and a whole number of more than 400 digits is one of 400 nines. Raises what that raises."""
    try:
        return json.loads(text, **settings)
    except json.JSONDecodeError:
        raise
    except ValueError:  # of a number that is too long for Python, or of text in no encoding of JSON
        return json.loads(text, parse_int=_signed, **settings)


def json_fault(error: ValueError) -> str:
    """What is wrong with a text that `json.loads` refused, in words for people."""
    said = str(error)
    return "a number in it has thousands of digits" if "int_max_str_digits" in said else said


def _signed(written: str) -> int:
    return -_bounded(written[1:]) if written.startswith("-") else _bounded(written)


def _bounded(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS - 1

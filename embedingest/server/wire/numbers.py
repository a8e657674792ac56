"""Vectors as JSON numbers, exactly as Go prints them, and as base64. Knows arrays; knows no request (case 104).

orjson prints the shortest digits of a float32 or float64. It differs from Go only in how zeros, whole numbers and
very small or large numbers are written; those few are found with numpy and written again.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import numpy as np
import orjson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["base64_rows", "json_number", "json_row", "json_row_pieces", "json_rows"]

_POINT_FROM: Final = 1e-6  # below, Go writes an exponent
_ORJSON_POINT_FROM: Final = 1e-5  # below, orjson does
_EXPONENT_FROM: Final = 1e21


def json_rows(vectors: NDArray[np.float32]) -> bytes:
    """`[[…],[…]]` for float32 (N, D)."""
    return b"".join(json_row_pieces(vectors))


def json_row_pieces(vectors: NDArray[np.float32]) -> list[bytes]:
    """The same in pieces to be joined, one for each vector."""
    rows = [b"," + json_row(row) for row in np.ascontiguousarray(vectors)]
    return [b"[", rows[0][1:], *rows[1:], b"]"] if rows else [b"[]"]


def json_row(row: NDArray[np.floating]) -> bytes:
    """`[…]` for one vector (D,), float32 or float64: each number in the shortest form that reads back the same."""
    document = orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY)
    magnitude = np.abs(row)
    places = np.flatnonzero((magnitude < _ORJSON_POINT_FROM) | (magnitude >= 1.0))
    if not places.size:
        return document
    numbers = document[1:-1].split(b",")
    for place in places:
        numbers[place] = json_number(row[place])
    return b"[" + b",".join(numbers) + b"]"


def json_number(value: np.floating) -> bytes:
    """One number as Go's encoding/json prints it."""
    magnitude, float_type = abs(value), type(value)
    # Compared in the precision of the value, as Go does.
    if magnitude and (magnitude < float_type(_POINT_FROM) or magnitude >= float_type(_EXPONENT_FROM)):
        text = np.format_float_scientific(value, trim="-", exp_digits=1)
        return text.encode()
    if value == 0:
        return b"-0" if np.signbit(value) else b"0"
    return np.format_float_positional(value, trim="-").encode()


def base64_rows(vectors: NDArray[np.float32]) -> list[str]:
    """Each row as base64 of its little-endian float32 bytes (case 137)."""
    return [base64.b64encode(row.astype("<f4", copy=False).tobytes()).decode("ascii") for row in vectors]

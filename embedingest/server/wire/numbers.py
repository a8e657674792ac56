"""Vectors as JSON numbers, exactly as Go prints them, and as base64. Knows arrays; knows no request (case 104).

orjson prints the shortest digits of a float32 or float64, of many vectors in one pass. It differs from Go only in how
whole numbers and those with an exponent are spelled; those are found in the text and spelled again.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

import numpy as np
import orjson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["base64_rows", "json_row", "json_row_pieces", "json_rows"]

_LEAST_EXPONENT: Final = -6  # below, Go writes an exponent
_MOST_EXPONENT: Final = 20  # above, it does too
_POWER: Final = re.compile(rb"e([-+]?[0-9]+)")
_NUMBERS_AT_ONCE: Final = 32 * 1024  # that are written in one go: no other thread runs meanwhile


def json_rows(vectors: NDArray[np.float32]) -> bytes:
    """`[[…],[…]]` for float32 (N, D)."""
    return b"".join(json_row_pieces(vectors))


def json_row_pieces(vectors: NDArray[np.float32]) -> list[bytes]:
    """The same in pieces to be joined."""
    rows = max(1, _NUMBERS_AT_ONCE // max(1, vectors.shape[1]))
    blocks = [_document(vectors[start : start + rows]) for start in range(0, max(1, len(vectors)), rows)]
    if len(blocks) == 1:
        return blocks
    return [b"[", blocks[0][1:-1], *(part for block in blocks[1:] for part in (b",", block[1:-1])), b"]"]


def json_row(row: NDArray[np.floating]) -> bytes:
    """`[…]` for one vector (D,), float32 or float64: each number in the shortest form that reads back the same."""
    return _document(row)


def _document(numbers: NDArray[np.floating]) -> bytes:
    document = orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY)
    if np.equal(numbers, np.trunc(numbers)).any():  # seldom so: to look for them in the text would take longer
        document = document.replace(b".0,", b",").replace(b".0]", b"]")
    return _with_exponents_as_go(document) if b"e" in document else document


def _with_exponents_as_go(document: bytes) -> bytes:
    pieces: list[bytes] = []
    written = 0
    place = document.find(b"e")
    while place >= 0:
        power = _POWER.match(document, place)
        assert power is not None
        if (exponent := int(power[1])) >= _LEAST_EXPONENT:  # those below are written alike
            start = max(document.rfind(b",", written, place), document.rfind(b"[", written, place)) + 1
            pieces += [document[written:start], _number_as_go(document[start:place], exponent)]
            written = power.end()
        place = document.find(b"e", place + 1)
    return b"".join([*pieces, document[written:]]) if pieces else document


def _number_as_go(mantissa: bytes, exponent: int) -> bytes:
    if exponent > _MOST_EXPONENT:
        return b"%se+%d" % (mantissa, exponent)
    sign, digits = mantissa[: mantissa.startswith(b"-")], mantissa.lstrip(b"-").replace(b".", b"")
    if exponent < 0:
        return sign + b"0." + b"0" * (-exponent - 1) + digits
    return sign + digits.ljust(exponent + 1, b"0")


def base64_rows(vectors: NDArray[np.float32]) -> list[str]:
    """Each row as base64 of its little-endian float32 bytes (case 137)."""
    return [base64.b64encode(row.astype("<f4", copy=False).tobytes()).decode("ascii") for row in vectors]

"""A request body as Go's decoder reads it, as lenient and as strict (cases 1 to 30).

Knows JSON and the types of fields; knows no endpoint.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import orjson

from embedingest.server.wire.large import TooManyValuesError, pairs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["LARGE_BYTES", "Fields", "WireError", "decode", "is_number", "kind"]

_MOST_DIGITS: Final = 310  # more than the largest number of 64 bits has
LARGE_BYTES: Final = 1024 * 1024
"""A body from this size on is decoded in pieces, and not on the event loop."""
_KINDS: Final = {b"[": "an array", b'"': "a string"}
_SHOWN_BYTES: Final = 1000  # of a large body that is no document, enough to say so
_SHOWN_CHARACTERS: Final = 2000  # of a refusal that repeats what was sent
_SHOWN_DIGITS: Final = 20
_SHOWN_BELOW: Final = 1e25  # larger numbers are shown with an exponent


class WireError(Exception):
    """A refusal as the client sees it: a status, a text, and further keys of the error body."""

    def __init__(self, status: int, text: str, **extra: object) -> None:
        text = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
        super().__init__(text)
        self.status = status
        self.text = text
        self.extra = extra


class _Literal(float):
    """A number that was written with a point or an exponent; remembers how (case 23)."""

    text: str

    def __new__(cls, text: str) -> _Literal:
        value = super().__new__(cls, text)
        value.text = text
        return value


class _LargeWhole(int):
    """A whole number of more digits than any field takes; remembers how it began, and is as large as it needs to be."""

    text: str

    def __new__(cls, text: str) -> _LargeWhole:
        sign = -1 if text.startswith("-") else 1
        value = super().__new__(cls, sign * 10 ** (_MOST_DIGITS + 1))
        value.text = f"{text[:_SHOWN_DIGITS]}… ({len(text.lstrip('-'))} digits)"
        return value


def decode(body: bytes, *, empty: str = "missing request body") -> Fields:
    """The first JSON value of a body as named fields. Raises WireError (400)."""
    if not body.strip(b" \t\r\n"):
        raise WireError(400, empty)
    value = _parse_large(body) if len(body) >= LARGE_BYTES else _parse(body)
    if value is None:
        return Fields({})
    if not isinstance(value, dict):
        raise WireError(400, f"the body must be a JSON object, not {kind(value)}")
    return Fields(value)


def _parse(body: bytes) -> Any:
    value = _parse_strictly(body)
    return _parse_as_go(body) if value is None else value


def _parse_large(body: bytes) -> Any:
    """The same in pieces, so that a body of any size holds nobody up. Raises WireError (400, 413)."""
    first = body.lstrip(b" \t\r\n")[:1]
    if first != b"{":
        if first in _KINDS:
            raise WireError(400, f"the body must be a JSON object, not {_KINDS[first]}")
        return _parse(body[:_SHOWN_BYTES])
    try:
        return _fold(pairs_of(body, _parse))
    except TooManyValuesError as error:
        raise WireError(413, str(error)) from error
    except ValueError as error:
        raise WireError(400, f"the body is not valid JSON: {error}") from error
    except WireError as error:  # places in a piece say nothing of the body
        raise WireError(error.status, error.text.partition(" at character ")[0]) from error


def _parse_strictly(body: bytes) -> Any:
    """The value by the fast parser, which refuses some of what Go takes; `None` then (or for `null`)."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, dict) and len({key.casefold() for key in value}) < len(value):
        return None  # the order of keys that differ in case decides: read it again with their order kept
    return value


def _parse_as_go(body: bytes) -> Any:
    """The first JSON value, the order of its keys kept. Raises WireError (400)."""
    text = body.decode("utf-8", errors="replace").lstrip(" \t\r\n")
    if text.startswith("\ufeff"):
        raise WireError(400, "the body must begin with `{`, not with a byte-order mark")
    decoder = json.JSONDecoder(
        object_pairs_hook=_fold, parse_constant=_refuse_constant, parse_float=_Literal, parse_int=_whole_number
    )
    try:
        value, _ = decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        what = error.msg.lower().removesuffix(" at")  # some of its messages expect the place behind them
        raise WireError(400, f"the body is not valid JSON: {what} at character {error.pos}") from error
    except RecursionError as error:
        raise WireError(400, "the body is nested too deeply to be read") from error
    except ValueError as error:
        raise WireError(400, f"the body is not valid JSON: {error}") from error
    return _without_surrogates(value)


def _fold(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        name = _replaced(key)
        fields.pop(name, None)  # a key written again moves to the end: the last one wins (case 16)
        fields[name] = value
    return fields


def _whole_number(text: str) -> int:
    return int(text) if len(text) <= _MOST_DIGITS else _LargeWhole(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _without_surrogates(document: Any) -> Any:
    """Lone surrogate escapes become U+FFFD (case 27), however deep they stand."""
    whole = [document]
    waiting: list[Any] = [whole]
    while waiting:
        inside = waiting.pop()
        entries = enumerate(inside) if isinstance(inside, list) else list(inside.items())
        for place, value in entries:
            if isinstance(value, str):
                inside[place] = _replaced(value)
            elif isinstance(value, (list, dict)):
                waiting.append(value)
    return whole[0]


def _replaced(text: str) -> str:
    """The text with U+FFFD for each half of a pair that stands alone: no encoding takes one."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    words = {str: "a string", list: "an array", dict: "an object"}
    return next((word for type_, word in words.items() if isinstance(value, type_)), "a number")


def is_number(value: object) -> bool:
    """Whether it is a number, and one that 64 bits can hold, as Go reads a number that may be of any kind."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


class Fields:
    """The keys of a body, found without regard to case (case 15); `null` is the same as absent."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {key.casefold(): value for key, value in values.items()}

    def get(self, name: str) -> Any:
        return self._values.get(name)

    def only(self, known: Collection[str]) -> None:
        """Raises WireError (400) for a key that nobody reads: a client that pages must not get page 1 for ever."""
        for name in self._values:
            if name not in known:
                raise WireError(400, f'there is no field "{name[:100]}" here; known: {", ".join(sorted(known))}')

    def text(self, name: str, default: str = "") -> str:
        value = self._typed(name, str, "a string", default)
        assert isinstance(value, str)
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        return bool(self._typed(name, bool, "a boolean", default))

    def mapping(self, name: str) -> dict[str, Any]:
        return dict(self._typed(name, dict, "an object", {}))

    def whole(self, name: str) -> int | None:
        """A whole number; one written with a point or an exponent is refused, as Go does (case 23)."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            literal = f" {_literal(value)}" if isinstance(value, float) else ""
            raise WireError(400, f'field "{name}" must be a whole number, not {kind(value)}{literal}')
        if not -(2**63) <= value < 2**63:
            shown = value.text if isinstance(value, _LargeWhole) else str(value)
            raise WireError(400, f'field "{name}" must be a whole number of 64 bits, not {shown}')
        return value

    def _typed(self, name: str, type_: type, word: str, default: Any) -> Any:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, type_):
            raise WireError(400, f'field "{name}" must be {word}, not {kind(value)}')
        return value


def _literal(value: float) -> str:
    """The number as the client wrote it, as far as that is known."""
    if isinstance(value, _Literal):
        return value.text
    return str(int(value)) if 1e17 <= abs(value) < _SHOWN_BELOW else repr(value)

"""A large body, decoded in pieces: the same values as in one go, without one long step that nothing else runs beside.

A decoder in C holds the interpreter until it is done, a second for a body of 64 MiB. Here the body is cut at the commas
of its object and of the arrays in it, long strings between two of their characters, and the pieces are decoded one by
one, on whatever thread calls. Knows where JSON may be cut; `parse` knows what a piece means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MOST_VALUES", "TooManyValuesError", "pairs_of"]

MOST_VALUES: Final = 1_100_000
"""Commas and brackets of one body: what stands between them takes up to some hundred bytes each once it is decoded."""

_PIECE_BYTES: Final = 256 * 1024
_BLANKS: Final = re.compile(rb"[ \t\r\n]*+")
_NEXT: Final = re.compile(rb'"[^"\\]{0,1000}+"|["\[\]{},]')
_WHOLE: Final = re.compile(  # as much of a string as holds no half of an escape, and no half of a pair of escapes
    rb"(?:[^\\]++|\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}(?=.{6})(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?"
    rb"|\\u(?![dD][89abAB])[0-9a-fA-F]{4})*+",
    re.DOTALL,
)


class TooManyValuesError(ValueError):
    """The body has more values than are read."""


def pairs_of(body: bytes, parse: Callable[[bytes], Any]) -> list[tuple[str, Any]]:
    """The keys and values of the object that the body begins with, in their order. Raises ValueError.

    `parse` decodes a small document. A container of more than 256 KiB inside an array, and a large object, are read
    as empty ones: no field takes any.
    """
    spans, _ = _parts(_Scan(body), _skip_blanks(body, 0))
    return [_pair(body, begin, end, parse) for begin, end in spans]


class _Scan:
    """Walks over what structures a document, counting it."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._left = MOST_VALUES

    def marks(self, position: int) -> Iterator[tuple[int, int]]:
        """Each bracket and comma from here on that stands in no string, and where it is."""
        body = self.body
        while position < len(body):
            # A search holds the interpreter until it finds: blanks and digits without end are looked through in steps.
            match = _NEXT.search(body, position, position + _PIECE_BYTES)
            if match is None:
                position += _PIECE_BYTES
                continue
            mark, position = body[match.start()], match.end()
            if mark == _STRING:
                if position == match.start() + 1:
                    position = self.end_of_string(match.start())
                continue
            self._left -= 1
            if self._left < 0:
                raise TooManyValuesError(f"the body has more than {MOST_VALUES} values")
            yield mark, match.start()
        raise ValueError("it ends inside a value")

    def end_of_string(self, start: int) -> int:
        """Where a string ends, its quote included."""
        body, position = self.body, start + 1
        while True:
            quote = body.find(b'"', position)
            if quote < 0:
                raise ValueError("it ends inside a string")
            before = quote
            while body[before - 1] == _ESCAPE:
                before -= 1
            if (quote - before) % 2 == 0:
                return quote + 1
            position = quote + 1


_STRING, _ESCAPE, _COMMA = b'"\\,'
_OPENING: Final = frozenset(b"[{")


def _parts(scan: _Scan, start: int) -> tuple[list[tuple[int, int]], int]:
    """The spans between the commas of the container that begins at `start`, and where it ends."""
    depth, begin, spans = 0, start + 1, []
    for mark, place in scan.marks(start):
        if mark in _OPENING:
            depth += 1
        elif mark != _COMMA:
            depth -= 1
        if depth == 0 or (depth == 1 and mark == _COMMA):
            spans.append((begin, place))
            begin = place + 1
        if depth == 0:
            if mark != scan.body[start] + 2:  # `}` of `{`, `]` of `[`
                raise ValueError("a bracket is closed by another")
            break
    return spans, begin


def _pair(body: bytes, begin: int, end: int, parse: Callable[[bytes], Any]) -> tuple[str, Any]:
    if end - begin <= _PIECE_BYTES:
        return _one_pair(body[begin:end], parse)
    key_start = _skip_blanks(body, begin)
    if body[key_start : key_start + 1] != b'"':
        raise ValueError("a key is no string")
    key_end = _Scan(body).end_of_string(key_start)
    colon = _skip_blanks(body, key_end)
    value = _skip_blanks(body, colon + 1)
    if body[colon : colon + 1] != b":" or key_end - key_start > _PIECE_BYTES:
        raise ValueError("a key has no value, or is too long")
    key, _ = _one_pair(body[key_start:key_end] + b":0", parse)
    return key, _value(body, value, end, parse)


def _one_pair(member: bytes, parse: Callable[[bytes], Any]) -> tuple[str, Any]:
    pairs = list(parse(b"{" + member + b"}").items())
    if len(pairs) != 1:
        raise ValueError("a comma has nothing on one side")
    key, value = pairs[0]
    return str(key), value


def _value(body: bytes, begin: int, end: int, parse: Callable[[bytes], Any]) -> Any:
    """The value that stands there, whose first character is its first."""
    end = begin + len(body[begin:end].rstrip(b" \t\r\n"))
    first = body[begin : begin + 1]
    if end - begin <= _PIECE_BYTES:
        return parse(b"[" + body[begin:end] + b"]")[0]
    if first == b'"':
        return _long_string(body, begin, end, parse)
    if first == b"[":
        return _long_array(body, begin, end, parse)
    if first == b"{":
        return {}
    raise ValueError("a number is too long")


def _long_array(body: bytes, begin: int, end: int, parse: Callable[[bytes], Any]) -> list[Any]:
    spans, after = _parts(_Scan(body), begin)
    if after != end:
        raise ValueError("an array does not end where it should")
    values: list[Any] = []
    first = 0
    for place, (start, stop) in enumerate(spans):
        is_long = stop - start > _PIECE_BYTES
        if first < place and (is_long or stop - spans[first][0] > _PIECE_BYTES):
            values += _elements(body, spans[first:place], parse)
            first = place
        if is_long:
            values.append(_element(body, start, stop, parse))
            first = place + 1
    return values + (_elements(body, spans[first:], parse) if first < len(spans) else [])


def _elements(body: bytes, spans: list[tuple[int, int]], parse: Callable[[bytes], Any]) -> list[Any]:
    values = parse(b"[" + body[spans[0][0] : spans[-1][1]] + b"]")
    if len(values) != len(spans):
        raise ValueError("a comma has nothing on one side")
    return list(values)


def _element(body: bytes, begin: int, end: int, parse: Callable[[bytes], Any]) -> Any:
    begin = _skip_blanks(body, begin)
    return [] if body[begin : begin + 1] == b"[" else _value(body, begin, end, parse)


def _long_string(body: bytes, begin: int, end: int, parse: Callable[[bytes], Any]) -> str:
    if _Scan(body).end_of_string(begin) != end:
        raise ValueError("a string is followed by no comma")
    position, last = begin + 1, end - 1
    texts = []
    while position < last:
        stop = min(position + _PIECE_BYTES, last)
        if stop < last:
            stop = _whole_characters(body, position, stop)
        texts.append(parse(b'["' + body[position:stop] + b'"]')[0])
        position = stop
    return "".join(texts)


def _whole_characters(body: bytes, start: int, stop: int) -> int:
    """The last place up to `stop` where a string may be cut."""
    match = _WHOLE.match(body, start, stop)
    stop = match.end() if match is not None and match.end() > start else stop
    for place in range(stop, max(stop - 4, start), -1):
        if body[place] & 0xC0 != 0x80:  # not inside a character of several bytes
            return place
    return stop


def _skip_blanks(body: bytes, position: int) -> int:
    """The first place from here on that holds no blank, looked for in steps as above."""
    while match := _BLANKS.match(body, position, position + _PIECE_BYTES):
        if match.end() < position + _PIECE_BYTES:
            return match.end()
        position = match.end()
    return position

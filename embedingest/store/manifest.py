"""Which files a table consists of, read from its newest manifest. Imports no LanceDB, for `status` asks this.

A manifest ends with the place of a protobuf message, the format's version and `LANC`. Of the message only what names
files is read, by the numbers of its fields; a field that is not known is passed over.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Listed", "ManifestError", "listed"]

_FOOTER: Final = struct.Struct("<QHH4s")
_LENGTH: Final = struct.Struct("<I")
_MAGIC: Final = b"LANC"
_MOST_VARINT_BYTES: Final = 10

Part = Literal["data", "deletion", "index"]
_Fields = dict[int, list["int | bytes"]]


class ManifestError(ValueError):
    """The bytes are no manifest."""


class Listed(NamedTuple):
    """One file that a manifest names, relative to the table's folder, with its size in bytes where that is told.

    `index_name` is that of the index that it belongs to; the path is then that of a file, or of the index's folder.
    """

    part: Part
    path: str
    size: int | None = None
    index_name: str = ""


def listed(manifest: bytes) -> Iterator[Listed]:
    """The files of the version that a manifest describes. Raises ManifestError.

    What lies in another table's folder, of which this one is a clone, is left out.
    """
    if len(manifest) < _FOOTER.size:
        raise ManifestError("it is too short")
    position, _, _, magic = _FOOTER.unpack(manifest[-_FOOTER.size :])
    if magic != _MAGIC:
        raise ManifestError("it does not end as a manifest does")
    fields = _message(manifest, position)
    if not _messages(fields, 1):
        raise ManifestError("it names no columns")
    for fragment in _messages(fields, 2):
        yield from _fragment(fragment)
    for place in _numbers(fields, 6):
        for index in _messages(_message(manifest, place), 1):
            yield from _index(index)


def _fragment(fields: _Fields) -> Iterator[Listed]:
    number = _number(fields, 1)
    for file in _messages(fields, 2):
        if not _numbers(file, 7):
            yield Listed("data", f"data/{_text(file, 1)}", _number(file, 6) or None)
    for deletion in _messages(fields, 3):
        if not _numbers(deletion, 7):
            suffix = "bin" if _number(deletion, 1) else "arrow"
            name = f"{number}-{_number(deletion, 2)}-{_number(deletion, 3)}.{suffix}"
            yield Listed("deletion", f"_deletions/{name}")


def _index(fields: _Fields) -> Iterator[Listed]:
    uuids = [value for message in _messages(fields, 1) for value in message.get(1, []) if isinstance(value, bytes)]
    if _numbers(fields, 9) or len(uuids) != 1 or len(uuids[0]) != 16:
        return
    folder, name = f"_indices/{UUID(bytes=uuids[0])}", _text(fields, 3)
    yield Listed("index", folder, None, name)
    for file in _messages(fields, 10):
        yield Listed("index", f"{folder}/{_text(file, 1)}", _number(file, 2) or None, name)


# -- protobuf, as far as it is needed


def _message(data: bytes, position: int) -> _Fields:
    """The message that is written at a place of the file, after its length."""
    if position + _LENGTH.size > len(data):
        raise ManifestError("it points beyond its end")
    (length,) = _LENGTH.unpack_from(data, position)
    start = position + _LENGTH.size
    if start + length > len(data):
        raise ManifestError("it points beyond its end")
    return _fields(data[start : start + length])


def _fields(data: bytes) -> _Fields:
    found: _Fields = defaultdict(list)
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            found[key >> 3].append(value)
            continue
        length = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            length, place = _varint(data, place)
        if length is None or place + length > len(data) or key < 8:
            raise ManifestError("it cannot be read")
        found[key >> 3].append(data[place : place + length])
        place += length
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(data[place : place + _MOST_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    raise ManifestError("it cannot be read")


def _messages(fields: Mapping[int, list[int | bytes]], number: int) -> list[_Fields]:
    return [_fields(value) for value in fields.get(number, []) if isinstance(value, bytes)]


def _numbers(fields: Mapping[int, list[int | bytes]], number: int) -> list[int]:
    return [value for value in fields.get(number, []) if isinstance(value, int)]


def _number(fields: Mapping[int, list[int | bytes]], number: int) -> int:
    return next(iter(_numbers(fields, number)), 0)


def _text(fields: Mapping[int, list[int | bytes]], number: int) -> str:
    values = [value for value in fields.get(number, []) if isinstance(value, bytes)]
    try:
        return values[0].decode() if values else ""
    except UnicodeDecodeError as error:
        raise ManifestError("it cannot be read") from error

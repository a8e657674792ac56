"""Packed bodies (`Content-Encoding`), unpacked within the bounds of any other body. Knows bytes."""

from __future__ import annotations

import importlib.util
import zlib
from typing import Final

from embedingest.server.wire.decode import WireError

__all__ = ["encodings", "unpacked"]

_AUTOMATIC: Final = 32 + zlib.MAX_WBITS  # gzip or zlib, as the bytes say
_MOST_LAYERS: Final = 2
_MOST_MEMBERS: Final = 10_000
_STEP_BYTES: Final = 64 * 1024  # unpacked at once; what follows a member in them is copied
_WINDOW_BYTES: Final = 2**27  # what unpacking zstd may hold at once


def encodings() -> list[str]:
    """The names that work here: zstd only where its library is installed."""
    return ["gzip", "deflate", *(["zstd"] if importlib.util.find_spec("zstandard") else [])]


def unpacked(body: bytes, header: str, limit: int) -> bytes:
    """The body as it was before the layers that `header` names. Raises WireError (400, 413, 415)."""
    layers = [name for part in header.lower().split(",") if (name := part.strip().removeprefix("x-")) != "identity"]
    known = encodings()
    if len(layers) > _MOST_LAYERS or any(name not in known for name in layers):
        raise WireError(415, f"a body may be sent as it is or packed with {', '.join(known)}, not with {header[:60]}")
    for name in reversed(layers):
        body = _zstd(body, limit) if name == "zstd" else _zlib(body, limit, name)
    return body


def _zlib(body: bytes, limit: int, name: str) -> bytes:
    try:
        return _members(body, limit, _AUTOMATIC)
    except zlib.error as error:
        if name == "deflate":  # some clients leave the wrapping of zlib away
            try:
                return _members(body, limit, -zlib.MAX_WBITS)
            except zlib.error:
                pass
        raise WireError(400, f"the body is not valid {name}: {error}") from error


def _members(body: bytes, limit: int, window_bits: int) -> bytes:
    """All members that follow one another, as gzip allows."""
    parts: list[bytes] = []
    size = place = members = 0
    while place < len(body):
        unpacking = zlib.decompressobj(window_bits)
        members += 1
        if members > _MOST_MEMBERS:
            raise WireError(413, f"the packed body has more than {_MOST_MEMBERS} members")
        while not unpacking.eof:
            if place == len(body):
                raise zlib.error("it is cut short")
            step = body[place : place + _STEP_BYTES]
            parts.append(unpacking.decompress(step, limit - size + 1))
            place += len(step) - len(unpacking.unconsumed_tail) - len(unpacking.unused_data)
            size += len(parts[-1])
            if size > limit:
                raise WireError(413, f"the unpacked body has more than {limit} bytes, the limit")
    return b"".join(parts)


def _zstd(body: bytes, limit: int) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES).stream_reader(body) as reader:
            result = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise WireError(400, f"the body is not valid zstd: {error}") from error
    if len(result) > limit:
        raise WireError(413, f"the unpacked body has more than {limit} bytes, the limit")
    return bytes(result)

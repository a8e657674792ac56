"""Rich text as Outlook packs it (MS-OXRTFCP): references back into the last 4096 bytes. Knows no control words."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["unpacked_rtf"]

_HEAD: Final = struct.Struct("<4I")
_PACKED: Final = 0x75465A4C
_PLAIN: Final = 0x414C454D
_MOST: Final = 64 * 2**20
_WINDOW: Final = 4096
_START: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What every reader has in the window before it begins."""


def unpacked_rtf(data: bytes) -> bytes:
    """The text, as far as it goes where the data end too early; empty for what is not packed so."""
    if len(data) < _HEAD.size:
        return b""
    _, size, kind, _ = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if kind == _PLAIN:
        return body[:size]
    return _unpacked(body, min(size, _MOST)) if kind == _PACKED else b""


def _unpacked(body: bytes, size: int) -> bytes:
    out = bytearray(_START)
    end = len(out) + size
    at = 0
    while at < len(body) and len(out) < end:
        control = body[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 2 > len(body):
                    return bytes(out[len(_START) : end])
                place, length = (body[at] << 4 | body[at + 1] >> 4), (body[at + 1] & 15) + 2
                at += 2
                back = (len(out) - place) % _WINDOW
                if not back:  # it refers to the place where the next byte goes: the end
                    return bytes(out[len(_START) : end])
                _copy(out, back, length)
            elif at < len(body):
                out.append(body[at])
                at += 1
    return bytes(out[len(_START) : end])


def _copy(out: bytearray, back: int, length: int) -> None:
    """Append what stands so far back; it may reach into what is being appended. Before the window stands nothing."""
    start = len(out) - back
    for at in range(start, start + length):
        out.append(out[at] if at >= 0 else 0)

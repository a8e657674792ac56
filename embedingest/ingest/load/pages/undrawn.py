"""Whether a page is empty because what would draw it does not unpack: PDFium shows such a page as an empty one.

Only pages on which PDFium finds nothing drawn are looked at, each as a file of its own, which PDFium writes.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Undrawn"]

_MOST_WRITTEN: Final = 2**26
"""Bytes that are written of all such pages together; each takes its fonts and pictures along."""

_MOST_UNPACKED: Final = 2**16
_OBJECT: Final = re.compile(rb"\b(\d{1,10}) \d{1,5} obj\s*")
_CONTENTS: Final = re.compile(rb"/Contents\s*\[?((?:\s*\d{1,10} \d{1,5} R)+)")
_REFERENCE: Final = re.compile(rb"(\d{1,10}) \d{1,5} R")
_STREAM: Final = re.compile(rb">>\s*stream\r?\n")
_FILTER: Final = re.compile(rb"/Filter\s*(\[[^\]]*\]|/\w+)")
_SEVERAL: Final = re.compile(rb"\[((?:\s*\d{1,10} \d{1,5} R)*)\s*\]")
_WORDS: Final = re.compile(rb"\(|<(?!<)")
_NAME: Final = re.compile(rb"/(\w+)")
_OTHER_FILTERS: Final = frozenset(
    b"LZWDecode LZW RunLengthDecode RL Crypt DCTDecode JPXDecode CCITTFaxDecode JBIG2Decode".split()
)
_BINARY: Final = re.compile(rb"[^\t\n\f\r -~]")
_MOSTLY: Final = 0.3
"""A greater share of what is no letter, digit or sign is no command that draws."""


class Undrawn:
    """The pages of one file."""

    def __init__(self, pdfium: Any, pdf: Any) -> None:
        self._pdfium, self._pdf, self._left = pdfium, pdf, _MOST_WRITTEN

    def is_damaged(self, index: int) -> bool:
        """Whether the commands of a page that shows nothing are there, and cannot be read. Not known of all pages."""
        if self._left <= 0:
            return False
        written = self._alone(index)
        self._left -= len(written)
        return any(stream is None or _is_damaged(*stream) for stream in _contents(written))

    def _alone(self, index: int) -> bytes:
        """A file of this page alone, nothing packed within anything else."""
        alone, written = self._pdfium.PdfDocument.new(), io.BytesIO()
        try:
            alone.import_pages(self._pdf, [index])
            alone.save(written)
        except self._pdfium.PdfiumError:
            return b""
        finally:
            alone.close()
        return written.getvalue()


def _contents(written: bytes) -> Iterator[tuple[bytes, bytes] | None]:
    """Of each stream of commands what is said of it, and its bytes as they are packed; None where there is none."""
    places = {int(found[1]): found.end() for found in _OBJECT.finditer(written)}
    wanted = [int(number) for found in _CONTENTS.finditer(written) for number in _REFERENCE.findall(found[1])]
    seen: set[int] = set()
    while wanted:
        number = wanted.pop()
        if number in seen:
            continue
        seen.add(number)
        start = places.get(number, len(written))
        several = _SEVERAL.match(written, start)
        begins = _STREAM.search(written, start, max(start, written.find(b"endobj", start)))
        if several is not None:
            wanted += map(int, _REFERENCE.findall(several[1]))
        elif begins is None:
            if not _WORDS.match(written, start):  # what a note says
                yield None
        else:
            yield written[start : begins.start()], written[begins.end() : written.find(b"endstream", begins.end())]


def _is_damaged(head: bytes, packed: bytes) -> bool:
    named = _FILTER.search(head)
    try:
        commands = _unpacked(packed, _NAME.findall(named[1]) if named else [])
    except (ValueError, zlib.error):
        return True
    if commands is None:
        return False
    return len(_BINARY.findall(commands)) > _MOSTLY * len(commands)


def _unpacked(packed: bytes, filters: list[bytes]) -> bytes | None:
    """The commands, or the first of them; None where they are packed in another way. Raises ValueError, zlib.error."""
    for name in filters:
        if name in {b"FlateDecode", b"Fl"}:
            packed = _inflated(packed) if packed.strip() else b""
        elif name in {b"ASCII85Decode", b"A85"}:
            packed = base64.a85decode(packed.partition(b"~>")[0], ignorechars=b" \t\n\r\x0b\x0c\0")
        elif name in {b"ASCIIHexDecode", b"AHx"}:
            packed = binascii.unhexlify(b"".join(packed.partition(b">")[0].split()))
        elif name in _OTHER_FILTERS:
            return None
        else:
            raise ValueError("packed in a way that there is not")
    return packed


def _inflated(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(packed, _MOST_UNPACKED)
    if not found and not unpacking.eof:
        raise ValueError("ends before anything is unpacked")
    return found

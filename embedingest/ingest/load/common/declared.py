"""Pages and parts of books that name their own encoding, in a meta element or in the XML declaration."""

from __future__ import annotations

import codecs
import re
from typing import Final

from embedingest.ingest.load.common.decode import Decoded, decode, is_utf8
from embedingest.ingest.load.common.labels import web_codec

__all__ = ["decode_declared"]

_HEAD_BYTES: Final = 4096
_META: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_XML: Final = re.compile(rb"""\A\s{0,64}<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})""", re.IGNORECASE)
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BY_BYTES: Final = frozenset({"utf-8", "utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})


def decode_declared(data: bytes, name: str) -> Decoded:
    """As a text file, but where the bytes are not UTF-8 the page's own word counts, as browsers take it.

    Raises DocumentSkipped (`binary`) where the bytes are no text.
    """
    codec = _declared(data[:_HEAD_BYTES])
    if codec is None or data.startswith(_MARKS) or is_utf8(data):
        return decode(data, name)
    text = data.decode(codec, "replace")
    lost = text.count("�")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "�")
    return Decoded(text, codec, {"undecodable": lost} if lost else {})


def _declared(head: bytes) -> str | None:
    match = _META.search(head) or _XML.search(head)
    codec = web_codec(match[1].decode("ascii", "replace")) if match else None
    return None if codec in _BY_BYTES else codec

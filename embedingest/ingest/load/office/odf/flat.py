"""Spreadsheets of OpenDocument in one XML file, packed as the reader of sheets wants them. Knows no cells."""

from __future__ import annotations

import html
import io
import re
import zipfile
from typing import Final

from embedingest.ingest.load.common.declared import decode_declared

__all__ = ["is_flat_sheet", "title_of", "zipped_sheet"]

_KIND: Final = "application/vnd.oasis.opendocument.spreadsheet"
_HEAD: Final = 8192
_TITLE: Final = re.compile(rb"<dc:title(?:\s[^<>]*)?>([^<]{1,1000})</dc:title>")
_GAPS: Final = re.compile(r"(?<=>)\s++(?=</?(?:table|office):)")
"""What sets the elements of a sheet on lines of their own, as LibreOffice does; the reader of sheets wants none."""

_DECLARED: Final = re.compile(r"\A\ufeff?\s*<\?xml[^<>]*\?>")


def is_flat_sheet(head: bytes) -> bool:
    """Whether a file that begins so is a spreadsheet of OpenDocument without the zip, in UTF-8 or UTF-16."""
    start = head[:_HEAD].replace(b"\0", b"")
    begins = start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
    return begins and b"<office:document" in start and _KIND.encode() in start


def zipped_sheet(data: bytes, name: str) -> bytes:
    """The same spreadsheet in a zip."""
    text = _GAPS.sub("", _DECLARED.sub("", decode_declared(data, name).text))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", _KIND)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", text.encode("utf-8", "replace"))
    return buffer.getvalue()


def title_of(meta: bytes) -> str | None:
    """The title that a document says in its part of facts."""
    found = _TITLE.search(meta)
    return (" ".join(html.unescape(found[1].decode("utf-8", "replace")).split()) or None) if found else None

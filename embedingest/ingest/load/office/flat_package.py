"""An Office file as one XML text, as Word saves it: its parts are put into a zip again, as their loader wants them."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["packed"]

_PKG: Final = "{http://schemas.microsoft.com/office/2006/xmlPackage}"
_FOLDERS: Final = {"/word/": "docx", "/ppt/": "pptx"}


def packed(root: Element) -> tuple[str, bytes] | None:
    """The loader of a flat package and its bytes as a zip; `None` for other XML, and where no loader is known."""
    if root.tag != _PKG + "package":
        return None
    buffer = io.BytesIO()
    kind = ""
    written: set[str] = set()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in root.iter(_PKG + "part"):
            name = part.get(_PKG + "name", "")
            content = _content(part)
            if content is None or not name.startswith("/") or name in written:
                continue
            written.add(name)
            archive.writestr(name[1:], content)
            kind = kind or next((each for folder, each in _FOLDERS.items() if name.startswith(folder)), "")
    return (kind, buffer.getvalue()) if kind else None


def _content(part: Element) -> bytes | None:
    held = next(iter(part), None)
    if held is None:
        return None
    if held.tag == _PKG + "xmlData":
        inner = next(iter(held), None)
        return None if inner is None else ET.tostring(inner, "utf-8")
    try:
        return base64.b64decode("".join((held.text or "").split()))
    except (binascii.Error, ValueError):
        return None

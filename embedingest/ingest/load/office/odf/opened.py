"""What an OpenDocument file is before it is read: with a zip around it or without, encrypted or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from embedingest.ingest.load.common.zipped import Container

__all__ = ["is_xml", "refuse_encrypted"]

_MANIFEST: Final = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"


def is_xml(data: bytes) -> bool:
    """Whether XML begins here, in UTF-8 or in either UTF-16."""
    return data[:100].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<?xml")


def refuse_encrypted(container: Container) -> None:
    """Raise DocumentError: `encrypted` for a document with a password, `corrupt` for a zip that holds none."""
    if container.has("META-INF/manifest.xml"):
        manifest = container.xml("META-INF/manifest.xml")
        if manifest.find(f".//{_MANIFEST}encryption-data") is not None:
            raise DocumentError(f"{container.name} is encrypted", source=container.name, code="encrypted")
    if not container.has("content.xml"):
        raise DocumentError(f"{container.name} has no content.xml", source=container.name, code="corrupt")

"""What a file of OpenDocument says of itself: title, author, language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.office.odf.names import DC, META

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["metadata_of"]

_TAGS: Final = (("author", META + "initial-creator"), ("author", DC + "creator"), ("language", DC + "language"))


def metadata_of(root: Element) -> tuple[str | None, dict[str, Any]]:
    """The title, `None` where it has none, and `author` and `language` where they are said, below `root`."""
    metadata: dict[str, Any] = {}
    for key, tag in _TAGS:
        value = (root.findtext(f".//{tag}") or "").strip()
        if value:
            metadata.setdefault(key, value)
    return (root.findtext(f".//{DC}title") or "").strip() or None, metadata

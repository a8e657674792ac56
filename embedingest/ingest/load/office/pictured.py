"""What an Office file shows and nothing here reads: pictures, and files within it. Counts, writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.names import FALLBACK, A, V, W

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["embedded_files", "pictures_in"]

_FILES: Final = frozenset({"package", "oleObject"})


def embedded_files(links: dict[str, tuple[str, str]]) -> int:
    """How many files a part holds, by its relations: workbooks, documents, what other programs put there."""
    return len({target for kind, target in links.values() if kind in _FILES})


def pictures_in(body: Element) -> int:
    """How many pictures a Word document shows, new and old ones, but none that stand for a file within it."""
    count = 0
    stack = [body]
    while stack:
        node = stack.pop()
        count += node.tag in {A + "blip", V + "imagedata"}
        stack.extend(child for child in node if child.tag not in {FALLBACK, W + "object"})
    return count

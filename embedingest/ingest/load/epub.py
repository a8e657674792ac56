"""EPUB books: their chapters in reading order, as Markdown. Knows the package; pages are `html`'s."""

from __future__ import annotations

import contextlib
import posixpath
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly
from embedingest.ingest.load.common.declared import decode_declared
from embedingest.ingest.load.common.zipped import Container
from embedingest.ingest.load.html import read
from embedingest.ingest.load.web.chapters import names_of, unnamed, with_names, without_repeats
from embedingest.ingest.load.web.shifted import classes_of
from embedingest.ingest.notices import add_notices
from embedingest.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["EpubLoader", "create"]

_CONTAINER: Final = "META-INF/container.xml"
_ENCRYPTION: Final = "META-INF/encryption.xml"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_SHEET: Final = re.compile(r"""<link\b[^<>]{0,400}?\shref\s*=\s*["']([^"'<>]{1,400}\.css)["']""", re.IGNORECASE)
_HEAD: Final = 20_000
_MOST_SHEETS: Final = 4
_PAGES: Final = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})


class EpubLoader:
    """Books: title, author and language in the metadata, `chapter` spans with the file of each chapter."""

    name = "epub"
    version = "14"
    suffixes = frozenset({".epub"})
    mimes = frozenset({"application/epub+zip"})

    def load(self, data: bytes, name: str) -> Document:
        """The chapters one after the other; the table of contents is left out, and names those that have no heading."""
        container = Container(data, name)
        package_path = _package(container)
        package = container.xml(package_path)
        assembly = Assembly()
        notices: dict[str, int] = {}
        locked = _locked(container)
        sheets = _Sheets(container)
        folder = posixpath.dirname(package_path)
        names = names_of(container, package, folder)
        for part in _spine(package, folder):
            if part in locked:
                raise DocumentError(f"{name} is encrypted (copy protection)", source=name, code="encrypted")
            if not container.has(part):
                add_notices(notices, {"missing_chapters": 1})
                continue
            start = assembly.next
            decoded = decode_declared(container.read(part), name)
            add_notices(notices, decoded.notices)
            raised = sheets.raised(decoded.text, part)
            page = read(decoded.text, _as_xhtml(part), book=True, raised=raised)
            if page.text and (due := unnamed(page.text, names.get(part, []))):
                page = read(with_names(decoded.text, due), _as_xhtml(part), book=True, raised=raised)
            add_notices(notices, page.notices)
            assembly.add(without_repeats(page.text))
            assembly.span(start, "chapter", part)
        title, metadata = _metadata(package)
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            markup="markdown",
            mime="application/epub+zip",
            title=title,
            spans=tuple(assembly.spans),
            metadata=metadata,
            notices=notices,
        )


def _as_xhtml(part: str) -> str:
    """The name of a chapter: books hold XHTML, whatever its suffix says."""
    return f"{posixpath.splitext(part)[0]}.xhtml"


class _Sheets:
    """The style sheets of a book, each read once."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._classes: dict[str, dict[str, str]] = {}

    def raised(self, page: str, part: str) -> dict[str, str]:
        """The classes that those raise or lower that a chapter names, of the first few."""
        found: dict[str, str] = {}
        for named in _SHEET.findall(page[:_HEAD])[:_MOST_SHEETS]:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(part), unquote(named)))
            if path not in self._classes:
                self._classes[path] = self._read(path)
            found |= self._classes[path]
        return found

    def _read(self, path: str) -> dict[str, str]:
        """The classes of a style sheet; none of one that is missing or damaged, for which no book is refused."""
        if self._container.has(path):
            with contextlib.suppress(DocumentError):
                return classes_of(self._container.read(path).decode(errors="replace"))
        return {}


def create() -> EpubLoader:
    """The loader of EPUB books; it has no settings."""
    return EpubLoader()


def _package(container: Container) -> str:
    if container.has(_CONTAINER):
        for element in container.xml(_CONTAINER).iter():
            path = element.get("full-path")
            if path and container.has(path):
                return path
    for path in container.names:
        if path.endswith(".opf"):
            return path
    raise DocumentError(f"{container.name} has no package document", source=container.name, code="corrupt")


def _spine(package: Element, folder: str) -> list[str]:
    """The parts in reading order."""
    items: dict[str, tuple[str, str, str]] = {}
    order: list[str] = []
    for element in package.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "item":
            path = posixpath.normpath(posixpath.join(folder, unquote(element.get("href", ""))))
            items[element.get("id", "")] = (path, element.get("media-type", ""), element.get("properties", ""))
        elif tag == "itemref":
            order.append(element.get("idref", ""))
    parts = [items[key] for key in order if key in items]
    return [path for path, mime, properties in parts if mime in _PAGES and "nav" not in properties.split()]


def _locked(container: Container) -> set[str]:
    """Parts under encryption; fonts are often listed there too, and do not matter."""
    if not container.has(_ENCRYPTION):
        return set()
    return {
        unquote(reference.get("URI", "")) for reference in container.xml(_ENCRYPTION).iter() if reference.get("URI")
    }


def _metadata(package: Element) -> tuple[str | None, dict[str, Any]]:
    metadata: dict[str, Any] = {}
    for key, tag in (("title", "title"), ("author", "creator"), ("language", "language"), ("identifier", "identifier")):
        values = [" ".join((element.text or "").split()) for element in package.iter(_DC + tag)]
        values = [value for value in values if value]
        if values:
            metadata[key] = ", ".join(values) if key == "author" else values[0]
    return metadata.pop("title", None), metadata

"""EPUB books: their chapters in reading order, as Markdown. Knows the package; pages are `html`'s."""

from __future__ import annotations

import contextlib
import posixpath
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly, heading
from embedingest.ingest.load.common.declared import decode_declared
from embedingest.ingest.load.common.zipped import Container
from embedingest.ingest.load.html import read
from embedingest.ingest.load.web.chapters import Named, names_of, unnamed, with_names, without_repeats
from embedingest.ingest.load.web.shifted import classes_of
from embedingest.ingest.load.xml import XmlLoader
from embedingest.ingest.notices import add_notices, plus
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
_MOST_FALLBACKS: Final = 8
_PAGES: Final = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})
_SUFFIXES: Final = (".xhtml", ".html", ".htm")  # of pages, whatever the book calls them
_DRAWING: Final = "image/svg+xml"


class _Item(NamedTuple):
    """A part of a book, its media type, what it is to the book, and the id of what may stand for it."""

    path: str
    mime: str
    properties: list[str]
    fallback: str

    @property
    def is_page(self) -> bool:
        return self.mime in _PAGES or self.path.lower().endswith(_SUFFIXES)


class EpubLoader:
    """Books: title, author and language in the metadata, `chapter` spans with the file of each chapter."""

    name = "epub"
    version = "16"
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
        for item in _spine(package, folder):
            part = item.path
            if part in locked:
                raise DocumentError(f"{name} is encrypted (copy protection)", source=name, code="encrypted")
            if not container.has(part):
                add_notices(notices, {"missing_chapters": 1})
                continue
            start = assembly.next
            due = names.get(part, [])
            if item.is_page:
                text, counts = _page(container, part, due, sheets)
            elif item.mime == _DRAWING:
                text, counts = _drawing(container.read(part), part, due)
            else:
                text, counts = "", {"skipped_images" if item.mime.startswith("image/") else "inner_unsupported": 1}
            add_notices(notices, counts)
            assembly.add(text)
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


def _page(container: Container, part: str, names: list[Named], sheets: _Sheets) -> tuple[str, dict[str, int]]:
    """A chapter as Markdown, with the names that its headings do not say, and what is told of it."""
    decoded = decode_declared(container.read(part), container.name)
    raised = sheets.raised(decoded.text, part)
    page = read(decoded.text, _as_xhtml(part), book=True, raised=raised)
    if page.text and (due := unnamed(page.text, names)):
        page = read(with_names(decoded.text, due), _as_xhtml(part), book=True, raised=raised)
    return without_repeats(page.text), plus(decoded.notices, **page.notices)


def _drawing(data: bytes, part: str, names: list[Named]) -> tuple[str, dict[str, int]]:
    """The words of a page that is a drawing, below its name; one without words is a picture."""
    try:
        drawing = XmlLoader().load(data, part)
    except DocumentError:  # a damaged page; the others are read
        return "", {"unreadable_pages": 1}
    if not drawing.text.strip():
        return "", plus(drawing.notices, skipped_images=1)
    named = [heading(each.level, each.words) for each in unnamed(drawing.text, names)[:1]]
    return "\n\n".join([*named, drawing.text]), dict(drawing.notices)


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


def _spine(package: Element, folder: str) -> list[_Item]:
    """The parts in reading order; for what is neither page nor drawing stands what the book names instead."""
    items: dict[str, _Item] = {}
    order: list[str] = []
    for element in package.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "item":
            path = posixpath.normpath(posixpath.join(folder, unquote(element.get("href", ""))))
            mime, properties = element.get("media-type", ""), element.get("properties", "").split()
            items[element.get("id", "")] = _Item(path, mime, properties, element.get("fallback", ""))
        elif tag == "itemref":
            order.append(element.get("idref", ""))
    parts = [_readable(items[key], items) for key in order if key in items]
    return [item for item in parts if "nav" not in item.properties]


def _readable(item: _Item, items: dict[str, _Item]) -> _Item:
    """An item, or the first of those that stand for it that is read."""
    instead: _Item | None = item
    for _ in range(_MOST_FALLBACKS):
        if instead is None or instead.is_page or instead.mime == _DRAWING:
            break
        instead = items.get(instead.fallback)
    return instead if instead is not None and (instead.is_page or instead.mime == _DRAWING) else item


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

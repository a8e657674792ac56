"""OpenDocument texts and presentations (ODT, ODP) as Markdown. Knows their XML; the zip is `zipped`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly, pipe_table
from embedingest.ingest.load.common.zipped import Container, xml_root
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = ["OpenDocumentLoader", "create"]

_OASIS: Final = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT: Final = _OASIS + "text:1.0}"
_TABLE: Final = _OASIS + "table:1.0}"
_DRAW: Final = _OASIS + "drawing:1.0}"
_OFFICE: Final = _OASIS + "office:1.0}"
_PRESENTATION: Final = _OASIS + "presentation:1.0}"
_META: Final = _OASIS + "meta:1.0}"
_MANIFEST: Final = _OASIS + "manifest:1.0}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_LEFT_OUT: Final = frozenset(
    {_OFFICE + "annotation", _TEXT + "tracked-changes", _TEXT + "note-citation", _TEXT + "sequence-decls"}
)


class OpenDocumentLoader:
    """Texts and presentations of LibreOffice and others."""

    name = "opendocument"
    version = "2"
    suffixes = frozenset({".odt", ".ott", ".odp", ".fodt"})
    mimes = frozenset({"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.presentation"})

    def load(self, data: bytes, name: str) -> Document:
        """Headings, paragraphs, lists, tables; slides of a presentation with `slide` spans."""
        if not data.startswith(b"PK") and _is_xml(data):  # the flat form: the same XML without the zip
            root = meta = xml_root(data, name)
        else:
            container = Container(data, name)
            _refuse_encrypted(container)
            root = container.xml("content.xml")
            meta = container.xml("meta.xml") if container.has("meta.xml") else root
        assembly = Assembly()
        body = root.find(f".//{_OFFICE}body")
        first = _walk(assembly, root if body is None else body)
        title, metadata = _metadata(meta)
        pictures = sum(1 for _ in root.iter(_DRAW + "image"))
        slides = any(span.kind == "slide" for span in assembly.spans)
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            markup="markdown",
            mime="application/vnd.oasis.opendocument." + ("presentation" if slides else "text"),
            title=title or first,
            spans=tuple(assembly.spans),
            metadata=metadata,
            notices={"skipped_images": pictures} if pictures else {},
        )


def create() -> OpenDocumentLoader:
    """The loader of OpenDocument texts and presentations; it has no settings."""
    return OpenDocumentLoader()


def _is_xml(data: bytes) -> bool:
    """Whether XML begins here, in UTF-8 or in either UTF-16."""
    return data[:100].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<?xml")


def _refuse_encrypted(container: Container) -> None:
    if container.has("META-INF/manifest.xml"):
        manifest = container.xml("META-INF/manifest.xml")
        if manifest.find(f".//{_MANIFEST}encryption-data") is not None:
            raise DocumentError(f"{container.name} is encrypted", source=container.name, code="encrypted")
    if not container.has("content.xml"):
        raise DocumentError(f"{container.name} has no content.xml", source=container.name, code="corrupt")


def _walk(assembly: Assembly, body: Element) -> str | None:
    """Write everything below; the first heading."""
    first: str | None = None
    slide = 0
    stack = [iter(list(body))]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
        elif child.tag == _TEXT + "h":
            heading = " ".join(_inline(child).split())
            first = first or heading or None
            level = child.get(_TEXT + "outline-level", "1")
            assembly.add(f"{'#' * min(6, int(level) if level.isdigit() else 1)} {heading}" if heading else "")
        elif child.tag == _TEXT + "p":
            assembly.add(_inline(child))
        elif child.tag == _TEXT + "list":
            assembly.add("\n".join(_items(child)))
        elif child.tag == _TABLE + "table":
            assembly.add(pipe_table(_rows(child)))
        elif child.tag == _DRAW + "page":
            slide += 1
            start = assembly.next
            first = first or _slide(assembly, child)
            assembly.span(start, "slide", slide)
        elif child.tag not in _LEFT_OUT:
            stack.append(iter(list(child)))
    return first


def _slide(assembly: Assembly, page: Element) -> str | None:
    title = None
    for frame in page.iter(_DRAW + "frame"):
        if frame.get(_PRESENTATION + "class") == "title" and title is None:
            title = " ".join(" ".join(_inline(paragraph) for paragraph in frame.iter(_TEXT + "p")).split()) or None
            assembly.add(f"# {title}" if title else "")
        else:
            _walk(assembly, frame)
    return title


def _items(listing: Element, depth: int = 0) -> Iterator[str]:
    for item in listing:
        for child in item:
            if child.tag == _TEXT + "list" and depth < 12:
                yield from _items(child, depth + 1)
            else:
                words = " ".join(_inline(child).split())
                if words:
                    yield f"{'  ' * depth}- {words}"


def _rows(table: Element) -> Iterator[list[str]]:
    for row in table.iter(_TABLE + "table-row"):
        yield [
            " ".join(_inline(paragraph) for paragraph in cell.iter(_TEXT + "p"))
            for cell in row.iter(_TABLE + "table-cell")
        ]


def _inline(element: Element) -> str:
    """The words of a paragraph; the stack holds elements and the words that follow them."""
    words: list[str] = []
    stack: list[Element | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            words.append(node)
            continue
        if node.tag not in _LEFT_OUT:
            words.append(_blank(node) or (node.text or ""))
            for child in reversed(node):
                stack.append(child.tail or "")
                stack.append(child)
    return "".join(words).strip()


def _blank(node: Element) -> str:
    if node.tag == _TEXT + "s":
        count = node.get(_TEXT + "c", "1")
        return " " * min(64, int(count) if count.isdigit() else 1)
    return {_TEXT + "tab": "\t", _TEXT + "line-break": "\n"}.get(node.tag, "")


def _metadata(root: Element) -> tuple[str | None, dict[str, Any]]:
    tags = (("author", _META + "initial-creator"), ("author", _DC + "creator"), ("language", _DC + "language"))
    metadata: dict[str, Any] = {}
    for key, tag in tags:
        value = (root.findtext(f".//{tag}") or "").strip()
        if value:
            metadata.setdefault(key, value)
    return (root.findtext(f".//{_DC}title") or "").strip() or None, metadata

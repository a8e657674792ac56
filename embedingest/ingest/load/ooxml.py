"""Word and PowerPoint files (DOCX, PPTX) as Markdown: headings, lists, tables, slides with their notes.

Knows the XML of Office Open XML; the zip around it is `zipped`'s.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly, pipe_table
from embedingest.ingest.load.common.zipped import Container, xml_root
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = ["DocxLoader", "PptxLoader", "create_docx", "create_pptx"]

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P: Final = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_RELS: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADING: Final = re.compile(r"(?:heading|überschrift|titre|título|kop|rubrik)\s*(\d)", re.IGNORECASE)


class DocxLoader:
    """Word documents. Deleted text, headers and footers are left out; footnotes follow at the end."""

    name = "docx"
    version = "2"
    suffixes = frozenset({".docx", ".docm", ".dotx"})
    mimes = frozenset({"application/vnd.openxmlformats-officedocument.wordprocessingml.document"})

    def load(self, data: bytes, name: str) -> Document:
        """The document's body as Markdown; `notices` count pictures."""
        container = _open(data, name)
        main = _main_part(container, "word/document.xml")
        body = _part(container, main)
        assembly = Assembly()
        writer = _Word(assembly, _heading_styles(container))
        writer.walk(body)
        for part in ("word/footnotes.xml", "word/endnotes.xml"):
            if container.has(part):
                writer.walk(_part(container, part))
        title, metadata = _properties(container)
        pictures = sum(1 for _ in body.iter(_A + "blip"))
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            markup="markdown",
            mime="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            title=title or writer.first_heading,
            metadata=metadata,
            notices={"skipped_images": pictures} if pictures else {},
        )


class PptxLoader:
    """Presentations, a section a slide in the order of the show; `notes=False` leaves the speaker's notes out."""

    name = "pptx"
    version = "2"
    suffixes = frozenset({".pptx", ".pptm", ".ppsx"})
    mimes = frozenset({"application/vnd.openxmlformats-officedocument.presentationml.presentation"})

    def __init__(self, *, notes: bool = True) -> None:
        self._notes = notes

    def load(self, data: bytes, name: str) -> Document:
        """Every slide's words with a `slide` span; titles are headings."""
        container = _open(data, name)
        assembly = Assembly()
        titles, pictures = [], 0
        for number, part in enumerate(_slides(container), start=1):
            slide = _part(container, part)
            start = assembly.next
            titles.append(_slide(assembly, slide))
            if self._notes:
                _notes(assembly, container, part)
            assembly.span(start, "slide", number)
            pictures += sum(1 for _ in slide.iter(_A + "blip"))
        title, metadata = _properties(container)
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            markup="markdown",
            mime="application/vnd.openxmlformats-officedocument.presentationml.presentation",
            title=title or next((each for each in titles if each), None),
            spans=tuple(assembly.spans),
            metadata=metadata,
            notices={"skipped_images": pictures} if pictures else {},
        )


def create_docx() -> DocxLoader:
    """The loader of Word documents; it has no settings."""
    return DocxLoader()


def create_pptx(*, notes: bool = True) -> PptxLoader:
    """The loader of presentations."""
    return PptxLoader(notes=notes)


def _open(data: bytes, name: str) -> Container:
    if data.startswith(_OLE):
        # A password turns the zip into an OLE file that holds a part of this name, written in UTF-16.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise DocumentError(f"{name} is encrypted", source=name, code="encrypted", remedy="save it unprotected")
        raise DocumentError(
            f"{name} is a file of Office 97-2003", source=name, code="unsupported", remedy="save it as DOCX or PPTX"
        )
    return Container(data, name)


def _part(container: Container, part: str) -> Element:
    """One XML part; the namespaces of the strict variant are read as those of the usual one."""
    data = container.read(part)
    if b"purl.oclc.org" in data:
        data = data.replace(b"http://purl.oclc.org/ooxml/wordprocessingml/main", _W[1:-1].encode())
        data = data.replace(b"http://purl.oclc.org/ooxml/drawingml/main", _A[1:-1].encode())
        data = data.replace(b"http://purl.oclc.org/ooxml/presentationml/main", _P[1:-1].encode())
        data = data.replace(b"http://purl.oclc.org/ooxml/officeDocument/relationships", _R[1:-1].encode())
    return xml_root(data, container.name)


def _relations(container: Container, part: str) -> dict[str, tuple[str, str]]:
    """Of one part: relation id to (type's last word, path of its target)."""
    folder, base = posixpath.split(part)
    path = posixpath.join(folder, "_rels", base + ".rels")
    if not container.has(path):
        return {}
    relations = {}
    for relation in container.xml(path).iter(_RELS + "Relationship"):
        target = posixpath.normpath(posixpath.join(folder, relation.get("Target", "")))
        if relation.get("Target", "").startswith("/"):
            target = relation.get("Target", "").lstrip("/")
        relations[relation.get("Id", "")] = (relation.get("Type", "").rsplit("/", 1)[-1], target)
    return relations


def _main_part(container: Container, usual: str) -> str:
    if container.has(usual):
        return usual
    targets = [target for kind, target in _relations(container, "").values() if kind == "officeDocument"]
    if not targets:
        raise DocumentError(
            f"{container.name} is a zip file without a document in it", source=container.name, code="corrupt"
        )
    return targets[0]


def _properties(container: Container) -> tuple[str | None, dict[str, Any]]:
    if not container.has("docProps/core.xml"):
        return None, {}
    root = container.xml("docProps/core.xml")
    properties = {key: (root.findtext(f"{_DC}{tag}") or "").strip() for key, tag in _PROPERTIES}
    title = properties.pop("title") or None
    return title, {key: value for key, value in properties.items() if value}


_PROPERTIES: Final = (("title", "title"), ("author", "creator"), ("subject", "subject"), ("language", "language"))


def _heading_styles(container: Container) -> dict[str, int]:
    """Style id to heading level, by outline level or by name in the languages Word writes."""
    if not container.has("word/styles.xml"):
        return {}
    levels = {}
    for style in _part(container, "word/styles.xml").iter(_W + "style"):
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        named = style.find(_W + "name")
        label = "" if named is None else named.get(_W + "val", "")
        match = _HEADING.match(label)
        if outline is not None and outline.get(_W + "val", "").isdigit():
            levels[style.get(_W + "styleId", "")] = int(outline.get(_W + "val", "0")) + 1
        elif match:
            levels[style.get(_W + "styleId", "")] = int(match[1])
        elif label.lower() == "title":
            levels[style.get(_W + "styleId", "")] = 1
    return {style: level for style, level in levels.items() if level <= 9}


class _Word:
    """Writes the paragraphs and tables of a body in order."""

    def __init__(self, assembly: Assembly, headings: dict[str, int]) -> None:
        self._assembly = assembly
        self._headings = headings
        self._list: list[str] = []
        self.first_heading: str | None = None

    def walk(self, root: Element) -> None:
        """Paragraphs and tables anywhere below; a table's own paragraphs are its cells'."""
        stack = [iter(list(root))]
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
            elif child.tag == _W + "p":
                self._paragraph(child)
            elif child.tag == _W + "tbl":
                self._end_list()
                rows = ([_inline(cell) for cell in row.iter(_W + "tc")] for row in child.iter(_W + "tr"))
                self._assembly.add(pipe_table(rows))
            elif child.tag != _FALLBACK:
                stack.append(iter(list(child)))
        self._end_list()

    def _paragraph(self, paragraph: Element) -> None:
        text = _inline(paragraph).strip()
        if not text:
            return
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        level = self._headings.get("" if style is None else style.get(_W + "val", ""))
        numbered = paragraph.find(f"{_W}pPr/{_W}numPr")
        if level is not None:
            self._end_list()
            heading = " ".join(text.split())
            self.first_heading = self.first_heading or heading
            self._assembly.add("#" * min(level, 6) + " " + heading)
        elif numbered is not None:
            depth = numbered.find(_W + "ilvl")
            indent = "  " * min(8, int("0" if depth is None else depth.get(_W + "val", "0") or 0))
            self._list.append(f"{indent}- {text}")
        else:
            self._end_list()
            self._assembly.add(text)

    def _end_list(self) -> None:
        if self._list:
            self._assembly.add("\n".join(self._list))
            self._list = []


def _inline(element: Element) -> str:
    """The words of a paragraph or cell. Fallbacks repeat what their alternative says, and are left out."""
    return "".join(_runs(element))


def _runs(element: Element) -> Iterator[str]:
    stack = [element]
    while stack:
        node = stack.pop()
        if node.tag in {_W + "t", _A + "t"}:
            yield node.text or ""
        elif node.tag in {_W + "tab", _A + "tab"}:
            yield "\t"
        elif node.tag in {_W + "br", _W + "cr", _A + "br"}:
            yield "\n"
        elif node.tag not in {_FALLBACK, _W + "pPr", _W + "rPr", _W + "del"}:
            if node.tag in {_W + "p", _A + "p"} and node is not element:
                yield " "
            stack.extend(reversed(node))


def _slides(container: Container) -> list[str]:
    """The slides' parts in the order of the show."""
    main = _main_part(container, "ppt/presentation.xml")
    relations = _relations(container, main)
    listed = _part(container, main).iter(_P + "sldId")
    targets = [relations.get(slide.get(_R + "id", ""), ("", ""))[1] for slide in listed]
    return [target for target in targets if container.has(target)]


def _slide(assembly: Assembly, slide: Element) -> str | None:
    title = None
    for shape in slide.iter():
        if shape.tag == _P + "sp":
            lines = [_inline(paragraph).strip() for paragraph in shape.iter(_A + "p")]
            lines = [line for line in lines if line]
            if title is None and lines and _is_title(shape):
                title = " ".join(" ".join(lines).split())
                assembly.add(f"# {title}")
            elif len(lines) > 1:
                assembly.add("\n".join(f"- {line}" for line in lines))
            elif lines:
                assembly.add(lines[0])
        elif shape.tag == _A + "tbl":
            assembly.add(pipe_table([_inline(cell) for cell in row.iter(_A + "tc")] for row in shape.iter(_A + "tr")))
    return title


def _is_title(shape: Element) -> bool:
    return any(placeholder.get("type") in {"title", "ctrTitle"} for placeholder in shape.iter(_P + "ph"))


def _notes(assembly: Assembly, container: Container, slide: str) -> None:
    for kind, target in _relations(container, slide).values():
        if kind != "notesSlide" or not container.has(target):
            continue
        for shape in _part(container, target).iter(_P + "sp"):
            if any(placeholder.get("type") == "body" for placeholder in shape.iter(_P + "ph")):
                words = "\n".join(_inline(paragraph) for paragraph in shape.iter(_A + "p")).strip()
                assembly.add(f"Notes: {words}" if words else "")

"""XML as words without tags: DocBook, FictionBook, notes, drawings, flat spreadsheets, feeds and all other, by a rule.

What stands among words belongs to them; elements in an element without words of its own are set apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly, pipe_table
from embedingest.ingest.load.common.declared import decode_declared
from embedingest.ingest.load.common.markdown_escape import escaped_lines, fence_for
from embedingest.ingest.load.common.zipped import xml_root
from embedingest.ingest.load.html import read
from embedingest.ingest.load.markup.loose_xml import loose_root
from embedingest.ingest.load.wiki.dump import is_dump, read_dump
from embedingest.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["XmlLoader", "create"]

_PARAGRAPHS: Final = frozenset(
    ["p", "para", "simpara", "v", "text", "title", "subtitle", "head", "bridgehead", "source", "target", "ab", "term"]
)
# Set apart even among words.
_BLOCKS: Final = frozenset(
    [
        "itemizedlist",
        "orderedlist",
        "variablelist",
        "simplelist",
        "listitem",
        "ul",
        "ol",
        "li",
        "dl",
        "list",
        "item",
        "table",
        "informaltable",
        "programlisting",
        "screen",
        "literallayout",
        "blockquote",
        "note",
        "tip",
        "warning",
        "caution",
        "important",
        "figure",
        "example",
        "procedure",
        "div",
        "section",
        "p",
        "para",
        "simpara",
    ]
)
_HEADINGS: Final = frozenset(["title", "head", "bridgehead"])
_TITLES: Final = frozenset(["title", "head", "book-title"])
_SECTIONS: Final = frozenset(
    [
        "section",
        "sect1",
        "sect2",
        "sect3",
        "sect4",
        "sect5",
        "simplesect",
        "chapter",
        "appendix",
        "preface",
        "part",
        "book",
        "article",
        "div",
        "refsect1",
        "refsect2",
        "note",
        "worksheet",
        "item",
        "entry",
        "outline",
    ]
)
_ROWS: Final = frozenset(["row", "tr", "table-row"])
_LISTINGS: Final = frozenset(["programlisting", "screen", "literallayout", "pre"])
_NO_WORDS: Final = frozenset(["script", "stylesheet", "settings", "styles", "automatic-styles", "font-face-decls",
                              "master-styles", "scripts", "resource", "note-attributes", "created", "updated",
                              "documentproperties", "excelworkbook", "worksheetoptions"])  # fmt: skip
_PICTURES: Final = frozenset(["binary", "binary-data", "resource"])
_TAG: Final = re.compile(r"<(?:/?[a-zA-Z][\w:-]{0,40}[\s/>]|!DOCTYPE|\?xml)")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/=_\-\s]{200,}\Z")
_BREAKS: Final = frozenset(["br", "lb", "line-break", "empty-line"])
_MOST_COLUMNS: Final = 256


class XmlLoader:
    """Words in their order: titles of sections as headings, rows of cells as tables, listings as such.

    HTML that stands in a text (notes, feeds) is read as such; data in base64 is left out and counted. XML that is
    not well formed is read as far as its tags can be followed, and told (`invalid_xml`); declared entities are refused.
    """

    name = "xml"
    version = "4"
    suffixes = frozenset(
        [".xml", ".svg", ".fb2", ".enex", ".docbook", ".dbk", ".xlf", ".xliff", ".ttml", ".dfxp", ".fods", ".tei",
         ".rss", ".atom", ".opml"]
    )  # fmt: skip
    mimes = frozenset({"application/xml", "text/xml", "image/svg+xml"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`bomb`) for declared entities, DocumentSkipped (`binary`) for what is no text."""
        try:
            root = xml_root(data, name)
        except DocumentError as error:
            if error.code != "corrupt":
                raise
            return self._broken(data, name)
        return read_dump(root, name) if is_dump(root) else _document(root, name, {})

    def _broken(self, data: bytes, name: str) -> Document:
        decoded = decode_declared(data, name)
        notices = {**decoded.notices, **({"invalid_xml": 1} if decoded.text.strip() else {})}
        root = loose_root(decoded.text)
        return _document(root[0] if len(root) == 1 and not _has_words(root) else root, name, notices)


def _document(root: Element, name: str, notices: dict[str, int]) -> Document:
    walk = _Walk()
    walk.all(root)
    return Document(
        source=name,
        has_lines=False,
        text=walk.finish(),
        markup="markdown",
        mime="image/svg+xml" if _local(root) == "svg" else "application/xml",
        title=walk.title,
        notices={**notices, **walk.notices},
    )


def create() -> XmlLoader:
    """The loader of XML; it has no settings."""
    return XmlLoader()


class _Walk:
    """Follows a tree with a stack of its own and writes Markdown."""

    def __init__(self) -> None:
        self.notices: dict[str, int] = {}
        self.title: str | None = None
        self._assembly = Assembly()
        self._rows: list[list[str]] = []

    def all(self, root: Element) -> None:
        """Write every block below, in its order."""
        stack: list[tuple[Element | str, int]] = [(root, 0)]
        drawing = _local(root) == "svg"
        while stack:
            element, level = stack.pop()
            if isinstance(element, str):
                self._text(element, level)
                continue
            name = _local(element)
            if name in _PICTURES:
                self._count("skipped_images")
            if name in _NO_WORDS or name in _PICTURES or (drawing and name == "style"):
                continue
            if name in _ROWS:
                self._row(element)
            elif name in _LISTINGS:
                self._listing(_joined(element))
            elif name in _PARAGRAPHS or (len(element) == 0 and "text" not in element.attrib) or _has_words(element):
                heading = level if name in _HEADINGS and not drawing else 0
                if name in _TITLES and self.title is None:
                    self.title = " ".join(_joined(element).split()) or None
                pieces = reversed(_pieces(element))
                stack += [(piece, heading if isinstance(piece, str) else level) for piece in pieces]
            else:
                inner = level + (name in _SECTIONS)
                self._outline(element, level)
                if name in {"worksheet", "table"}:
                    self._sheet(element)
                stack += [(child, inner) for child in reversed(element)]

    def finish(self) -> str:
        self._end_table()
        return self._assembly.text

    def _text(self, text: str, level: int) -> None:
        """Write words that stand together, as a heading where they have a level."""
        if _TAG.search(text):
            self._add(read(text, main_only=False).text.strip())
            return
        text = "\n".join(line for line in (" ".join(line.split()) for line in text.split("\v")) if line)
        if len(text) >= 200 and " " not in text[:60] and _ENCODED.match(text):
            self._count("encoded_data")
        elif level and text:
            self._add(f"{'#' * min(6, level)} {' '.join(text.split())}")
        else:
            self._add(escaped_lines(text))

    def _row(self, row: Element) -> None:
        cells: list[str] = []
        beyond: list[str] = []
        for cell in row:
            attributes = {_bare(key).lower(): value for key, value in cell.attrib.items()}
            if attributes.get("index", "").isdecimal():
                cells += [""] * (min(int(attributes["index"][:6]) - 1, _MOST_COLUMNS) - len(cells))
            repeated = attributes.get("number-columns-repeated", "1")[:6]
            text = " ".join(_joined(cell, every=True).split())
            room = max(0, _MOST_COLUMNS - len(cells))
            cells += [text] * min(int(repeated) if repeated.isdecimal() else 1, room)
            if text and not room:
                beyond.append(text)
        if beyond:
            cells[-1] = " ".join([cells[-1], *beyond])
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            self._rows.append(cells)

    def _sheet(self, element: Element) -> None:
        named = next((value for key, value in element.attrib.items() if _bare(key).lower() == "name"), "")
        if named:
            self._add(f"## {' '.join(named.split())}")

    def _outline(self, element: Element, level: int) -> None:
        """The words of an outline (OPML), which are attributes: a heading where others stand below, else an item."""
        text = element.get("text", "") if _local(element) == "outline" else ""
        if text.strip():
            self._text(text, level + 1) if len(element) else self._add(f"- {escaped_lines(' '.join(text.split()))}")
            self._text(element.get("_note", ""), 0)

    def _listing(self, text: str) -> None:
        self._end_table()
        if text.strip():
            fence = fence_for(text)
            body = text.replace("\v", "\n").strip("\n")
            self._assembly.add(f"{fence}\n{body}\n{fence}")

    def _add(self, block: str) -> None:
        if block:
            self._end_table()
            self._assembly.add(block)

    def _end_table(self) -> None:
        if self._rows:
            self._assembly.add(pipe_table(self._rows))
            self._rows = []

    def _count(self, kind: str) -> None:
        self.notices[kind] = self.notices.get(kind, 0) + 1


def _joined(element: Element, *, every: bool = False) -> str:
    """All words of an element; of `every` element within, parted, where asked."""
    return "".join(piece for piece in _pieces(element, flat=True, every=every) if isinstance(piece, str))


def _pieces(element: Element, *, flat: bool = False, every: bool = False) -> list[str | Element]:
    """The words of an element and the blocks among them, in their order; `flat` takes blocks as words too."""
    pieces: list[str | Element] = []
    words: list[str] = []
    flat = flat or _local(element) in _HEADINGS
    stack: list[Element | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            words.append(node)
            continue
        name = _local(node)
        if node is not element and not flat and name in _BLOCKS:
            pieces += ["".join(words), node]
            words = []
            continue
        if name in _NO_WORDS or name in _PICTURES:
            continue
        moved = name == "tspan" and not {"x", "y", "dy"}.isdisjoint(node.attrib)
        parted = node is not element and (every or moved or name in _BREAKS or name in _BLOCKS)
        words += ["\v" if parted else "", node.text or ""]
        for child in reversed(node):
            stack.append(child.tail or "")
            stack.append(child)
    return [*pieces, "".join(words)]


def _has_words(element: Element) -> bool:
    """Whether words stand in an element itself, beside those of its children."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _local(element: Element) -> str:
    """The name without its namespace, in small letters; comments have none."""
    return _bare(element.tag).lower() if isinstance(element.tag, str) else "script"


def _bare(name: str) -> str:
    return name.rpartition("}")[2]

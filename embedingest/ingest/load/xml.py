"""XML as words without tags: DocBook, FictionBook, notes, drawings, flat spreadsheets, feeds and all other, by a rule.

What stands among words belongs to them; elements in an element without words of its own are set apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly, pipe_table
from embedingest.ingest.load.common.declared import decode_declared
from embedingest.ingest.load.common.items import Items, width
from embedingest.ingest.load.common.markdown_escape import escaped_lines, fence_for
from embedingest.ingest.load.common.zipped import xml_root
from embedingest.ingest.load.html import read
from embedingest.ingest.load.markup.diagram import facts_in_attributes, said, unpacked
from embedingest.ingest.load.markup.drawing import as_shown
from embedingest.ingest.load.markup.fb2_notes import mark_notes
from embedingest.ingest.load.markup.loose_xml import loose_root
from embedingest.ingest.load.markup.xml_facts import (
    FIGURES,
    facts_of,
    in_a_line,
    join_labels,
    parts_of_head,
    say_once,
)
from embedingest.ingest.load.markup.xml_lists import marks
from embedingest.ingest.load.markup.xml_names import CAPTIONED, INLINE_TEXT, PARAGRAPHS, SECTIONS, TITLES
from embedingest.ingest.load.markup.xml_tables import GROUPS, PARTS, ROWS, Rows
from embedingest.ingest.load.markup.xml_words import (
    HEADINGS,
    NO_WORDS,
    PICTURES,
    bare,
    by_lines,
    has_words,
    is_listing,
    joined,
    local,
    pieces,
    shown,
)
from embedingest.ingest.load.office.flat_package import packed
from embedingest.ingest.load.slides import create_pptx
from embedingest.ingest.load.wiki.dump import is_dump, read_dump
from embedingest.ingest.load.word import create_docx
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.decode import Decoded

__all__ = ["XmlLoader", "create"]

_APART: Final = frozenset(["mxcell", "object", "userobject"])  # boxes of a diagram, which hold no others
_DRAWN: Final = ("mediaobject", "graphic")
_TAG: Final = re.compile(r"<(?:/?[a-zA-Z][\w:-]{0,40}[\s/>]|!DOCTYPE|\?xml)")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n\s*")
_DECLARED: Final = re.compile(r"\A\ufeff?\s*<\?xml[^<>]{0,400}\?>")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/=_\-\s]{200,}\Z")


class XmlLoader:
    """Words in their order: titles of sections as headings, rows of cells as tables, listings as such.

    HTML that stands in a text (notes, feeds) is read as such; data in base64 is left out and counted. XML that is
    not well formed is read as far as its tags can be followed, and told (`invalid_xml`); declared entities are refused.
    """

    name = "xml"
    version = "14"
    suffixes = frozenset(
        [".xml", ".svg", ".drawio", ".fb2", ".enex", ".docbook", ".dbk", ".xlf", ".xliff", ".ttml", ".dfxp", ".tei",
         ".rss", ".atom", ".opml", ".dita", ".ditamap", ".bookmap"]
    )  # fmt: skip
    mimes = frozenset({"application/xml", "text/xml", "image/svg+xml"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`bomb`) for declared entities, DocumentSkipped (`binary`) for what is no text."""
        notices: dict[str, int] = {}
        try:
            root = xml_root(data, name)
        except DocumentError as error:
            if error.code != "corrupt":
                raise
            decoded = decode_declared(data, name)
            notices = dict(decoded.notices)
            try:  # the parser knows few encodings
                root = xml_root(_DECLARED.sub("", decoded.text).encode("utf-8", "replace"), name)
            except DocumentError as again:
                if again.code != "corrupt":
                    raise
                return self._broken(decoded, name)
        if (package := packed(root)) is not None:
            loader = create_docx() if package[0] == "docx" else create_pptx()
            return loader.load(package[1], name)
        return read_dump(root, name) if is_dump(root) else _document(root, name, notices)

    def _broken(self, decoded: Decoded, name: str) -> Document:
        notices = {**decoded.notices, **({"invalid_xml": 1} if decoded.text.strip() else {})}
        root = loose_root(decoded.text)
        return _document(root[0] if len(root) == 1 and not has_words(root) else root, name, notices)


def _document(root: Element, name: str, notices: dict[str, int]) -> Document:
    if local(root) == "fictionbook":
        mark_notes(root)
    damaged = unpacked(root, name)
    pictures = sum(each.tag.endswith(_DRAWN) and not joined(each).strip() for each in root.iter() if _is_named(each))
    walk = _Walk()
    if local(root) == "svg":
        root, unseen = as_shown(root)
        walk.count("words_left_out", unseen)
    walk.all(root)
    if not walk.finish() and local(root) != "svg":
        walk.facts(root)
    walk.count("skipped_images", pictures)
    walk.count("encoded_data", damaged)
    drafts = sum(has_words(draft) or len(draft) > 0 for draft in root.iter("draft-comment"))
    return Document(
        source=name,
        has_lines=False,
        text=walk.finish(),
        markup="markdown",
        mime="image/svg+xml" if local(root) == "svg" else "application/xml",
        title=walk.title,
        metadata=facts_of(root),
        notices={**notices, **walk.notices, **({"comments_left_out": drafts} if drafts else {})},
    )


def create() -> XmlLoader:
    """The loader of XML; it has no settings."""
    return XmlLoader()


def _is_paragraph(name: str, element: Element) -> bool:
    """Whether an element holds words; one called `text` is a line of a drawing, or a whole book."""
    if name == "text":
        return all(local(child) in INLINE_TEXT for child in element)
    return name in PARAGRAPHS


class _Step(NamedTuple):
    """An element or words to come: the level of headings there, how far to the right, and the mark of an item."""

    node: Element | str
    level: int = 0
    indent: int = 0
    mark: str = ""


class _Walk:
    """Follows a tree with a stack of its own and writes Markdown."""

    def __init__(self) -> None:
        self.notices: dict[str, int] = {}
        self.title: str | None = None
        self._blocks = Items(Assembly())
        self._rows = Rows()
        self._speakers: dict[str, str] = {}

    def all(self, root: Element) -> None:
        """Write every block below, in its order."""
        stack = [_Step(root)]
        drawing = local(root) == "svg"
        while stack:
            step = stack.pop()
            element, level = step.node, step.level
            self._enter(step)
            if isinstance(element, str):
                self._text(element, level)
                continue
            name = local(element)
            if name in PICTURES:
                self.count("skipped_images")
            if name in NO_WORDS or name in PICTURES or (drawing and name in {"style", "metadata"}):
                continue
            if name == "agent":  # of subtitles: who speaks, by an id
                self._speakers[_attribute(element, "id")] = " ".join(joined(element).split())
                continue
            if name == "head" and (known := parts_of_head(element, root)) is not None:
                stack += [_Step(child) for child in reversed(known)]
            elif name in ROWS:
                for kind, count in self._rows.add(element).items():
                    self.count(kind, count)
            elif not (in_lines := by_lines(element)) and is_listing(name, element):
                self._listing(joined(element))
            elif (
                in_lines
                or _is_paragraph(name, element)
                or (len(element) == 0 and not said(element))
                or has_words(element)
            ):
                stack += reversed(self._paragraph(element, name, step, 0 if drawing else level))
            elif (line := in_a_line(element)) is not None:
                self._add(escaped_lines(line))
            else:
                stack += reversed(self._inner(element, name, step))

    def _enter(self, step: _Step) -> None:
        """What comes stands at its depth of lists, behind the mark that is owed; rows above it end there too."""
        if step.indent != self._blocks.indent or step.mark:
            self._end_table()
        self._blocks.enter(step.indent, step.mark)

    def _paragraph(self, element: Element, name: str, step: _Step, level: int) -> list[_Step]:
        """The words of an element and the blocks among them; a heading where the element is called so."""
        if name in TITLES and self.title is None:
            self.title = " ".join(joined(element).split()) or None
        speaker = self._speakers.get(_attribute(element, "agent"), "") if self._speakers else ""
        if speaker:
            self._blocks.mark = f"{speaker}:"
        heading = level if name in HEADINGS else 0
        inner = step._replace(level=level + (name in SECTIONS and name not in CAPTIONED))
        found = _below(element, pieces(element), inner)
        return [each._replace(level=heading) if isinstance(each.node, str) else each for each in found]

    def _inner(self, element: Element, name: str, step: _Step) -> list[_Step]:
        """What is below an element that only holds others, with the marks of items."""
        level = step.level
        join_labels(element)
        if name in FIGURES:
            say_once(element)
        self._outline(element, level)
        if name in {"worksheet", "table"}:
            self._end_table()
            self._sheet(element)
        if name in GROUPS:
            self._begin_rows(element, name)
        if name == "meta" and "opendocument" in element.tag:
            titles = (joined(each) for each in element if local(each) == "title")
            self.title = self.title or " ".join(next(titles, "").split()) or None
            return []
        if name == "description" and any(local(child) == "title-info" for child in element):  # of FictionBook
            titles = (joined(each) for each in element.iter() if local(each) == "book-title")
            self.title = " ".join(next(titles, "").split()) or None
            return [_Step(each, level) for each in element.iter() if local(each) == "annotation"]
        titled = name == "body" and any(local(child) in {"title", "head"} for child in element)
        if name in CAPTIONED or (name == "note" and all(local(child) != "content" for child in element)):
            inner = 0  # a note of Evernote has a content, and is a document
        else:
            section = name in SECTIONS or (name == "node" and "TEXT" in element.attrib)
            inner = level + (titled or (section and not _is_front(element)))
        return _below(element, shown(element), step._replace(level=inner))

    def facts(self, root: Element) -> None:
        """Write what stands in attributes: rows of a database, messages of a telephone."""
        for lines in facts_in_attributes(root):
            said_ = (read(line, main_only=False).text.strip() if _TAG.search(line) else line for line in lines)
            self._add(escaped_lines("\n".join(said_)))

    def finish(self) -> str:
        self._end_table()
        return self._blocks.finish()

    def _text(self, text: str, level: int) -> None:
        """Write words that stand together, as a heading where they have a level."""
        if _TAG.search(text):
            self._add(read(text, main_only=False).text.strip())
            return
        text = "\n".join(line for line in (" ".join(line.split()) for line in text.split("\v")) if line)
        if len(text) >= 200 and " " not in text[:60] and _ENCODED.match(text):
            self.count("encoded_data")
        elif level and text and not self._blocks.indent:
            self._blocks.mark = ""
            self._add(f"{'#' * min(6, level)} {' '.join(text.split())}")
        else:
            self._add(escaped_lines(text))

    def _begin_rows(self, group: Element, name: str) -> None:
        if name not in PARTS:
            self._end_table()
        self._rows.begin(group)

    def _sheet(self, element: Element) -> None:
        named = next((value for key, value in element.attrib.items() if bare(key).lower() == "name"), "")
        if named:
            self._add(f"## {' '.join(named.split())}")

    def _outline(self, element: Element, level: int) -> None:
        """The words of an outline (OPML, DITA), which are attributes: a heading over others, else an item."""
        text = said(element)
        if text.strip():
            text = read(text, main_only=False).text if _TAG.search(text) else text
            if local(element) in _APART:
                self._text(text, 0)
            elif len(element):
                self._text(text, level + 1)
            else:
                self._add(f"- {escaped_lines(' '.join(text.split()))}")
            for paragraph in _BLANK_LINES.split(element.get("_note", "")):
                self._text(paragraph.replace("\n", "\v"), 0)

    def _listing(self, text: str) -> None:
        self._end_table()
        if text.strip():
            fence = fence_for(text)
            body = text.replace("\v", "\n").strip("\n")
            self._blocks.add(f"{fence}\n{body}\n{fence}")

    def _add(self, block: str) -> None:
        if block:
            self._end_table()
            self._blocks.add(block)

    def _end_table(self) -> None:
        if rows := self._rows.ended():
            self._blocks.add(pipe_table(rows))

    def count(self, kind: str, count: int = 1) -> None:
        """Tell of so many more."""
        if count:
            self.notices[kind] = self.notices.get(kind, 0) + count


def _below(element: Element, inner: Iterable[Element | str], step: _Step) -> list[_Step]:
    """What stands in an element, in its order; items of a list behind their marks and to the right of them."""
    owed = marks(element)
    found = []
    for node in inner:
        mark = "" if isinstance(node, str) else owed.get(node, "")
        found.append(_Step(node, step.level, step.indent + width(mark), mark))
    return found


def _is_named(element: Element) -> bool:
    """Whether it is no comment or instruction."""
    return isinstance(element.tag, str)


def _is_front(article: Element) -> bool:
    """Whether an article has its title among the facts of its front, as in journals: its sections are the first."""
    return any(local(child) == "front" for child in article)


def _attribute(element: Element, name: str) -> str:
    """The value of an attribute, whatever its namespace."""
    return next((value for key, value in element.attrib.items() if bare(key) == name), "")

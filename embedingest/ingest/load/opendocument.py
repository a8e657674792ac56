"""OpenDocument texts and presentations (ODT, ODP) as Markdown. Knows their order; words and lists are `office`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from embedingest.ingest.load.common.assembly import Assembly, grid, heading, pipe_table
from embedingest.ingest.load.common.counting import written
from embedingest.ingest.load.common.listing import Typing
from embedingest.ingest.load.common.markdown_escape import escaped_lines
from embedingest.ingest.load.common.markdown_escape import label as bold_label
from embedingest.ingest.load.common.mathml import linear
from embedingest.ingest.load.common.zipped import Container, xml_root
from embedingest.ingest.load.office.alternative import of_frame
from embedingest.ingest.load.office.listed import OpenList
from embedingest.ingest.load.office.odf.lists import OUTLINE, Lists, Place
from embedingest.ingest.load.office.odf.metadata import metadata_of
from embedingest.ingest.load.office.odf.names import (
    DC,
    DRAW,
    MATH,
    OFFICE,
    PRESENTATION,
    STYLE,
    TABLE,
    TEXT,
    XLINK,
)
from embedingest.ingest.load.office.odf.opened import is_xml, refuse_encrypted
from embedingest.ingest.load.office.odf.places import in_reading_order
from embedingest.ingest.load.office.odf.styles import WordStyles
from embedingest.ingest.load.office.odf.words import (
    LEFT_OUT,
    Hanging,
    frames_of,
    hidden_words,
    line_of,
    only_cell,
    table_cells,
    words,
)
from embedingest.ingest.load.office.package import number
from embedingest.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["OpenDocumentLoader", "create"]

_RUNNING: Final = frozenset({"footer", "header", "date-time", "page-number"})
_HEADS: Final = frozenset(STYLE + kind + side for kind in ("header", "footer") for side in ("", "-left", "-first"))
_CONTENTS: Final = TEXT + "table-of-content"
_SLIDE_END: Final = "end of slide"
_DEEPEST: Final = 9


class OpenDocumentLoader:
    """Texts and presentations of LibreOffice and others; `comments=True` keeps comments, `contents=True` contents.

    A note stands below the paragraph that refers to it, endnotes at the end.
    """

    name = "opendocument"
    version = "14"
    suffixes = frozenset({".odt", ".ott", ".odp", ".otp", ".odg", ".fodt", ".fodp", ".fodg"})
    mimes = frozenset({"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.presentation"})

    def __init__(self, *, comments: bool = False, contents: bool = False) -> None:
        self._comments = comments
        self._contents = contents

    def load(self, data: bytes, name: str) -> Document:
        """Headings, paragraphs, lists, tables; slides of a presentation with `slide` spans."""
        container = None
        if not data.startswith(b"PK") and is_xml(data):  # the flat form: the same XML without the zip
            root = meta = xml_root(data, name)
            roots = [root]
        else:
            container = Container(data, name)
            refuse_encrypted(container)
            root = container.xml("content.xml")
            meta = container.xml("meta.xml") if container.has("meta.xml") else root
            roots = [container.xml("styles.xml"), root] if container.has("styles.xml") else [root]
        body = root.find(f".//{OFFICE}body")
        writer = _Writer(container, roots, comments=self._comments, contents=self._contents)
        writer.walk([root if body is None else body])
        writer.finish()
        writer.count_unseen(root if body is None else body, roots)
        title, metadata = metadata_of(meta)
        slides = any(span.kind == "slide" for span in writer.assembly.spans)
        described = sum(1 for frame in root.iter(DRAW + "frame") if of_frame(frame) or _is_drawn(frame))
        pictures = sum(1 for _ in root.iter(DRAW + "image")) - described
        notices = {"skipped_images": max(0, pictures), **writer.notices}
        return Document(
            source=name,
            has_lines=False,
            text=writer.assembly.text,
            markup="markdown",
            mime="application/vnd.oasis.opendocument." + ("presentation" if slides else "text"),
            title=title or writer.first_heading,
            spans=tuple(writer.assembly.spans),
            metadata=metadata,
            notices={kind: count for kind, count in notices.items() if count},
        )


def create(*, comments: bool = False, contents: bool = False) -> OpenDocumentLoader:
    """The loader of OpenDocument texts and presentations."""
    return OpenDocumentLoader(comments=comments, contents=contents)


_PARAGRAPHS: Final = frozenset({TEXT + "p", TEXT + "h"})


class _Writer:
    """Writes what stands below elements in order, and below each paragraph what hangs on it."""

    def __init__(self, container: Container | None, roots: list[Element], *, comments: bool, contents: bool) -> None:
        self.assembly = Assembly()
        self.first_heading: str | None = None
        self.notices = {
            "comments_left_out": 0,
            "hidden_slides": 0,
            "running_lines": 0,
            "unknown_symbols": 0,
            "contents_left_out": 0,
            "embedded_files": 0,
        }
        self._container = container
        self._typing = Typing(
            lambda: (
                (self._words.is_typed(each), sum(map(len, each.itertext()))) for each in roots[-1].iter(TEXT + "p")
            )
        )
        self._lists = Lists(roots)
        self._words = WordStyles(roots)
        self._hidden = {
            style.get(STYLE + "name", "")
            for root in roots
            for style in root.iter(STYLE + "style")
            for each in style.iter(STYLE + "drawing-page-properties")
            if each.get(PRESENTATION + "visibility") == "hidden"
        }
        self._comments = comments
        self._keeps_contents = contents
        self._objects: set[str] = set()
        self._endnotes: list[Element] = []
        self._slides = 0
        self._title: Element | None = None
        self._list = OpenList(self.assembly)

    def walk(self, elements: list[Element]) -> None:
        """Everything below these, in their order."""
        stack: list[tuple[Any, Place | None]] = [(iter(elements), None)]
        while stack:
            child = next(stack[-1][0], None)
            place = stack[-1][1]
            if child is None:
                stack.pop()
            elif child.tag == _CONTENTS and not self._keeps_contents:
                self.notices["contents_left_out"] += self._said_in(child)
            elif child.tag in {TEXT + "p", TEXT + "h"}:
                stack.append((iter(self._paragraph(child, place)), None))
            elif child.tag == TEXT + "list":
                stack.append((iter(child), self._list_place(child, place)))
            elif child.tag in {TEXT + "list-item", TEXT + "list-header"} and place is not None:
                stack.append((iter(child), self._item_place(child, place)))
            else:
                stack.append((iter(self._other(child)), None if child.tag == TABLE + "table" else place))
        self._list.end()

    def count_unseen(self, body: Element, roots: list[Element]) -> None:
        """Count the lines of heads and feet of pages, which stand on every page, and words that are hidden."""
        self.notices["hidden_words"] = hidden_words(body, self._words)
        self.notices["embedded_files"] = sum(1 for _ in body.iter(DRAW + "object-ole"))
        heads = [each for root in roots for page in root.iter(STYLE + "master-page") for each in page]
        for head in heads:
            if head.tag in _HEADS:
                self.notices["running_lines"] += self._said_in(head)

    def _said_in(self, element: Element) -> int:
        """How many paragraphs below have words."""
        return sum(1 for each in element.iter(TEXT + "p") if self._say(each, Hanging()))

    def finish(self) -> None:
        """Write the endnotes."""
        while self._endnotes:
            notes, self._endnotes = self._endnotes, []
            self.walk(notes)

    def _other(self, child: Element) -> list[Element]:
        """Write what is no paragraph and no list; what is to be looked into."""
        if child.tag == TABLE + "table":
            return self._table(child)
        if child.tag == DRAW + "page":
            return self._page(child)
        if child.tag == _SLIDE_END:
            self._list.end()
            self.assembly.span(int(child.get("start", "0")), "slide", int(child.get("number", "0")))
            return []
        if child.tag == PRESENTATION + "notes":
            frames = [each for each in child.iter(DRAW + "frame") if each.get(PRESENTATION + "class") == "notes"]
            lines = [
                line for frame in frames for each in frame.iter(TEXT + "p") if (line := self._say(each, Hanging()))
            ]
            self._list.block(escaped_lines("Notes: " + "\n".join(lines)) if lines else "")
            return [each for each in child if each.tag.startswith(DRAW) and not each.get(PRESENTATION + "class")]
        if child.tag == DRAW + "object":
            found = self._object(child)
            if isinstance(found, str):
                self._list.block(escaped_lines(found))
                return []
            return [] if found is None else [found]
        if child.tag == OFFICE + "annotation":
            self._comment(child)
            return []
        if child.tag == DRAW + "frame" and (picture := of_frame(child)):
            self._list.block(escaped_lines(picture))
        if child.get(PRESENTATION + "class") in _RUNNING:
            self.notices["running_lines"] += 1
            return []
        return [] if child.tag in LEFT_OUT or child is self._title else list(child)

    def _paragraph(self, paragraph: Element, place: Place | None) -> list[Element]:
        hanging = Hanging()
        line = line_of(paragraph, hanging, self._object, self._words)
        text = line.strip()
        if paragraph.tag == TEXT + "h":
            self._heading(paragraph, text, place)
        elif text and place is None and self._words.is_title(paragraph):
            self._titled(text)
        elif place is None and self._is_code(paragraph, text) and self._list.code(line.rstrip()):
            pass
        elif text:
            written_ = (self._words.is_bold(paragraph) and bold_label(text)) or escaped_lines(text)
            if place is None:
                self._list.block(written_)
            else:
                self._item(written_, place)
        return self._apart(hanging)

    def _is_code(self, paragraph: Element, text: str) -> bool:
        return not text or (self._words.is_typed(paragraph) and self._typing.is_code)

    def _heading(self, element: Element, text: str, place: Place | None) -> None:
        level = number(element.get(TEXT + "outline-level"), 1, 10)
        label = place.label.pop() if place is not None and place.label else ""
        if element.get(TEXT + "is-list-header") != "true":
            label = self._lists.label(OUTLINE, OUTLINE, max(level, 1) - 1, element.get(TEXT + "start-value")) or label
        if text:
            self._titled(text, level, label)

    def _titled(self, text: str, level: int = 1, label: str = "") -> None:
        self.first_heading = self.first_heading or " ".join(text.split())
        self._list.block(heading(level, f"{label} {text}"))

    def _list_place(self, element: Element, place: Place | None) -> Place:
        style = element.get(TEXT + "style-name", "") or ("" if place is None else place.style)
        if place is None:
            return Place(self._lists.begin(element, style), style, 0, [])
        return Place(place.key, style, min(place.level + 1, _DEEPEST), [])

    def _item_place(self, item: Element, place: Place) -> Place:
        style = item.get(TEXT + "style-override") or place.style
        if item.tag == TEXT + "list-header" or (len(item) and not any(child.tag in _PARAGRAPHS for child in item)):
            return place._replace(label=[])  # one that only holds a list is not counted
        label = self._lists.label(place.key, style, place.level, item.get(TEXT + "start-value"))
        return place._replace(label=[label] if self._lists.is_marked(style, place.level) else [])

    def _item(self, text: str, place: Place) -> None:
        """The first paragraph of an item with its mark, others below it."""
        self._list.widths = (self._list.widths + [0] * place.level)[: place.level + 1]
        indent = " " * sum(self._list.widths[: place.level])
        if place.label:
            label = place.label.pop()
            mark = written(label, bullet=not label)
            self._list.widths = [*self._list.widths[: place.level], len(mark) + 1 if mark[0].isdigit() else 2]
            first = f"{indent}{mark} "
        else:
            self._list.item("")
            first = indent + " " * sum(self._list.widths[place.level :])
        rest = "\n" + indent + " " * sum(self._list.widths[place.level :])
        self._list.item(first + rest.join(line.strip() for line in text.split("\n")))

    def _table(self, table: Element) -> list[Element]:
        alone = only_cell(table)
        if alone is not None:
            self._list.end()
            return list(alone)
        hanging = Hanging()
        self._list.block(pipe_table(grid(table_cells(table, lambda cell: self._say(cell, hanging)))))
        return self._apart(hanging)

    def _page(self, page: Element) -> list[Element]:
        """Write a slide's title; its shapes, and behind them a mark where it ends."""
        self._list.end()
        self._slides += 1
        start = self.assembly.next
        self.notices["hidden_slides"] += page.get(DRAW + "style-name", "") in self._hidden
        titles = (each for each in frames_of(page) if each.get(PRESENTATION + "class") == "title")
        for frame in titles:
            said = " ".join(" ".join(self._say(each, Hanging()) for each in frame.iter(TEXT + "p")).split())
            if said:
                self._title = frame
                self.first_heading = self.first_heading or said
                self._list.block(heading(1, said))
                break
        return [*in_reading_order(page), ET.Element(_SLIDE_END, start=str(start), number=str(self._slides))]

    def _object(self, element: Element) -> str | Element | None:
        """What is embedded: an equation in a line, or a root to look into. Each part is read once."""
        root = next((child for child in element if len(child)), None)  # newer programs put an empty one there too
        path = element.get(XLINK + "href", "").removeprefix("./").rstrip("/") + "/content.xml"
        if root is None and self._container is not None and path not in self._objects and self._container.has(path):
            self._objects.add(path)
            root = self._container.xml(path)
        if root is None or root.tag != MATH + "math":
            return root
        note = next(root.iter(MATH + "annotation"), None)
        return linear(root) if note is None else " ".join("".join(note.itertext()).split())

    def _say(self, element: Element, hanging: Hanging) -> str:
        return words(element, hanging, self._object, self._words)

    def _apart(self, hanging: Hanging) -> list[Element]:
        self.notices["unknown_symbols"] += hanging.symbols
        for comment in hanging.comments:
            self._comment(comment)
        self._endnotes += hanging.endnotes
        if hanging.below:
            self._list.end()
        return hanging.below

    def _comment(self, comment: Element) -> None:
        said = " ".join(" ".join(self._say(each, Hanging()) for each in comment.iter(TEXT + "p")).split())
        if said and not self._comments:
            self.notices["comments_left_out"] += 1
        elif said:
            self._list.block(f"Comment by {comment.findtext(DC + 'creator') or 'somebody'}: {said}")


def _is_drawn(frame: Element) -> bool:
    """Whether a picture only shows what is embedded beside it, whose words are read."""
    return frame.find(DRAW + "object") is not None and frame.find(DRAW + "image") is not None

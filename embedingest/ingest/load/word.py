"""Word files (DOCX) as Markdown: headings, lists with their numbers, tables, boxes, notes, drawings' words.

Knows the order of a document; what its parts say is `office`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.assembly import Assembly, grid, heading, pipe_table
from embedingest.ingest.load.common.counting import written
from embedingest.ingest.load.common.markdown_escape import escaped_lines
from embedingest.ingest.load.common.markdown_escape import label as bold_label
from embedingest.ingest.load.office.drawings import Drawings
from embedingest.ingest.load.office.fields import leave_results
from embedingest.ingest.load.office.foreign import foreign_text
from embedingest.ingest.load.office.listed import OpenList
from embedingest.ingest.load.office.names import FALLBACK, R, W
from embedingest.ingest.load.office.numbering import Numbering
from embedingest.ingest.load.office.package import main_part, number, open_package, part, properties, related, relations
from embedingest.ingest.load.office.pictured import embedded_files, pictures_in
from embedingest.ingest.load.office.runs import Hanging, goes_on, words
from embedingest.ingest.load.office.styles import bold, list_place
from embedingest.ingest.load.office.typed import ParagraphStyles
from embedingest.ingest.load.office.word_tables import only_cell, table_cells
from embedingest.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["DocxLoader", "create_docx"]

_LEFT_OUT: Final = frozenset({FALLBACK, W + "del", W + "moveFrom"})


class DocxLoader:
    """Word documents. Deleted text, headers and footers are left out, and tables of contents unless `contents`.

    `comments=True` keeps comments.
    A note stands below the paragraph that refers to it, endnotes at the end.
    """

    name = "docx"
    version = "14"
    suffixes = frozenset({".docx", ".docm", ".dotx"})
    mimes = frozenset({"application/vnd.openxmlformats-officedocument.wordprocessingml.document"})

    def __init__(self, *, comments: bool = False, contents: bool = False) -> None:
        self._comments = comments
        self._contents = contents

    def load(self, data: bytes, name: str) -> Document:
        """The document's body as Markdown; `notices` count pictures, comments and what could not be read."""
        container = open_package(data, name)
        main = main_part(container, "word/document.xml")
        body = part(container, main)
        leave_results(body)
        writer = _Word(container, main, body, comments=self._comments, contents=self._contents)
        writer.walk(body)
        writer.finish(body)
        title, metadata = properties(container)
        writer.count_unseen(body)
        lost = {
            "skipped_images": max(0, pictures_in(body) - writer.pictures),
            "missing_parts": len(container.missing),
            "embedded_files": embedded_files(relations(container, main)),
        }
        return Document(
            source=name,
            has_lines=False,
            text=writer.assembly.text,
            markup="markdown",
            mime="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            title=title or writer.first_heading,
            metadata=metadata,
            notices={kind: count for kind, count in (lost | writer.notices).items() if count},
        )


def create_docx(*, comments: bool = False, contents: bool = False) -> DocxLoader:
    """The loader of Word documents."""
    return DocxLoader(comments=comments, contents=contents)


class _Word:
    """Writes the paragraphs and tables of a body in order, and below each what hangs on it."""

    def __init__(self, container: Container, main: str, body: Element, *, comments: bool, contents: bool) -> None:
        self.assembly = Assembly()
        self.first_heading: str | None = None
        self.pictures = 0  # that words stand for
        self.notices: dict[str, int] = {}
        self._container = container
        self._links = relations(container, main)
        styles = related(container, main, self._links, "styles")
        self._styles = ParagraphStyles(styles, body)
        self._numbering = Numbering(related(container, main, self._links, "numbering"), styles)
        self._drawings = Drawings(container)
        self._notes = {kind: self._notes_of(main, kind) for kind in ("footnote", "endnote", "comment")}
        if not comments:
            self.notices["comments_left_out"] = len(self._notes["comment"])
            self._notes["comment"] = {}
        self._endnotes: list[Element] = []
        self._keeps_contents = contents
        self._foreign: set[str] = set()
        self._list = OpenList(self.assembly)
        self._hanging = Hanging()  # of the paragraph under way

    def _notes_of(self, main: str, kind: str) -> dict[str, Element]:
        root = related(self._container, main, self._links, f"{kind}s")
        if root is None:
            return {}
        leave_results(root)
        return {note.get(W + "id", ""): note for note in root.iter(W + kind)}

    def walk(self, root: Element) -> None:
        """Paragraphs and tables anywhere below; a table's own paragraphs are its cells'."""
        stack = [iter(list(root))]
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
            elif not self._keeps_contents and self._is_contents(child):
                self._count_contents(child)
            elif child.tag == W + "p":
                stack.append(iter(self._paragraph(child)))
            elif child.tag == W + "tbl":
                stack.append(iter([*self._left_over(), child] if self._hanging.begun else self._table(child)))
            elif child.tag == W + "altChunk":
                self._chunk(self._links.get(child.get(R + "id", ""), ("", ""))[1])
            elif child.tag == W + "comment":
                said = " ".join(words(child, Hanging()).split())
                self._list.block(f"Comment by {child.get(W + 'author') or 'somebody'}: {said}" if said else "")
            elif child.tag not in _LEFT_OUT:
                stack.append(iter(list(child)))
            if not stack and self._hanging.begun:
                stack.append(iter(self._left_over()))
        self._list.end()

    def _is_contents(self, element: Element) -> bool:
        """Whether it is the table of contents, or an entry of one. Its titles stand where they head something."""
        if element.tag == W + "sdt":
            gallery = element.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
            return gallery is not None and gallery.get(W + "val") == "Table of Contents"
        style = element.find(f"{W}pPr/{W}pStyle") if element.tag == W + "p" and not self._hanging.begun else None
        return style is not None and self._styles.is_contents(style.get(W + "val", ""))

    def _count_contents(self, element: Element) -> None:
        said = sum(1 for each in element.iter(W + "p") if words(each, Hanging()).strip())
        self.notices["contents_left_out"] = self.notices.get("contents_left_out", 0) + said

    def finish(self, body: Element) -> None:
        """Write the endnotes, and notes to which nothing refers."""
        for kind in ("footnote", "endnote"):
            referred = {each.get(W + "id", "") for each in body.iter(f"{W}{kind}Reference")}
            self._endnotes += [note for id_, note in self._notes[kind].items() if id_ not in referred]
        while self._endnotes:
            notes, self._endnotes = self._endnotes, []
            for note in notes:
                self.walk(note)

    def count_unseen(self, body: Element) -> None:
        """Count the lines of heads and feet of pages, which stand on every page, and words that are hidden."""
        for kind, target in self._links.values():
            if kind in {"header", "footer"} and self._container.has(target):
                lines = part(self._container, target).iter(W + "p")
                said = sum(1 for each in lines if words(each, Hanging()).strip())
                self.notices["running_lines"] = self.notices.get("running_lines", 0) + said
        hidden = [run for run in body.iter(W + "r") if run.find(f"{W}rPr/{W}vanish") is not None]
        self.notices["hidden_words"] = sum(
            len((each.text or "").split()) for run in hidden for each in run.iter(W + "t")
        )

    def _paragraph(self, paragraph: Element) -> list[Element]:
        """Write it; what is to be written below it. One that goes on in the next is written with that."""
        hanging = self._hanging
        hanging.begun.append(words(paragraph, hanging))
        if goes_on(paragraph):
            return []
        self._hanging = Hanging()
        spaced = "".join(hanging.begun).rstrip()
        text = spaced.strip()
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        named = "" if style is None else style.get(W + "val", "")
        level = self._level(paragraph, named)
        label = self._label(paragraph, named)
        if level is None and label is None and self._styles.is_code(paragraph, named, text) and self._list.code(spaced):
            return self._apart(hanging)
        if text and level is not None:
            self.first_heading = self.first_heading or " ".join(text.split())
            number_ = label[0] if label and not label[1] else ""
            self._list.block(heading(level, f"{number_} {text}"))
        elif text and label is not None:
            self._item(self._written(text, paragraph, named), label)
        elif text:
            self._list.block(self._written(text, paragraph, named))
        return self._apart(hanging)

    def _left_over(self) -> list[Element]:
        """Write what was to go on in a paragraph that does not come; what is to be written below it."""
        hanging, self._hanging = self._hanging, Hanging()
        self._list.block(escaped_lines("".join(hanging.begun).strip()))
        return self._apart(hanging)

    def _written(self, text: str, paragraph: Element, style: str) -> str:
        """A line in bold letters as one, where it is short enough to be a label."""
        label = bold_label(text)
        return label if label is not None and self._is_bold(paragraph, style) else escaped_lines(text)

    def _is_bold(self, paragraph: Element, style: str) -> bool:
        """Whether all words of a paragraph are set in bold letters."""
        found = False
        for run in paragraph.iter(W + "r"):
            if any((each.text or "").strip() for each in run.iter(W + "t")):
                named = run.find(f"{W}rPr/{W}rStyle")
                own = bold(run)
                own = self._styles.is_bold(named.get(W + "val", "")) if own is None and named is not None else own
                found = self._styles.is_bold(style) if own is None else own
                if not found:
                    return False
        return found

    def _level(self, paragraph: Element, style: str) -> int | None:
        direct = paragraph.find(f"{W}pPr/{W}outlineLvl")
        if direct is None:
            return self._styles.heading_level(style)
        level = number(direct.get(W + "val"), 9)
        return level + 1 if level < 9 else None

    def _label(self, paragraph: Element, style: str) -> tuple[str, bool, int] | None:
        """Count the paragraph in its list: its label, whether that is a bullet, its level; `None` in no list."""
        own = list_place(paragraph.find(W + "pPr"))
        by_style = self._styles.list_place(style)
        list_id = by_style.list_id if own.list_id is None else own.list_id
        if not list_id or list_id == "0" or goes_on(paragraph):
            return None
        level = by_style.level if own.level is None else own.level
        level = self._numbering.level_of(list_id, style) if level is None else level
        return (*self._numbering.label(list_id, level), level or self._styles.list_depth(style))

    def _item(self, text: str, label: tuple[str, bool, int]) -> None:
        words_, bullet, level = label
        if not bullet and not words_:
            self._list.block(text)
            return
        mark = written(words_, bullet=bullet)
        self._list.widths = (self._list.widths + [0] * level)[:level]
        indent = " " * sum(self._list.widths)
        self._list.widths.append(len(mark) + 1 if mark[-1] in ".)" and mark[0].isdigit() else 2)
        lines = text.split("\n")
        self._list.item(
            f"{indent}{mark} " + f"\n{indent}{' ' * self._list.widths[-1]}".join(line.strip() for line in lines)
        )

    def _table(self, table: Element) -> list[Element]:
        """Write it; its only cell, or what is to be written below it."""
        alone = only_cell(table)
        if alone is not None:
            self._list.end()
            return list(alone)
        hanging = Hanging()
        cells = table_cells(table, lambda cell: words(cell, hanging, self._label_in_cell))
        self._list.block(pipe_table(grid(cells)))
        return self._apart(hanging)

    def _label_in_cell(self, paragraph: Element) -> str:
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        label = self._label(paragraph, "" if style is None else style.get(W + "val", ""))
        return f"{label[0]} " if label and not label[1] else ""

    def _apart(self, hanging: Hanging) -> list[Element]:
        """Write the words of drawings; the boxes and notes that follow. Each is written once."""
        self.pictures += hanging.pictures
        if hanging.symbols:
            self.notices["unknown_symbols"] = self.notices.get("unknown_symbols", 0) + hanging.symbols
        for block in self._drawings.blocks(hanging.drawings, self._links):
            self._list.block(block)
        self._endnotes += self._taken("endnote", hanging.endnotes, hanging.marks)
        return [
            *hanging.boxes,
            *self._taken("footnote", hanging.footnotes, hanging.marks),
            *self._taken("comment", hanging.comments, {}),
        ]

    def _taken(self, kind: str, ids: list[str], marks: dict[str, str]) -> list[Element]:
        """The notes of these ids; those with signs of their own have them in brackets, as the sentence has."""
        found = []
        for id_ in ids:
            note = self._notes[kind].pop(id_, None)
            if note is None:
                continue
            found.append(note)
            first = next((each for each in note.iter(W + "t") if (each.text or "").strip()), None)
            own = marks.get(id_, "")
            if own and first is not None and (first.text or "").lstrip().startswith(own):
                first.text = (first.text or "").replace(own, f"[{own}]", 1)
        return found

    def _chunk(self, target: str) -> None:
        if target not in self._foreign and self._container.holds(target):
            self._foreign.add(target)
            self._list.block(foreign_text(self._container, target, self.notices))

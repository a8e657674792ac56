"""The words of a paragraph of OpenDocument, what hangs on it, and the cells of tables. Writes no Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.assembly import MOST_SPAN, Cell
from embedingest.ingest.load.common.raised import END, on_the_line
from embedingest.ingest.load.common.struck import in_signs
from embedingest.ingest.load.common.symbols import PRIVATE, spelled
from embedingest.ingest.load.office.alternative import EDGE, in_line, of_frame
from embedingest.ingest.load.office.odf.forms import chosen_in_form
from embedingest.ingest.load.office.odf.names import CHART, DRAW, OFFICE, SVG, TABLE, TEXT
from embedingest.ingest.load.office.package import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.office.odf.styles import WordStyles

__all__ = ["LEFT_OUT", "Hanging", "frames_of", "hidden_words", "line_of", "only_cell", "table_cells", "words"]

LEFT_OUT: Final = frozenset(
    {TEXT + "tracked-changes", TEXT + "note-citation", TEXT + "sequence-decls", OFFICE + "binary-data",
     SVG + "title", SVG + "desc", OFFICE + "forms", CHART + "label-separator"}
)  # fmt: skip
_SHAPES: Final = frozenset(
    DRAW + kind
    for kind in (
        "text-box", "custom-shape", "rect", "ellipse", "circle", "polygon", "polyline", "path", "line", "connector",
        "caption", "regular-polygon", "measure",
    )
)  # fmt: skip
_CELLS: Final = frozenset({TABLE + "table-cell", TABLE + "covered-table-cell"})
_ENDS: Final = frozenset({TABLE + "table", TABLE + "table-row", *_CELLS, TEXT + "p", TEXT + "h", TEXT + "list"})
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_SPANS: Final = frozenset({TEXT + "span", TEXT + "p", TEXT + "h"})
_SOFT_HYPHEN: Final = "\u00ad"
_REPEATED: Final = 1000
_NO_NUMBER: Final = frozenset({"NaN", "1.#NAN"})
"""Values in the table of a chart where there are none."""


class Hanging:
    """What a paragraph holds besides its words, in order."""

    def __init__(self) -> None:
        self.below: list[Element] = []
        """Boxes and bodies of footnotes."""
        self.endnotes: list[Element] = []
        self.comments: list[Element] = []
        self.symbols = 0
        """Characters that only their font knows."""

    def spelled(self, text: str | None, around: Element, styles: WordStyles) -> str:
        """A text whose symbols are characters that everybody knows, where the font of what is around it is known."""
        if not text or PRIVATE.search(text) is None:
            return text or ""
        text = spelled(text, styles.font(around))
        self.symbols += text.count("\ufffd")
        return text


def words(
    element: Element,
    hanging: Hanging,
    resolve: Callable[[Element], str | Element | None],
    styles: WordStyles,
) -> str:
    """The words below `element`; paragraphs in it are parted by a blank. `resolve` reads embedded objects."""
    return line_of(element, hanging, resolve, styles).strip()


def line_of(
    element: Element,
    hanging: Hanging,
    resolve: Callable[[Element], str | Element | None],
    styles: WordStyles,
) -> str:
    """The same with the blanks at its ends."""
    said: list[str] = []
    stack: list[Element | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            said.append(node if node == END else _BLANKS.sub(" ", node))
            continue
        if node.tag in LEFT_OUT or _is_apart(node, element, hanging):
            said.append(_own_mark(node) if node.tag == TEXT + "note" else "")
            continue
        if node.tag == DRAW + "object":
            found = resolve(node)
            if isinstance(found, str):
                said.append(found)
            elif found is not None:
                hanging.below.append(found)
            continue
        if (chosen := chosen_in_form(node)) is not None:
            said.append(chosen)
            continue
        if node.tag in {TEXT + "p", TEXT + "h"} and node is not element:
            said.append(" ")
        if node.tag == DRAW + "frame" and (picture := of_frame(node)):
            said.append(f"{EDGE}{picture}{EDGE}")
        begin, end = styles.around(node) if node.tag in _SPANS else ("", "")
        said.append(begin)
        stack.append(end)
        said.append(_blank(node) or ("(" if node.tag == TEXT + "ruby-text" else ""))
        stack.append(")" if node.tag == TEXT + "ruby-text" else "")
        for child in reversed(node):
            stack += [hanging.spelled(child.tail, node, styles), child]
        stack.append(hanging.spelled(node.text, node, styles))
    return in_signs(in_line(on_the_line("".join(said)))).replace(_SOFT_HYPHEN, "")


def hidden_words(body: Element, styles: WordStyles) -> int:
    """How many words are read that a person who opens the document does not see."""
    count = 0
    stack = [(body, False)]
    while stack:
        node, hidden = stack.pop()
        if node.tag in LEFT_OUT or node.tag == OFFICE + "annotation":
            continue
        hidden = hidden or _is_hidden(node, styles)
        count += len((node.text or "").split()) if hidden else 0
        for child in node:
            count += len((child.tail or "").split()) if hidden else 0
            stack.append((child, hidden))
    return count


def _is_hidden(node: Element, styles: WordStyles) -> bool:
    if node.tag == TEXT + "section":
        return node.get(TEXT + "display") == "none"
    if node.tag in {TEXT + "hidden-text", TEXT + "hidden-paragraph"}:
        return node.get(TEXT + "is-hidden") == "true"
    return node.tag in _SPANS and styles.is_hidden(node)


def _is_apart(node: Element, element: Element, hanging: Hanging) -> bool:
    """Keep what is apart from the sentence; whether `node` was that."""
    if node.tag == TEXT + "note":
        notes = hanging.endnotes if node.get(TEXT + "note-class") == "endnote" else hanging.below
        notes += node.findall(TEXT + "note-body")
    elif node.tag == OFFICE + "annotation":
        hanging.comments.append(node)
    elif node.tag in _SHAPES and node is not element:
        hanging.below.append(node)
    else:
        return False
    return True


def _own_mark(note: Element) -> str:
    """The sign in brackets that an author gave a note, which its words begin with too; no number that is counted."""
    citation = note.find(TEXT + "note-citation")
    own = "" if citation is None else " ".join((citation.get(TEXT + "label") or "").split())
    first = note.find(f"{TEXT}note-body/{TEXT}p")
    if not own or first is None:
        return ""
    mark = own if own[0] in "[(" else f"[{own}]"
    if not (first.text or "").startswith(f"{mark} "):
        first.text = f"{mark} {first.text or ''}"
    return mark


def _blank(node: Element) -> str:
    if node.tag == TEXT + "s":
        return " " * min(64, number(node.get(TEXT + "c"), 1))
    return {TEXT + "tab": "\t", TEXT + "line-break": "\n"}.get(node.tag, "")


def only_cell(table: Element) -> Element | None:
    """The cell of a table that has but one, which frames what is in it."""
    rows = list(_own(table, frozenset({TABLE + "table-row"})))
    cells = list(_own(rows[0], _CELLS)) if len(rows) == 1 else []
    return cells[0] if len(cells) == 1 and number(cells[0].get(TABLE + "number-columns-repeated"), 1) == 1 else None


def frames_of(page: Element) -> Iterator[Element]:
    """The frames of a slide, also those in groups."""
    stack = list(reversed(page))
    while stack:
        node = stack.pop()
        if node.tag == DRAW + "frame":
            yield node
        elif node.tag != DRAW + "page":
            stack.extend(reversed(node))


def table_cells(table: Element, say: Callable[[Element], str]) -> Iterator[list[Cell]]:
    """The cells of each row, repeated ones as often as they are shown, within bounds."""
    for row in _own(table, frozenset({TABLE + "table-row"})):
        cells: list[Cell] = []
        for cell in _own(row, _CELLS):
            covered = cell.tag == TABLE + "covered-table-cell"
            said = "" if cell.get(OFFICE + "value") in _NO_NUMBER else say(cell)
            made = Cell(said, down=number(cell.get(TABLE + "number-rows-spanned"), 1), covered=covered)
            again = number(cell.get(TABLE + "number-columns-repeated"), 1, MOST_SPAN)
            cells += [made] * (again if len(made.text) <= _REPEATED else 1)
        while cells and not cells[-1].text and not cells[-1].covered:
            cells.pop()
        size = sum(len(cell.text) for cell in cells)
        again = number(row.get(TABLE + "number-rows-repeated"), 1, MOST_SPAN) if 0 < size <= _REPEATED else 1
        yield from [cells] * again


def _own(parent: Element, wanted: frozenset[str]) -> Iterator[Element]:
    """Elements of this kind below, also within groups of rows, but not within other tables' parts."""
    stack = list(reversed(parent))
    while stack:
        node = stack.pop()
        if node.tag in wanted:
            yield node
        elif node.tag not in _ENDS:
            stack.extend(reversed(node))

"""Words of a page on their way into Markdown: paragraphs, items and blocks, and the lines of the source they come from.

Knows no elements but those that lists begin with and that bear a line.
"""

from __future__ import annotations

from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.markdown_escape import escaped, label
from embedingest.ingest.load.web.lines import LINE
from embedingest.ingest.load.web.numbered import OpenList, opened
from embedingest.ingest.load.web.words import ITEM, LINE_END, seen
from embedingest.numerals import whole

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["Writer"]

_DEEPEST_LIST: Final = 12
_MARKS: Final = (ITEM, "\u200c")
"""Of which it counts what stands in front of them."""


class Writer:
    """Collects Markdown blocks. `_inline` holds the words of the paragraph under way.

    `line` is the line of the source that the walk is on, `origins` are places in the text with their lines: both only
    where `has_lines`.
    """

    def __init__(self, *, has_lines: bool) -> None:
        self.has_lines: Final = has_lines
        self.parts: list[str] = []
        self.origins: list[tuple[int, int]] = []
        self.line = 1
        self._length = 0
        self._inline: list[str] = []
        self._began = 1  # the line of the paragraph's first words
        self._lists: list[OpenList] = []
        self._marker = ""  # the mark that the next block begins with
        self.bold = 0  # open elements in bold letters
        self._is_item = False  # whether the paragraph under way is an item that a word processor marked
        self._light = False  # whether words of the paragraph under way stand in none
        self.frames = 0  # open frames
        self._close = False  # the last block is an item of one line: the next one stands close to it

    def text(self, words: str) -> None:
        """Words in the line, and their blanks as the source has them."""
        if LINE_END in words:
            self._lines(words)
            return
        inline = self._inline
        if words.isspace():
            if inline:
                inline.append(words)
            if self.has_lines:
                self.line += words.count("\n")
            return
        if not inline:
            self._began = self.line
        if not self.bold:
            self._light = True
        if self.has_lines:
            self.line += words.count("\n")
        if not words.isascii():
            self._is_item = self._is_item or (ITEM in words and all(map(str.isspace, inline)))
            words = seen(words)
        inline.append(words)

    def paragraph(self, words: str) -> bool:
        """A whole paragraph of plain words; whether it is written: one with marks in it is to be taken in pieces."""
        if LINE_END in words or self.bold:
            return False
        if not words.isascii():
            if any(sign in words for sign in _MARKS):
                return False
            words = seen(words)
        began = self.line
        if self.has_lines:
            self.line += words.count("\n")
        lines, origins = _flowed(words, began) if self.has_lines else (_words_in_lines(words), [])
        if lines:
            self.block([escaped(lines[0])], origins)
        return True

    def _lines(self, words: str) -> None:
        for at, piece in enumerate(words.split(LINE_END)):
            if at:
                self.line_break()
            self.text(piece)

    def begin(self, node: LexborNode) -> bool:
        """Begin what is set apart, on the line of its element; its children are to be walked."""
        if self._inline:
            self.flush()
        if self.has_lines:
            self.line = whole(node.attributes.get(LINE), self.line)
        return True

    def line_of(self, node: LexborNode) -> int:
        """The line of the source that an element stands on, where it is known; else the present one."""
        return whole(node.attributes.get(LINE), self.line) if self.has_lines else self.line

    def skip_to(self, line: int) -> None:
        """What lay between is not in the text; inside a paragraph a NUL, which no page holds, stands for each line."""
        if self._inline and line > self.line:
            self._inline.append("\0" * (line - self.line))
        self.line = line

    def line_break(self) -> None:
        """A line ends here; two such ends with nothing between them part paragraphs."""
        before = next((piece for piece in reversed(self._inline) if not piece.isspace() or piece == LINE_END), "")
        if before == LINE_END:
            self.flush()
            return
        if not self._inline:
            self._began = self.line
        self._inline.append(LINE_END)

    def flush(self) -> None:
        """End the paragraph under way."""
        if not self._inline:
            return
        text = "".join(self._inline)
        lines, origins = _flowed(text, self._began) if self.has_lines else (_words_in_lines(text), [])
        bold, is_item = not self._light, self._is_item
        self._inline.clear()
        self._light = self._is_item = False
        if not lines:
            return
        as_label = label("\n".join(lines)) if bold and not is_item else None
        if as_label:
            lines = [as_label]
        else:
            lines[is_item:] = map(escaped, lines[is_item:])
        self.block(lines, origins)

    def heading(self, words: str, breaks: int, level: int) -> None:
        """A heading with these words, whose element holds `breaks` line feeds of the source."""
        if words:
            self.block([f"{'#' * level} {words}"], [(0, 0, self.line)])
        self.line += breaks

    def block(self, lines: list[str], origins: list[tuple[int, int, int]]) -> None:
        """Append lines at the current depth of lists, behind a bullet where one is owed.

        `origins` say of places in them, by index of the line and column, on which line of the source they stand.
        """
        if not self._lists:
            self._append(lines[0] if len(lines) == 1 else "\n".join(lines), origins)
            return
        widths = [each.width for each in self._lists[: _DEEPEST_LIST + 1]]
        indent, hang = " " * sum(widths[:-1]), " " * sum(widths)
        first = f"{indent}{self._marker} {lines[0]}" if self._marker else hang + lines[0]
        joined = "\n".join([first, *(hang + line if line else "" for line in lines[1:])])
        close = bool(self._marker) and len(lines) == 1
        self._append(joined, origins, len(hang), close=close and self._close)
        self._close = close
        self._marker = ""

    def _append(self, block: str, origins: list[tuple[int, int, int]], hang: int = 0, *, close: bool = False) -> None:
        """`origins` as those of `block`; the words of each line stand behind about `hang` characters."""
        if self.parts:
            self.parts.append("\n" if close else "\n\n")
            self._length += 1 if close else 2
        start = self._length
        self.parts.append(block)
        self._length += len(block)
        if not origins:
            return
        if not origins[-1][0]:  # nearly all stand in one line
            hung = start + hang
            self.origins += [(hung + column if column else start, line) for _, column, line in origins]
            return
        at = row = 0
        for index, column, line in origins:
            while row < index:
                at = block.index("\n", at) + 1
                row += 1
            self.origins.append((start + at + (column + hang if column else 0), line))

    def open_list(self, node: LexborNode) -> None:
        self.flush()
        self._marker = ""
        self._lists.append(opened(node))

    def close_list(self) -> None:
        self.flush()
        if self._lists:
            self._lists.pop()
        self._marker = ""
        self._close = self._close and bool(self._lists)

    def item(self, node: LexborNode) -> None:
        self.flush()
        if self._lists:
            self._marker = self._lists[-1].mark(node)


def _words_in_lines(text: str) -> list[str]:
    """The words of a paragraph, a line for each <br> (a vertical tab)."""
    lines = [" ".join(part.split()) for part in text.split(LINE_END)]
    return [line for line in lines if line]


def _flowed(text: str, line: int) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The same of a paragraph that begins on `line` of the source, and the origins of the words."""
    if LINE_END in text or "\0" in text:
        return _in_lines(text, line)
    if "\n" not in text:
        words = " ".join(text.split())
        return ([words], [(0, 0, line)]) if words else ([], [])
    stretches = list(map(str.strip, text.split("\n")))
    words = " ".join(filter(None, stretches))
    if "  " in words or not words.isprintable():  # as other blanks are not
        stretches = [" ".join(stretch.split()) for stretch in stretches]
        words = " ".join(filter(None, stretches))
    filled = list(filter(None, stretches))
    if len(filled) <= 1:
        return ([words], [(0, 0, line + stretches.index(words))]) if words else ([], [])
    columns = accumulate((len(stretch) + 1 for stretch in filled), initial=0)
    numbers = [number for number, stretch in enumerate(stretches, start=line) if stretch]
    return [words], list(zip(repeat(0), columns, numbers))  # the last column is the end


def _in_lines(text: str, line: int) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The same of any paragraph."""
    lines: list[str] = []
    origins: list[tuple[int, int, int]] = []
    for part in text.split(LINE_END):
        said: list[str] = []
        column = 0
        for piece in part.split("\n"):
            if "\0" not in piece:  # nearly all
                if inner := " ".join(piece.split()):
                    origins.append((len(lines), column, line))
                    said.append(inner)
                    column += len(inner) + 1
                line += 1
                continue
            written, spaced = 0, False  # characters so far, and whether a blank stands behind them
            for stretch in piece.split("\0"):
                inner = " ".join(stretch.split())
                if inner:
                    origins.append((len(lines), column + written, line))
                    written += len(inner) + bool(written and (spaced or stretch[0].isspace()))
                    spaced = False
                spaced = spaced or stretch[-1:].isspace()
                line += 1
            if written:
                said.append(" ".join(piece.replace("\0", "").split()))
                column += written + 1
        line -= 1
        if said:
            lines.append(" ".join(said))
    return lines, origins

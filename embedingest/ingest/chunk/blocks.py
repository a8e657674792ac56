"""Text to blocks: headings, paragraphs, list items, tables, fenced and indented code. Knows marks, not sizes.

Blocks tile the text: each begins where the one before ends, and blank lines belong to the block above them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from embedingest.ingest.chunk.lines import DELIMITER_ROW, is_label, is_title, opens_answer, opens_question

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Block", "Kind", "asciidoc_blocks", "markdown_blocks", "plain_blocks", "rest_blocks"]

Kind = Literal["heading", "label", "question", "paragraph", "item", "code", "table", "rule", "log"]

_WORDS: Final = frozenset({"paragraph", "label", "question"})
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+\Z")
_FENCE: Final = re.compile(r"(?:(`{3,})[^`\n]*|(~{3,})[^\n]*)$")
_ATX: Final = re.compile(r" {0,3}(#{1,6})(?=[ \t\n]|\Z)")
_SETEXT: Final = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)]|#\.|\(\w{1,3}\))[ \t]+\S")
_BULLET: Final = re.compile(r"^(?:[-*+]|\d{1,9}[.)])[ \t]+")
_TABLE: Final = re.compile(r"[ \t]*(?:\||\+[-=+]{3,}\+)")
_ADORNMENT: Final = re.compile(r"([=\-~#*^\"'`+:._])\1{2,}[ \t]*$")
_LITERAL: Final = re.compile(r"\.\. (?:code|code-block|sourcecode|parsed-literal|literalinclude|productionlist|math)::")
_LINES_ALONE: Final = frozenset({"item", "paragraph"})
_LONGEST_TITLE: Final = 90
_ASCIIDOC_HEADING: Final = re.compile(r"(={1,6})[ \t]+(?=\S)")
_ASCIIDOC_FENCE: Final = re.compile(r"(-{4,}|\.{4,}|\+{4,}|\|===)[ \t]*$")


@dataclass(slots=True)
class Block:
    """From `start` to the next block's start. `level` and `title` are a heading's; `indent` counts blanks.

    A `label` is a line of bold words, a `question` what begins with `Q:`; both stay with what follows.
    """

    start: int
    kind: Kind
    level: int = 0
    title: str = ""
    indent: int = 0


class _Scan:
    """The blocks so far, and what the present line continues."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.blank = True  # the line above is blank, or there is none

    def open(self, start: int, kind: Kind, indent: int = 0, level: int = 0, title: str = "") -> None:
        self.blocks.append(Block(start, kind, level, title, indent))

    def tiles(self) -> list[Block]:
        """The blocks; blank lines at the top belong to the first, so that blocks tile the text."""
        if self.blocks:
            self.blocks[0].start = 0
        return self.blocks

    @property
    def last(self) -> Kind | None:
        return self.blocks[-1].kind if self.blocks else None

    def text(self, start: int, line: str, indent: int) -> None:
        """A line of words: a new item or paragraph, or more of the block above."""
        words = line.strip()
        bare = _BULLET.sub("", words)
        anew = self.blank or self.last in {"table", "heading", "label", "rule", "code", None}
        if opens_question(bare):
            self.open(start, "question", indent)
        elif is_label(bare) and (anew or self.last == "question" or bare != words):
            self.open(start, "label", indent)
        elif _ITEM.match(line):
            if self.blank or self.last in {"item", "heading", "label"}:
                self.open(start, "item", indent)
        elif _TABLE.match(line):
            if self.last != "table" or self.blank:
                self.open(start, "table", indent)
        elif self.last == "table" and not self.blank and "|" in words:
            pass  # a row without a bar in front
        elif anew or (self.last == "question" and opens_answer(words)):
            belongs = self.last == "item" and indent > self.blocks[-1].indent
            self.open(start, "item" if belongs else "paragraph", indent)


def markdown_blocks(text: str) -> list[Block]:
    """The blocks of Markdown (CommonMark's headings and fences, pipe tables)."""
    scan = _Scan()
    fence = ""
    for start, line in _lines(text):
        stripped = line.strip()
        if fence:
            if stripped.startswith(fence) and not stripped.strip(fence[0]):
                fence = ""
                scan.blank = True  # what follows a fence begins anew
            continue
        if not stripped:
            scan.blank = True
            continue
        indent = len(line) - len(line.lstrip())
        # Inside lists a fence stands behind a bullet or any number of blanks.
        opened = _FENCE.match(_BULLET.sub("", stripped)) if "```" in stripped or "~~~" in stripped else None
        if opened:
            fence = opened[1] or opened[2]
            scan.open(start, "code", indent)
        elif not _markdown_heading(scan, start, line, stripped):
            scan.text(start, line, indent)
        scan.blank = False
    return scan.tiles()


def _markdown_heading(scan: _Scan, start: int, line: str, stripped: str) -> bool:
    if stripped[0] == "#":
        match = _ATX.match(line)
        if match:
            scan.open(start, "heading", level=len(match[1]), title=_closed(line[match.end() :].strip(), "#"))
            return True
    elif stripped[0] in "=-" and not scan.blank and scan.last in _WORDS and _SETEXT.match(line):
        block = scan.blocks[-1]
        block.kind, block.level = "heading", 1 if stripped[0] == "=" else 2
        return True
    if "|" in stripped and scan.last == "paragraph" and not scan.blank and DELIMITER_ROW.match(stripped):
        scan.blocks[-1].kind = "table"  # its header has no bar in front
        return True
    return False


def _closed(title: str, mark: str, count: int = 0) -> str:
    """A title without the marks that close it, which a blank parts from its words: `count` of them, or any number."""
    words = title.rstrip(mark)
    marks = len(title) - len(words)
    return words.rstrip() if marks and (not words or words[-1] in " \t") and count in {0, marks} else title


def rest_blocks(text: str) -> list[Block]:
    """The blocks of reStructuredText; levels by the order in which adornments first appear."""
    scan = _Scan()
    styles: dict[str, int] = {}
    literal: int | None = None  # indent of the paragraph that announced a literal block
    over: tuple[int, str] | None = None  # an adornment line that may be an overline
    above = (0, "")
    for start, line in _lines(text):
        stripped = line.strip()
        if not stripped:
            scan.blank, over = True, None
            above = (start, "")
            continue
        indent = len(line) - len(line.lstrip())
        if literal is not None and indent > literal:
            if scan.last != "code":
                scan.open(start, "code", indent)
            scan.blank = False
            continue
        literal = None
        if _ADORNMENT.match(stripped) and indent == 0:
            if _underlines(above[1], stripped):
                _adorn(scan, styles, above, stripped, over)
                over, above = None, (start, "")
                scan.blank = True
                continue
            over = (start, stripped)
        scan.text(start, line, indent)
        if _announces_literal(stripped):
            literal = indent
        scan.blank = False
        above = (start, stripped)
    return scan.tiles()


def _announces_literal(stripped: str) -> bool:
    if stripped.startswith(".."):
        return _LITERAL.match(stripped) is not None
    return stripped.endswith("::")


def _underlines(title: str, adornment: str) -> bool:
    return bool(title) and len(adornment.rstrip()) + 2 >= len(title) and not _ADORNMENT.match(title)


def _adorn(
    scan: _Scan, styles: dict[str, int], above: tuple[int, str], adornment: str, over: tuple[int, str] | None
) -> None:
    """Turn the line above into a heading, together with its overline."""
    start, title = above
    overlined = over is not None and over[1][0] == adornment[0]
    if overlined and over is not None:
        start = over[0]
    while scan.blocks and scan.blocks[-1].start >= start:
        scan.blocks.pop()
    level = styles.setdefault(adornment[0] * (2 if overlined else 1), len(styles) + 1)
    scan.open(start, "heading", level=level, title=title)


def plain_blocks(text: str) -> list[Block]:
    """Plain text: paragraphs and lists, headings where a line of their own is underlined.

    A short line alone that is numbered or in capitals is a label: it stays with the paragraph below it.
    """
    blocks = rest_blocks(text)
    for block, following in pairwise(blocks):
        if block.kind in _LINES_ALONE and following.kind == "paragraph":
            words = text[block.start : min(following.start, block.start + _LONGEST_TITLE + 1)].strip()
            if is_title(words) and text[block.start : following.start].strip() == words:
                block.kind = "label"
    return blocks


def asciidoc_blocks(text: str) -> list[Block]:
    """The blocks of AsciiDoc: `==` headings, delimited listings and tables."""
    scan = _Scan()
    fence = ""
    for start, line in _lines(text):
        stripped = line.strip()
        if fence:
            if stripped == fence:
                fence, scan.blank = "", True
            continue
        if not stripped:
            scan.blank = True
            continue
        heading = _ASCIIDOC_HEADING.match(line.rstrip("\n"))
        delimiter = _ASCIIDOC_FENCE.match(stripped)
        if heading:
            title = _closed(line[heading.end() :].strip(), "=", len(heading[1]))
            scan.open(start, "heading", level=len(heading[1]), title=title)
        elif delimiter:
            fence = stripped
            scan.open(start, "table" if stripped == "|===" else "code")
        else:
            scan.text(start, line, len(line) - len(line.lstrip()))
        scan.blank = False
    return scan.tiles()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for match in _LINE.finditer(text):
        yield match.start(), match[0]

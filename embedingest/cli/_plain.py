"""A chunk as people read it in a terminal: Markdown without its marks, with the words of the query where they were."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["Shown", "plain"]

# Media types of texts that are shown as they are: a `*` or a `|` in them is none of Markdown's.
_LITERAL: Final = frozenset({
    "text/plain", "text/x-rst", "text/x-asciidoc", "text/x-source", "text/csv", "text/tab-separated-values",
    "text/vtt", "text/vcard", "text/calendar", "application/x-subrip", "application/toml", "application/yaml",
    "application/json", "application/x-ndjson", "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.ms-excel.sheet.binary.macroenabled.12",
})  # fmt: skip
_PROSE: Final = frozenset({"text/plain", "text/x-rst", "text/x-asciidoc"})
"""Of these the lines of a paragraph are put together."""
_LETTERS: Final = frozenset({
    "message/rfc822", "application/mbox", "application/vnd.ms-outlook", "application/ms-tnef",
})  # fmt: skip
"""Markdown whose lines are lines: those of a letter's head and of its greeting."""
_BEGIN: Final = "\ue000"
_END: Final = "\ue001"
"""Characters of private use that stand around words of the query while Markdown is read; those of a text are lost."""

_MARK: Final = re.compile(r"[\ue000\ue001]")
_EDGE: Final = re.compile(r"([\ue000\ue001])")
_GAP: Final = "  "
_LONGEST_ROW: Final = 120
_BARE_ROW: Final = re.compile(r"^[ \t]*\|(.+)\|[ \t]*$")
_RULE: Final = re.compile(r"^[\s|:-]+$")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")


class Shown(NamedTuple):
    """A text of one or several lines, and half-open ranges of the words in it that the query asks for."""

    text: str
    highlights: tuple[tuple[int, int], ...]


def plain(text: str, highlights: Sequence[Sequence[int]], *, mime: str, width: int) -> Shown:
    """The text to show in `width` columns: paragraphs as one line each, rows of tables and code as lines of their own.

    Of what is no Markdown by its media type only blanks are put together; where its lines are rows, these stay.
    `highlights` are ranges in `text`, in order.
    """
    marked = _with_marks(text, highlights)
    if mime not in _LITERAL:
        lines = _lines(_parser().parse(marked), width, keep=mime in _LETTERS)
    elif mime in _PROSE:
        lines = iter([_one_line(marked)])
    else:
        lines = (line.expandtabs(4).rstrip() for line in marked.split("\n"))
    return _without_marks("\n".join(line for line in lines if _MARK.sub("", line).strip()))


def _with_marks(text: str, highlights: Sequence[Sequence[int]]) -> str:
    edges = [0, *(at for first, last in highlights for at in (first, last)), len(text)]
    pieces = [_MARK.sub(" ", text[first:last]) for first, last in pairwise(edges)]
    # What is asked for stands between two edges: every second piece.
    return "".join(f"{_BEGIN}{piece}{_END}" if index % 2 else piece for index, piece in enumerate(pieces))


def _without_marks(marked: str) -> Shown:
    said: list[str] = []
    ranges: list[tuple[int, int]] = []
    length, begun = 0, None
    for piece in _EDGE.split(marked):
        if piece == _BEGIN:
            begun = length
        elif piece == _END:
            if begun is not None and begun < length:
                ranges.append((begun, length))
            begun = None
        else:
            said.append(piece)
            length += len(piece)
    return Shown("".join(said), tuple(ranges))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _lines(tokens: Sequence[Token], width: int, *, keep: bool) -> Iterator[str]:
    """The lines of a parsed text; `keep` says that a paragraph's are lines of their own."""
    rows: list[list[str]] = []
    begins = ""  # what the next line begins with: the sign of an item
    for token in tokens:
        if token.type == "list_item_open":
            begins = f"{token.info}{token.markup} " if token.info else "• "
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "table_close":
            yield from _columns(rows, width)
            rows = []
        elif token.type in {"fence", "code_block"}:
            yield from token.content.expandtabs(4).rstrip().split("\n")
        elif token.type == "html_block" and not token.content.lstrip().startswith("<!--"):
            yield _one_line(_TAG.sub(" ", token.content))
        elif token.type == "inline" and rows:
            rows[-1].append(_one_line(_words(token)))
        elif token.type == "inline":
            yield from _paragraph(begins, _words(token), width, keep=keep)
            begins = ""


def _paragraph(begins: str, words: str, width: int, *, keep: bool) -> Iterator[str]:
    """One line; rows of a table whose head another chunk has are columns all the same."""
    lines = words.split("\n")
    rows = [found[1].split("|") for line in lines if (found := _BARE_ROW.match(line)) and not _RULE.match(line)]
    if len(rows) > 0 and all(_BARE_ROW.match(line) or _RULE.match(line) for line in lines):
        yield from _columns([[_one_line(cell) for cell in row] for row in rows], width)
    elif keep:
        yield from (before + _one_line(line) for before, line in zip((begins, *[""] * len(lines)), lines, strict=False))
    else:
        yield begins + _one_line(words)


def _words(token: Token) -> str:
    """The words of a line of Markdown: links and pictures as what they say."""
    said = []
    for child in token.children or ():
        if child.type in {"softbreak", "hardbreak"}:
            said.append("\n")
        elif child.type == "image":
            said.append(_words(child))
        elif child.type == "html_inline":
            said.append(" " if child.content.lower().startswith("<br") else "")
        else:
            said.append(child.content)
    return "".join(said)


def _columns(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Rows of cells, one below the other where they fit `width`, else with a dot between the cells."""
    widths = [max(map(_length, column)) for column in zip(*rows, strict=True)] if _are_even(rows) else []
    if widths and sum(widths) + len(_GAP) * len(widths) <= min(width, _LONGEST_ROW):
        for row in rows:
            cells = (cell + " " * (to - _length(cell)) for cell, to in zip(row, widths, strict=True))
            yield _GAP.join(cells).rstrip()
    else:
        yield from (" · ".join(filter(None, row)) for row in rows)


def _are_even(rows: Sequence[Sequence[str]]) -> bool:
    return bool(rows) and len({len(row) for row in rows}) == 1


def _length(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(_MARK.sub("", text))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()

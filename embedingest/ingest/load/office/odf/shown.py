"""Sheets of OpenDocument as they are shown: each value with the text that its cell shows, comments, what is hidden.

Looks at the bytes of a sheet, not at its tree: a sheet may have millions of cells.
"""

from __future__ import annotations

import html
import re
from typing import Final, NamedTuple

__all__ = ["Shown", "as_shown"]

_ATTRIBUTES: Final = rb"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+"
_CELL: Final = re.compile(rb"<(?:\w+:)?table-cell(?=\s)(" + _ATTRIBUTES + rb")(?<!/)>(?=\s*<text:p[\s/>])")
_NOTHING_SHOWN: Final = re.compile(rb"\s*<text:p(?:\s[^<>]*)?(?:/>|>\s*</text:p>)\s*</table:table-cell>")
_KIND: Final = re.compile(
    rb"""(\w+:value-type\s*=\s*["'])(?:float|percentage|currency|date|time|boolean|string)(?=["'])"""
)
_VALUE: Final = re.compile(rb"""\s\w+:(?:(?:date|time|boolean|string)-)?value\s*=\s*(?:"[^"]*"|'[^']*')""")
_HIDDEN_VALUE: Final = re.compile(
    rb"""\s\w+:(?:(?:date|time|boolean|string)-)?value\s*=\s*(?!["']\s*-?[0.]*["'])["']"""
)
"""A value that is neither empty nor zero, of which nobody reads."""
_COMMENT: Final = re.compile(rb"<office:annotation(?=[\s>])")
_COMMENT_END: Final = b"</office:annotation>"
_BY: Final = re.compile(rb"<dc:creator>([^<]*)")
_PARAGRAPH: Final = re.compile(rb"<text:p(?:\s[^<>]*)?>((?:[^<]|<(?!/?text:p[\s>]))*+)</text:p>")
_TAG: Final = re.compile(rb"<[^<>]*>")
_HIDDEN: Final = re.compile(
    rb"""<table:table-(row|column)\s(?=[^<>]*table:visibility\s*=\s*["'](?:collapse|filter)["'])([^<>]*)>"""
)
_REPEATED: Final = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,9})["']""")
_PLENTY: Final = 1000
"""Hidden rows or columns in one piece: as many are the empty rest of a sheet."""


class Shown(NamedTuple):
    """The content with texts for values and without comments; the comments; how much is hidden of rows and columns, and
    of values by the formats of their cells.
    """

    content: bytes
    comments: list[str]
    hidden_rows: int = 0
    hidden_columns: int = 0
    hidden_values: int = 0


def as_shown(content: bytes) -> Shown:
    """What a spreadsheet of OpenDocument shows. Of a value without a text the value stays."""
    content, found = _without_comments(content)
    comments = [each for comment in found if (each := _said(comment))]
    values = sum(_hidden_values(match) for match in _CELL.finditer(content))
    content = _CELL.sub(lambda match: _VALUE.sub(b"", _KIND.sub(rb"\1string", match[0])), content)
    hidden = {b"row": 0, b"column": 0}
    for match in _HIDDEN.finditer(content):
        repeated = _REPEATED.search(match[2])
        count = int(repeated[1]) if repeated else 1
        is_empty = match[1] == b"row" and match[2].endswith(b"/")
        hidden[match[1]] += count if count < _PLENTY and not is_empty else 0
    return Shown(content, comments, hidden[b"row"], hidden[b"column"], values)


def _hidden_values(cell: re.Match[bytes]) -> int:
    """How many values a cell has, with those it is repeated for, of which its format shows nothing."""
    if not _HIDDEN_VALUE.search(cell[1]) or not _NOTHING_SHOWN.match(cell.string, cell.end()):
        return 0
    repeated = _REPEATED.search(cell[1])
    return int(repeated[1]) if repeated else 1


def _without_comments(content: bytes) -> tuple[bytes, list[bytes]]:
    """The content without its comments, and those; one that nothing ends is none."""
    kept: list[bytes] = []
    found: list[bytes] = []
    last = 0
    while match := _COMMENT.search(content, last):
        end = content.find(_COMMENT_END, match.end())
        if end < 0:
            break
        kept.append(content[last : match.start()])
        found.append(content[match.start() : end])
        last = end + len(_COMMENT_END)
    return b"".join([*kept, content[last:]]), found


def _said(comment: bytes) -> str:
    paragraphs = (_TAG.sub(b"", match[1]).decode("utf-8", "replace") for match in _PARAGRAPH.finditer(comment))
    said = " ".join(html.unescape(" ".join(paragraphs)).split())
    by = _BY.search(comment)
    return f"Comment by {html.unescape(by[1].decode('utf-8', 'replace')) if by else 'somebody'}: {said}" if said else ""

"""Listings in documents that have none by name: lines set in letters of one width, or in a style for code."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.markdown_escape import escaped_lines, fence_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Typing", "is_code_style", "is_monospaced", "listing"]

_LONGEST_LINE: Final = 120
"""Characters of a listing of one line."""

_MONOSPACED: Final = re.compile(r"courier|consol|menlo|monaco|\bmono|typewriter|terminal|fixed", re.IGNORECASE)
_CODE: Final = re.compile(
    r"(?:source ?code|code(?: ?(?:block|listing))?|html[ -]?preformatted|preformatted(?: ?text)?|program ?listing"
    r"|listings?|verbatim|macro ?text)\Z",
    re.IGNORECASE,
)


def is_monospaced(font: str) -> bool:
    """Whether all letters of a font have one width, by its name."""
    return _MONOSPACED.search(font) is not None


def is_code_style(name: str) -> bool:
    """Whether a style of paragraphs is one for code, by its name in the programs that people write with."""
    return _CODE.match(name) is not None


class Typing:
    """Whether what is set in letters of one width in a document is a listing: not where most of it is set so.

    `paragraphs` gives whether each of them is, and how many characters it has.
    """

    def __init__(self, paragraphs: Callable[[], Iterable[tuple[bool, int]]]) -> None:
        self._paragraphs = paragraphs

    @cached_property
    def is_code(self) -> bool:
        """Looked at once, and only where it is asked for."""
        said = [0, 0]
        for typed, characters in self._paragraphs():
            said[typed] += characters
        return said[1] <= said[0]


def listing(lines: list[str]) -> str:
    """Lines as a listing of Markdown, or as words if it is one long line; empty where they say nothing."""
    code = "\n".join(lines).strip("\n").rstrip().replace("\u00a0", " ")
    if "\n" not in code and len(code) > _LONGEST_LINE:
        return escaped_lines(code)
    fence = fence_for(code)
    return f"{fence}\n{code}\n{fence}" if code else ""

"""The first heading of Markdown, by a parser of CommonMark: no comment in a listing, no line of a raw block is one."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

__all__ = ["first_heading"]


def first_heading(text: str) -> str | None:
    """The words of the first heading of the first level, without marks of emphasis, code and links; else `None`."""
    tokens = _parser().parse(text)
    for token, following in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0:
            words = "".join(_words(child.type, child.content) for child in following.children or ())
            if words.strip():
                return " ".join(words.split())
    return None


def _words(kind: str, content: str) -> str:
    if kind in {"text", "code_inline", "text_special"}:
        return content
    return " " if kind in {"softbreak", "hardbreak"} else ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")

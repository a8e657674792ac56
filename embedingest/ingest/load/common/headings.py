"""Headings of Markdown, by a parser of CommonMark: no comment in a listing, no line of a raw block is one."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.common.references import unescaped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["first_heading", "plain_words"]

_PLAIN: Final = re.compile(r"# ([^\W_](?:[^\W_]| )*)(?:\n|\Z)")
"""A heading in the first line whose words have no character that means anything to Markdown."""

_RAW: Final = re.compile(
    r"\A\s{0,9}(?:<(?:div|p|center|header|a)\b[^<>]{0,400}>\s{0,9}){0,9}<h1\b[^<>]{0,400}>(.{1,400}?)</h1>", re.DOTALL
)
_MARK: Final = re.compile(r"[\\*_`\[<&]")
_HTML: Final = re.compile(
    r"<(?:!--|/?(?:a|abbr|b|big|br|center|cite|code|del|div|em|font|i|img|input|ins|kbd|mark|p|picture|q|s|samp|small"
    r"|source|span|strike|strong|sub|sup|svg|tt|u|var|video|wbr)\b)",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]*>")


def first_heading(text: str) -> str | None:
    """The words of the first heading of the first level, without marks of emphasis, code and links; else `None`."""
    # Most titles and most texts without one are told without the parser, which takes longer than all else of a file.
    if plain := _PLAIN.match(text):
        return " ".join(plain[1].split())
    if "#" not in text and "=" not in text and "<h1" not in text:
        return None
    environment: dict[str, Any] = {}  # the definitions of links, wherever they stand
    for token, following in pairwise(_parser().parse(text, environment)):
        raw = _RAW.search(token.content) if token.type == "html_block" and token.level == 0 else None
        if raw is not None and (said := " ".join(unescaped(_TAG.sub(" ", raw[1])).split())):
            return said
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0:
            words = _said(following.content, environment)
            if words.strip():
                return " ".join(words.split())
    return None


def plain_words(line: str) -> str:
    """The words of a heading without marks of emphasis, code and links; where there are none, those for its picture."""
    if not _MARK.search(line):
        return line
    return " ".join(_said(line, {}).split()) or " ".join(_said(line, {}, pictures=True).split()) or line


def _said(content: str, environment: dict[str, Any], *, pictures: bool = False) -> str:
    children: list[Token] = []
    _parser().inline.parse(content, _parser(), environment, children)
    return "".join(_words(each.type, each.content) or (each.content if pictures else "") for each in children)


def _words(kind: str, content: str) -> str:
    if kind in {"text", "code_inline", "text_special"}:
        return content
    if kind == "html_inline":  # what no page knows, such as `List<String>`, is meant as words
        return "" if _HTML.match(content) else content
    return " " if kind in {"softbreak", "hardbreak"} else ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")  # a title needs the marks of one line only

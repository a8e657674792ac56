"""A page as a tree that is parsed in time: long tags and deep nesting are cut first. Knows tags by their spelling."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from embedingest.ingest.load.web.index import Index
from embedingest.ingest.load.web.lines import numbered
from embedingest.ingest.load.web.written import SHALLOW, Written

__all__ = ["parse", "shallow"]

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*+)[^<>]*+>")
# What stands in quotes behind an equals sign may hold the sign that ends a tag.
_LONG_TAG: Final = re.compile(  # after a short look, which tells nearly all that are none
    r"""(<[a-zA-Z](?=[^>]{400}|[^>]*=\s*+(?:"[^">]*+>|'[^'>]*+>))[^\s<>]*+)"""
    r"""((?:[^>=]|=\s*+(?:"[^"]*+"|'[^']*+')?+){400,}+)"""
)
_ATTRIBUTE: Final = re.compile(r"""[^\s=>]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+""")
_MOST_ATTRIBUTES: Final = 200  # of one tag: parsing time grows with their square
_DEEPEST: Final = 400
_MENU: Final = re.compile(r"<(/?select|option)(?=[\s/>])[^<>]*", re.IGNORECASE)
_MOST_OPTIONS: Final = 500  # of one menu: parsing time grows with their square


def parse(source: str, *, lines: bool = False) -> Index:
    """A page, kept shallow: parsing time grows with the square of the nesting depth.

    With `lines`, its blocks bear the lines of the source on which they begin.
    """
    from selectolax.lexbor import LexborHTMLParser

    written = Written(source)
    shortened = source if written.is_plain else _LONG_TAG.sub(_few_attributes, source)
    if shortened != source:
        source, written = shortened, Written(shortened)
    if written.is_deeper(_DEEPEST):
        source = _cut_depth(source)
    if "option" in written.names and source.count("<") > _MOST_OPTIONS:
        source = _short_menus(source)
    return Index(LexborHTMLParser(numbered(source, capitals=written.has_capitals()) if lines else source), written)


def _few_attributes(match: re.Match[str]) -> str:
    """A long tag with its first attributes only, on as many lines."""
    following = next(islice(_ATTRIBUTE.finditer(match[2]), _MOST_ATTRIBUTES, None), None)
    if following is None:
        return match[0]
    return match[1] + match[2][: following.start()] + "\n" * match[2].count("\n", following.start())


def _short_menus(source: str) -> str:
    """The same page with long menus in several, since the options that are chosen are all that is read of one."""
    options, menu = 0, ""

    def keep(match: re.Match[str]) -> str:
        nonlocal options, menu
        if match[1].lower() != "option":
            options = 0
            menu = "" if match[1][0] == "/" else "<select multiple>" if "multiple" in match[0].lower() else "<select>"
            return match[0]
        options += 1
        return match[0] if options % _MOST_OPTIONS or not menu else f"</select>{menu}{match[0]}"

    return _MENU.sub(keep, source)


def shallow(source: str) -> str:
    """The same page with the tags beyond a depth of some hundred left out."""
    return _cut_depth(source) if Written(source).is_deeper(_DEEPEST) else source


def _cut_depth(source: str) -> str:
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth
        if match[2].lower() in SHALLOW or match[0].endswith("/>"):
            return match[0]
        if match[1]:
            depth = max(0, depth - 1)
            return match[0] if depth < _DEEPEST else " "
        depth += 1
        return match[0] if depth <= _DEEPEST else " "

    return _TAG.sub(keep, source)

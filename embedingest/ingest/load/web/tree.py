"""A page as a tree that is parsed in time: long tags and deep nesting are cut first. Knows tags by their spelling."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.web.lines import numbered

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

__all__ = ["parse", "shallow"]

_NAMES: Final = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9-]*+)[^<>]*+>")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*+)[^<>]*+>")
# What stands in quotes behind an equals sign may hold the sign that ends a tag.
_LONG_TAG: Final = re.compile(  # after a short look, which tells nearly all that are none
    r"""(<[a-zA-Z](?=[^>]{400}|[^>]*=\s*+(?:"[^">]*+>|'[^'>]*+>))[^\s<>]*+)"""
    r"""((?:[^>=]|=\s*+(?:"[^"]*+"|'[^']*+')?+){400,}+)"""
)
_ATTRIBUTE: Final = re.compile(r"""[^\s=>]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+""")
_MOST_ATTRIBUTES: Final = 200  # of one tag: parsing time grows with their square
# Elements that HTML closes by itself, or that hold nothing: they never make a page deep.
_SHALLOW: Final = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dt",
        "dd",
        "td",
        "th",
        "tr",
        "option",
        "thead",
        "tbody",
    ]
)
_DEEPEST: Final = 400


def parse(source: str, *, lines: bool = False) -> LexborHTMLParser:
    """The tree of a page, kept shallow: parsing time grows with the square of the nesting depth."""
    from selectolax.lexbor import LexborHTMLParser

    source = _LONG_TAG.sub(_few_attributes, source)
    return LexborHTMLParser(numbered(shallow(source)) if lines else shallow(source))


def _few_attributes(match: re.Match[str]) -> str:
    """A long tag with its first attributes only, on as many lines."""
    following = next(islice(_ATTRIBUTE.finditer(match[2]), _MOST_ATTRIBUTES, None), None)
    if following is None:
        return match[0]
    return match[1] + match[2][: following.start()] + "\n" * match[2].count("\n", following.start())


def shallow(source: str) -> str:
    """The same page with the tags beyond a depth of some hundred left out."""
    if source.count("<") < _DEEPEST:
        return source
    names = _NAMES.findall(source)
    steps = {name: 0 if name.lstrip("/") in _SHALLOW else -1 if name[0] == "/" else 1 for name in set(names)}
    depth = 0
    for step in map(steps.__getitem__, names):
        depth += step
        if depth > _DEEPEST:
            return _cut_depth(source)
        if depth < 0:
            depth = 0
    return source


def _cut_depth(source: str) -> str:
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth
        if match[2].lower() in _SHALLOW or match[0].endswith("/>"):
            return match[0]
        if match[1]:
            depth = max(0, depth - 1)
            return match[0] if depth < _DEEPEST else " "
        depth += 1
        return match[0] if depth <= _DEEPEST else " "

    return _TAG.sub(keep, source)

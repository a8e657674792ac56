"""Superscripts and subscripts of a page as words that cannot be misread: 10⁸ is not 108. Knows no Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.web.words import APART, walked

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["write_scripts", "written"]

_ABOVE: Final = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_BELOW: Final = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_HAS_OWN: Final = re.compile(r"[0-9+\-−=()]+")
# Endings of numbers and short forms, marks of firms: their words are written the same on the line.
_ENDING: Final = re.compile(
    r"st|nd|rd|th|er|ers|re|res|[eèaoº]|[eè]mes?|nde?|os|as|mes?|lles?|gr|tm|sm|[™®©ªº°*†‡§¶′″'\"]+", re.IGNORECASE
)
_LEAF: Final = frozenset({"img", "svg", "math"})
_LONGEST: Final = 24
"""Characters of what is raised; more than these are words that stand apart."""

_MOST_NODES: Final = 16
"""Nodes below one that is raised or lowered; one with more is left as it is, such as a tag that nothing closes."""


def write_scripts(tree: LexborHTMLParser) -> None:
    """Put words in the place of each `sup` and `sub`, inner ones first."""
    body = tree.body
    if body is None:
        return
    for node in body.css("sup, sub")[::-1]:
        text = _text(node)
        if text is None or not (words := " ".join(text.split())):
            continue
        spelled = _note(words) if _is_note(node, words) else written(words, below=node.tag == "sub")
        # The lines of the page are counted by its line feeds.
        node.replace_with(spelled + "\n" * text.count("\n"))


def written(words: str, *, below: bool) -> str:
    """What is raised or lowered, on the line: by letters of its own where all characters have one, else by a sign."""
    if _HAS_OWN.fullmatch(words):
        return words.translate(_BELOW if below else _ABOVE)
    if len(words) > _LONGEST:
        return f" {words} "
    if words[0] in "[(⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉^_" or (not below and _ENDING.fullmatch(words)):
        return words
    sign = "_" if below else "^"
    return f"{sign}{words}" if len(words) == 1 else f"{sign}({words})"


def _note(words: str) -> str:
    return words if words[0] in "[(" or len(words) > _LONGEST else f"[{words}]"


def _text(node: LexborNode) -> str | None:
    """The text below; None where there is more than words in a line."""
    parts = []
    for count, (inner, _) in enumerate(walked(node)):
        if count >= _MOST_NODES or inner.tag in APART or inner.tag in _LEAF:
            return None
        if inner.tag == "-text":
            parts.append(inner.text_content or "")
    return "".join(parts)


def _is_note(node: LexborNode, words: str) -> bool:
    """Whether a link to a note is raised: it stands within, or around and holds nothing else."""
    if node.tag == "sub":
        return False
    if node.css_first("a[href]") is not None:
        return True
    parent = node.parent
    if parent is None or parent.tag != "a" or not (parent.attributes.get("href") or "").strip():
        return False
    text = _text(parent)
    return text is not None and " ".join(text.split()) == words

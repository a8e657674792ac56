"""What a style raises or lowers, by an element's own style or by the class that a style sheet has it for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.web.words import APART

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["classes_of", "shift"]

_FAR: Final = (
    r"(?:(?:0?\.[2-9]|[1-9])[\d.]{0,9}em|(?:0?\.[4-9]|[1-9])[\d.]{0,9}ex|[2-9]\d[\d.]{0,9}%|[2-9](?:\.\d{1,4})?pt)"
)
"""A length of a raised letter; buttons and badges are moved by less."""

_ALIGNED: Final = re.compile(rf"vertical-align\s*:\s*(?:(super|sub)\b|(-?){_FAR})", re.IGNORECASE)
_RELATIVE: Final = re.compile(r"position\s*:\s*relative", re.IGNORECASE)
_MOVED: Final = re.compile(rf"(?<![\w-])top\s*:\s*(-?){_FAR}", re.IGNORECASE)
_SMALLER: Final = re.compile(
    r"font-size\s*:\s*(?:[1-8]?\d(?:\.\d+)?%|0?\.\d+r?em|(?:x-|xx-)?small(?:er)?)", re.IGNORECASE
)
_RULE: Final = re.compile(r"\.(-?[_a-zA-Z][\w-]{0,80})\s*\{([^{}]{0,2000})\}")
_WHOLE: Final = frozenset({"img", "svg", "math", "a"})
"""Pictures and formulas, which stand as they are, and links, which may be the marks of notes."""

_MOST_CLASSES: Final = 40


def classes_of(sheet: str) -> dict[str, str]:
    """The classes that a style sheet raises (`sup`) or lowers (`sub`), the first of them."""
    found: dict[str, str] = {}
    for match in _RULE.finditer(sheet):
        said = _of_style(match[2])
        if said and len(found) < _MOST_CLASSES:
            found[match[1]] = said
    return found


def shift(node: LexborNode, classes: dict[str, str]) -> str | None:
    """`sup` or `sub` for an element that is raised or lowered, None for others. Lengths are so in smaller letters."""
    tag = node.tag or ""
    if tag in {"sup", "sub"}:
        return tag
    if tag in APART or tag in _WHOLE:
        return None
    said = _of_style(node.attributes.get("style") or "")
    if said is None and classes:
        said = next((classes[name] for name in (node.attributes.get("class") or "").split() if name in classes), None)
    return said


def _of_style(style: str) -> str | None:
    aligned = _ALIGNED.search(style)
    if aligned is not None and aligned[1]:
        return aligned[1].lower().removesuffix("er")
    if not _SMALLER.search(style):
        return None
    if aligned is not None:
        return "sub" if aligned[2] else "sup"
    moved = _MOVED.search(style) if _RELATIVE.search(style) else None
    return None if moved is None else "sup" if moved[1] else "sub"

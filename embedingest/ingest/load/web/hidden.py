"""What of a page stays hidden, and what a click unfolds: answers, panels, tabs. Writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.web.words import walked

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.web.index import Index

__all__ = ["is_dialogue", "is_hidden", "is_ornament", "shown_by_controls", "unfolds"]

_CONTROLS: Final = "[aria-controls], [data-target], [data-bs-target], [href^=\\#], [for]"
_QUESTION: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary", "legend", "label"})
_FOLDED: Final = re.compile(r"accordion|collaps|\bfaq|toggle|expand|\bfold|question", re.IGNORECASE)
_DRAWN: Final = re.compile(
    r"\bicons?\b|-icons?\b|\bicon-|\bmaterial-symbols|katex-html|mathjax|\bmjx-|\bcloned\b|\bmodal\b", re.IGNORECASE
)
_MODAL: Final = re.compile(r"\bmodal\b", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_NO_ELEMENT: Final = frozenset({"-text", "-comment", "link"})
_MOST_STEPS: Final = 6  # over what is no element, between a control and what it shows


def shown_by_controls(page: Index, body: LexborNode) -> set[str]:
    """The ids of what the page's controls show."""
    shown: set[str] = set()
    for control in page.find(_CONTROLS, body):
        attributes = control.attributes
        for name in ("aria-controls", "data-target", "data-bs-target", "href", "for"):
            shown.update(word.lstrip("#") for word in (attributes.get(name) or "").split())
    return shown


def is_hidden(node: LexborNode, shown: set[str]) -> bool:
    """Whether an element that is hidden stays so: nothing shows it, no control stands before it."""
    attributes = node.attributes
    if (attributes.get("hidden") or "").lower() == "until-found" or attributes.get("role") == "tabpanel":
        return False
    if set((attributes.get("id") or "").split()) & shown:
        return False
    before = _neighbour(node, forward=False)
    return before is None or not _is_control(before)


def is_ornament(node: LexborNode) -> bool:
    """Whether an element that is kept from readers aloud is none of the page's words: an icon, a mark, a copy."""
    attributes = node.attributes
    href = attributes.get("href") or ""
    if node.tag in {"i", "nobr"} or (node.tag == "a" and href.startswith("#")) or attributes.get("role") == "dialog":
        return True
    if _DRAWN.search(attributes.get("class") or ""):
        return True
    pieces = (inner.text_content or "" for inner, _ in walked(node) if inner.tag == "-text")
    return not any(character.isalnum() for piece in pieces for character in piece)


def is_dialogue(node: LexborNode) -> bool:
    """Whether an element is one that a page lays over itself."""
    attributes = node.attributes
    return attributes.get("role") == "dialog" or bool(_MODAL.search(attributes.get("class") or ""))


def unfolds(button: LexborNode) -> bool:
    """Whether a button bears a question or a heading, whose answer it shows."""
    attributes = button.attributes
    if "aria-expanded" in attributes or "aria-controls" in attributes:
        return True
    if (attributes.get("data-toggle") or attributes.get("data-bs-toggle")) == "collapse":
        return True
    parent = button.parent
    for _ in range(3):
        if parent is None:
            return False
        if parent.tag in _QUESTION:
            return True
        parent = parent.parent
    if "accordion" in (attributes.get("class") or ""):
        return True
    after = _neighbour(button, forward=True)
    return after is not None and _is_folded(after)


def _is_folded(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or bool(_UNSEEN.search(attributes.get("style") or ""))


def _is_control(node: LexborNode) -> bool:
    """Whether an element unfolds what follows it: a button, or a heading among such as are folded."""
    attributes = node.attributes
    if node.tag == "button" or attributes.get("role") == "button" or "aria-expanded" in attributes:
        return True
    if _FOLDED.search(attributes.get("class") or ""):
        return True
    if node.tag not in _QUESTION:
        return False
    if node.css_first("button, [role=button], [aria-expanded]") is not None:
        return True
    above = node.parent
    for _ in range(2):
        if above is None:
            return False
        if _FOLDED.search(above.attributes.get("class") or ""):
            return True
        above = above.parent
    return False


def _neighbour(node: LexborNode, *, forward: bool) -> LexborNode | None:
    """The element beside this one; None where words or nothing stand between."""
    for _ in range(_MOST_STEPS):
        beside = node.next if forward else node.prev
        if beside is None or beside.tag not in _NO_ELEMENT:
            return beside
        if beside.tag == "-text" and (beside.text_content or "").strip():
            return None
        node = beside
    return None

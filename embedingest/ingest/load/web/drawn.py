"""The words of drawings in a page (SVG), as far as a browser shows them. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.hiding import declared
from embedingest.ingest.load.web.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborNode

__all__ = ["drawn"]

_DEFINED: Final = frozenset({"defs", "symbol"})
_WORDS: Final = frozenset({"text", "foreignObject"})
_TOLD: Final = frozenset({"title", "desc"})
_EXTENSIONS: Final = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/math/mathml"})
_MOST_STEPS: Final = 50


def drawn(drawing: LexborNode) -> tuple[str, int]:
    """The words of a drawing, its title, then each text of it; how many words of it no browser shows."""
    texts = _Texts(drawing)
    said = []
    child = drawing.child
    while child is not None:
        if child.tag == "title" and drawing.attributes.get("aria-hidden") != "true":
            said.append(words(child))
        child = child.next
    unseen = 0
    for text in drawing.css("text, foreignObject"):
        seen = texts.is_seen(text)
        if seen:
            said.append(words(text))
        elif seen is not None:
            unseen += len(words(text).split())
    return " ".join(each for each in said if each), unseen


class _Texts:
    """Says of the texts of a drawing whether they are shown."""

    def __init__(self, drawing: LexborNode) -> None:
        self._drawing: Final = drawing.mem_id
        uses = (use.attributes for use in drawing.css("use"))
        self._used: Final = {(each.get("href") or each.get("xlink:href") or "").strip().lstrip("#") for each in uses}
        self._used.discard("")
        self._branches: Final[dict[int, int | None]] = {}

    def is_seen(self, text: LexborNode) -> bool | None:
        """Whether a text is shown; None where it stands in another one, and is read with it."""
        node: LexborNode | None = text
        seen, is_used, visible = True, False, None
        for _ in range(_MOST_STEPS):
            if node is None:
                return False
            if node.tag in _WORDS and node.mem_id != text.mem_id:
                return None
            attributes = node.attributes
            styles = _styles(attributes) if attributes else {}
            visible = not styles["visibility"] if visible is None and "visibility" in styles else visible
            is_used = is_used or (attributes.get("id") or "") in self._used
            seen = seen and not styles.get("display") and (is_used or node.tag not in _DEFINED)
            if node.mem_id == self._drawing:
                return seen and visible is not False
            above = node.parent
            if above is not None and above.tag == "switch" and self._branch(above) != node.mem_id:
                seen = False
            node = above
        return False

    def _branch(self, choice: LexborNode) -> int | None:
        """The branch of a choice that is shown: the first for every language that browsers know, else the first."""
        if choice.mem_id not in self._branches:
            known = [child for child in choice.iter() if child.tag not in _TOLD and _is_known(child)]
            spoken = [child for child in known if _attribute(child, "systemlanguage") is None]
            self._branches[choice.mem_id] = next((child.mem_id for child in (spoken or known)), None)
        return self._branches[choice.mem_id]


def _styles(attributes: Mapping[str, str | None]) -> dict[str, bool]:
    """Of the properties that hide, those that an element has, and whether they hide it."""
    own = (f"{name}:{attributes[name]}" for name in ("display", "visibility") if name in attributes)
    found = {named: hides for each in own for named, hides, _ in declared(each)}
    return found | {named: hides for named, hides, _ in declared(attributes.get("style") or "")}


def _is_known(branch: LexborNode) -> bool:
    """Whether browsers know what a branch of a choice asks for."""
    asked = _attribute(branch, "requiredextensions")
    return asked is None or (bool(asked.split()) and _EXTENSIONS.issuperset(asked.lower().split()))


def _attribute(node: LexborNode, name: str) -> str | None:
    """The value of an attribute, in whatever letters it is named."""
    return next((value or "" for key, value in node.attributes.items() if key.lower() == name), None)

"""A drawing (SVG) with what a browser shows of it: one branch of a choice, what is defined only where it is used.

Knows elements, not how they are written as text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree import ElementTree as ET

from embedingest.ingest.load.common.hiding import HIDES, declared
from embedingest.ingest.load.markup.xml_words import bare, local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = ["as_shown"]

_DEFINED: Final = frozenset({"defs", "symbol"})
_USING: Final = frozenset({"use", "tref"})
_PAINTS: Final = frozenset({"clippath", "mask", "pattern", "marker"})
_WORDS: Final = frozenset({"text", "tspan", "textpath"})
_NO_WORDS: Final = frozenset({"style", "script", "metadata"})
_TOLD: Final = frozenset({"title", "desc"})
"""Stand beside the branches of a choice, and say what it is."""

_EXTENSIONS: Final = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"})
"""What browsers can show among a drawing."""

_PAINTED: Final = re.compile(r"url\(\s*+[\"']?#([^\"'()\s]{1,200})")


class _Step(NamedTuple):
    """An element to come, what holds it where it is shown, whether what holds it is visible, whether it is used."""

    source: Element
    holder: Element
    visible: bool
    used: bool = False


def as_shown(root: Element) -> tuple[Element, int]:
    """The drawing without what no browser shows, and how many words that held. Each element is shown once.

    Of branches for several languages that in the drawing's own is taken, else that for every language.
    """
    return _Reader(root).read()


class _Reader:
    def __init__(self, root: Element) -> None:
        self._root: Final = root
        self._language: Final = _attribute(root, "lang").partition("-")[0].lower()
        self._named: Final[dict[str, Element]] = {}
        self._defined: Final[set[Element]] = set()
        self._shown: Final[set[Element]] = set()
        self._unseen_words = 0

    def read(self) -> tuple[Element, int]:
        self._take_stock()
        whole = ET.Element("whole")
        stack = [_Step(self._root, whole, visible=True)]
        while stack:
            stack += self._show(stack.pop())
        return whole[0], self._unseen_words

    def _take_stock(self) -> None:
        """Find what has a name and what is only defined, and count all words as not seen yet."""
        stack = [(self._root, False)]
        while stack:
            element, defined = stack.pop()
            self._named.setdefault(element.get("id", ""), element)
            defined = defined or local(element) in _DEFINED
            if defined:
                self._defined.add(element)
            if local(element) not in _NO_WORDS:
                self._unseen_words += _count(element.text) + sum(_count(child.tail) for child in element)
                stack += [(child, defined) for child in reversed(element)]

    def _show(self, step: _Step) -> Iterator[_Step]:
        """Write an element as far as it is seen; what is to come below it, the last first."""
        source, name = step.source, local(step.source)
        copy = ET.SubElement(step.holder, source.tag)
        if not step.used:
            copy.tail = self._seen(source.tail, visible=step.visible)
        styles = _styles(source)
        if source in self._shown or styles.get("display") or (name in _DEFINED and not step.used):
            return
        self._shown.add(source)
        copy.attrib.update(source.attrib)
        if name in _NO_WORDS:
            copy.text = source.text
            return
        visible = not styles["visibility"] if "visibility" in styles else step.visible
        copy.text = self._seen(source.text, visible=visible)
        for used in reversed(self._used_by(source, name)):
            yield _Step(used, copy, visible, used=True)
        for child in reversed(self._branches(source) if name == "switch" else list(source)):
            yield _Step(child, copy, visible)

    def _seen(self, text: str | None, *, visible: bool) -> str:
        if not text or not visible:
            return ""
        self._unseen_words -= _count(text)
        return text

    def _used_by(self, source: Element, name: str) -> list[Element]:
        """What is defined elsewhere and shown in the place of an element, or painted with it."""
        found = []
        for key, value in source.attrib.items():
            if name in _USING and bare(key) == "href":
                found.append(self._named.get(value.strip().removeprefix("#")))
            elif "url(" in value and name not in _WORDS:
                painted = (self._named.get(each) for each in _PAINTED.findall(value))
                found += [each for each in painted if each is not None and local(each) in _PAINTS]
        return [each for each in found if each is not None and each in self._defined]

    def _branches(self, choice: Element) -> list[Element]:
        """The one branch that is shown, and what is said of the choice."""
        told = [child for child in choice if local(child) in _TOLD]
        known = [child for child in choice if local(child) not in _TOLD and _is_known(child)]
        spoken = [child for child in known if self._is_in_its_language(child)]
        return [*told, *(spoken or known)[:1]]

    def _is_in_its_language(self, branch: Element) -> bool:
        languages = branch.get("systemLanguage")
        if languages is None:
            return True
        return any(each.strip().partition("-")[0].lower() == self._language for each in languages.split(","))


def _is_known(branch: Element) -> bool:
    """Whether browsers know what a branch of a choice asks for."""
    extensions = branch.get("requiredExtensions")
    if not isinstance(branch.tag, str) or extensions is None:
        return isinstance(branch.tag, str)
    return bool(extensions.split()) and _EXTENSIONS.issuperset(extensions.split())


def _styles(element: Element) -> dict[str, bool]:
    """Of the properties that hide, those that an element has, and whether they hide it; its style overrules."""
    own = {name: value.strip().lower() for name in ("display", "visibility") if (value := element.get(name))}
    found = {name: (name, value) in HIDES for name, value in own.items()}
    return found | {name: hides for name, hides, _ in declared(element.get("style", ""))}


def _count(text: str | None) -> int:
    return len(text.split()) if text else 0


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if bare(key) == name), "")

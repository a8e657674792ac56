"""The numbers of lists and headings in an OpenDocument file. Knows lists, not what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.common.counting import LONGEST_LABEL, letters, roman
from embedingest.ingest.load.office.odf.names import STYLE, TEXT, XML_ID
from embedingest.ingest.load.office.package import number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

__all__ = ["OUTLINE", "Lists", "Place"]

OUTLINE: Final = "\0outline"
"""The list of all headings."""

_LEVELS: Final = 10
_KINDS: Final = ("list-level-style-number", "list-level-style-bullet", "list-level-style-image")


class Place(NamedTuple):
    """Where in a list a paragraph stands. `label` is that of an item whose first paragraph is still to come."""

    key: str
    style: str
    level: int
    label: list[str]


class _Level(NamedTuple):
    form: str
    prefix: str
    suffix: str
    start: int
    shown: int
    marked: bool


class Lists:
    """Labels for items in the order of the document."""

    def __init__(self, roots: Iterable[Element]) -> None:
        self._styles: dict[str, dict[int, _Level]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._by_style: dict[str, str] = {}
        self._made = 0
        for root in roots:
            for each in root.iter():
                if each.tag == TEXT + "list-style":
                    self._styles[each.get(STYLE + "name", "")] = _levels(each, *_KINDS)
                elif each.tag == TEXT + "outline-style":
                    self._styles[OUTLINE] = _levels(each, "outline-level-style")

    def begin(self, element: Element, style: str) -> str:
        """The key under which the items of a list are counted: a new one, unless it goes on with an earlier list."""
        key = element.get(TEXT + "continue-list", "")
        if key not in self._counts and element.get(TEXT + "continue-numbering") == "true":
            key = self._by_style.get(style, "")
        if key not in self._counts:
            self._made += 1
            key = element.get(XML_ID) or f"\0{self._made}"
            self._counts[key] = {}
        elif element.get(XML_ID):
            self._counts[element.get(XML_ID, "")] = self._counts[key]
        self._by_style[style] = key
        return key

    def label(self, key: str, style: str, level: int, start: str | None = None) -> str:
        """Count one item; nothing for one with a bullet or without a mark."""
        levels, counts = self._styles.get(style, {}), self._counts.setdefault(key, {})
        own = _described(levels, level)
        first = 1 if own is None else own.start
        counts[level] = number(start, min(counts.get(level, first - 1) + 1, 10**9))
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        if own is None or not own.form:
            return ""
        shown = []
        for place in range(max(0, level - own.shown + 1), level + 1):
            there = _described(levels, place) or own
            shown.append(_formatted(counts.get(place, there.start), there.form))
        return f"{own.prefix}{'.'.join(each for each in shown if each)}{own.suffix}".strip()[:LONGEST_LABEL]

    def is_marked(self, style: str, level: int) -> bool:
        """Whether items have a mark: a bullet may be a blank."""
        own = _described(self._styles.get(style, {}), level)
        return own is None or own.marked


def _described(levels: dict[int, _Level], level: int) -> _Level | None:
    """What is said of a level, or of the deepest above it of which something is."""
    return next((levels[place] for place in range(level, -1, -1) if place in levels), None) if levels else None


def _levels(style: Element, *kinds: str) -> dict[int, _Level]:
    return {
        number(each.get(TEXT + "level"), 1, _LEVELS) - 1: _Level(
            each.get(STYLE + "num-format", ""),
            each.get(STYLE + "num-prefix", "")[:20],
            each.get(STYLE + "num-suffix", "")[:20],
            number(each.get(TEXT + "start-value"), 1),
            number(each.get(TEXT + "display-levels"), 1, _LEVELS),
            bool(each.get(TEXT + "bullet-char", "-").strip()),
        )
        for kind in kinds
        for each in style.iter(TEXT + kind)
    }


def _formatted(value: int, form: str) -> str:
    if form in {"i", "I"}:
        return roman(value).upper() if form == "I" else roman(value)
    if form in {"a", "A"}:
        return letters(value).upper() if form == "A" else letters(value)
    return str(value) if form else ""

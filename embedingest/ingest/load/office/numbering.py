"""The numbers of lists in a Word document, counted as Word counts them. Knows lists, not what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.counting import LONGEST_LABEL, letters, roman
from embedingest.ingest.load.office.names import W
from embedingest.ingest.load.office.package import number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Numbering"]

_PLACE: Final = re.compile(r"%([1-9])")
_LEVELS: Final = 9


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    template: str = ""
    restart: int | None = None
    decimals: bool = False
    style: str = ""


@dataclass(slots=True)
class _List:
    """One numbering: those of one abstract list go on counting where another of it ended."""

    abstract: str
    levels: dict[int, _Level]
    starts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Labels for paragraphs in the order of the document."""

    def __init__(self, root: Element | None, styles: Element | None) -> None:
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        if root is None:
            return
        links = _links(root, styles)
        abstract = {each.get(W + "abstractNumId", ""): each for each in root.iter(W + "abstractNum")}
        levels: dict[str, dict[int, _Level]] = {}
        for each in root.iter(W + "num"):
            target = links.get(_value(each, "abstractNumId"), _value(each, "abstractNumId"))
            if target in abstract and target not in levels:
                levels[target] = _levels(abstract[target])
            self._lists[each.get(W + "numId", "")] = _list(each, target, levels.get(target, {}))

    def level_of(self, list_id: str, style: str) -> int:
        """The level that is meant for paragraphs of this style; the first where none is."""
        found = self._lists.get(list_id)
        if found is None or not style:
            return 0
        return next((level for level, each in found.levels.items() if each.style == style), 0)

    def label(self, list_id: str, level: int) -> tuple[str, bool]:
        """Count one paragraph: its label, and whether that is a bullet. A list that nothing describes has bullets."""
        found = self._lists.get(list_id)
        if found is None or not found.levels:
            return "", True
        counts = self._counts.setdefault(found.abstract, {})
        own = found.levels.get(level, _Level())
        if level in found.starts:
            counts[level] = found.starts.pop(level)
        else:
            counts[level] = min(counts.get(level, own.start - 1) + 1, 10**9)
        for deeper in [each for each in counts if each > level]:
            restart = found.levels.get(deeper, own).restart
            if restart is None or level < restart:
                del counts[deeper]
        if own.format == "bullet":
            return "", True

        def counted(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            there = found.levels.get(place, _Level())
            return _formatted(counts.get(place, there.start), "decimal" if own.decimals else there.format)

        return _PLACE.sub(counted, own.template)[:LONGEST_LABEL].strip(), False


def _list(element: Element, abstract: str, levels: dict[int, _Level]) -> _List:
    levels, starts = dict(levels), {}
    for override in element.findall(W + "lvlOverride"):
        level = number(override.get(W + "ilvl"), 0, _LEVELS - 1)
        described, start = override.find(W + "lvl"), override.find(W + "startOverride")
        if described is not None:
            levels[level] = _level(described)
        if start is not None:
            starts[level] = number(start.get(W + "val"), 1)
            levels[level] = replace(levels.get(level, _Level()), start=starts[level])
    return _List(abstract, levels, starts)


def _levels(abstract: Element) -> dict[int, _Level]:
    return {number(each.get(W + "ilvl"), 0, _LEVELS - 1): _level(each) for each in abstract.findall(W + "lvl")}


def _level(element: Element) -> _Level:
    restart, text = element.find(W + "lvlRestart"), element.find(W + "lvlText")
    form = _value(element, "numFmt") or "decimal"
    is_blank = form == "bullet" and text is not None and not text.get(W + "val", "").strip()
    return _Level(
        start=number(_value(element, "start"), 1),
        format="none" if is_blank else form,
        template=_value(element, "lvlText")[:LONGEST_LABEL],
        restart=None if restart is None else number(restart.get(W + "val"), 0, _LEVELS),
        decimals=element.find(W + "isLgl") is not None,
        style=_value(element, "pStyle"),
    )


def _links(root: Element, styles: Element | None) -> dict[str, str]:
    """Abstract lists that only name a style, to the one that describes the lists of that style."""
    described = {
        style: each.get(W + "abstractNumId", "")
        for each in root.iter(W + "abstractNum")
        if (style := _value(each, "styleLink"))
    }
    if styles is not None:
        named = {each.get(W + "numId", ""): _value(each, "abstractNumId") for each in root.iter(W + "num")}
        for each in styles.iter(W + "style"):
            place = each.find(f"{W}pPr/{W}numPr/{W}numId")
            if each.get(W + "type") == "numbering" and place is not None:
                described.setdefault(each.get(W + "styleId", ""), named.get(place.get(W + "val", ""), ""))
    linked = {each.get(W + "abstractNumId", ""): _value(each, "numStyleLink") for each in root.iter(W + "abstractNum")}
    return {abstract: described[style] for abstract, style in linked.items() if described.get(style)}


def _value(element: Element, name: str) -> str:
    found = element.find(W + name)
    return "" if found is None else found.get(W + "val", "")


def _formatted(value: int, form: str) -> str:
    if form == "none":
        return ""
    if form in {"upperRoman", "lowerRoman"}:
        return roman(value).upper() if form == "upperRoman" else roman(value)
    if form in {"upperLetter", "lowerLetter"}:
        return letters(value).upper() if form == "upperLetter" else letters(value)
    if form == "decimalZero":
        return f"{value:02}"
    if form == "ordinal":
        teen = 10 <= value % 100 < 20
        return f"{value}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th')}"
    if form == "decimalEnclosedCircle" and 1 <= value <= 20:
        return chr(0x2460 + value - 1)
    return str(value)

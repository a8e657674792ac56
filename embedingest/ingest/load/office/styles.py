"""What the styles of a Word document say of paragraphs: level of heading, list and its level, entries of a contents.

Writes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.common.listing import is_code_style, is_monospaced
from embedingest.ingest.load.office.names import W
from embedingest.ingest.load.office.package import number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["ListPlace", "Styles", "bold", "list_place", "typed"]

_HEADING: Final = re.compile(r"(?:heading|überschrift|titre|título|kop|rubrik) ?(\d)\Z", re.IGNORECASE)
_CONTENTS: Final = re.compile(r"toc ?[1-9]\Z", re.IGNORECASE)
_NESTED: Final = re.compile(r"list (?:bullet|number) ([2-5])\Z", re.IGNORECASE)
_BODY: Final = 10  # the outline level of what is no heading, counted from 1


class ListPlace(NamedTuple):
    """The list of a paragraph and its level there, from 0; `None` where that is not said."""

    list_id: str | None
    level: int | None


class _Style(NamedTuple):
    parent: str
    level: int | None
    place: ListPlace
    bold: bool | None
    depth: int | None
    contents: bool
    typed: bool | None


class Styles:
    """The styles by their ids. What a style does not say, the one that it is based on says."""

    def __init__(self, root: Element | None) -> None:
        self._styles = (
            {} if root is None else {each.get(W + "styleId", ""): _style(each) for each in root.iter(W + "style")}
        )
        self._levels: dict[str, int | None] = {}
        self._places: dict[str, ListPlace] = {}

    def heading_level(self, style: str) -> int | None:
        """From 1 to 9; `None` for a style of no heading."""
        if style not in self._levels:
            found = next((each.level for each in self._chain(style) if each.level is not None), None)
            if found is None and style not in self._styles:
                found = _named_level(style)
            level = None if found is None or found >= _BODY else found
            self._levels[style] = level
        return self._levels[style]

    def list_place(self, style: str) -> ListPlace:
        """The place in a list that paragraphs of a style have."""
        if style not in self._places:
            list_id, level = None, None
            for each in self._chain(style):
                level = each.place.level if level is None else level
                list_id = each.place.list_id if list_id is None else list_id
                if list_id is not None:
                    break
            self._places[style] = ListPlace(list_id, level)
        return self._places[style]

    def list_depth(self, style: str) -> int:
        """How deep the lists of a style stand in others, by the names of Word's own: each has a list of its own."""
        return next((each.depth for each in self._chain(style) if each.depth is not None), 0)

    def is_bold(self, style: str) -> bool:
        """Whether words of a style are set in bold letters."""
        return next((each.bold for each in self._chain(style) if each.bold is not None), False)

    def is_typed(self, style: str) -> bool | None:
        """Whether words of a style are set in letters of one width, or as code; `None` where it does not say."""
        return next((each.typed for each in self._chain(style) if each.typed is not None), None)

    def is_contents(self, style: str) -> bool:
        """Whether paragraphs of a style are entries of a table of contents."""
        if style not in self._styles:
            return _CONTENTS.match(style) is not None
        return any(each.contents for each in self._chain(style))

    def _chain(self, style: str) -> list[_Style]:
        """The style and those it is based on, each once, a hundred at most."""
        chain: dict[str, _Style] = {}
        while style in self._styles and style not in chain and len(chain) < 100:
            chain[style] = self._styles[style]
            style = chain[style].parent
        return list(chain.values())


def list_place(properties: Element | None) -> ListPlace:
    """What the properties of a paragraph or style say themselves."""
    numbered = None if properties is None else properties.find(W + "numPr")
    if numbered is None:
        return ListPlace(None, None)
    named, level = numbered.find(W + "numId"), numbered.find(W + "ilvl")
    return ListPlace(
        None if named is None else named.get(W + "val", ""),
        None if level is None else number(level.get(W + "val"), 0, 8),
    )


def bold(element: Element) -> bool | None:
    """What a run or a style says itself of bold letters."""
    found = element.find(f"{W}rPr/{W}b")
    return None if found is None else found.get(W + "val", "1") not in {"0", "false", "off"}


def typed(element: Element) -> bool | None:
    """What a run or a style says itself of letters of one width."""
    fonts = element.find(f"{W}rPr/{W}rFonts")
    name = None if fonts is None else fonts.get(W + "ascii") or fonts.get(W + "hAnsi")
    return None if name is None else is_monospaced(name)


def _style(style: Element) -> _Style:
    based, properties, named = style.find(W + "basedOn"), style.find(W + "pPr"), style.find(W + "name")
    outline = None if properties is None else properties.find(W + "outlineLvl")
    label = "" if named is None else named.get(W + "val", "")
    level = _named_level(label) if outline is None else number(outline.get(W + "val"), _BODY - 1, _BODY - 1) + 1
    nested = _NESTED.match(label)
    depth = None if nested is None else int(nested[1]) - 1
    parent = "" if based is None else based.get(W + "val", "")
    code = (is_code_style(label) or None) if style.get(W + "type") == "paragraph" else None
    contents = _CONTENTS.match(label) is not None
    return _Style(parent, level, list_place(properties), bold(style), depth, contents, code or typed(style))


def _named_level(label: str) -> int | None:
    """By the names of Word in its languages."""
    match = _HEADING.match(label)
    if match:
        return max(1, int(match[1]))
    return 1 if label.lower() == "title" else None

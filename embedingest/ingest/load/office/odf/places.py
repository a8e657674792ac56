"""The shapes of a slide of OpenDocument in the order of reading, groups together. Knows where they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from embedingest.ingest.load.office.alternative import of_frame
from embedingest.ingest.load.office.odf.names import DRAW, PRESENTATION, SVG, TEXT
from embedingest.ingest.load.office.reading_order import Box, reading_order

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["in_reading_order"]

_LENGTH: Final = re.compile(r"(-?\d{1,9}(?:\.\d{0,9})?)(cm|mm|in|pt|pc|px)")
_UNITS: Final = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "pc": 2.54 / 6, "px": 2.54 / 96}
_MOVED: Final = re.compile(rf"translate\s*\(\s*{_LENGTH.pattern}[\s,]+{_LENGTH.pattern}")
_RUNNING: Final = frozenset({"footer", "header", "date-time", "page-number", "title"})
_DRAWN: Final = frozenset({DRAW + "object", DRAW + "object-ole"})
_GROUP: Final = DRAW + "g"
_DEEPEST: Final = 20


def in_reading_order(page: Element) -> list[Element]:
    """What lies on a slide; notes and what else has no place behind what they follow."""
    return _ordered(page, 0)[0]


def _ordered(node: Element, depth: int) -> tuple[list[Element], Box | None]:
    """The members of a slide or group, and the box around them."""
    members: list[Element] = []
    boxes: list[Box | None] = []
    for child in node:
        box = _box(child)
        if child.tag == _GROUP and depth < _DEEPEST:
            inner, box = _ordered(child, depth + 1)
            members.append(ET.Element(_GROUP, child.attrib))
            members[-1].extend(inner)
        else:
            members.append(child)
        boxes.append(None if child.tag == PRESENTATION + "notes" else box)
    order = reading_order(boxes, [not _says(member) for member in members])
    there = [box for box in boxes if box is not None]
    around = Box(*(min(each[side] for each in there) for side in (0, 1)),
                 *(max(each[side] for each in there) for side in (2, 3))) if there else None  # fmt: skip
    return [members[number] for number in order], around


def _says(shape: Element) -> bool:
    if shape.get(PRESENTATION + "class") in _RUNNING:
        return False
    for each in shape.iter():
        if each.tag in _DRAWN or (each.tag == DRAW + "frame" and of_frame(each)):
            return True
        if each.tag.startswith(TEXT) and ((each.text or "").strip() or (each.tail or "").strip()):
            return True
    return False


def _box(shape: Element) -> Box | None:
    x, y = shape.get(SVG + "x"), shape.get(SVG + "y")
    moved = _MOVED.search(shape.get(DRAW + "transform", ""))
    if moved is not None and x is None:
        x, y = f"{moved[1]}{moved[2]}", f"{moved[3]}{moved[4]}"
    if x is None or y is None:
        ends = [shape.get(SVG + name) for name in ("x1", "y1", "x2", "y2")]
        if None in ends:
            return None
        left, top, right, bottom = (_centimetres(each) for each in ends)
        return Box(min(left, right), min(top, bottom), max(left, right), max(top, bottom))
    left, top = _centimetres(x), _centimetres(y)
    return Box(left, top, left + _centimetres(shape.get(SVG + "width")), top + _centimetres(shape.get(SVG + "height")))


def _centimetres(length: str | None) -> float:
    match = _LENGTH.fullmatch((length or "").strip())
    return float(match[1]) * _UNITS[match[2]] if match else 0.0

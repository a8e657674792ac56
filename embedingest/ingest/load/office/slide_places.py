"""The shapes of a slide of PowerPoint in the order of reading, groups together. Knows where shapes stand, no words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.office.alternative import of_properties
from embedingest.ingest.load.office.names import DGM, FALLBACK, A, C, P
from embedingest.ingest.load.office.package import part, relations
from embedingest.ingest.load.office.reading_order import Box, reading_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["SlidePlaces", "kind_of", "layout_of", "place_keys", "place_of", "shapes_of"]

_SHAPES: Final = frozenset({P + "sp", P + "cxnSp", P + "pic", A + "tbl", C + "chart", DGM + "relIds"})
_RUNNING: Final = frozenset({"sldNum", "ftr", "dt", "hdr"})
_DRAWN: Final = frozenset({A + "tbl", C + "chart", DGM + "relIds"})
_LEAVES: Final = _SHAPES | {P + "graphicFrame", P + "grpSp"}
_BODY: Final = {"obj": "body", "subTitle": "body", "ctrTitle": "title", "": "body"}
_DEEPEST: Final = 20


class _Unit(NamedTuple):
    """A shape or a group, where it stands, and whether it says nothing."""

    shapes: list[Element]
    box: Box | None
    silent: bool


class SlidePlaces:
    """Where shapes stand: what a slide does not say, its layout says, or the layout's master."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._known: dict[str, dict[tuple[str, str], Box]] = {}

    def shapes(self, slide: Element, links: dict[str, tuple[str, str]]) -> list[Element]:
        """Shapes, pictures, tables and places of drawings."""
        right_to_left = _is_right_to_left(slide)
        return self._in_order(slide, self._of_layout(layout_of(links)), 0, right_to_left=right_to_left)

    def _in_order(
        self, node: Element, known: dict[tuple[str, str], Box], depth: int, *, right_to_left: bool
    ) -> list[Element]:
        units: list[_Unit] = []
        for child in _topmost(node, _LEAVES):  # right below, whatever is wrapped around them
            if child.tag != P + "grpSp":
                shapes = list(shapes_of([child]))
                units.append(_Unit(shapes, _box(child) or _inherited(child, known), _is_silent(child)))
            elif depth < _DEEPEST:
                inner = self._in_order(child, known, depth + 1, right_to_left=right_to_left)
                units.append(_Unit(inner, _box(child), not any(map(_says, inner))))
            else:
                units.append(_Unit(list(shapes_of([child])), _box(child), silent=False))
        boxes = [_mirrored(unit.box) if right_to_left else unit.box for unit in units]
        order = reading_order(boxes, [unit.silent for unit in units])
        return [shape for number in order for shape in units[number].shapes]

    def _of_layout(self, path: str) -> dict[tuple[str, str], Box]:
        """The boxes of the places of a layout or master, by their kind and by their number."""
        if path not in self._known:
            self._known[path] = {}
            if self._container.has(path):
                targets = relations(self._container, path).values()
                master = next((target for kind, target in targets if kind == "slideMaster"), "")
                known = dict(self._of_layout(master)) if master else {}
                for shape in part(self._container, path).iter(P + "sp"):
                    box = _box(shape) or _inherited(shape, known)
                    if box is not None:
                        known |= dict.fromkeys(_keys(shape), box)
                self._known[path] = known
        return self._known[path]


def shapes_of(nodes: Iterable[Element]) -> Iterator[Element]:
    """Shapes, pictures, tables, places of drawings as drawn, also in groups; what a fallback says again is left out."""
    return _topmost(nodes, _SHAPES)


def _topmost(nodes: Iterable[Element], wanted: frozenset[str]) -> Iterator[Element]:
    """The first elements of these kinds on each way down, in the order of the file; not what a fallback says again."""
    stack = list(reversed(list(nodes)))
    while stack:
        node = stack.pop()
        if node.tag in wanted:
            yield node
        elif node.tag != FALLBACK:
            stack.extend(reversed(node))


def layout_of(links: dict[str, tuple[str, str]]) -> str:
    """The path of a slide's layout."""
    return next((target for kind, target in links.values() if kind == "slideLayout"), "")


def kind_of(shape: Element) -> str:
    """What a shape is a place for; of a plain shape nothing."""
    place = place_of(shape)
    return "" if place is None else place.get("type", "body")


def place_of(shape: Element) -> Element | None:
    """The place of the layout that a shape fills."""
    # In its properties that are not drawn (`nv…`), not anywhere: asked for each paragraph, all would be read each time.
    properties = (child for child in shape if child.tag.startswith(P + "nv"))
    return next((place for each in properties for place in each.iter(P + "ph")), None)


def _is_silent(leaf: Element) -> bool:
    return kind_of(leaf) in _RUNNING or not any(_says(shape) for shape in shapes_of([leaf]))


def _says(shape: Element) -> bool:
    if shape.tag == P + "pic":
        return bool(of_properties(shape.find(f"{P}nvPicPr/{P}cNvPr")))
    return shape.tag in _DRAWN or any(each.text for each in shape.iter(A + "t"))


def _is_right_to_left(slide: Element) -> bool:
    settings = [each.get("rtl", "0") in {"1", "true"} for each in slide.iter(A + "pPr")]
    return 2 * sum(settings) > len(settings)


def _mirrored(box: Box | None) -> Box | None:
    return None if box is None else Box(-box.right, box.top, -box.left, box.bottom)


def _keys(shape: Element) -> list[tuple[str, str]]:
    place = place_of(shape)
    return [] if place is None else place_keys(place)


def place_keys(place: Element) -> list[tuple[str, str]]:
    """By what a place is found in a layout or master: its number, then its kind."""
    kind = place.get("type", "")
    numbered = [("number", place.get("idx", ""))] if place.get("idx") else []
    return [*numbered, ("kind", _BODY.get(kind, kind))]


def _inherited(shape: Element, known: dict[tuple[str, str], Box]) -> Box | None:
    return next((known[key] for key in _keys(shape) if key in known), None)


def _box(shape: Element) -> Box | None:
    frame = next((each for path in _FRAMES if (each := shape.find(path)) is not None), None)
    at, size = (None, None) if frame is None else (frame.find(A + "off"), frame.find(A + "ext"))
    if at is None or size is None:
        return None
    x, y, width, height = (_length(each.get(key)) for each, key in ((at, "x"), (at, "y"), (size, "cx"), (size, "cy")))
    return Box(x, y, x + width, y + height)


_FRAMES: Final = (f"{P}spPr/{A}xfrm", f"{P}grpSpPr/{A}xfrm", f"{P}xfrm")


def _length(text: str | None) -> int:
    text = (text or "").strip()[:12]
    return int(text) if text.lstrip("-").isdecimal() and text.isascii() and text.count("-") < 2 else 0

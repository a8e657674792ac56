"""Which paragraphs of a slide have a bullet or a number. Knows what shapes inherit, no words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.names import A, P
from embedingest.ingest.load.office.package import part, relations
from embedingest.ingest.load.office.slide_places import place_keys, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["SlideBullets"]

_NONE, _AUTOMATIC = A + "buNone", A + "buAutoNum"
_BULLETS: Final = frozenset({_NONE, _AUTOMATIC, A + "buChar", A + "buBlip"})
_STYLES: Final = {"title": "titleStyle", "ctrTitle": "titleStyle"}
_PLAIN: Final = frozenset({"title", "ctrTitle", "subTitle"})


class SlideBullets:
    """What a paragraph does not say, its shape says, then the place in the layout, then that in the master."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._known: dict[str, dict[tuple[str, str], list[Element]]] = {}
        self._masters: dict[str, Element | None] = {}

    def of(self, shape: Element, paragraph: Element, level: int, layout: str) -> tuple[bool, Element | None]:
        """Whether a paragraph has one, and what is said of its numbers where they are counted; `level` from 0."""
        told = _said(paragraph.find(A + "pPr"))
        if told is None:
            below = (_said(lists.find(f"{A}lvl{level + 1}pPr")) for lists in self._lists(shape, layout))
            told = next((each for each in below if each is not None), None)
        if told is None:
            place = place_of(shape)
            return place is not None and place.get("type", "") not in _PLAIN, None
        return told.tag != _NONE, told if told.tag == _AUTOMATIC else None

    def _lists(self, shape: Element, layout: str) -> Iterator[Element]:
        """The styles of lists that a shape has, nearest first."""
        yield from shape.findall(f"{P}txBody/{A}lstStyle")
        place = place_of(shape)
        if place is None:
            return
        known = self._of_layout(layout)
        yield from next((known[key] for key in place_keys(place) if key in known), ())
        master = self._masters.get(layout)
        style = (
            None if master is None else master.find(f"{P}txStyles/{P}{_STYLES.get(place.get('type', ''), 'bodyStyle')}")
        )
        if style is not None:
            yield style

    def _of_layout(self, path: str) -> dict[tuple[str, str], list[Element]]:
        """The styles of lists of the places of a layout or master, by their kind and by their number."""
        if path in self._known:
            return self._known[path]
        known: dict[tuple[str, str], list[Element]] = {}
        self._known[path] = known
        if self._container.has(path):
            targets = relations(self._container, path).values()
            above = next((target for kind, target in targets if kind == "slideMaster"), "")
            if above:
                known |= self._of_layout(above)
            root = part(self._container, path)
            self._masters[path] = self._masters.get(above) if above else root
            inherited = dict(known)
            for shape in root.iter(P + "sp"):
                place = place_of(shape)
                keys = [] if place is None else place_keys(place)
                further = next((inherited[key] for key in keys if key in inherited), [])
                own = shape.findall(f"{P}txBody/{A}lstStyle")
                known |= {key: [*own, *further] for key in keys}
        return known


def _said(settings: Element | None) -> Element | None:
    return None if settings is None else next((each for each in settings if each.tag in _BULLETS), None)

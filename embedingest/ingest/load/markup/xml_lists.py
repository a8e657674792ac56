"""Lists of XML: the marks of their items, as they are shown. Knows no other elements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.counting import letters, roman, written
from embedingest.ingest.load.markup.xml_words import bare, joined, local
from embedingest.numerals import whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

__all__ = ["marks"]

_LISTS: Final = frozenset(
    [
        "itemizedlist",
        "orderedlist",
        "simplelist",
        "ul",
        "ol",
        "list",
        "procedure",
        "substeps",
        "steps",
        "stepalternatives",
    ]
)
_ITEMS: Final = frozenset(["listitem", "list-item", "item", "li", "member", "step", "substep"])
_COUNTED: Final = frozenset(["orderedlist", "ol", "procedure", "substeps", "steps"])
_KINDS: Final = frozenset(["type", "rend", "list-type", "numeration", "rendition", "style"])
_NUMBERED: Final = re.compile(r"(?:(?<!un)order|number|decimal|arabic|alpha|roman)", re.IGNORECASE)
_START: Final = frozenset(["start", "startingnumber"])
_OWN: Final = frozenset(["n", "value", "override"])


def marks(element: Element) -> dict[Element, str]:
    """Of an element that is a list, what each of its items begins with. A label of its own is taken out of its item."""
    if local(element) not in _LISTS:
        return {}
    said = {bare(key): value for key, value in element.attrib.items()}
    kinds = " ".join(value for key, value in said.items() if key in _KINDS)
    ordered = local(element) in _COUNTED or _NUMBERED.search(kinds) is not None
    form = _form(kinds)
    number = next((whole(value, 1) for key, value in said.items() if key in _START), 1)
    found: dict[Element, str] = {}
    for item in element:
        if local(item) not in _ITEMS:
            continue
        own = next((value for key, value in item.attrib.items() if bare(key) in _OWN), "") if ordered else ""
        number = whole(own, number)
        label = _label(item)
        if label:
            found[item] = written(label, bullet=not any(map(str.isalnum, label)))
        else:
            found[item] = written(f"{form(number)}.", bullet=not ordered)
        number += 1
    return found


def _form(kinds: str) -> Callable[[int], str]:
    """How a list writes its numbers."""
    kinds = kinds.lower()
    write = roman if "roman" in kinds else letters if "alpha" in kinds else str
    return (lambda number: write(number).upper()) if "upper" in kinds else write


def _label(item: Element) -> str:
    """The words of a label that begins an item, which are taken out of it."""
    first = next(iter(item), None)
    if first is None or local(first) != "label" or (item.text or "").strip():
        return ""
    said = " ".join(joined(first).split())
    item.text = first.tail
    item.remove(first)
    return said

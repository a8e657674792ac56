"""What a person chose in the fields of a form that stand in a sentence of OpenDocument. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.odf.names import FIELD, LOEXT

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["chosen_in_form"]

_MARKS: Final = frozenset({FIELD + "fieldmark", FIELD + "fieldmark-start"})
_BOX: Final = {True: "[x]", False: "[ ]"}


def chosen_in_form(node: Element) -> str | None:
    """A box that is ticked or not, the chosen entry of a list; `None` for what is read by its own words."""
    if node.tag == LOEXT + "content-control" and node.get(LOEXT + "checkbox") == "true":
        return _BOX[node.get(LOEXT + "checked") == "true"]
    if node.tag not in _MARKS:
        return None
    told = [(each.get(FIELD + "name", ""), each.get(FIELD + "value", "")) for each in node.iter(FIELD + "param")]
    kind = node.get(FIELD + "type", "").rpartition(".")[2]
    if kind == "FORMCHECKBOX":
        return _BOX[dict(told).get("Checkbox_Checked") == "true"]
    if kind == "FORMDROPDOWN":
        entries = [value for name, value in told if name == "Dropdown_ListEntry"]
        place = dict(told).get("Dropdown_Selected", "")[:4]
        return entries[int(place)] if place.isascii() and place.isdigit() and int(place) < len(entries) else ""
    return None

"""What lies on a page beside its print: filled fields, free texts, comments. Out of PDFium; places nothing."""

from __future__ import annotations

import ctypes
import re
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from embedingest.ingest.load.pages.calls import calls
from embedingest.ingest.load.pages.linked import has_only_links
from embedingest.ingest.load.pages.page import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.ingest.load.pages.opened import Opened

__all__ = ["Links", "Mark", "marks"]

_FEW: Final = 16
"""So many annotations are read before the whole file is searched for others than links."""

_MOST: Final = 20_000
_UNSEEN: Final = 1 << 1 | 1 << 5  # hidden, not to be viewed
_SECRET: Final = 1 << 13
_INDEX: Final = re.compile(r"\[\d+\]$")


class Mark(NamedTuple):
    """What was written on a page. `label` names a field, or who comments."""

    kind: Literal["value", "box", "text", "comment", "secret", "attachment"]
    text: str
    label: str
    box: Box


class Links:
    """Whether a file has other annotations than links: its bytes are looked at where PDFium would have to read many."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._met = 0

    def are_all(self, count: int) -> bool:
        """Whether so many annotations of a page are links, whatever they are; False where that is not known."""
        self._met += count
        return self._met > _FEW and self._are_all

    @cached_property
    def _are_all(self) -> bool:
        return has_only_links(self._data)


def marks(pdfium: Any, page: Opened, links: Links) -> Iterator[Mark]:
    """The marks of a page, in the order of the file."""
    raw = pdfium.raw
    count = min(calls(raw).count_annotations(page.whole), _MOST)
    if count <= 0 or links.are_all(count):
        return  # nearly all
    wordless = {raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP}
    for index in _behind_links(raw, page, count):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            subtype = raw.FPDFAnnot_GetSubtype(annotation)
            mark = None if subtype in wordless else _mark(raw, page, annotation, subtype)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
        if mark is not None:
            yield mark if page.turn is None else mark._replace(box=page.turn(mark.box))


def _behind_links(raw: Any, page: Opened, count: int) -> range:
    """The numbers of annotations behind the links that stand first: nearly all are links, hundreds on some pages."""
    bare, whole = calls(raw), page.whole
    following, link = ctypes.c_int(), ctypes.c_void_p()
    next_link = partial(bare.next_link, whole, ctypes.byref(following), ctypes.byref(link))
    links = sum(iter(next_link, 0))  # each answer is 1
    return range(count) if links < following.value else range(links, count)


def _mark(raw: Any, page: Opened, annotation: Any, subtype: int) -> Mark | None:
    if raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
        return None
    sides = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, sides)
    box = Box(sides.left, sides.bottom, sides.right, sides.top)
    if subtype == raw.FPDF_ANNOT_WIDGET:
        return _field(raw, page.form, annotation, box)
    said = _string(partial(raw.FPDFAnnot_GetStringValue, annotation, b"Contents"))
    if subtype == raw.FPDF_ANNOT_FILEATTACHMENT:
        return Mark("attachment", said, "", box)
    if not said:
        return None
    if subtype == raw.FPDF_ANNOT_FREETEXT:
        return Mark("text", said, "", box)
    author = _string(partial(raw.FPDFAnnot_GetStringValue, annotation, b"T"))
    return Mark("comment", said, author, box)


def _field(raw: Any, form: Any, annotation: Any, box: Box) -> Mark | None:
    """A field that is filled, or a box, ticked or not."""
    if form is None:
        return None
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _string(partial(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation))
    name = name or _string(partial(raw.FPDFAnnot_GetFormFieldName, form, annotation))
    name = _INDEX.sub("", name.rpartition(".")[2])
    if kind in {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}:
        return Mark("box", "[x]" if raw.FPDFAnnot_IsChecked(form, annotation) else "[ ]", name, box)
    value = _string(partial(raw.FPDFAnnot_GetFormFieldValue, form, annotation))
    if kind == raw.FPDF_FORMFIELD_TEXTFIELD and value:
        secret = raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _SECRET
        return Mark("secret", "", name, box) if secret else Mark("value", value, name, box)
    if kind in {raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}:
        chosen = ", ".join(_chosen(raw, form, annotation)) or value
        return Mark("value", chosen, name, box) if chosen else None
    return None


def _chosen(raw: Any, form: Any, annotation: Any) -> Iterator[str]:
    """The words of what is chosen of a list; its value is often a code that nobody sees."""
    for option in range(min(raw.FPDFAnnot_GetOptionCount(form, annotation), 1000)):
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, option):
            yield _string(partial(raw.FPDFAnnot_GetOptionLabel, form, annotation, option))


def _string(call: Callable[[Any, int], int]) -> str:
    """What PDFium writes into a buffer of so many bytes."""
    size = call(None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    call(buffer, size)
    text = bytes(buffer)[: size - 2].decode("utf-16-le", errors="replace")
    return "\n".join(" ".join(line.split()) for line in text.replace("\0", "").splitlines() if line.strip())

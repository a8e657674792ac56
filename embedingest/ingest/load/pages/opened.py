"""One page as PDFium has opened it, and how it is shown. The page of PDFium's own library takes longer to make."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.ingest.load.pages.calls import calls, handle
from embedingest.ingest.load.pages.page import Box, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Opened", "opened"]

_LETTER: Final = (0.0, 0.0, 612.0, 792.0)


class Opened(NamedTuple):
    """A page. `form` is that of the file, if it has any.

    `quarters` says by how many quarter turns, with the clock, the page is shown turned; `turn` gives the place that a
    reader sees, and is None where the page is shown as it was written.
    """

    raw: Any
    form: Any
    quarters: int
    turn: Turn | None


@contextmanager
def opened(pdfium: Any, pdf: Any, index: int) -> Iterator[Opened]:
    """A page, closed behind its use. Raises PdfiumError where it cannot be opened."""
    raw = pdfium.raw
    page = raw.FPDF_LoadPage(pdf.raw, index)
    if not page:
        raise pdfium.PdfiumError("a page cannot be opened")
    form = pdf.formenv
    try:
        if form:
            raw.FORM_OnAfterLoadPage(page, form)
        quarters = calls(raw).rotation(handle(page))
        yield Opened(page, form, quarters, _turn(raw, page, quarters) if quarters > 0 else None)
    finally:
        if form:
            raw.FORM_OnBeforeClosePage(page, form)
        raw.FPDF_ClosePage(page)


def _turn(raw: Any, page: Any, quarters: int) -> Turn | None:
    sides = [ctypes.c_float() for _ in range(4)]
    known = raw.FPDFPage_GetMediaBox(page, *sides)
    left, bottom, right, top = [side.value for side in sides] if known else _LETTER
    turns: dict[int, Turn] = {
        1: lambda box: Box(box.bottom - bottom, right - box.right, box.top - bottom, right - box.left),
        2: lambda box: Box(right - box.right, top - box.top, right - box.left, top - box.bottom),
        3: lambda box: Box(top - box.top, box.left - left, top - box.bottom, box.right - left),
    }
    return turns.get(quarters)

"""Pages as PDFium has opened them, and how each is shown. A page of PDFium's own library takes longer to make."""

from __future__ import annotations

import ctypes
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.ingest.load.pages.calls import calls, handle
from embedingest.ingest.load.pages.page import Box, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Opened", "pages_of", "view_of"]

_LETTER: Final = (0.0, 0.0, 612.0, 792.0)
_KEPT: Final = 2
"""Pages that stay open before another is."""


class Opened(NamedTuple):
    """A page. `whole` is it without types, `form` that of the file, if it has any.

    `quarters` says by how many quarter turns, with the clock, the page is shown turned; `turn` gives the place that a
    reader sees, and is None where the page is shown as it was written.
    """

    raw: Any
    whole: Any
    form: Any
    quarters: int
    turn: Turn | None


@contextmanager
def pages_of(pdfium: Any, pdf: Any) -> Iterator[Callable[[int], Opened]]:
    """Gives what opens the page of an index, which raises PdfiumError where that cannot be opened.

    A page is closed some pages later, the last ones in the end: PDFium forgets a font with the last page that has it,
    and most pages have those of the page before.
    """
    raw, form = pdfium.raw, pdf.formenv
    load, rotation, document = raw.FPDF_LoadPage, calls(raw).rotation, pdf.raw
    kept: deque[Any] = deque()

    def open_page(index: int) -> Opened:
        page = load(document, index)
        if not page:
            raise pdfium.PdfiumError("a page cannot be opened")
        kept.append(page)
        if len(kept) > _KEPT:
            close()
        if form:
            raw.FORM_OnAfterLoadPage(page, form)
        whole = handle(page)
        quarters = rotation(whole)
        return Opened(page, whole, form, quarters, _turn(raw, page, quarters) if quarters > 0 else None)

    def close() -> None:
        page = kept.popleft()
        if form:
            raw.FORM_OnBeforeClosePage(page, form)
        raw.FPDF_ClosePage(page)

    try:
        yield open_page
    finally:
        while kept:
            close()


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


def view_of(pdfium: Any, page: Opened) -> Box:
    """What of the page is to be seen. Raises PdfiumError where it has no place."""
    sides = pdfium.raw.FS_RECTF()
    if not calls(pdfium.raw).view(page.whole, ctypes.byref(sides)):
        raise pdfium.PdfiumError("a page has no place")
    view = Box(sides.left, sides.bottom, sides.right, sides.top)
    return view if page.turn is None else page.turn(view)

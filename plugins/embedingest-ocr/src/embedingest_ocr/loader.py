"""Images and image-only PDF: rendered, read line by line, put in reading order. Runs on this machine alone."""

from __future__ import annotations

import io
import logging
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from pydantic import Field

from embedingest.plugin import Document, DocumentError, DocumentSkipped, Span, open_loader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["OcrLoader", "create", "with_pages"]

_MAX_PIXELS: Final = 200_000_000
_LONGEST_SIDE: Final = 10_000


def create(
    *,
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.5,
    dpi: Annotated[int, Field(ge=50, le=1200)] = 200,
    max_pages: Annotated[int, Field(ge=1, le=100_000)] = 2000,
    password: str | None = None,
    running_lines: bool = False,
) -> OcrLoader:
    """`min_score`: lines read with less certainty are left out. `dpi`: at which PDF pages are rendered.

    `max_pages`: how many pictures of one file are read. `password` and `running_lines` are for the loader of PDF.
    """
    return OcrLoader(min_score, dpi, max_pages, {"password": password, "running_lines": running_lines})


class OcrLoader:
    """Reads pictures, and of PDF the pages that have no text. All else of a PDF is read by the built-in loader.

    The models are loaded with the first page and stay for the worker's life.
    """

    name = "ocr"
    suffixes = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".pdf"})
    mimes = frozenset({"image/png", "image/jpeg", "image/tiff", "image/bmp", "image/webp", "application/pdf"})

    def __init__(self, min_score: float, dpi: int, max_pages: int, pdf: Mapping[str, Any]) -> None:
        self._min_score = min_score
        self._dpi = dpi
        self._max_pages = max_pages
        self._password = pdf["password"]
        self._pdf = open_loader("pdf", pdf)

    @property
    def version(self) -> str:
        return f"2, pdf {self._pdf.version}"

    def load(self, data: bytes, name: str) -> Document:
        """One line a line; a `page` span for each page. Raises DocumentError, DocumentSkipped (`no_text`)."""
        notices: Counter[str] = Counter()
        if data[:1024].lstrip().startswith(b"%PDF"):
            return self._load_pdf(data, name, notices)
        pages: dict[int, str] = {}
        for number, picture in enumerate(self._pictures(data, name), start=1):
            if number > self._max_pages:
                notices["skipped_pages"] += 1
            else:
                pages[number] = self._read(picture, notices)
        document = with_pages(Document(source=name, text="", mime="image/*", has_lines=False), pages)
        return replace(_not_empty(document), notices=dict(notices))

    def _load_pdf(self, data: bytes, name: str, notices: Counter[str]) -> Document:
        try:
            document = self._pdf.load(data, name)
        except DocumentSkipped as skipped:
            if skipped.code not in {"image_only", "empty"}:
                raise
            document = Document(source=name, text="", mime="application/pdf", has_lines=False)
        else:
            notices.update(document.notices)
            if not notices.pop("pages_without_text", 0):
                return document
        found = self._wordless(data, name, document, notices)
        return replace(_not_empty(with_pages(document, found)), notices=dict(+notices))

    def _wordless(self, data: bytes, name: str, document: Document, notices: Counter[str]) -> dict[int, str]:
        """What the pictures of pages say that have no text of their own, by page number."""
        import pypdfium2

        try:
            opened = pypdfium2.PdfDocument(data, password=self._password)
        except pypdfium2.PdfiumError as error:
            raise DocumentSkipped(f"{name} has no page", source=name, code="empty") from error
        has_text = {span.value for span in document.spans if span.kind == "page"}
        found: dict[int, str] = {}
        tried = 0
        try:
            with closing(opened) as pdf:
                for number in range(1, len(pdf) + 1):
                    picture = None if number in has_text else self._rendered(pdf, number)
                    if picture is None:
                        continue
                    tried += 1
                    if tried > self._max_pages:
                        notices["skipped_pages"] += 1
                        continue
                    found[number] = self._read(picture, notices)
                    notices["pages_without_text"] += not found[number]
        except pypdfium2.PdfiumError as error:
            raise DocumentError(f"{name} cannot be read as PDF: {error}", source=name, code="corrupt") from error
        return found

    def _rendered(self, pdf: Any, number: int) -> NDArray[np.uint8] | None:
        """The picture of a page (H, W, 3); `None` where it has text of its own or is damaged."""
        import pypdfium2

        try:
            page = pdf[number - 1]
        except pypdfium2.PdfiumError:
            return None  # the loader of PDF has counted it
        with closing(page):
            with closing(page.get_textpage()) as own:
                if str(own.get_text_range()).strip():
                    return None  # a page of running lines alone
            scale = min(self._dpi / 72, _LONGEST_SIDE / max(page.get_size()))
            with closing(page.render(scale=scale)) as bitmap:
                return np.asarray(bitmap.to_pil().convert("RGB"))

    def _pictures(self, data: bytes, name: str) -> Iterator[NDArray[np.uint8]]:
        """Every frame of an image, (H, W, 3)."""
        from PIL import Image, ImageOps, ImageSequence

        try:
            with Image.open(io.BytesIO(data)) as image:
                for frame in ImageSequence.Iterator(image):
                    if frame.width * frame.height > _MAX_PIXELS:
                        raise DocumentError(f"{name} is a picture of {frame.size}", source=name, code="too_large")
                    yield np.asarray(ImageOps.exif_transpose(frame).convert("RGB"))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DocumentError(
                f"{name} is no picture that can be read: {error}", source=name, code="corrupt"
            ) from error

    def _read(self, pixels: NDArray[np.uint8], notices: Counter[str]) -> str:
        """The lines of one picture (H, W, 3), top to bottom, left to right within a line."""
        found = _reader()(pixels[:, :, ::-1])  # it wants BGR
        if found.boxes is None:
            return ""
        lines = []
        for box, said, score in zip(found.boxes, found.txts, found.scores, strict=True):
            if score < self._min_score:
                notices["uncertain_lines"] += 1
            else:
                lines.append((box, said))
        return "\n".join(_in_order(lines))


def with_pages(document: Document, pages: Mapping[int, str]) -> Document:
    """The document with further pages put where their numbers belong; its spans move along.

    A section that ends where a page is put in goes on over it, the page before does not.
    """
    text, spans = document.text, list(document.spans)
    for number, page in sorted(pages.items()):
        said = page.strip()
        if not said:
            continue
        before = (s.end for s in spans if s.kind == "page" and int(s.value) < number)
        place, more = max(before, default=0), len(said) + 2
        spans = [_moved(span, place, more) for span in spans]
        spans.append(Span(start=place, end=place + more, kind="page", value=number))
        text = f"{text[:place]}{said}\n\n{text[place:]}"
    return replace(document, text=text, spans=tuple(sorted(spans, key=lambda s: (s.kind != "page", s.start, -s.end))))


def _moved(span: Span, place: int, more: int) -> Span:
    start = span.start + (more if span.start >= place else 0)
    reaches = span.end > place or (span.end == place and span.kind != "page")
    return replace(span, start=start, end=span.end + (more if reaches else 0))


def _not_empty(document: Document) -> Document:
    if not document.text.strip():
        raise DocumentSkipped(f"no text was found in {document.source}", source=document.source, code="no_text")
    return document


def _in_order(lines: list[tuple[Any, str]]) -> list[str]:
    """Boxes whose middles lie within half a line's height of each other stand on one line."""
    placed = sorted(((b[:, 1].mean(), b[:, 0].min(), np.ptp(b[:, 1]), said) for b, said in lines), key=lambda p: p[0])
    rows: list[list[tuple[Any, ...]]] = []
    for entry in placed:
        if rows and entry[0] - rows[-1][0][0] < rows[-1][0][2] / 2:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    return [" ".join(said for _, _, _, said in sorted(row, key=lambda p: p[1])) for row in rows]


@cache
def _reader() -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rapidocr import RapidOCR

        reader = RapidOCR(params={"Global.log_level": "error"})
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return reader

"""Images and image-only PDF: rendered, read line by line, put in reading order. Runs on this machine alone."""

from __future__ import annotations

import io
import logging
from collections import Counter
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from pydantic import Field

from embedingest import Document, DocumentError, DocumentSkipped, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["OcrLoader", "create"]

_MAX_PIXELS: Final = 200_000_000
_LONGEST_SIDE: Final = 10_000


def create(
    *,
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.5,
    dpi: Annotated[int, Field(ge=50, le=1200)] = 200,
    max_pages: Annotated[int, Field(ge=1, le=100_000)] = 2000,
) -> OcrLoader:
    """`min_score`: lines read with less certainty are left out. `dpi`: at which PDF pages are rendered."""
    return OcrLoader(min_score, dpi, max_pages)


class OcrLoader:
    """Reads pictures. The models are loaded with the first page and stay for the worker's life."""

    name = "ocr"
    version = "1"
    suffixes = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".pdf"})
    mimes = frozenset({"image/png", "image/jpeg", "image/tiff", "image/bmp", "image/webp", "application/pdf"})

    def __init__(self, min_score: float, dpi: int, max_pages: int) -> None:
        self._min_score = min_score
        self._dpi = dpi
        self._max_pages = max_pages

    def load(self, data: bytes, name: str) -> Document:
        """One line a line; a `page` span for each page. Raises DocumentError, DocumentSkipped (`no_text`)."""
        notices: Counter[str] = Counter()
        is_pdf = data[:1024].lstrip().startswith(b"%PDF")
        pages = self._pdf(data, name, notices) if is_pdf else self._image(data, name, notices)
        text, spans = "", []
        for number, page in enumerate(pages, start=1):
            if number > self._max_pages:
                notices["skipped_pages"] += 1
                continue
            said = page.strip()
            spans.append(Span(start=len(text), end=len(text) + len(said), kind="page", value=number))
            text += said + "\n\n"
        if not text.strip():
            raise DocumentSkipped(f"no text was found in {name}", source=name, code="no_text")
        mime = "application/pdf" if is_pdf else "image/*"
        return Document(source=name, text=text, mime=mime, spans=tuple(spans), notices=dict(notices))

    def _image(self, data: bytes, name: str, notices: Counter[str]) -> Iterator[str]:
        from PIL import Image, ImageOps, ImageSequence

        try:
            with Image.open(io.BytesIO(data)) as image:
                for frame in ImageSequence.Iterator(image):
                    if frame.width * frame.height > _MAX_PIXELS:
                        raise DocumentError(f"{name} is a picture of {frame.size}", source=name, code="too_large")
                    yield self._read(np.asarray(ImageOps.exif_transpose(frame).convert("RGB")), notices)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DocumentError(
                f"{name} is no picture that can be read: {error}", source=name, code="corrupt"
            ) from error

    def _pdf(self, data: bytes, name: str, notices: Counter[str]) -> Iterator[str]:
        import pypdfium2

        try:
            with closing(pypdfium2.PdfDocument(data)) as document:
                for index in range(len(document)):
                    yield self._page(document[index], notices)
        except pypdfium2.PdfiumError as error:
            code = "encrypted" if "password" in str(error).lower() else "corrupt"
            raise DocumentError(f"{name} cannot be read as PDF: {error}", source=name, code=code) from error

    def _page(self, page: Any, notices: Counter[str]) -> str:
        with closing(page):
            with closing(page.get_textpage()) as own:
                text = str(own.get_text_range()).replace("\r\n", "\n")
            if text.strip():
                return text
            scale = min(self._dpi / 72, _LONGEST_SIDE / max(page.get_size()))
            with closing(page.render(scale=scale)) as bitmap:
                return self._read(np.asarray(bitmap.to_pil().convert("RGB")), notices)

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

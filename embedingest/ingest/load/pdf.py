"""PDF to text with its pages and the headings of its outline. Knows pages through PDFium; draws and reads no pictures.

PDFium is not safe to call from two threads: one lock stands before it.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.load.common.extras import optional
from embedingest.types import Document, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PdfLoader", "create"]

_LOCK: Final = threading.Lock()
_DIGITS: Final = re.compile(r"\d+|^[ivxlcdm]+$")
_HYPHENATED: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad\ufffe\x02]\n(?=[^\W\d_A-Z])")
_ENDS: Final = (".", "!", "?", ":", "。", "！", "？")
_EDGE_LINES: Final = 2
_RUNNING_SHARE: Final = 0.3
_MIN_PAGES: Final = 4
_NUMBERING: Final = re.compile(
    r"^(?:(?:chapter|appendix|part|section)\s+)?(?:[\dA-Z]{1,3}\.)*[\dA-Z]{1,3}[.:)]?\s+", re.IGNORECASE
)
_NO_PAGES: Final = re.compile(rb"/Kids\s*\[\s*\]")
_MAX_OUTLINE: Final = 10_000


class PdfLoader:
    """The words of every page, with `page` spans, and `heading` spans where the file has an outline.

    Lines that repeat at the edge of many pages (running heads, page numbers) are left out and counted, unless
    `running_lines`. Words that are parted at the end of a line are joined.
    """

    name = "pdf"
    version = "2"
    suffixes = frozenset({".pdf"})
    mimes = frozenset({"application/pdf"})

    def __init__(self, *, running_lines: bool = False, password: str | None = None) -> None:
        self._running_lines = running_lines
        self._password = password

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError: `encrypted`, `corrupt`, `missing_extra`; DocumentSkipped: `image_only`, `empty`."""
        pdfium = optional("pypdfium2", "pdf", name)
        with _LOCK:
            pages, damaged, outline, info, pictures = _read(pdfium, data, name, self._password)
        if not any(page.strip() for page in pages):
            raise _wordless(name, len(pages), pictures=pictures)
        notices = {"unreadable_pages": damaged} if damaged else {}
        wordless = sum(not page.strip() for page in pages) - damaged
        if wordless:
            notices["pages_without_text"] = wordless
        lines = [_lines(page) for page in pages]
        if not self._running_lines:
            dropped = _drop_running(lines)
            if dropped:
                notices["running_lines"] = dropped
        text, spans = _join(lines)
        return Document(
            source=name,
            has_lines=False,
            text=text,
            mime="application/pdf",
            title=info.pop("title", None) or next((title for level, title, _ in outline if level == 0), None),
            spans=(*spans, *_headings(text, spans, outline)),
            metadata={**info, "pages": len(pages)},
            notices=notices,
        )


def create(*, running_lines: bool = False, password: str | None = None) -> PdfLoader:
    """The loader of PDF files."""
    return PdfLoader(running_lines=running_lines, password=password)


def _read(
    pdfium: Any, data: bytes, name: str, password: str | None
) -> tuple[list[str], int, list[tuple[int, str, int]], dict[str, Any], bool]:
    """The words of every page, how many pages are damaged, outline, properties, whether only pictures are there."""
    try:
        pdf = pdfium.PdfDocument(data, password=password)
    except pdfium.PdfiumError as error:
        raise _unopened(data, name, error) from error
    try:
        read = [_page_text(pdfium, pdf, index) for index in range(len(pdf))]
        damaged = read.count(None)
        if read and damaged == len(read):
            raise DocumentError(f"{name} is damaged: none of its pages can be read", source=name, code="corrupt")
        pages = [page or "" for page in read]
        pictures = not any(pages) and len(pdf) > 0 and _has_pictures(pdfium, pdf)
        return pages, damaged, list(_outline(pdf)), _info(pdf), pictures
    except pdfium.PdfiumError as error:
        raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
    finally:
        pdf.close()


def _unopened(data: bytes, name: str, error: Exception) -> DocumentError:
    """Why PDFium refused a file. Its error code may be that of a file before, so the bytes are asked too."""
    if b"/Encrypt" in data and "password" in str(error).lower():
        return DocumentError(
            f"{name} is encrypted", source=name, code="encrypted", remedy="set the loader's `password`"
        )
    if _NO_PAGES.search(data):
        return _wordless(name, 0, pictures=False)
    return DocumentError(f"{name} is damaged: no PDF can be read from it", source=name, code="corrupt")


def _page_text(pdfium: Any, pdf: Any, index: int) -> str | None:
    """The words of one page, `None` where the page is damaged."""
    try:
        page = pdf[index]
        words = page.get_textpage()
    except pdfium.PdfiumError:
        return None
    try:
        return str(words.get_text_bounded()).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    finally:
        words.close()
        page.close()


def _has_pictures(pdfium: Any, pdf: Any) -> bool:
    kind = pdfium.raw.FPDF_PAGEOBJ_IMAGE
    return any(True for index in range(min(len(pdf), 20)) for _ in pdf[index].get_objects(filter=(kind,), max_depth=3))


def _wordless(name: str, pages: int, *, pictures: bool) -> DocumentError:
    if pages and pictures:
        return DocumentSkipped(
            f"{name} has {pages} pages of pictures and no text",
            source=name,
            code="image_only",
            remedy="read it with an OCR plug-in",
        )
    what = "no page" if not pages else f"{pages} pages without text"
    return DocumentSkipped(f"{name} has {what}", source=name, code="empty")


def _outline(pdf: Any) -> Iterable[tuple[int, str, int]]:
    """Level from 0, title and page index of each entry that leads to a page of this file."""
    for count, entry in enumerate(pdf.get_toc(max_depth=8)):
        if count >= _MAX_OUTLINE:
            return
        target = entry.get_dest()
        index = None if target is None else target.get_index()
        title = " ".join(str(entry.get_title()).split())
        if index is not None and title:
            yield entry.level, title, index


def _info(pdf: Any) -> dict[str, Any]:
    info = pdf.get_metadata_dict()
    fields = (("title", "Title"), ("author", "Author"), ("subject", "Subject"))
    values = {key: " ".join(str(info.get(field) or "").split()) for key, field in fields}
    return {key: value for key, value in values.items() if value}


def _lines(page: str) -> list[str]:
    page = _HYPHENATED.sub("", page).replace("\ufffe", "-").replace("\x02", "-")
    return [line.rstrip() for line in page.split("\n") if line.strip()]


def _drop_running(pages: list[list[str]]) -> int:
    """Take out lines that, numbers aside, stand at the edge of many pages; how many were taken."""
    if len(pages) < _MIN_PAGES:
        return 0
    pages = [lines for lines in pages if len(lines) > 2 * _EDGE_LINES]  # on a short page every line is at the edge
    edges = Counter(shape for lines in pages for shape in {_shape(line) for line in _edge(lines)})
    least = max(3, len(pages) * _RUNNING_SHARE / 2)
    running = {shape for shape, count in edges.items() if count >= least}
    dropped = 0
    for lines in pages:
        for index in (-1, -1, 0, 0):
            if lines and _shape(lines[index]) in running:
                del lines[index]
                dropped += 1
    return dropped


def _edge(lines: list[str]) -> list[str]:
    return lines[:_EDGE_LINES] + lines[-_EDGE_LINES:]


def _shape(line: str) -> str:
    return _DIGITS.sub("#", line.strip().lower())


def _join(pages: list[list[str]]) -> tuple[str, list[Span]]:
    """The pages' lines as one text, paragraphs parted by a blank line, with a span for each page."""
    parts: list[str] = []
    spans: list[Span] = []
    length = 0
    for number, lines in enumerate(pages, start=1):
        text = _paragraphs(lines)
        if text:
            spans.append(Span(length, length + len(text), "page", number))
            parts.append(text)
            length += len(text)
    return "".join(parts), spans


def _paragraphs(lines: list[str]) -> str:
    """A line that ends a sentence well before the right margin ends a paragraph."""
    if not lines:
        return ""
    margin = sorted(map(len, lines))[len(lines) * 3 // 4] * 0.8
    ended = [line + ("\n\n" if len(line) < margin and line.endswith(_ENDS) else "\n") for line in lines]
    return "".join(ended).rstrip("\n") + "\n\n"


def _headings(text: str, pages: list[Span], outline: list[tuple[int, str, int]]) -> list[Span]:
    """A span from each outline entry's line to the next entry of its level or above."""
    by_number = {span.value: span for span in pages}
    headings: list[tuple[int, str, int]] = []
    last = 0
    for level, title, index in outline:
        page = by_number.get(index + 1)
        if page is not None:
            place = _find_line(text, title, max(last, page.start), page.end)
            if place is not None:
                headings.append((level, title, place))
                last = place + 1
    spans = []
    for position, (level, title, start) in enumerate(headings):
        end = next((place for other, _, place in headings[position + 1 :] if other <= level), len(text))
        spans.append(Span(start, end, "heading", title))
    return spans


def _find_line(text: str, title: str, start: int, end: int) -> int | None:
    """Where the line of a heading begins: its title, behind a number or not, perhaps broken over two lines."""
    plain_title = _plain(title)
    place = text.rfind("\n", 0, start) + 1
    lines = text[place:end].split("\n")
    for index, line in enumerate(lines):
        both = line if index + 1 >= len(lines) else f"{line} {lines[index + 1]}"
        if place >= start and plain_title in {_plain(line), _plain(both), line.strip(), both.strip()}:
            return place
        place += len(line) + 1
    return None


def _plain(line: str) -> str:
    return " ".join(_NUMBERING.sub("", line.strip()).split()).lower()

"""PDF to text with its pages and the headings of its outline. Knows pages through PDFium; draws and reads no pictures.

PDFium is not safe to call from two threads: one lock stands before it.
"""

from __future__ import annotations

import re
import threading
from functools import cache, partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.load.common.extras import optional
from embedingest.ingest.load.pages.calls import calls
from embedingest.ingest.load.pages.columns import part_columns
from embedingest.ingest.load.pages.contents import drop_leaders
from embedingest.ingest.load.pages.lost import has_lost_contents
from embedingest.ingest.load.pages.marks import Links, marks
from embedingest.ingest.load.pages.nested import may_nest
from embedingest.ingest.load.pages.notes import put_notes_last
from embedingest.ingest.load.pages.opened import pages_of
from embedingest.ingest.load.pages.order import put_in_order
from embedingest.ingest.load.pages.outline import outline
from embedingest.ingest.load.pages.page import Page
from embedingest.ingest.load.pages.place import placed
from embedingest.ingest.load.pages.read import read_page
from embedingest.ingest.load.pages.running import drop_running
from embedingest.ingest.load.pages.tables import set_tables
from embedingest.ingest.load.pages.text import joined
from embedingest.ingest.load.pages.titles import Said, plain, slide_titles
from embedingest.ingest.load.pages.uncollected import uncollected
from embedingest.ingest.load.pages.undrawn import Undrawn
from embedingest.types import Document, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.ingest.load.pages.opened import Opened

__all__ = ["PdfLoader", "create"]

_LOCK: Final = threading.Lock()
_NO_PAGES: Final = re.compile(rb"/Kids\s*\[\s*\]")
_SAYS_NOTHING: Final = {"untitled", "anonymous", "unspecified"}
"""What programs write where nobody told them a title, an author or a subject."""

_LEFT_OUT: Final = {
    "comment": "comments_left_out",
    "secret": "passwords_left_out",
    "attachment": "attachments_left_out",
}


class _Read(NamedTuple):
    """What PDFium knows of a file. `outline` holds level from 0, title and page index."""

    pages: list[Page]
    outline: list[tuple[int, str, int]]
    info: dict[str, Any]
    pictures: bool
    notices: dict[str, int]


class PdfLoader:
    """The words of every page, with `page` spans, and `heading` spans where the file has an outline, or slides.

    Slides have `slide` spans too.

    Running heads, and entries of contents pages, are left out and counted, unless `running_lines`.
    Filled fields and texts that were written on a page are read where they stand, comments only with `comments`.
    Words that are parted at the end of a line are joined.
    """

    name = "pdf"
    version = "12"
    suffixes = frozenset({".pdf"})
    mimes = frozenset({"application/pdf"})

    def __init__(self, *, running_lines: bool = False, comments: bool = False, password: str | None = None) -> None:
        self._running_lines = running_lines
        self._comments = comments
        self._password = password

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError: `encrypted`, `corrupt`, `missing_extra`; DocumentSkipped: `image_only`, `empty`."""
        with uncollected():
            return self._document(data, name)

    def _document(self, data: bytes, name: str) -> Document:
        pdfium = optional("pypdfium2", "pypdfium2", name)
        with _LOCK:
            pages, outline, info, pictures, notices = _read(pdfium, data, name, self._password, self._comments)
        if not any(page.lines for page in pages):
            raise _wordless(name, len(pages), pictures=pictures)
        _count(notices, "pages_without_text", sum(not page.lines and not page.damaged for page in pages))
        _count(notices, "unreadable_pages", sum(page.damaged for page in pages))
        for page in pages:
            put_in_order(page)
        if not self._running_lines:
            said = Said(pages)
            _count(notices, "running_lines", drop_running(pages, said))
            dropped = drop_leaders(pages, said)
            _count(notices, "dot_leaders", dropped.leaders)
            _count(notices, "contents_left_out", dropped.entries)
        slides = slide_titles(pages)
        for page in pages:
            put_notes_last(page)
            set_tables(page)
            part_columns(page)
        text, spans = joined(pages)
        return Document(
            source=name,
            has_lines=False,
            text=text,
            mime="application/pdf",
            title=info.pop("title", None) or next((title for level, title, _ in outline if level == 0), None),
            spans=(*spans, *_slides(spans, slides), *_headings(text, spans, _with_titles(outline, slides))),
            metadata={**info, "pages": len(pages)},
            notices=notices,
        )


def create(*, running_lines: bool = False, comments: bool = False, password: str | None = None) -> PdfLoader:
    """The loader of PDF files."""
    return PdfLoader(running_lines=running_lines, comments=comments, password=password)


def _count(notices: dict[str, int], kind: str, count: int) -> None:
    """Nothing is said of what did not happen."""
    if count:
        notices[kind] = notices.get(kind, 0) + count


def _read(pdfium: Any, data: bytes, name: str, password: str | None, comments: bool) -> _Read:
    try:
        pdf = pdfium.PdfDocument(data, password=password)
    except pdfium.PdfiumError as error:
        raise _unopened(data, name, error) from error
    notices: dict[str, int] = {}
    try:
        if pdf.get_formtype() != pdfium.raw.FORMTYPE_NONE:
            pdf.init_forms()
        lost = _Lost(pdfium, pdf, data)
        nested, links = may_nest(data), Links(data)
        with pages_of(pdfium, pdf) as open_page:
            pages = [
                _page(
                    pdfium,
                    partial(open_page, index),
                    notices,
                    partial(lost.has, index),
                    links,
                    comments=comments,
                    nested=nested,
                )
                for index in range(len(pdf))
            ]
        _count(notices, "attachments_left_out", pdfium.raw.FPDFDoc_GetAttachmentCount(pdf))
        wordless = not any(page.lines for page in pages)
        pictures = wordless and len(pdf) > 0 and _has_pictures(pdfium, pdf)
        if wordless and _are_damaged(pages, pictures=pictures):
            raise DocumentError(f"{name} is damaged: none of its pages can be read", source=name, code="corrupt")
        return _Read(pages, outline(pdfium.raw, pdf.raw), _info(pdf), pictures, notices)
    except pdfium.PdfiumError as error:
        raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
    finally:
        pdf.close()


class _Lost:
    """Says of pages without words whether these may be lost because the file is damaged."""

    def __init__(self, pdfium: Any, pdf: Any, data: bytes) -> None:
        self._raw, self._undrawn = pdfium.raw, Undrawn(pdfium, pdf)
        self._contents = cache(partial(has_lost_contents, data))

    def has(self, index: int, page: Opened) -> bool:
        """Whether what the page of this index should show may be lost."""
        nothing = not calls(self._raw).count_drawn(page.whole)
        return self._contents() or (nothing and self._undrawn.is_damaged(index))


def _are_damaged(pages: list[Page], *, pictures: bool) -> bool:
    """Whether pages without a line are those of a damaged file; pictures are something that was read."""
    damaged = [page.damaged for page in pages]
    return any(damaged) and (all(damaged) or not pictures)


def _page(
    pdfium: Any,
    open_page: Callable[[], Opened],
    notices: dict[str, int],
    lost: Callable[[Opened], bool],
    links: Links,
    *,
    comments: bool,
    nested: bool,
) -> Page:
    """A page with what was written on it. `lost` says whether an empty one may be so because the file is damaged."""
    try:
        page = open_page()
        written = list(marks(pdfium, page, links))
        words = any(mark.kind in {"value", "box"} for mark in written)
        read = read_page(pdfium, page, words=words, nested=nested)
    except pdfium.PdfiumError:
        return Page(damaged=True)
    _count(notices, "unknown_symbols", read.unknown)
    printed = bool(read.lines)
    read.damaged = not printed and lost(page)
    if written:
        left = set(_LEFT_OUT) - ({"comment"} if comments else set())
        for mark in written:
            if mark.kind in left:
                _count(notices, _LEFT_OUT[mark.kind], 1)
        read.lines = placed(read.lines, [mark for mark in written if mark.kind not in left])
        read.downwards = False
        _count(notices, "pages_without_text", bool(read.lines) and not printed and not read.damaged)
    return read


def _unopened(data: bytes, name: str, error: Exception) -> DocumentError:
    """Why PDFium refused a file. Its error code may be that of a file before, so the bytes are asked too."""
    if b"/Encrypt" in data and "password" in str(error).lower():
        return DocumentError(
            f"{name} is encrypted", source=name, code="encrypted", remedy="set the loader's `password`"
        )
    if _NO_PAGES.search(data):
        return _wordless(name, 0, pictures=False)
    return DocumentError(f"{name} is damaged: no PDF can be read from it", source=name, code="corrupt")


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


def _info(pdf: Any) -> dict[str, Any]:
    info = pdf.get_metadata_dict()
    fields = (("title", "Title"), ("author", "Author"), ("subject", "Subject"))
    values = {key: " ".join(str(info.get(field) or "").split()) for key, field in fields}
    return {key: value for key, value in values.items() if value and value.strip("()").lower() not in _SAYS_NOTHING}


def _slides(pages: list[Span], titles: list[tuple[str, int]]) -> list[Span]:
    """Each page as a slide, where pages are slides."""
    return [Span(page.start, page.end, "slide", page.value) for page in pages] if titles else []


def _with_titles(outline: list[tuple[int, str, int]], titles: list[tuple[str, int]]) -> list[tuple[int, str, int]]:
    """The outline with the titles of slides below all of it, save those that it has itself."""
    if not titles:
        return outline
    below = 1 + max((level for level, _, _ in outline), default=-1)
    known = {(plain(title), index) for _, title, index in outline}
    own = [(below, title, index) for title, index in titles if (plain(title), index) not in known]
    return sorted([*outline, *own], key=lambda entry: entry[2])


def _headings(text: str, pages: list[Span], outline: list[tuple[int, str, int]]) -> list[Span]:
    """A span from each outline entry's line to the next entry of its level or above."""
    by_number = {span.value: span for span in pages}
    headings: list[tuple[int, str, int]] = []
    last = 0
    lines = cache(partial(_PageLines, text))
    for level, title, index in outline:
        page = by_number.get(index + 1)
        if page is not None:
            place = lines(page.start, page.end).find(title, max(last, page.start))
            if place is not None:
                headings.append((level, title, place))
                last = place + 1
    spans = []
    for position, (level, title, start) in enumerate(headings):
        end = next((place for other, _, place in headings[position + 1 :] if other <= level), len(text))
        spans.append(Span(start, end, "heading", title))
    return spans


class _PageLines:
    """The lines of a page, as they stand in the text."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._lines = text[start:end].split("\n")
        self._small = "\n".join([*map(str.lower, self._lines), ""])  # at once it takes longer, but for ASCII
        self._places = list(accumulate([len(line) + 1 for line in self._lines], initial=start))

    def find(self, title: str, start: int) -> int | None:
        """Where the line of a heading begins: its title, behind a number or not, perhaps broken over two lines."""
        plain_title = plain(title)
        last = plain_title.rpartition(" ")[2]  # nearly no line has it, and what `plain` does takes long
        for index in self._before(f"{last}\n"):
            if index < 0 or self._places[index] < start:
                continue
            line = self._lines[index]
            both = " ".join(self._lines[index : index + 2])
            if not any(" ".join(each.lower().split()).endswith(plain_title) for each in (both, line)):
                continue  # what follows takes long
            if plain_title in {line.strip(), both.strip()} or plain_title == plain(line) or plain_title == plain(both):
                return self._places[index]
        return None

    def _before(self, ending: str) -> Iterator[int]:
        """Each line before one that ends so, and that line, from above."""
        index, counted, last = 0, 0, -2
        at = self._small.find(ending)
        while at >= 0:
            index += self._small.count("\n", counted, at)
            yield from range(max(index - 1, last + 1), index + 1)
            counted, last = at, index
            at = self._small.find(ending, at + len(ending))

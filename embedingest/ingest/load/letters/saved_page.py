"""Web pages saved in one file (MHT, MHTML): the page and its frames, not what it is drawn with."""

from __future__ import annotations

import email
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.declared import decode_declared
from embedingest.ingest.load.html import Page, read
from embedingest.ingest.load.letters.headers import PAGE
from embedingest.ingest.load.letters.parts import words_of
from embedingest.ingest.notices import add_notices
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SavedPageLoader", "create"]

_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_MOST_PARTS: Final = 4000


class SavedPageLoader:
    """The root page as Markdown, then the text of its frames. Pictures are counted; styles and scripts are no words.

    `main_only=False` keeps navigation, headers and footers too.
    """

    name = "saved-page"
    version = "8"
    suffixes = frozenset({".mht", ".mhtml"})
    mimes = frozenset({"multipart/related", "application/x-mimearchive"})

    def __init__(self, *, main_only: bool = True) -> None:
        self._main_only = main_only

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`corrupt`) where the file holds no page."""
        message = email.message_from_bytes(data.lstrip(b"\xef\xbb\xbf \t\r\n"), policy=PAGE)
        notices: dict[str, int] = {}
        pages: list[Any] = []
        root = str(message.get_param("start") or "")
        for part in _leaves(message):
            if part.get_content_type() in _PAGES:
                at_front = bool(root) and str(part.get("Content-ID", "")).strip() == root
                pages.insert(0 if at_front else len(pages), part)
            elif part.get_content_maintype() == "image":
                notices["skipped_images"] = notices.get("skipped_images", 0) + 1
        if not pages:
            raise DocumentError(f"{name} holds no web page", source=name, code="corrupt")
        read_pages = [self._page(part, name, notices) for part in pages]
        first = read_pages[0]
        address = str(message.get("Snapshot-Content-Location") or pages[0].get("Content-Location") or "").strip()
        return Document(
            source=name,
            has_lines=False,
            text="\n".join(page.text for page in read_pages if page.text),
            markup="markdown",
            mime="multipart/related",
            title=first.title,
            metadata={**({"canonical": address} if address.startswith("http") else {}), **first.metadata},
            notices=notices,
        )

    def _page(self, part: Any, name: str, notices: dict[str, int]) -> Page:
        if part.get_content_charset() is not None:
            page = read(words_of(part, notices), main_only=self._main_only)
        else:
            decoded = decode_declared(part.get_payload(decode=True) or b"", name)
            add_notices(notices, decoded.notices)
            page = read(decoded.text, main_only=self._main_only)
        # Pictures and frames are parts of their own here.
        add_notices(notices, {kind: page.notices.get(kind, 0) for kind in ("words_left_out", "hidden_words")})
        return page


def create(*, main_only: bool = True) -> SavedPageLoader:
    """The loader of saved web pages."""
    return SavedPageLoader(main_only=main_only)


def _leaves(message: Any) -> Iterator[Any]:
    """The parts that hold no others, in their order."""
    stack, count = [message], 0
    while stack and count < _MOST_PARTS:
        part = stack.pop()
        if part.is_multipart():
            stack += reversed(part.get_payload())
        else:
            count += 1
            yield part

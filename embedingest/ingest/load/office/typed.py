"""Which paragraphs of a Word document are lines of a listing: by their style, or by letters of one width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.load.common.listing import Typing
from embedingest.ingest.load.office.names import W
from embedingest.ingest.load.office.styles import Styles, typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = ["ParagraphStyles"]


class ParagraphStyles(Styles):
    """The styles of a document, and what of its body is set in letters of one width."""

    def __init__(self, root: Element | None, body: Element) -> None:
        super().__init__(root)
        self._body = body
        self._typing = Typing(self._typed_paragraphs)

    def is_code(self, paragraph: Element, style: str, text: str) -> bool:
        """Whether a paragraph is a line of a listing, or a blank one in it."""
        return not text or (self._is_typed(paragraph, style) and self._typing.is_code)

    def _typed_paragraphs(self) -> Iterator[tuple[bool, int]]:
        for each in self._body.iter(W + "p"):
            style = each.find(f"{W}pPr/{W}pStyle")
            named = "" if style is None else style.get(W + "val", "")
            yield self._is_typed(each, named), sum(len(word.text or "") for word in each.iter(W + "t"))

    def _is_typed(self, paragraph: Element, style: str) -> bool:
        whole, found = self.is_typed(style) or False, False
        for run in paragraph.iter(W + "r"):
            if any((each.text or "").strip() for each in run.iter(W + "t")):
                named = run.find(f"{W}rPr/{W}rStyle")
                own = typed(run)
                own = self.is_typed(named.get(W + "val", "")) if own is None and named is not None else own
                found = True
                if not (whole if own is None else own):
                    return False
        return found

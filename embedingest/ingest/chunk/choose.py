"""Which chunker cuts a document when no setting says so. Imports none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from embedingest.types import Document

__all__ = ["CHUNKERS", "chunker_for"]

_BY_MARKUP: Final = {"text": "structured", "markdown": "structured", "code": "code", "rows": "rows"}
CHUNKERS: Final = frozenset(_BY_MARKUP.values())
"""Every name that `chunker_for` answers."""


def chunker_for(document: Document) -> str:
    """The name of the chunker that suits a document's markup."""
    return _BY_MARKUP[document.markup]

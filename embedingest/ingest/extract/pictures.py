"""The chunk of a document that is a picture. Knows no format and no model: it is handed what makes pictures ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.types import Chunk

if TYPE_CHECKING:
    from embedingest.picture import PictureSource
    from embedingest.types import Document

__all__ = ["AS_TEXT", "picture_chunks"]

AS_TEXT: Final = "pictures_as_text"
"""Counts pictures of which only the words are embedded, since the model takes no pictures."""


def picture_chunks(
    document: Document, pictures: PictureSource | None, notices: dict[str, int]
) -> tuple[Chunk, ...] | None:
    """The one chunk of a picture, with all the words that are known of it; `None` where only text is embedded.

    Raises DocumentError for a picture that the model cannot look at.
    """
    if document.picture is None:
        return None
    if pictures is None:
        notices[AS_TEXT] = notices.get(AS_TEXT, 0) + 1
        return None
    try:
        picture = pictures.ready(document.picture)
    except ValueError as error:
        reason = f"{document.source} cannot be made ready for the model: {error}"
        raise DocumentError(reason, source=document.source, code="unsupported") from error
    text = document.text
    return (Chunk(text, 0, len(text), None, None, metadata={}, picture=picture),)

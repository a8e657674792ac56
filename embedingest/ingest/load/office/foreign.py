"""What a Word document takes in from other files (alternative chunks): web pages, texts, documents. Writes nothing."""

from __future__ import annotations

import email
import posixpath
from typing import TYPE_CHECKING

from embedingest.errors import DocumentError
from embedingest.ingest.identity import inside
from embedingest.ingest.load.common.budget import shared
from embedingest.ingest.load.common.labels import web_codec
from embedingest.ingest.load.common.markdown_escape import escaped_lines
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.letters.headers import MAIL

if TYPE_CHECKING:
    from email.message import EmailMessage

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["foreign_text"]


def foreign_text(container: Container, path: str, notices: dict[str, int]) -> str:
    """The part's text as Markdown; what cannot be read is counted in `notices` as `inner_CODE`."""
    try:
        data, name = container.read(path), posixpath.basename(path)
        if name.lower().endswith((".mht", ".mhtml", ".eml")):
            data, name = _unwrapped(data, name)
        with shared(container.name):
            document = load_inner(data, inside(container.name, name), name)
    except DocumentError as error:
        notices[f"inner_{error.code}"] = notices.get(f"inner_{error.code}", 0) + 1
        return ""
    for kind, count in document.notices.items():
        notices[kind] = notices.get(kind, 0) + count
    return document.text if document.markup == "markdown" else escaped_lines(document.text)


def _unwrapped(data: bytes, name: str) -> tuple[bytes, str]:
    """The page in a web archive, which is written like a message, with a name that says what it is."""
    message: EmailMessage = email.message_from_bytes(data, policy=MAIL)
    page = message.get_body(("html", "plain"))
    if page is None:
        return data, name
    content = page.get_payload(decode=True)
    content = content if isinstance(content, bytes) else b""
    codec = web_codec(page.get_content_charset() or "")
    if codec is not None:
        content = content.decode(codec, "replace").encode()
    return content, f"{name}.html" if page.get_content_subtype() == "html" else f"{name}.txt"

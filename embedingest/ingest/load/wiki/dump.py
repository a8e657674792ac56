"""Dumps of MediaWiki in XML: each page is a section below its title. Of its revisions the last one is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.load.common.assembly import Assembly, heading
from embedingest.ingest.load.wiki.mediawiki import WikiPage
from embedingest.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["is_dump", "read_dump"]


def is_dump(root: Element) -> bool:
    """Whether these are pages that a wiki has exported."""
    return _bare(root) == "mediawiki"


def read_dump(root: Element, name: str) -> Document:
    """The pages in their order. Redirections and earlier revisions are counted, what is no wiki text is a listing."""
    notices: dict[str, int] = {}
    assembly = Assembly()
    titles: list[str] = []
    for page in (each for each in root if _bare(each) == "page"):
        title = _text(page, "title")
        revisions = [each for each in page if _bare(each) == "revision"]
        source = _text(revisions[-1], "text") if revisions else ""
        if any(_bare(each) == "redirect" for each in page):
            notices["redirects"] = notices.get("redirects", 0) + 1
            continue
        if len(revisions) > 1:
            notices["older_revisions"] = notices.get("older_revisions", 0) + len(revisions) - 1
        start = assembly.next
        assembly.add(heading(1, title))
        if (_text(revisions[-1], "model") if revisions else "") in {"", "wikitext"}:
            assembly.add(WikiPage(1, notices).read(source))
        elif source.strip():
            assembly.add(f"````````\n{source.strip(chr(10))}\n````````")
        assembly.span(start, "page_title", title)
        titles.append(title)
    return Document(
        source=name,
        has_lines=False,
        text=assembly.text,
        markup="markdown",
        mime="application/xml",
        title=titles[0] if len(titles) == 1 else None,
        spans=tuple(assembly.spans),
        metadata={"pages": len(titles)},
        notices=notices,
    )


def _text(element: Element, name: str) -> str:
    return next((each.text or "" for each in element if _bare(each) == name), "")


def _bare(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""

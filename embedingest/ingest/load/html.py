"""HTML to Markdown: the main content without navigation, its headings, lists, tables and code blocks.

Knows pages, not sites: nothing is fetched. Parsing is selectolax; the walk below is ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from embedingest.errors import ConfigError, DocumentSkipped
from embedingest.ingest.load.common.declared import decode_declared
from embedingest.ingest.load.common.extras import optional
from embedingest.ingest.load.web.controls import write_controls
from embedingest.ingest.load.web.frame import Content, book_content, main_content, whole_content
from embedingest.ingest.load.web.gaps import write_gaps
from embedingest.ingest.load.web.line_numbers import write_listings
from embedingest.ingest.load.web.lines import take_out_of_words, unnumbered
from embedingest.ingest.load.web.markdown import render
from embedingest.ingest.load.web.scripts import write_scripts
from embedingest.ingest.load.web.tree import parse, shallow
from embedingest.ingest.load.web.words import words
from embedingest.ingest.notices import plus
from embedingest.types import Document, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.common.decode import Decoded
    from embedingest.ingest.load.web.index import Index

__all__ = ["HtmlLoader", "Page", "create", "read"]

_BEGUN: Final = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*+)[^<>]*+\Z")
_CDATA: Final = re.compile(r"<!\[CDATA\[(.*?)(\]\]>|\Z)", re.DOTALL)  # to the end, so that it is looked at once
_VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_FRAMES: Final = re.compile(r"<(/?(?:frameset|frame|noframes))(?=[\s/>])([^<>]*+)>", re.IGNORECASE)
_DOT: Final = frozenset({"0", "1"})  # the width of pictures that only count readers


@dataclass(frozen=True, slots=True)
class Page:
    """What one page gives: Markdown, what its head says, and the lines of the page where they were asked for.

    `notices` count pictures, frames of other pages, the words beside the main content, and those that are hidden.
    """

    text: str
    title: str | None
    metadata: dict[str, Any]
    lines: tuple[Span, ...] = ()
    notices: dict[str, int] = field(default_factory=dict)


class HtmlLoader:
    """Web pages as Markdown. `main_only=False` keeps navigation, headers and footers too.

    `extractor="trafilatura"` (extra `html`) finds the main content of pages without structure better, and takes
    about ten times as long.
    """

    name = "html"
    version = "18"
    suffixes = frozenset({".html", ".htm", ".xhtml"})
    mimes = frozenset({"text/html", "application/xhtml+xml"})

    def __init__(self, *, main_only: bool = True, extractor: Literal["own", "trafilatura"] = "own") -> None:
        if extractor not in {"own", "trafilatura"}:
            raise ConfigError(f"html extractor `{extractor}` is unknown", remedy="take `own` or `trafilatura`")
        self._main_only = main_only
        self._trafilatura = extractor == "trafilatura"

    def load(self, data: bytes, name: str) -> Document:
        """The page's main content; language, canonical link and description in `metadata`."""
        decoded = _decode(data, name)
        page = read(decoded.text, name, main_only=self._main_only, lines=not self._trafilatura)
        text = _by_trafilatura(decoded.text, name) if self._trafilatura else page.text
        return Document(
            source=name,
            text=text,
            markup="markdown",
            mime="text/html",
            title=page.title,
            has_lines=not self._trafilatura,
            spans=page.lines,
            metadata=page.metadata,
            notices=decoded.notices if self._trafilatura else plus(decoded.notices, **page.notices),
        )


def create(*, main_only: bool = True, extractor: Literal["own", "trafilatura"] = "own") -> HtmlLoader:
    """The loader of web pages."""
    return HtmlLoader(main_only=main_only, extractor=extractor)


def _by_trafilatura(source: str, name: str) -> str:
    trafilatura = optional("trafilatura", "embedingest[html]", name)
    text = trafilatura.extract(shallow(source), output_format="markdown", include_tables=True)
    return f"{text}\n" if text else ""


def read(
    source: str,
    name: str = "",
    *,
    main_only: bool = True,
    lines: bool = False,
    book: bool = False,
    raised: Mapping[str, str] | None = None,
) -> Page:
    """One page of HTML as Markdown; with `lines`, where each stretch of it stands in the source.

    `name` is the file's: one that ends in `.xhtml` is read as XHTML, as is what begins with an XML declaration.
    Of a page that is a part of a `book` only menus are left out. `raised` are the classes that style sheets
    beside it raise (`sup`) or lower (`sub`).
    """
    if _is_xml(source, name):
        source = _closed(source)
    page = parse(source, lines=lines)
    if page.body is None and "frameset" in page.tags:
        page = parse(_unframed(source), lines=lines)
    if lines:
        take_out_of_words(page)
    write_listings(page, source)
    unseen = write_controls(page)
    write_scripts(page, raised)
    write_gaps(page, source)
    metadata = _metadata(page)
    title = _title(page)
    content = book_content(page) if book else main_content(page) if main_only else whole_content(page)
    text, origins = render(page, content.roots, lines=lines)
    ends = [*(start for start, _ in origins), len(text)][1:]
    spans = [Span(start, end, "line", line) for (start, line), end in zip(origins, ends, strict=True) if start < end]
    return Page(text, title, metadata, tuple(spans), _counted(page, content, unseen))


def _counted(page: Index, content: Content, unseen: int) -> dict[str, int]:
    """What a page shows and its text does not hold, and the words of it that nobody sees."""
    counts = {
        "words_left_out": content.words_left_out + unseen,
        "hidden_words": content.hidden_words,
        "skipped_images": 0,
        "frames_left_out": 0,
    }
    for root in content.roots:
        counts["skipped_images"] += sum(1 for image in page.find("img", root) if _is_wordless(image))
        frames = page.find("iframe[src]", root)
        counts["frames_left_out"] += sum(1 for frame in frames if "srcdoc" not in frame.attributes)
    return {kind: count for kind, count in counts.items() if count > 0}


def _is_wordless(image: LexborNode) -> bool:
    """Whether nothing stands for a picture, and it is one that a person sees."""
    attributes = image.attributes
    return not (attributes.get("alt") or "").strip() and not {attributes.get("width"), attributes.get("height")} & _DOT


def _decode(data: bytes, name: str) -> Decoded:
    decoded = decode_declared(data, name)
    if decoded.text.startswith("%PDF-"):
        raise DocumentSkipped(f"{name} is no web page", source=name, code="binary")
    return decoded


def _is_xml(source: str, name: str) -> bool:
    """Whether a page is XHTML, in which `<title/>` is whole: to a browser of HTML it swallows what follows."""
    return name.lower().endswith((".xhtml", ".xht")) or source.lstrip("\ufeff \t\n")[:5] == "<?xml"


def _closed(source: str) -> str:
    """XHTML as HTML: elements that close themselves get their end tags, CDATA is text."""

    def text(match: re.Match[str]) -> str:
        return match[1].replace("&", "&amp;").replace("<", "&lt;") if match[2] else match[0]

    pieces = (_CDATA.sub(text, source) if "<![CDATA[" in source else source).split("/>")
    for at, piece in enumerate(pieces[:-1]):
        begun = _BEGUN.match(piece, max(0, piece.rfind("<")))
        if begun is None or begun[1].lower() in _VOID:
            pieces[at] = f"{piece}/>"
        else:
            pieces[at] = f"{piece}></{begun[1]}>"
    return "".join(pieces)


def _unframed(source: str) -> str:
    """A page of frames as one with the words that it has for readers without frames; as many lines."""

    def open_(match: re.Match[str]) -> str:
        frame = f"<iframe{match[2]}></iframe>" if match[1].lower() == "frame" else ""
        return frame or "\n" * match[0].count("\n")

    return _FRAMES.sub(open_, source)


def _title(page: Index) -> str | None:
    for selector in ("head > title", "h1"):
        node = page.first(selector)
        title = words(node).rstrip("¶ ") if node is not None else ""
        if title:
            return title
    return None


def _metadata(page: Index) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    selectors = (
        ("language", "html[lang]", "lang"),
        ("canonical", "link[rel=canonical][href]", "href"),
        ("description", "meta[name=description][content]", "content"),
        ("author", "meta[name=author][content]", "content"),
    )
    for key, selector, attribute in selectors:
        node = page.first(selector)
        value = unnumbered(node.attributes.get(attribute) or "").strip() if node is not None else ""
        if value:
            metadata[key] = value
    return metadata

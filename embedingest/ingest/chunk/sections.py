"""A document as sections: from one heading to the next, each with its blocks and its path of headings.

Knows which marks a document has by its markup and MIME type, and headings that a loader marked as spans.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.ingest.chunk.blocks import Block, asciidoc_blocks, markdown_blocks, plain_blocks, rest_blocks
from embedingest.ingest.chunk.lines import is_log
from embedingest.ingest.load.common.headings import plain_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.types import Document, Span

__all__ = ["Section", "sections"]

_BY_MIME: Final[dict[str, Callable[[str], list[Block]]]] = {
    "text/x-rst": rest_blocks,
    "text/x-asciidoc": asciidoc_blocks,
}

_DEEPEST: Final = 64
"""Headings nested deeper than that, which no person did, stand beside each other."""
_LOG_NAME: Final = re.compile(r"\.log(?:\.\d{1,8})?(?:\.(?:gz|bz2|xz))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Section:
    """`text[start:end]`, its blocks, and the headings above it, its own last, each with the offset where it begins.

    A heading without words of its own stays with the first section below it. A section that stands `apart` begins
    a slide, a chapter of a book or a message.
    """

    start: int
    end: int
    outline: tuple[tuple[int, str], ...]
    blocks: tuple[Block, ...]
    apart: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The words of the headings above."""
        return tuple(title for _, title in self.outline if title)

    @property
    def bare(self) -> bool:
        """Whether it is nothing but headings."""
        return all(block.kind == "heading" for block in self.blocks)


def sections(document: Document) -> Iterator[Section]:
    """The sections of a document, tiling its text in order."""
    blocks = _blocks(document)
    slides = {span.start for span in document.spans if span.kind == "slide"}
    chapters = {span.start for span in document.spans if span.kind == "chapter"}
    apart = slides | chapters | {span.start for span in document.spans if span.kind == "message"}
    path: list[tuple[int, int, str]] = []  # level, offset, words
    parts: list[tuple[int, int, str]] = []  # those of the path whose chapters hold headings only: parts of a book
    first, begun = 0, 0
    for index, block in enumerate(blocks):
        if block.start in slides and path:  # a slide without a title does not belong to the one before
            if index > first:
                yield _section(document.text, blocks, first, index, path, apart)
            first = index
            path.clear()
        if block.start in chapters:  # nor does a chapter, save to its part
            bare = all(each.kind == "heading" for each in blocks[begun:index])
            if index > first and not bare:
                yield _section(document.text, blocks, first, index, path, apart)
                first = index
            parts = path[:] if bare else [each for each in path if each in parts]
            path, begun = parts[:], index
        if block.kind == "heading" and index > first and not _only_parents(blocks, first, index):
            yield _section(document.text, blocks, first, index, path, apart)
            first = index
        if block.kind == "heading":
            while path and path[-1][0] >= block.level:
                path.pop()
            path.append((block.level, block.start, _title(document, block)))
    if blocks:
        yield _section(document.text, blocks, first, len(blocks), path, apart)


def _title(document: Document, heading: Block) -> str:
    """The words of a heading as a person reads them."""
    words = heading.title or _first_line(document.text, heading.start)
    return plain_words(words) if document.markup == "markdown" else words


def _section(
    text: str, blocks: list[Block], first: int, stop: int, path: list[tuple[int, int, str]], apart: set[int]
) -> Section:
    start, end = blocks[first].start, blocks[stop].start if stop < len(blocks) else len(text)
    outline = tuple((place, title) for _, place, title in path)
    return Section(start, end, outline, tuple(blocks[first:stop]), start in apart)


def _only_parents(blocks: list[Block], first: int, index: int) -> bool:
    """Whether the open section is nothing but headings above the one at `index`."""
    return all(
        block.kind == "heading" and block.level < following.level
        for block, following in zip(blocks[first:index], blocks[first + 1 : index + 1], strict=True)
    )


def _blocks(document: Document) -> list[Block]:
    if document.markup == "markdown":
        return markdown_blocks(document.text)
    headings = [span for span in document.spans if span.kind == "heading"]
    if headings:
        return _with_headings(document.text, headings)
    if document.mime not in _BY_MIME and (_LOG_NAME.search(document.source) or is_log(document.text)):
        return [Block(0, "log")] if document.text else []
    return _BY_MIME.get(document.mime, plain_blocks)(document.text)


def _with_headings(text: str, spans: list[Span]) -> list[Block]:
    """Plain blocks with a heading wherever a span begins; a span holds its whole section, so nesting is depth."""
    headings: list[Block] = []
    ends: list[int] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while ends and ends[-1] <= span.start:
            ends.pop()
        ends.append(span.end)
        headings.append(Block(span.start, "heading", min(len(ends), _DEEPEST), str(span.value)))
    heading_starts = {heading.start for heading in headings}
    body = [block for block in plain_blocks(text) if block.start not in heading_starts]
    for block in body:
        if block.kind == "heading":
            block.kind = "paragraph"
    after = [Block(_line_end(text, start), "paragraph") for start in heading_starts]
    starts = heading_starts | {block.start for block in body}
    body += [block for block in after if block.start not in starts and block.start < len(text)]
    merged = sorted(headings + body, key=lambda block: (block.start, block.kind != "heading"))
    merged[0].start = 0
    return merged


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end + 1


def _first_line(text: str, start: int) -> str:
    return text[start : start + 800].lstrip()[:400].split("\n", 1)[0].strip(" #=") if start < len(text) else ""

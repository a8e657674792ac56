"""One HTML page that colours the chunks over their document. Asks nothing of any other host; runs no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.extract.extractor import Extracted, Part
    from embedingest.types import Chunk, Sizer

__all__ = ["page"]

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fdfcf9; --soft: #6b6b76; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e3; --paper: #17171a; --soft: #9a98a3; } }
body { font: 15px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.25rem; margin: 0 0 .2rem; }
p.facts { color: var(--soft); margin: 0 0 1.4rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.6 ui-monospace, monospace; margin: 0; }
section { margin-bottom: 3rem; }
mark { color: inherit; border-radius: 3px; box-decoration-break: clone; padding: .05em 0; }
mark.c0 { background: #2f7de033; } mark.c1 { background: #e08a2f33; } mark.c2 { background: #2fae6a33; }
mark.c3 { background: #c04fd033; }
mark.shared { outline: 1px dashed var(--soft); }
mark:target { outline: 2px solid #d33; }
a.tag { font: 11px/1 system-ui, sans-serif; color: var(--soft); text-decoration: none; user-select: none;
  border: 1px solid currentColor; border-radius: 3px; padding: 1px 4px; margin-right: .4em; vertical-align: 1px; }
.bar { display: flex; height: 10px; gap: 1px; margin: 0 0 1.2rem; }
.bar i { background: #2f7de088; display: block; align-self: end; flex: 1; min-width: 1px; }
.left-out { color: var(--soft); }
"""


def page(extracted: Extracted, sizer: Sizer) -> str:
    """The page of one file: each document with its chunks in four turning colours, their facts on hovering."""
    body = "\n".join(_section(part, sizer, f"d{number}") for number, part in enumerate(extracted.parts))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Chunks of {escape(extracted.source)}'
        f'</title><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n<body>\n{body}\n'
        "</body></html>\n"
    )


def _section(part: Part, sizer: Sizer, anchor: str) -> str:
    document = part.document
    sizes = [sizer.count(chunk.prefix + chunk.text) for chunk in part.chunks]
    mean = f", {sum(sizes) / len(sizes):.0f} tokens on average" if sizes else ""
    facts = f"{len(sizes)} chunks by {part.chunker}{mean}, at most {sizer.capacity}"
    notices = "".join(f"; {escape(reason.replace('_', ' '))}: {count}" for reason, count in document.notices.items())
    bars = "".join(f'<i style="height:{max(8, 100 * size // max(1, sizer.capacity))}%"></i>' for size in sizes)
    text = "".join(_marked(document.text, part.chunks, sizes, anchor))
    return (
        f'<section><h1>{escape(document.source)}</h1><p class="facts">{escape(facts)}{notices}</p>'
        f'<div class="bar" aria-hidden="true">{bars}</div><pre>{text}</pre></section>'
    )


def _marked(text: str, chunks: tuple[Chunk, ...], sizes: list[int], anchor: str) -> Iterator[str]:
    """The document with a mark around each chunk; what two chunks share is marked once, as shared."""
    place = 0
    for index, (chunk, size) in enumerate(zip(chunks, sizes, strict=True)):
        if chunk.start > place:
            yield f'<span class="left-out">{escape(text[place : chunk.start])}</span>'
        if chunk.start < place:
            yield f'<mark class="c{index % 4} shared" title="repeated from the chunk before">↩</mark>'
        name = f"{anchor}-{index}"
        tag = f'<a class="tag" id="{name}" href="#{name}" title="{escape(_facts(chunk, size))}">{index}</a>'
        yield f'<mark class="c{index % 4}">{tag}{escape(text[max(place, chunk.start) : chunk.end])}</mark>'
        place = max(place, chunk.end)
    if place < len(text):
        yield f'<span class="left-out">{escape(text[place:])}</span>'


def _facts(chunk: Chunk, size: int) -> str:
    parts = [f"{size} tokens", f"characters {chunk.start}-{chunk.end}"]
    if chunk.line_start is not None:
        parts.insert(1, f"lines {chunk.line_start}-{chunk.line_end}")
    if chunk.page is not None:
        parts.append(f"page {chunk.page}")
    if chunk.heading_path:
        parts.append(" > ".join(chunk.heading_path))
    if chunk.prefix:
        parts.append(f"embedded in front: {chunk.prefix.strip()}")
    return ", ".join([*parts, *(f"{key} {value}" for key, value in chunk.metadata.items())])

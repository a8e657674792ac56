"""Documents inside documents: attachments, archive members, what a compressed file holds. Knows no format itself."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from embedingest import registry
from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.identity import Source, inside, parent_source
from embedingest.ingest.load.choose import HEAD_BYTES, choose
from embedingest.ingest.scan.files import is_decodable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from embedingest.types import Document

__all__ = ["Options", "children", "each_document", "load_inner"]

Options = dict[str, dict[str, Any]]
"""Settings of the loaders of what lies inside, by loader name."""

_DEEPEST: Final = 4


def load_inner(data: bytes, source: str, name: str, options: Mapping[str, Mapping[str, Any]] | None = None) -> Document:
    """What `data` holds, read by the loader that `name` and content call for; its source is `source`."""
    if len(Source.parse(source).members) > _DEEPEST:
        raise DocumentSkipped(f"{source} lies too deep inside other files", source=source, code="nested")
    try:
        loader = choose(name, data[:HEAD_BYTES])
    except DocumentError as error:
        error.source = source
        raise
    document: Document = registry.load("loaders", loader)(**(options or {}).get(loader, {})).load(data, source)
    return document


def children(
    parts: Iterable[tuple[str, bytes]],
    parent: str,
    notices: dict[str, int],
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Document, ...]:
    """A document for each named part; those that cannot be read are counted in `notices` as `inner_CODE`.

    Two parts of one name are told apart by a number, in their order.
    """
    documents: list[Document] = []
    taken: dict[str, int] = {}
    for name, data in parts:
        try:
            documents.append(load_inner(data, inside(parent, _unique(name, taken)), name, options))
        except DocumentError as error:
            notices[f"inner_{error.code}"] = notices.get(f"inner_{error.code}", 0) + 1
    return tuple(documents)


def each_document(document: Document, source: str) -> Iterator[Document]:
    """The document of a file and those inside it, outermost first: each with a source of its own that leads back to
    the file's, whatever its loader called it.
    """
    document = _named(document, source)
    yield document
    yield from _inner(document, {source})


def _inner(document: Document, taken: set[str]) -> Iterator[Document]:
    file = parent_source(document.source)
    for child in document.children:
        source = child.source
        if source in taken or parent_source(source) != file or not is_decodable(source):
            name = Source.parse(source).members[-1:] or (source,)
            source = inside(document.source, name[0])
            number = 1
            while source in taken:
                number += 1
                source = inside(document.source, f"{name[0]} ({number})")
        taken.add(source)
        named = _named(child, source)
        yield named
        yield from _inner(named, taken)


def _named(document: Document, source: str) -> Document:
    return document if document.source == source else dataclasses.replace(document, source=source)


def _unique(name: str, taken: dict[str, int]) -> str:
    """The name, or with the first number from 2 that no other part has; `taken` are names with their last number."""
    unique, number = name, taken.get(name, 1)
    while unique in taken:
        number += 1
        unique = f"{name} ({number})"
    taken[name] = number
    taken.setdefault(unique, 1)
    return unique

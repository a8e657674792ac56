"""Documents inside documents: attachments, archive members, what a compressed file holds. Knows no format itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest import registry
from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.identity import CHILD
from embedingest.ingest.load.choose import HEAD_BYTES, choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedingest.types import Document

__all__ = ["Options", "children", "load_inner"]

Options = dict[str, dict[str, Any]]
"""Settings of the loaders of what lies inside, by loader name."""

_DEEPEST: Final = 4


def load_inner(data: bytes, source: str, name: str, options: Mapping[str, Mapping[str, Any]] | None = None) -> Document:
    """What `data` holds, read by the loader that `name` and content call for; its source is `source`."""
    if source.count(CHILD) > _DEEPEST:
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
    seen: dict[str, int] = {}
    for name, data in parts:
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{name} ({seen[name]})"
        try:
            documents.append(load_inner(data, parent + CHILD + unique, name, options))
        except DocumentError as error:
            notices[f"inner_{error.code}"] = notices.get(f"inner_{error.code}", 0) + 1
    return tuple(documents)

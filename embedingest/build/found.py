"""Whether a document is one that a search gives, so that it can be shown. Cheap: imports nothing."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_found"]

_NUMBER: Final = (int, float)
_TEXT_OR_NONE, _COUNT_OR_NONE = (str, NoneType), (int, NoneType)
_COLUMNS: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("id", "source", "text", "text_hash", "content_hash", "config_hash", "fingerprint"), (str,)),
    **dict.fromkeys(("mime", "modified_at", "ingested_at"), (str,)),
    **dict.fromkeys(("chunk_index", "chunk_count", "start", "end"), (int,)),
    **dict.fromkeys(("line_start", "line_end", "page"), _COUNT_OR_NONE),
    "title": _TEXT_OR_NONE, "score": _NUMBER, "heading_path": (list,), "metadata": (dict,),
}  # fmt: skip
"""What each result has; see `query.hit_to_json`."""
_ADDED: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("before", "after", "highlights", "places", "hits", "gaps"), (list,)),
    **dict.fromkeys(("explain", "shown"), (dict,)), **dict.fromkeys(("unit", "context"), (str,)),
    "tokens": (int,), "truncated": (bool,),
}  # fmt: skip
"""What a result may have as well."""
_LISTS_OF_TEXTS: Final = ("heading_path", "before", "after", "places")


def is_found(document: Any, text: str) -> TypeGuard[dict[str, Any]]:
    """Whether a document is one of `search --json` for the query `text`, so that it can be shown."""
    return (
        type(document) is dict
        and document.get("query") == text
        and document.get("mode") in ("hybrid", "vector", "text", "sparse", "late")
        and type(document.get("seconds")) in _NUMBER
        and type(document.get("note")) in _TEXT_OR_NONE
        and type(document.get("rerank")) in (dict, NoneType)
        and type(document.get("as")) in _TEXT_OR_NONE
        and type(document.get("results")) is list
        and all(_is_hit(hit) for hit in document["results"])
    )


def _is_hit(hit: Any) -> bool:
    return (
        type(hit) is dict
        and all(name in hit and type(hit[name]) in types for name, types in _COLUMNS.items())
        and all(type(hit[name]) in types for name, types in _ADDED.items() if name in hit)
        and hit.keys() <= _COLUMNS.keys() | _ADDED.keys()
        and all(type(part) is str for name in _LISTS_OF_TEXTS for part in hit.get(name, ()))
        and all(_is_span(span, len(hit["text"])) for span in hit.get("highlights", ()))
        and all(_is_mark(mark, len(hit["text"])) for mark in hit.get("hits", ()))
    )


def _is_mark(mark: Any, length: int) -> bool:
    return type(mark) is dict and _is_span([mark.get("start"), mark.get("end")], length)


def _is_span(span: Any, length: int) -> bool:
    return (
        type(span) is list and len(span) == 2 and all(type(end) is int for end in span)
        and 0 <= span[0] <= span[1] <= length
    )  # fmt: skip

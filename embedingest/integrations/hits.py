"""What other libraries are told of a hit, in plain values. Knows none of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from embedingest.store.unit import UnitKind
    from embedingest.store.values import Hit
    from embedingest.types import Mode

__all__ = ["SearchSettings", "metadata_of", "missing", "text_of"]


class SearchSettings(TypedDict, total=False):
    """The arguments of `embedingest.search` beside the query, for whoever hands them on."""

    limit: int
    offset: int
    mode: Mode
    filter: str | None
    group: bool
    context: int
    fold: bool
    rerank: str | bool | None
    rerank_candidates: int | None
    unit: UnitKind
    budget: int
    db: str | None
    table: str
    state: str | None
    model: str | None
    snapshot: str | None


def text_of(hit: Hit) -> str:
    """The text of the chunk, or of the unit; a chunk's between its neighbours where those were asked for."""
    return "\n\n".join((*hit.before, hit.text, *hit.after))


def metadata_of(hit: Hit) -> dict[str, Any]:
    """What the document brought as metadata, over it where the chunk or unit is from: JSON's types, absences left out.

    `source`, `title`, `heading_path`, `line_start`, `line_end`, `page`, `mime` and `score`, the higher the better.
    """
    row, page = hit.row, hit.row.page
    first_line, last_line = row.line_start, row.line_end
    if hit.unit is not None:
        first_line, last_line = hit.unit.extent.get("lines", (None, None))
        page = hit.unit.extent.get("pages", (None,))[0]
    place = {
        "source": row.source,
        "title": row.title,
        "heading_path": list(hit.heading_path) or None,
        "line_start": first_line,
        "line_end": last_line,
        "page": page,
        "mime": row.mime,
        "score": float(hit.score),
    }
    known: dict[str, Any] = json.loads(row.metadata)
    return known | {name: value for name, value in place.items() if value is not None}


def missing(module: str, library: str, error: ImportError) -> ImportError:
    """The error of a module of ours whose library is not installed, with the command that brings it."""
    return ImportError(f"{module} needs {library}: {error}; `pip install {library}` brings it", name=error.name)

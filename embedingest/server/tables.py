"""What the routes ask of the table that is served. A seam: who opens tables is in `build/`. Knows no LanceDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TableView"]


class TableView(Protocol):
    """One table, to look at. Called on threads; every method raises what reading a table raises.

    `filter` is one of the filter language, which what is answered passes: who asks may not see the rest.
    """

    def search(self, query: str, *, filter: str | None = None, **options: Any) -> Mapping[str, Any]:  # noqa: A002
        """The document of `search --json`; `options` are those of `SearchQuery`, `None` for their defaults."""
        ...

    def document(self, source: str, *, filter: str | None = None, **part: Any) -> Mapping[str, Any]:  # noqa: A002
        """The document of `POST /api/document`; `part` are the fields of that route that say which part is wanted.

        Raises SourceMissingError for a source of which nothing is known, or nothing that passes the filter.
        """
        ...

    def nearest(self, chunk: str, *, limit: int = 10, filter: str | None = None) -> Mapping[str, Any]:  # noqa: A002
        """The chunks whose vectors are nearest to that of the chunk with this id: `{"id", "source", "results": […]}`.

        Each result is one of `search --json` with the cosine as its score. Raises SourceMissingError.
        """
        ...

    def facets(self, *, filter: str | None = None) -> Mapping[str, Any]:  # noqa: A002
        """What there is to choose from: `{"folders": […], "types": […]}`, each `{"name", "documents"}`, most first."""
        ...

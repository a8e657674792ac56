"""What the routes ask of the table that is served. A seam: who opens tables is in `build/`. Knows no LanceDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["TableView"]


class TableView(Protocol):
    """One table, to look at. Called on threads; every method raises what reading a table raises.

    `within` is the filter of who asks: of what does not pass it nothing is told.
    """

    def reranker(self) -> str | None:
        """The reranker that the settings name."""
        ...

    def search(self, query: str, *, within: str | None = None, **options: Any) -> Mapping[str, Any]:
        """The document of `search --json`; `options` are those of `SearchQuery`, `None` for their defaults."""
        ...

    def document(self, source: str, *, within: str | None = None, **part: Any) -> Mapping[str, Any]:
        """The document of `POST /api/document`; `part` are the fields of that route that say which part is wanted, or
        that it is its `outline`.

        Raises SourceMissingError for a source of which nothing is known, or nothing that who asks may see.
        """
        ...

    def nearest(self, chunk: str, *, limit: int = 10, within: str | None = None) -> Mapping[str, Any]:
        """The chunks whose vectors are nearest to that of the chunk with this id: `{"id", "source", "results": […]}`.

        Each result is one of `search --json` with the cosine as its score. Raises SourceMissingError.
        """
        ...

    def facets(self, *, within: str | None = None) -> Mapping[str, Any]:
        """What there is to choose from: `{"folders": […], "types": […]}`, each `{"name", "documents"}`, most first."""
        ...

    def map(self, *, within: str | None = None) -> Mapping[str, Any]:
        """The vectors of a sample in two dimensions; `{"state": "drawing"}` until it is drawn. Never waits for that."""
        ...

    def places_on_map(self, ids: Collection[str], *, within: str | None = None) -> Mapping[str, Any]:
        """Where the chunks of these ids lie on the map: `{"state", "map", "places": {id: [x, y]}}`."""
        ...

    def places(self, sources: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """`path` and `uri` of the file of each of these sources, as far as they are known."""
        ...

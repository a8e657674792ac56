"""One table as a key sees it: the one place where a key's filter is put into what is read. Knows no requests.

Routes get at the table through `ServerState.table_for` and `search_for` alone, so no route can forget the filter, and
none has to know it. The filter goes beside that of the question, never into its text: each is read by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from embedingest.server.tables import TableView

__all__ = ["Confined", "confined_search"]


class Confined:
    """What passes a filter of one table; all of it where that is `None`. An answer says `filtered` where it is not."""

    def __init__(self, table: TableView, within: str | None) -> None:
        self._table = table
        self._within = within

    def reranker(self) -> str | None:
        """As `TableView.reranker`."""
        return self._table.reranker()

    def search(self, query: str, **options: Any) -> Mapping[str, Any]:
        """As `TableView.search`; its `filter` is the question's own."""
        return confined_search(self._table.search, self._within)(query, **options)

    def document(self, source: str, **part: Any) -> Mapping[str, Any]:
        """As `TableView.document`: a source of which nothing may be seen is one that is not there."""
        return self._told(self._table.document(source, within=self._within, **part))

    def nearest(self, chunk: str, *, limit: int = 10) -> Mapping[str, Any]:
        """As `TableView.nearest`."""
        return self._told(self._table.nearest(chunk, limit=limit, within=self._within))

    def facets(self) -> Mapping[str, Any]:
        """As `TableView.facets`."""
        return self._told(self._table.facets(within=self._within))

    def map(self) -> Mapping[str, Any]:
        """As `TableView.map`."""
        return self._told(self._table.map(within=self._within))

    def places_on_map(self, ids: Collection[str]) -> Mapping[str, Any]:
        """As `TableView.places_on_map`."""
        return self._told(self._table.places_on_map(ids, within=self._within))

    def places(self, sources: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """As `TableView.places`, of sources that an answer named: nobody may name one from outside."""
        return self._table.places(sources)

    def _told(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        return answer if self._within is None else {**answer, "filtered": True}


def confined_search(search: Callable[..., Mapping[str, Any]], within: str | None) -> Callable[..., Mapping[str, Any]]:
    """A search that finds what passes the filter `within` alone; the same one where that is `None`."""
    if within is None:
        return search

    def confined(query: str, **options: Any) -> Mapping[str, Any]:
        return {**search(query, **{**options, "within": within}), "filtered": True}

    return confined

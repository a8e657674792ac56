"""Our search as a retriever of LlamaIndex: nodes that say where they come from, embedded as the table was."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Unpack

from embedingest.api import search
from embedingest.integrations.hits import metadata_of, missing, text_of

try:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, TextNode
except ImportError as error:
    raise missing(__name__, "llama-index-core", error) from error

if TYPE_CHECKING:
    from llama_index.core.schema import QueryBundle

    from embedingest.integrations.hits import SearchSettings

__all__ = ["EmbedingestRetriever"]

_NOT_FOR_THE_MODEL: Final = ["mime", "score"]


class EmbedingestRetriever(BaseRetriever):
    """`embedingest.search` for LlamaIndex: `EmbedingestRetriever().retrieve("where does the walrus sleep?")`.

    The settings are the arguments of `embedingest.search` by the same names, and so are the errors. Each node has the
    chunk's text (with `context`, its neighbours around it), the chunk's `id`, its score, and as metadata what the file
    says of itself with `source`, lines or page and headings. The model stays loaded for the next question.
    """

    def __init__(self, **settings: Unpack[SearchSettings]) -> None:
        super().__init__()
        self._settings = settings

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = []
        for hit in search(query_bundle.query_str, **self._settings):
            node = TextNode(
                id_=hit.row.id,
                text=text_of(hit),
                metadata=metadata_of(hit),
                excluded_llm_metadata_keys=_NOT_FOR_THE_MODEL,
            )
            found.append(NodeWithScore(node=node, score=hit.score))
        return found

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """In a thread, since a search takes its time: theirs would hold the event loop."""
        return await asyncio.to_thread(self._retrieve, query_bundle)

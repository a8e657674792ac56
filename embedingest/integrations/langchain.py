"""Our search as a retriever of LangChain: documents that say where they come from, embedded as the table was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.api import search
from embedingest.integrations.hits import metadata_of, missing, text_of
from embedingest.store.unit import USUAL_BUDGET, UnitKind  # pydantic reads `UnitKind` and `Mode` at run time
from embedingest.types import DEFAULT_TABLE, Mode

try:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ImportError as error:
    raise missing(__name__, "langchain-core", error) from error

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun

__all__ = ["EmbedingestRetriever"]


class EmbedingestRetriever(BaseRetriever):
    """`embedingest.search` for LangChain: `EmbedingestRetriever().invoke("where does the walrus sleep?")`.

    The settings are the arguments of `embedingest.search` by the same names, and so are the errors. Each document has
    the chunk's text (with `context`, its neighbours around it), the chunk's `id`, and as metadata what the file says of
    itself with `source`, lines or page, headings and `score`. The model stays loaded for the next question.
    """

    limit: int = 10
    mode: Mode = "hybrid"
    filter: str | None = None
    group: bool = False
    context: int = 0
    rerank: str | bool | None = None
    rerank_candidates: int | None = None
    unit: UnitKind = "chunk"
    budget: int = USUAL_BUDGET
    db: str | None = None
    table: str = DEFAULT_TABLE
    state: str | None = None
    model: str | None = None
    snapshot: str | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002 -- LangChain's signature
        hits = search(
            query,
            limit=self.limit,
            mode=self.mode,
            filter=self.filter,
            group=self.group,
            context=self.context,
            rerank=self.rerank,
            rerank_candidates=self.rerank_candidates,
            unit=self.unit,
            budget=self.budget,
            db=self.db,
            table=self.table,
            state=self.state,
            model=self.model,
            snapshot=self.snapshot,
        )
        return [Document(page_content=text_of(hit), id=hit.row.id, metadata=metadata_of(hit)) for hit in hits]

"""A query as the models of a table have it: its vector, its weighted terms, the vectors of its tokens.

Each with the model that the documents were made with, or the same one under another name of this machine.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.beside import late_engine, sparse_engine
from embedingest.errors import EngineError, ModelNotFoundError
from embedingest.store.values import LATE, SPARSE, VECTOR, ColumnModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.engine.engine import Engine
    from embedingest.store.table import ChunkTable
    from embedingest.store.values import SearchQuery
    from embedingest.types import Mode, ModelInfo

__all__ = ["embedding_model", "with_vectors"]

_MODELS: Final[Mapping[Mode, tuple[str, ...]]] = {
    "hybrid": (VECTOR, SPARSE, LATE),
    "late": (VECTOR, SPARSE, LATE),
    "vector": (VECTOR,),
    "sparse": (SPARSE,),
    "text": (),
}
"""What is made of the query in each mode, where the table has the column."""


def with_vectors(query: SearchQuery, table: ChunkTable, engine: Engine, model: str, *, named: bool) -> SearchQuery:
    """The query with all that its mode needs. A `named` embedding model has no other stand in for it.

    Raises FingerprintError where the table is another model's, before that is loaded, and the engine's errors.
    """
    columns, identity = _MODELS[query.mode], table.identity
    if VECTOR in columns:
        info = embedding_model(table, engine, model, named=named)
        table.check_model(info.fingerprint, info.dimensions)
        name, prompt = info.name_for("query"), info.prompt("query")
        made = engine.embed([query.text], model=name, prompt=prompt, priority="query")
        query = replace(query, vector=made.vectors[0], fingerprint=made.fingerprint)
    for column, held in identity.extras.items():
        if column in columns:
            info = _described(engine, table, held.model, held, named=False)
            table.check_model(info.fingerprint, info.dimensions, column)
            query = replace(query, **{column: _made(engine, column, query.text, info.name)})
    return query


def embedding_model(table: ChunkTable, engine: Engine, model: str, *, named: bool) -> ModelInfo:
    """The model of the table's vectors, or the same one under another name. Raises ModelNotFoundError."""
    identity = table.identity
    held = ColumnModel(identity.fingerprint, identity.dimensions, identity.model)
    return _described(engine, table, model, held, named=named)


def _made(engine: Engine, column: str, text: str, model: str) -> Any:
    """What a model beside makes of a query, as `SearchQuery` has it."""
    if column == SPARSE:
        terms = sparse_engine(engine).embed_sparse([text], model=model, role="query", priority="query")
        return terms.tokens, terms.weights
    return late_engine(engine).embed_late([text], model=model, role="query", priority="query").vectors


def _described(engine: Engine, table: ChunkTable, model: str, held: ColumnModel, *, named: bool) -> ModelInfo:
    """The model, or the same one under another name of this machine. Raises ModelNotFoundError."""
    try:
        return replace(engine.describe(model), name=model)
    except ModelNotFoundError as error:
        if named:
            raise
        for name in engine.models():
            with suppress(EngineError):
                if (info := engine.describe(name)).fingerprint == held.fingerprint:
                    return replace(info, name=name)
        way = f"table `{table.name}` needs model `{held.model}`: name its folder as the model"
        raise ModelNotFoundError(model, remedy=f"{way}, or use mode `text`. {error.remedy or ''}") from error

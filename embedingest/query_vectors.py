"""A query as the models of a table have it: its vector, its weighted terms, the vectors of its tokens.

Each with the model that the documents were made with, or the same one under another name of this machine.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.beside import late_engine, sparse_engine
from embedingest.errors import EngineError, ModelNotFoundError
from embedingest.store.values import LATE, SPARSE, VECTOR, ColumnModel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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


def with_vectors(
    queries: Sequence[SearchQuery],
    modes: Collection[Mode],
    table: ChunkTable,
    engine: Engine,
    model: str,
    *,
    named: bool,
) -> list[SearchQuery]:
    """The queries with all that these modes need, each model asked once for all of them; what a query has of it, made
    here before, is left. A `named` embedding model has no other stand in for it.

    Raises FingerprintError where the table is another model's, before that is loaded, and the engine's errors.
    """
    columns, texts = {column for mode in modes for column in _MODELS[mode]}, [query.text for query in queries]
    queries = list(queries)
    if VECTOR in columns and not _have(queries, VECTOR):
        info = embedding_model(table, engine, model, named=named)
        table.check_model(info.fingerprint, info.dimensions)
        name, prompt = info.name_for("query"), info.prompt("query")
        made = engine.embed(texts, model=name, prompt=prompt, priority="query")
        pairs = zip(queries, made.vectors, strict=True)
        queries = [replace(query, vector=vector, fingerprint=made.fingerprint) for query, vector in pairs]
    for column, held in table.identity.extras.items():
        if column in columns and not _have(queries, column):
            info = _described(engine, table, held.model, held, named=False)
            table.check_model(info.fingerprint, info.dimensions, column)
            parts = zip(queries, _made(engine, column, texts, info.name), strict=True)
            mark = table.identity.fingerprint
            queries = [replace(query, fingerprint=mark, **{column: part}) for query, part in parts]
    return queries


def _have(queries: Sequence[SearchQuery], column: str) -> bool:
    """Whether `with_vectors` made this for all of them: the fingerprint is its mark."""
    return all(query.fingerprint is not None and getattr(query, column) is not None for query in queries)


def embedding_model(table: ChunkTable, engine: Engine, model: str, *, named: bool) -> ModelInfo:
    """The model of the table's vectors, or the same one under another name. Raises ModelNotFoundError."""
    identity = table.identity
    held = ColumnModel(identity.fingerprint, identity.dimensions, identity.model)
    return _described(engine, table, model, held, named=named)


def _made(engine: Engine, column: str, texts: Sequence[str], model: str) -> list[Any]:
    """What a model beside makes of queries, each as `SearchQuery` has it."""
    if column == SPARSE:
        terms = sparse_engine(engine).embed_sparse(texts, model=model, role="query", priority="query")
        return [(terms.tokens[first:last], terms.weights[first:last]) for first, last in pairwise(terms.offsets)]
    rows = late_engine(engine).embed_late(texts, model=model, role="query", priority="query")
    return [rows.vectors[first:last] for first, last in pairwise(rows.offsets)]


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

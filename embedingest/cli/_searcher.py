"""A table to search, opened in this process with what wrote it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedingest.query import Searcher

__all__ = ["opened_searcher"]


@contextmanager
def opened_searcher(
    place: tuple[Path, str, str],
    model: str | None,
    snapshot: str | None = None,
    rerank: str | bool | None = None,
) -> Iterator[tuple[Searcher, str | bool | None]]:
    """A searcher over the table of `place` (state folder, database, table), or over a snapshot of it; and `rerank` as
    its queries have it.

    `model` is what the person named, for which no other stands in; `None`: the one that wrote the table. `rerank` may
    be a folder.
    """
    from embedingest.build.remembered import reranker_of, searching, with_reranker
    from embedingest.build.serving import open_searcher
    from embedingest.build.session import Session
    from embedingest.store.lean import load_lean

    state, db, table = place
    name, config = searching(state, db, table, model)
    rerank, config = with_reranker(config, rerank)
    load_lean()
    with Session(config) as session:
        searcher = open_searcher(
            session,
            db=db,
            table=table,
            model=name,
            snapshot=snapshot,
            named=model is not None,
            rerank=reranker_of(config),
        )
        with searcher:
            yield searcher, rerank

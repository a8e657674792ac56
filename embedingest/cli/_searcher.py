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
def opened_searcher(place: tuple[Path, str, str], model: str | None, snapshot: str | None = None) -> Iterator[Searcher]:
    """A searcher over the table of `place` (state folder, database, table), or over a snapshot of it.

    `model` is what the person named, for which no other stands in; `None`: the one that wrote the table.
    """
    from embedingest.build.remembered import searching
    from embedingest.build.serving import open_searcher
    from embedingest.build.session import Session
    from embedingest.store.lean import load_lean

    state, db, table = place
    name, config = searching(state, db, table, model)
    load_lean()
    with Session(config) as session:
        named = model is not None
        searcher = open_searcher(session, db=db, table=table, model=name, snapshot=snapshot, named=named)
        with searcher:
            yield searcher

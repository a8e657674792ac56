"""What a program that lives answers of its table to commands: what they would have found themselves, at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from embedingest.asking.listener import listening
from embedingest.build.ask import address_of, heading
from embedingest.build.journals import journal_path, remembered_meta
from embedingest.build.remembered import reranker_of, searching
from embedingest.build.serving import open_searcher
from embedingest.config import DEFAULT
from embedingest.config.remembered import storable
from embedingest.ingest.state.damage import identity_of
from embedingest.query import result_to_json
from embedingest.store.health import table_folder
from embedingest.store.values import SearchQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from embedingest.build.models import EngineSource
    from embedingest.config import Config
    from embedingest.query import Searcher

__all__ = ["answering"]


@contextmanager
def answering(engines: EngineSource, *, state: Path, db: str, table: str, engine: str = DEFAULT) -> Iterator[bool]:
    """While inside, commands ask this program for the table, with the engine of that name; whether they can."""
    live = _LiveTable(engines, (state, db, table), engine)
    try:
        with listening(address_of(state, db, table), live.answer) as can:
            yield can
    finally:
        live.close()


class _LiveTable:
    """A table that is searched with an engine that is open anyway. Opened at the first question; many threads ask."""

    def __init__(self, engines: EngineSource, place: tuple[Path, str, str], engine: str) -> None:
        self._engines = engines
        self._place = place
        self._engine = engine
        self._heading = heading(*place)
        self._lock = threading.Lock()
        self._known: object = None
        self._searcher: Searcher | None = None

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The document of a `search`; `None` for what is asked of another table, by another version, or otherwise.

        Raises what searching raises.
        """
        told = {name: question.get(name) for name in self._heading}
        if told != self._heading or question.get("ask") != "search":
            return None
        query = SearchQuery(**question["arguments"])
        searcher = self._opened()
        return None if searcher is None else result_to_json(query, searcher.search(query))

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
        self._searcher = self._known = None

    def _opened(self) -> Searcher | None:
        """The searcher that a command would open now; `None` where its model would be another one than is here."""
        state, db, table = self._place
        with self._lock:
            # Which folder the table is, too: one that was put in its place is opened anew.
            folder = table_folder(db, table)
            known = remembered_meta(journal_path(*self._place), "settings"), folder and identity_of(folder)
            if self._known is None or known != self._known:
                self._close()
                name, config = searching(state, db, table, None)
                if not self._is_meant(config):
                    return None
                self._searcher = open_searcher(
                    self._engines, db=db, table=table, model=name, engine=self._engine, rerank=reranker_of(config)
                )
                self._known = known
            return self._searcher

    def _is_meant(self, config: Config) -> bool:
        """Whether the engine here makes the vectors that one of these settings would."""
        here, wanted = self._engines.config.engine_of(self._engine), config.engine
        models = [
            {name: storable(model) for name, model in sorted(settings.models.items())}
            for settings in (self._engines.config, config)
        ]
        return (here.engine, storable(here)["options"]) == (wanted.engine, storable(wanted)["options"]) and (
            models[0] == models[1]
        )

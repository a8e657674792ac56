"""Searchers over a table, and the engine on a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.build.models import used_models
from embedingest.config import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from embedingest.build.models import EngineSource
    from embedingest.config import Config, RerankConfig, ServerConfig
    from embedingest.engine.engine import Engine
    from embedingest.query import Searcher
    from embedingest.server.pipelines import PipelinesView
    from embedingest.server.readiness import StoreView
    from embedingest.server.run import HttpServer
    from embedingest.store.table import ChunkTable

__all__ = ["check_address", "check_served", "open_searcher", "open_server", "preloaded"]


def open_searcher(
    engines: EngineSource,
    *,
    db: str,
    table: str,
    model: str,
    consistency_seconds: float = 0.0,
    snapshot: str | None = None,
    engine: str = DEFAULT,
    named: bool = False,
    rerank: RerankConfig | None = None,
) -> Searcher:
    """A searcher over one table, or over a snapshot of it, with an engine of `engines`; opens nothing yet.

    What is written to the table is seen at most `consistency_seconds` later. `named` says that a person named the
    model, for which no other stands in; `rerank` is the reranker of the settings.
    """
    from embedingest.query import Searcher

    def open_table() -> ChunkTable:
        from embedingest.store.table import open_table

        opened = open_table(db, table, read_consistency_seconds=consistency_seconds)
        if snapshot is None:
            return opened
        from embedingest.store.snapshots import at

        return at(opened, snapshot)

    return Searcher(open_table, lambda: engines.engine_of(engine), model, named, rerank)


def check_address(settings: ServerConfig) -> None:
    """Raises ConfigError where no server can listen there now."""
    from embedingest.server.run import bind

    bind(settings.host, settings.port).close()


def check_served(settings: ServerConfig) -> None:
    """Raises ConfigError for keys that cannot be read or held, and for a path that no server can be under."""
    from embedingest.server.keyring import Keyring

    Keyring(settings)
    if settings.root_path:
        from embedingest.server.app import FIRST_PARTS
        from embedingest.server.forwarded import Proxies

        Proxies(settings, FIRST_PARTS)


def open_server(
    engines: EngineSource,
    settings: ServerConfig,
    searcher: Searcher | None = None,
    *,
    place: tuple[Path, str, str] | None = None,
    stores: Callable[[], Sequence[StoreView]] | None = None,
    pipelines: PipelinesView | None = None,
) -> HttpServer:
    """The default engine on a socket, bound but not yet serving. Raises ConfigError when the port is taken.

    `place` is state folder, database and table of the searcher; without it nothing is known of the files behind it.
    `stores` are the tables without which it is not ready.
    `pipelines` are shown and steered; without them, whoever follows the table of `place` in another process.

    Of the models in the Hugging Face cache, clients reach those alone that the settings name: to be served, loaded at
    the start, searched with or ingested by.
    """
    from embedingest.server.app import create_app
    from embedingest.server.run import HttpServer

    engine = engines.engine_of(DEFAULT)
    _use_together(engine, engines.config, settings, searcher)
    table = assistants = None
    if searcher is not None:
        from embedingest.build.inspect import FoldersBehind
        from embedingest.build.table_view import TableBehind
        from embedingest.mcp import Assistants

        searcher.allow_models = settings.allow_models
        table = TableBehind(searcher, place)
        assistants = Assistants(searcher, None if place is None else FoldersBehind(*place))
    if pipelines is None and place is not None:
        from embedingest.build.watched import Watched, WatchedPipelines

        pipelines = WatchedPipelines({place[2]: Watched(*place)})
    search = None if table is None else table.search
    app = create_app(
        engine, settings, search, table=table, pipelines=pipelines, stores=stores, assistants=assistants
    )  # fmt: skip
    return HttpServer(app, settings)


def preloaded(model: str, config: Config) -> tuple[str, ...]:
    """The models that a search of a table needs: its own, and of the settings as `searching` gave them those beside it
    and the reranker.
    """
    pipeline = config.pipelines.get(DEFAULT)
    beside = [] if pipeline is None else [name for _, name in used_models(pipeline)[1:]]
    return tuple(dict.fromkeys((model, *beside)))


def _use_together(engine: Engine, config: Config, settings: ServerConfig, searcher: Searcher | None) -> None:
    """Let clients reach those models of the Hugging Face cache that are named, and the pipelines' stay in memory."""
    from embedingest.engine.local import LocalEngine
    from embedingest.engine.together import keep_together

    used = {use for one in config.pipelines.values() if one.engine == DEFAULT for use in used_models(one)}
    if searcher is not None:
        used |= set(searcher.models())
    if isinstance(engine, LocalEngine):
        named = [model for one in config.pipelines.values() for _, model in used_models(one)]
        named += [model for _, model in used]
        engine.catalog.use_cached((*settings.allow_models, *settings.preload, *named))
    keep_together(engine, sorted(used), warn=True)

"""Folders of documents into a LanceDB table that stays equal to them, and the same embedding engine over HTTP.

    import embedingest

    embedingest.ingest("docs")
    for hit in embedingest.search("where does the walrus sleep?"):
        print(hit.source, hit.score, hit.text)

The front door of programs; authors of plug-ins have theirs in `embedingest.plugin`. Every name is imported when it is
first asked for, and importing this package does nothing else.
"""

from __future__ import annotations

from embedingest.lazy import lazy_names, make_callable
from embedingest.version import __version__

# Not from `typing`, whose import would take most of the time that the import of this package takes.
TYPE_CHECKING = False

# Public name → the module it lives in, below `embedingest`.
_MODULES = {
    "ChunkConfig": "config",
    "Config": "config",
    "ConfigError": "errors",
    "DocumentError": "errors",
    "DocumentSkipped": "errors",
    "Embeddings": "types",
    "EmbedingestError": "errors",
    "Engine": "engine.engine",
    "EngineClosedError": "errors",
    "EngineConfig": "config",
    "EngineError": "errors",
    "Failure": "ingest.report",
    "FingerprintError": "errors",
    "Following": "api",
    "Hit": "store.values",
    "HttpServer": "server.run",
    "IngestReport": "ingest.report",
    "InputError": "errors",
    "InputTooLongError": "errors",
    "LoadConfig": "config",
    "LockedError": "errors",
    "ModelConfig": "config",
    "ModelInfo": "types",
    "ModelLoadError": "errors",
    "ModelNotFoundError": "errors",
    "Notice": "ingest.watch.values",
    "OverloadedError": "errors",
    "Pipeline": "ingest.pipeline",
    "PipelineConfig": "config",
    "PluginError": "errors",
    "Progress": "ingest.report",
    "Reranked": "types",
    "Row": "types",
    "SearchQuery": "store.values",
    "SearchResult": "store.values",
    "Searcher": "query",
    "ServerConfig": "config",
    "Session": "build.session",
    "SourceConfig": "config",
    "StoreConfig": "config",
    "StoreError": "errors",
    "TableMissingError": "errors",
    "WatchConfig": "config",
    "embed": "api",
    "ingest": "api",
    "search": "api",
    "serve": "api",
    "watch": "api",
}

if TYPE_CHECKING:
    from embedingest.api import Following, embed, ingest, search, serve, watch
    from embedingest.build.session import Session
    from embedingest.config import (
        ChunkConfig,
        Config,
        EngineConfig,
        LoadConfig,
        ModelConfig,
        PipelineConfig,
        ServerConfig,
        SourceConfig,
        StoreConfig,
        WatchConfig,
    )
    from embedingest.engine.engine import Engine
    from embedingest.errors import (
        ConfigError,
        DocumentError,
        DocumentSkipped,
        EmbedingestError,
        EngineClosedError,
        EngineError,
        FingerprintError,
        InputError,
        InputTooLongError,
        LockedError,
        ModelLoadError,
        ModelNotFoundError,
        OverloadedError,
        PluginError,
        StoreError,
        TableMissingError,
    )
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import Failure, IngestReport, Progress
    from embedingest.ingest.watch.values import Notice
    from embedingest.query import Searcher
    from embedingest.server.run import HttpServer
    from embedingest.store.values import Hit, SearchQuery, SearchResult
    from embedingest.types import Embeddings, ModelInfo, Reranked, Row

__all__ = [
    "ChunkConfig",
    "Config",
    "ConfigError",
    "DocumentError",
    "DocumentSkipped",
    "Embeddings",
    "EmbedingestError",
    "Engine",
    "EngineClosedError",
    "EngineConfig",
    "EngineError",
    "Failure",
    "FingerprintError",
    "Following",
    "Hit",
    "HttpServer",
    "IngestReport",
    "InputError",
    "InputTooLongError",
    "LoadConfig",
    "LockedError",
    "ModelConfig",
    "ModelInfo",
    "ModelLoadError",
    "ModelNotFoundError",
    "Notice",
    "OverloadedError",
    "Pipeline",
    "PipelineConfig",
    "PluginError",
    "Progress",
    "Reranked",
    "Row",
    "SearchQuery",
    "SearchResult",
    "Searcher",
    "ServerConfig",
    "Session",
    "SourceConfig",
    "StoreConfig",
    "StoreError",
    "TableMissingError",
    "WatchConfig",
    "__version__",
    "embed",
    "ingest",
    "search",
    "serve",
    "watch",
]

make_callable(__name__, "ingest", _MODULES)  # `embedingest.ingest` is a sub-package too
__getattr__, __dir__ = lazy_names(__name__, _MODULES, besides=("__version__",))

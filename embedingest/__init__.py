"""Folders of documents into a LanceDB table that stays equal to them, and the same embedding engine over HTTP.

The front door: everything public is reached from here and imported when it is first asked for, so that
`import embedingest` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from embedingest.version import __version__

# Public name → the room it lives in.
_ROOMS: Final = {
    "Chunk": "types",
    "Chunker": "ingest.chunk",
    "Config": "config",
    "ConfigError": "errors",
    "Document": "types",
    "DocumentError": "errors",
    "DocumentSkipped": "errors",
    "Embeddings": "types",
    "EmbedingestError": "errors",
    "Encoder": "engine.encoder",
    "Engine": "engine.engine",
    "EngineClosedError": "errors",
    "EngineConfig": "config",
    "EngineError": "errors",
    "FastTokenizer": "engine.folder.tokenizer",
    "FingerprintError": "errors",
    "FolderEncoder": "engine.folder.encoder",
    "InputError": "errors",
    "InputTooLongError": "errors",
    "Item": "ingest.sources.base",
    "Loader": "ingest.load",
    "LockedError": "errors",
    "ModelConfig": "config",
    "ModelFolder": "engine.folder.folder",
    "ModelInfo": "types",
    "ModelLoadError": "errors",
    "ModelNotFoundError": "errors",
    "OverloadedError": "errors",
    "Pipeline": "ingest.pipeline",
    "PluginError": "errors",
    "Row": "types",
    "Searcher": "query",
    "Sizer": "types",
    "Source": "ingest.sources.base",
    "Span": "types",
    "StoreError": "errors",
    "TableMissingError": "errors",
    "TokenIds": "engine.encoder",
    "TokenizerSizer": "engine.folder.tokenizer",
    "Session": "build.session",
    "load_chain": "engine.torch.encoder",
    "open_engine": "build.models",
    "open_loader": "build.models",
    "open_pipeline": "build.pipelines",
    "open_searcher": "build.serving",
    "user_cache": "paths",
}

if TYPE_CHECKING:
    from embedingest.build.models import open_engine, open_loader
    from embedingest.build.pipelines import open_pipeline
    from embedingest.build.serving import open_searcher
    from embedingest.build.session import Session
    from embedingest.config import Config, EngineConfig, ModelConfig
    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.engine import Engine
    from embedingest.engine.folder.encoder import FolderEncoder
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.tokenizer import FastTokenizer, TokenizerSizer
    from embedingest.engine.torch.encoder import load_chain
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
    from embedingest.ingest.chunk import Chunker
    from embedingest.ingest.load import Loader
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.sources.base import Item, Source
    from embedingest.paths import user_cache
    from embedingest.query import Searcher
    from embedingest.types import Chunk, Document, Embeddings, ModelInfo, Row, Sizer, Span

__all__ = [
    "Chunk",
    "Chunker",
    "Config",
    "ConfigError",
    "Document",
    "DocumentError",
    "DocumentSkipped",
    "Embeddings",
    "EmbedingestError",
    "Encoder",
    "Engine",
    "EngineClosedError",
    "EngineConfig",
    "EngineError",
    "FastTokenizer",
    "FingerprintError",
    "FolderEncoder",
    "InputError",
    "InputTooLongError",
    "Item",
    "Loader",
    "LockedError",
    "ModelConfig",
    "ModelFolder",
    "ModelInfo",
    "ModelLoadError",
    "ModelNotFoundError",
    "OverloadedError",
    "Pipeline",
    "PluginError",
    "Row",
    "Searcher",
    "Session",
    "Sizer",
    "Source",
    "Span",
    "StoreError",
    "TableMissingError",
    "TokenIds",
    "TokenizerSizer",
    "__version__",
    "load_chain",
    "open_engine",
    "open_loader",
    "open_pipeline",
    "open_searcher",
    "user_cache",
]


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module `embedingest` has no public name `{name}`")
    value = getattr(import_module(f"embedingest.{room}"), name)
    globals()[name] = value  # asked once
    return value


def __dir__() -> list[str]:
    return __all__

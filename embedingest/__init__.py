"""Folders of documents into a LanceDB table that stays equal to them, and the same embedding engine over HTTP.

The front door: everything public is reached from here and imported when it is first asked for, so that
`import embedingest` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from embedingest.integrations.late import register_with_lancedb

__version__ = "0.1.0"

register_with_lancedb()

# Public name → the room it lives in.
_ROOMS: Final = {
    "Change": "types",
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
    "FastTokenizer": "engine.tokenizer",
    "FileEvent": "types",
    "FingerprintError": "errors",
    "FolderEncoder": "engine.local_encoder",
    "InputError": "errors",
    "InputTooLongError": "errors",
    "Item": "ingest.source",
    "Loader": "ingest.load",
    "LockedError": "errors",
    "ModelConfig": "config",
    "ModelFolder": "engine.folder",
    "ModelInfo": "types",
    "ModelLoadError": "errors",
    "ModelNotFoundError": "errors",
    "OverloadedError": "errors",
    "Pipeline": "ingest.pipeline",
    "PluginError": "errors",
    "Row": "types",
    "Searcher": "query",
    "Sizer": "types",
    "Source": "ingest.source",
    "Span": "types",
    "StoreError": "errors",
    "TableMissingError": "errors",
    "TokenIds": "engine.encoder",
    "TokenizerSizer": "engine.tokenizer",
    "Workshop": "build",
    "load_chain": "engine.sentence_transformers",
    "open_engine": "build",
    "open_loader": "build",
    "open_pipeline": "build",
    "open_searcher": "build",
    "user_cache": "paths",
}

if TYPE_CHECKING:
    from embedingest.build import Workshop, open_engine, open_loader, open_pipeline, open_searcher
    from embedingest.config import Config, EngineConfig, ModelConfig
    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.engine import Engine
    from embedingest.engine.folder import ModelFolder
    from embedingest.engine.local_encoder import FolderEncoder
    from embedingest.engine.sentence_transformers import load_chain
    from embedingest.engine.tokenizer import FastTokenizer, TokenizerSizer
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
    from embedingest.ingest.source import Item, Source
    from embedingest.paths import user_cache
    from embedingest.query import Searcher
    from embedingest.types import Change, Chunk, Document, Embeddings, FileEvent, ModelInfo, Row, Sizer, Span

__all__ = [
    "Change",
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
    "FileEvent",
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
    "Sizer",
    "Source",
    "Span",
    "StoreError",
    "TableMissingError",
    "TokenIds",
    "TokenizerSizer",
    "Workshop",
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

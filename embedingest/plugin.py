"""What the author of a plug-in imports: the seams, the values that pass them, the errors to raise, and helpers.

Every name is imported when it is first asked for, so that a loader costs no torch. The names of programs that use
embedingest are in `embedingest` itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.lazy import lazy_names

# Public name → the module it lives in, below `embedingest`.
_MODULES: Final = {
    "Chunk": "types",
    "Chunker": "ingest.chunk",
    "ConfigError": "errors",
    "Document": "types",
    "DocumentError": "errors",
    "DocumentSkipped": "errors",
    "Embeddings": "types",
    "EmbedingestError": "errors",
    "Encoder": "engine.encoder",
    "Engine": "engine.engine",
    "EngineClosedError": "errors",
    "EngineError": "errors",
    "FastTokenizer": "engine.folder.tokenizer",
    "FolderEncoder": "engine.folder.encoder",
    "FolderScorer": "engine.folder.scorer",
    "InputError": "errors",
    "InputTooLongError": "errors",
    "Item": "ingest.sources.base",
    "Loader": "ingest.load",
    "MarkedSource": "ingest.sources.base",
    "ModelConfig": "config",
    "ModelFolder": "engine.folder.folder",
    "ModelInfo": "types",
    "ModelLoadError": "errors",
    "ModelNotFoundError": "errors",
    "OverloadedError": "errors",
    "Pair": "engine.scorer",
    "Picture": "picture",
    "PictureSource": "picture",
    "PictureTokens": "engine.encoder",
    "PluginError": "errors",
    "Scorer": "engine.scorer",
    "Sizer": "types",
    "Source": "ingest.sources.base",
    "Span": "types",
    "SupportsBatchTokens": "engine.encoder",
    "SupportsHosts": "engine.engine",
    "SupportsPictures": "engine.encoder",
    "TokenIds": "engine.encoder",
    "TokenizerSizer": "engine.folder.tokenizer",
    "file_hash": "engine.folder.fingerprint",
    "load_chain": "engine.torch.encoder",
    "open_loader": "build.models",
    "read_header": "engine.folder.weights",
    "read_object": "engine.folder.settings_files",
    "text_list": "engine.engine",
    "user_cache": "paths",
    "weight_files": "engine.folder.weights",
    "word_settings": "engine.folder.words",
}

if TYPE_CHECKING:
    from embedingest.build.models import open_loader
    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import Encoder, PictureTokens, SupportsBatchTokens, SupportsPictures, TokenIds
    from embedingest.engine.engine import Engine, SupportsHosts, text_list
    from embedingest.engine.folder.encoder import FolderEncoder
    from embedingest.engine.folder.fingerprint import file_hash
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.scorer import FolderScorer
    from embedingest.engine.folder.settings_files import read_object
    from embedingest.engine.folder.tokenizer import FastTokenizer, TokenizerSizer
    from embedingest.engine.folder.weights import read_header, weight_files
    from embedingest.engine.folder.words import word_settings
    from embedingest.engine.scorer import Pair, Scorer
    from embedingest.engine.torch.encoder import load_chain
    from embedingest.errors import (
        ConfigError,
        DocumentError,
        DocumentSkipped,
        EmbedingestError,
        EngineClosedError,
        EngineError,
        InputError,
        InputTooLongError,
        ModelLoadError,
        ModelNotFoundError,
        OverloadedError,
        PluginError,
    )
    from embedingest.ingest.chunk import Chunker
    from embedingest.ingest.load import Loader
    from embedingest.ingest.sources.base import Item, MarkedSource, Source
    from embedingest.paths import user_cache
    from embedingest.picture import Picture, PictureSource
    from embedingest.types import Chunk, Document, Embeddings, ModelInfo, Sizer, Span

__all__ = [
    "Chunk",
    "Chunker",
    "ConfigError",
    "Document",
    "DocumentError",
    "DocumentSkipped",
    "Embeddings",
    "EmbedingestError",
    "Encoder",
    "Engine",
    "EngineClosedError",
    "EngineError",
    "FastTokenizer",
    "FolderEncoder",
    "FolderScorer",
    "InputError",
    "InputTooLongError",
    "Item",
    "Loader",
    "MarkedSource",
    "ModelConfig",
    "ModelFolder",
    "ModelInfo",
    "ModelLoadError",
    "ModelNotFoundError",
    "OverloadedError",
    "Pair",
    "Picture",
    "PictureSource",
    "PictureTokens",
    "PluginError",
    "Scorer",
    "Sizer",
    "Source",
    "Span",
    "SupportsBatchTokens",
    "SupportsHosts",
    "SupportsPictures",
    "TokenIds",
    "TokenizerSizer",
    "file_hash",
    "load_chain",
    "open_loader",
    "read_header",
    "read_object",
    "text_list",
    "user_cache",
    "weight_files",
    "word_settings",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)

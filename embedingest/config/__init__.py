"""What can be configured, and how a file becomes settings. Knows no implementation of anything it configures."""

from embedingest.config.model import (
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
from embedingest.config.read import Reading, read, read_file
from embedingest.config.show import schema, show

__all__ = [
    "ChunkConfig",
    "Config",
    "EngineConfig",
    "LoadConfig",
    "ModelConfig",
    "PipelineConfig",
    "Reading",
    "ServerConfig",
    "SourceConfig",
    "StoreConfig",
    "WatchConfig",
    "read",
    "read_file",
    "schema",
    "show",
]

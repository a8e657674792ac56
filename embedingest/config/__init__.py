"""What can be configured, and how a file becomes settings. Knows no implementation of anything it configures."""

from embedingest.config.context import ContextConfig
from embedingest.config.metadata import MetadataRules
from embedingest.config.model import (
    DEFAULT,
    FOLDER,
    ChunkConfig,
    ChunkRule,
    Config,
    EngineConfig,
    LoadConfig,
    LoadRule,
    ModelConfig,
    PipelineConfig,
    SourceConfig,
    StoreConfig,
    WatchConfig,
)
from embedingest.config.read import Reading, is_configuration, read, read_file
from embedingest.config.rerank import RerankConfig
from embedingest.config.run import HERE, RAY_ONLY, RunConfig, idle
from embedingest.config.schedule import Schedule, parse_schedule
from embedingest.config.server import ServerConfig
from embedingest.config.show import schema, show

__all__ = [
    "DEFAULT",
    "FOLDER",
    "HERE",
    "RAY_ONLY",
    "ChunkConfig",
    "ChunkRule",
    "Config",
    "ContextConfig",
    "EngineConfig",
    "LoadConfig",
    "LoadRule",
    "MetadataRules",
    "ModelConfig",
    "PipelineConfig",
    "Reading",
    "RerankConfig",
    "RunConfig",
    "Schedule",
    "ServerConfig",
    "SourceConfig",
    "StoreConfig",
    "WatchConfig",
    "idle",
    "is_configuration",
    "parse_schedule",
    "read",
    "read_file",
    "schema",
    "show",
]

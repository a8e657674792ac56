"""The settings of the HTTP engine. Listens to nothing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from embedingest.config.keys import Keys  # noqa: TC001 -- pydantic reads this at run time
from embedingest.config.located import FilePath  # noqa: TC001 -- pydantic reads this at run time
from embedingest.config.proxies import Network, Prefix  # noqa: TC001 -- pydantic reads these at run time
from embedingest.config.section import Section

__all__ = ["ServerConfig"]


class ServerConfig(Section):
    """The HTTP engine."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; off loopback documents need `api_key`")
    port: int = Field(default=11434, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    preload: tuple[str, ...] = Field(default=(), description="Models loaded before the first request")
    origins: tuple[str, ...] = Field(default=(), description="Further origins for CORS, one `*` each")
    api_key: str | None = Field(default=None, description="Asked of every request but health; best `${VARIABLE}`")
    keys: Keys = Field(
        default_factory=dict, description="Keys by name, each with what it may do; beside `api_key`, which may all"
    )
    keys_file: FilePath | None = Field(default=None, description="File of further keys; read again when it changes")
    allow_models: tuple[str, ...] = Field(default=(), description="Only these models are served; empty: all")
    allow_pull: bool = Field(default=False, description="Let `/api/pull` fetch models over the network")
    max_body_bytes: int = Field(default=64 * 2**20, ge=1024, le=2**40, description="Largest request body")
    max_inputs: int = Field(default=32_768, ge=1, le=100_000_000, description="Most texts in one request")
    head_timeout_seconds: float = Field(default=10.0, gt=0, le=3600, description="Time to send a request's head")
    body_timeout_seconds: float = Field(default=60.0, gt=0, le=86_400, description="Time to send a request's body")
    write_timeout_seconds: float = Field(default=60.0, gt=0, le=3600, description="Time to take some of an answer")
    max_answer_bytes: int = Field(default=512 * 2**20, ge=1024, le=2**40, description="Large answers in memory at once")
    max_connections: int = Field(default=2048, ge=1, le=1_000_000, description="Connections that are open at once")
    hosts: tuple[str, ...] = Field(default=(), description="Further names in `Host` that documents are answered under")
    root_path: Prefix = Field(default="", description="Path under which a proxy serves this server, such as `/search`")
    trusted_proxies: tuple[Network, ...] = Field(
        default=(), description="Addresses or networks of proxies whose `X-Forwarded-*` headers are believed"
    )
    context_length: int | None = Field(default=None, ge=1, le=10_000_000, description="Most tokens without `num_ctx`")
    min_free_bytes: int = Field(default=256 * 2**20, ge=0, le=2**50, description="Room on disk; less is not ready")
    token_ids: Literal["cl100k_base"] | None = Field(
        default=None, description="Vocabulary of token ids in `/v1/embeddings`; without it they are refused"
    )

    @property
    def has_keys(self) -> bool:
        """Whether a request needs a key; also where none is left in the file of keys: then nobody has one."""
        return bool(self.api_key or self.keys or self.keys_file is not None)

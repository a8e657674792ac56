"""What can be set, every number bounded. Reads the environment for the key alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from embedingest.plugin import ConfigError

__all__ = ["RemoteSettings"]


class RemoteSettings(BaseModel):
    """Settings of the engine `remote`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://[^\s/]", description="Where the server is")
    api: Literal["ollama", "openai"] = Field(default="ollama", description="Which wire it speaks")
    models: tuple[str, ...] = Field(default=(), description="Names that may be used; default: what the server lists")
    key_env: str | None = Field(default=None, min_length=1, description="Environment variable with the API key")
    max_tokens: int | None = Field(default=None, ge=8, le=10_000_000, description="Window in the model's tokens")
    tokenizer: Path | None = Field(default=None, description="A tokenizer.json, for exact counts")
    batch_texts: int = Field(default=64, ge=1, le=10_000, description="Most texts in a request")
    batch_characters: int = Field(default=100_000, ge=100, le=100_000_000, description="Most characters in a request")
    parallel: int = Field(default=4, ge=1, le=256, description="Requests at once")
    timeout_seconds: float = Field(default=120.0, gt=0, le=86_400, description="Time limit of one try")
    retries: int = Field(default=4, ge=0, le=100, description="Further tries after one that failed")
    backoff_seconds: float = Field(default=0.5, ge=0, le=600, description="First pause; doubles with each try")

    def key(self) -> str | None:
        """The API key. Raises ConfigError where its variable is not set."""
        if self.key_env is None:
            return None
        key = os.environ.get(self.key_env)
        if not key:
            raise ConfigError(f"engine `remote` wants its key in ${self.key_env}, which is not set")
        return key

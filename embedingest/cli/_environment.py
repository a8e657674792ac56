"""Settings from flags and from the environment, Ollama's variables among them. The one reader of `OLLAMA_*`.

A flag that was given comes first, then the variable, then the default.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from embedingest.config import EngineConfig, ServerConfig
from embedingest.durations import parse_setting
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["engine_settings", "server_settings"]


def server_settings(environ: Mapping[str, str] | None = None, **given: Any) -> ServerConfig:
    """`OLLAMA_HOST`, `OLLAMA_ORIGINS`, `OLLAMA_CONTEXT_LENGTH` under the flags. Raises ConfigError, naming the one."""
    env = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    if value := env.get("OLLAMA_HOST", "").strip():
        found |= _host(value)
    if value := env.get("OLLAMA_ORIGINS", "").strip():
        found["origins"] = tuple(part.strip() for part in value.split(",") if part.strip())
    if value := env.get("OLLAMA_CONTEXT_LENGTH", "").strip():
        found["context_length"] = _read("OLLAMA_CONTEXT_LENGTH", value, _positive)
    return ServerConfig(**_said(found | _said(given)))


def engine_settings(environ: Mapping[str, str] | None = None, **given: Any) -> EngineConfig:
    """`OLLAMA_KEEP_ALIVE`, `OLLAMA_MAX_QUEUE` and `OLLAMA_MAX_LOADED_MODELS` under the flags; 0 is the default."""
    env = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    for variable, name, read in _ENGINE:
        if value := env.get(variable, "").strip():
            found[name] = _read(variable, value, read)
    return EngineConfig(**_said(found | _said(given)))


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, ())}


def _positive(text: str) -> int | None:
    number = int(text)
    return number if number > 0 else None


_ENGINE: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("OLLAMA_KEEP_ALIVE", "keep_alive", parse_setting),
    ("OLLAMA_MAX_QUEUE", "max_waiting", _positive),
    ("OLLAMA_MAX_LOADED_MODELS", "max_loaded_models", _positive),
)


def _read(variable: str, value: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ConfigError(f"{variable} is `{value}`: {error}", remedy=f"unset {variable}, or mend it") from error


def _host(value: str) -> dict[str, Any]:
    """`OLLAMA_HOST` as Ollama reads it: `host`, `host:port`, `:port`, `[::1]:port`, with or without a scheme."""
    from urllib.parse import urlsplit

    scheme, _, rest = value.rpartition("://")
    parts = urlsplit("//" + rest)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"OLLAMA_HOST is `{value}`: {error}", remedy="write it as HOST:PORT") from error
    default = {"http": 80, "https": 443}.get(scheme, 11434)
    return {"host": parts.hostname or "127.0.0.1", "port": default if port is None else port}

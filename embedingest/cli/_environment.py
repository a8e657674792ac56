"""Settings from flags and from the environment. The only reader of Ollama's variables, `OLLAMA_*`.

The flag goes before the variable, the variable before the default.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Any, Final

from embedingest.config import EngineConfig, ServerConfig
from embedingest.durations import parse_setting
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["engine_settings", "server_settings"]


def server_settings(environ: Mapping[str, str] | None = None, **flags: Any) -> ServerConfig:
    """`OLLAMA_HOST`, `OLLAMA_ORIGINS`, `OLLAMA_CONTEXT_LENGTH` under the flags. Raises ConfigError."""
    env = os.environ if environ is None else environ
    settings: dict[str, Any] = {}
    if value := _variable(env, "OLLAMA_HOST"):
        settings |= _host(value)
    if value := _variable(env, "OLLAMA_ORIGINS"):
        settings["origins"] = tuple(part.strip() for part in value.split(",") if part.strip())
    if value := _variable(env, "OLLAMA_CONTEXT_LENGTH"):
        settings["context_length"] = _read("OLLAMA_CONTEXT_LENGTH", value, _positive)
    return ServerConfig(**_present(settings | _present(flags)))


def engine_settings(environ: Mapping[str, str] | None = None, **flags: Any) -> EngineConfig:
    """`OLLAMA_KEEP_ALIVE`, `OLLAMA_MAX_QUEUE` and `OLLAMA_MAX_LOADED_MODELS` under the flags; 0 means the default."""
    env = os.environ if environ is None else environ
    settings: dict[str, Any] = {}
    for variable, name, read in _ENGINE_VARIABLES:
        if value := _variable(env, variable):
            settings[name] = _read(variable, value, read)
    return EngineConfig(**_present(settings | _present(flags)))


def _variable(env: Mapping[str, str], name: str) -> str:
    """Blanks and quotes around a value are none of it, as Ollama reads its variables."""
    return env.get(name, "").strip().strip("\"'").strip()


def _present(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value not in (None, ())}


def _positive(text: str) -> int | None:
    number = int(text)
    return number if number > 0 else None


_ENGINE_VARIABLES: Final[tuple[tuple[str, str, Callable[[str], Any]], ...]] = (
    ("OLLAMA_KEEP_ALIVE", "keep_alive", parse_setting),
    ("OLLAMA_MAX_QUEUE", "max_waiting", _positive),
    ("OLLAMA_MAX_LOADED_MODELS", "max_loaded_models", _positive),
)


def _read(variable: str, value: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ConfigError(f"{variable} is `{value}`: {error}", remedy=f"unset {variable}, or mend it") from error


def _is_bare_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _host(value: str) -> dict[str, Any]:
    """`OLLAMA_HOST` as Ollama reads it: `host`, `host:port`, `:port`, `[::1]:port`, `::1`, with or without a scheme."""
    from urllib.parse import urlsplit

    scheme, _, rest = value.rpartition("://")
    address = rest.partition("/")[0]
    parts = urlsplit(f"//[{address}]" if _is_bare_ipv6(address) else "//" + address)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"OLLAMA_HOST is `{value}`: {error}", remedy="write it as HOST:PORT") from error
    default = {"http": 80, "https": 443}.get(scheme, 11434)
    return {"host": parts.hostname or "127.0.0.1", "port": default if port is None else port}

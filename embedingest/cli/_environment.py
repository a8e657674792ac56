"""Settings from flags and from the environment. The only reader of Ollama's variables, `OLLAMA_*`.

The flag goes before the variable, the variable before the default.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from embedingest.config import EngineConfig, ServerConfig
from embedingest.durations import parse_setting
from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["api_key", "engine_settings", "server_settings"]

_CREDENTIAL: Final = "embedingest-api-key"
_MOST_KEY_CHARACTERS: Final = 4096
_OPTION_OF: Final = {"trusted_proxies": "trusted-proxy", "hosts": "allowed-host", "origins": "origin"}


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
    try:
        return ServerConfig(**_present(settings | _present(flags)))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        name = str(problem["loc"][0])
        option = _OPTION_OF.get(name, name.replace("_", "-"))
        text = problem["msg"].removeprefix("Value error, ")
        # The cause would print values, and one may be a key.
        raise ConfigError(f"--{option}: {text}", remedy="see `embedingest serve --help`") from None


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


def api_key(flag: str | None, file: Path | None, environ: Mapping[str, str] | None = None) -> str | None:
    """The key by flag or variable, by file, or as a credential of systemd; `None` where there is none at all.

    Raises ConfigError for one that is empty or cannot be read.
    """
    credentials = (os.environ if environ is None else environ).get("CREDENTIALS_DIRECTORY", "")
    credential = Path(credentials, _CREDENTIAL)
    if flag is None and file is None and credentials and credential.is_file():
        file = credential
    if flag is not None or file is None:
        key, origin = flag, "--api-key"
    else:
        key, origin = _first_line(file), str(file)
    if key is not None and not key.strip():
        raise ConfigError(f"the API key of {origin} is empty", remedy="give a key, or leave the option away")
    return key if key is None else key.strip()


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.readline(_MOST_KEY_CHARACTERS)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the API key cannot be read from {file}: {error}", remedy="check `--api-key-file`"
        ) from error


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

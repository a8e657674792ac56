"""Settings shown to people and editors: resolved with secrets hidden, and as JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.config.model import Config

if TYPE_CHECKING:
    from embedingest.config.located import Key
    from embedingest.config.read import Reading

__all__ = ["HIDDEN", "is_secret", "schema", "show"]

HIDDEN: Final = "***"
_SECRET: Final = ("key", "secret", "token", "password", "credential")
_NOT_SECRET: Final = ("tokens",)


def show(reading: Reading) -> dict[str, Any]:
    """Every setting with its value, for YAML or JSON; a secret, or what came from the environment, is `***`."""
    shown = reading.config.model_dump(mode="json", by_alias=True)
    result = _hidden(shown, (), reading.hidden)
    assert isinstance(result, dict)
    return result


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file, `extends` included, so that editors complete and check it."""
    whole = Config.model_json_schema(by_alias=True)
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    whole["title"] = "embedingest configuration"
    whole["properties"]["extends"] = {
        "type": "string",
        "description": "Another configuration file, below this one's folder or named whole, that this one is laid over",
    }
    return whole


def _hidden(value: Any, key: Key, hidden: frozenset[Key]) -> Any:
    if key in hidden or (isinstance(value, str) and value and is_secret(key)):
        return HIDDEN
    if isinstance(value, dict):
        return {name: _hidden(inner, (*key, name), hidden) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner, (*key, index), hidden) for index, inner in enumerate(value)]
    return value


def is_secret(key: Key) -> bool:
    """Whether what stands under this key is to be shown to nobody, by the key's name."""
    name = str(key[-1]).lower() if key else ""
    return name.endswith(_SECRET) and not name.endswith(_NOT_SECRET)

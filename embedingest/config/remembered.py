"""Settings kept on disk for a later command, from any folder, without what must not be there.

Paths are kept whole. The `options` of plug-ins may hold secrets. Of a value that came from the environment its
spelling is kept (`${VARIABLE}`), and read from the environment again; a secret that stands in the file itself is left
out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel

from embedingest.config.located import LocatedStr
from embedingest.config.read import expanded
from embedingest.config.show import is_secret
from embedingest.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["restored", "storable"]

_VARIABLES: Final = "${}"
_OPTIONS: Final = "options"


def storable(section: BaseModel) -> dict[str, Any]:
    """A section of a configuration as plain values for JSON, to be read by `restored`."""
    document = _storable(section, section.model_dump(mode="json", by_alias=True))
    assert isinstance(document, dict)
    return document


def restored(value: Any, environment: Mapping[str, str] | None = None) -> Any:
    """What `storable` gave, with variables replaced. Raises ConfigError that names one that is not set."""
    if isinstance(value, dict):
        if set(value) == {_VARIABLES}:
            return expanded(value[_VARIABLES], environment)
        return {name: restored(inner, environment) for name, inner in value.items()}
    if isinstance(value, list):
        return [restored(inner, environment) for inner in value]
    return value


def _storable(value: Any, dumped: Any) -> Any:
    """`dumped` is the JSON form of `value`; the values themselves know where they came from."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner, key = getattr(value, name), field.serialization_alias or field.alias or name
            dumped[key] = _options(inner, dumped[key]) if name == _OPTIONS else _storable(inner, dumped[key])
        return dumped
    if isinstance(value, dict) and isinstance(dumped, dict):
        return {name: _storable(inner, dumped[name]) if name in dumped else inner for name, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [_storable(inner, json_value) for inner, json_value in zip(value, dumped, strict=True)]
    return str(absolute(value)) if isinstance(value, Path) else dumped


def _options(value: Any, dumped: Any) -> Any:
    if isinstance(value, Path):
        return str(absolute(value))
    if isinstance(value, LocatedStr) and value.variables:
        return {_VARIABLES: value.variables}
    if isinstance(value, dict):
        return {
            name: _options(inner, dumped[name]) for name, inner in value.items() if not _is_plain_secret(name, inner)
        }
    if isinstance(value, (tuple, list)):
        return [_options(inner, json_value) for inner, json_value in zip(value, dumped, strict=True)]
    return dumped


def _is_plain_secret(name: str, value: Any) -> bool:
    """Whether a setting is a secret that stands in the file itself."""
    if not isinstance(value, str) or (isinstance(value, LocatedStr) and value.variables):
        return False
    return is_secret((name,)) or _has_password(value)


def _has_password(text: str) -> bool:
    try:
        return "://" in text and urlsplit(text).password is not None
    except ValueError:
        return False

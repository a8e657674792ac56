"""Values that came with a document, as YAML or TOML writes them, turned into values of JSON. Knows no files."""

from __future__ import annotations

import datetime as dt
from typing import Any

__all__ = ["jsonable", "read_yaml"]


def jsonable(value: Any) -> Any:
    """The same value in JSON's types: dates as ISO text, keys as text, what is unknown by its `str`."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def read_yaml(source: str) -> Any:
    """The value of a YAML text, `None` where it is blank. Raises ValueError with a reason on one line.

    Aliases are refused: they can grow a few lines into gigabytes.
    """
    import yaml

    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(source)):
            raise ValueError("aliases (`*name`) are not read")
        return yaml.safe_load(source)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"no YAML: {' '.join(str(error).split())}") from error

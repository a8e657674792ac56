"""Which plug-in reads or cuts what: names of plug-ins with settings of their own, and which of several rules counts."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

__all__ = ["MOST_BITS", "first_wins", "keyed", "storable"]

MOST_BITS: Final = 1024
"""Of a whole number: some 300 digits, as many as a float has at most."""

_DEEPEST: Final = 32


def keyed(name: str, options: dict[str, Any]) -> str:
    """A name for a plug-in with settings of its own, the same wherever the rule stands in the file."""
    if not options:
        return name
    document = json.dumps(options, sort_keys=True, default=str)
    return f"{name}#{hashlib.blake2s(document.encode(), digest_size=4).hexdigest()}"


def first_wins(rules: list[tuple[str, str]], rest: dict[str, str]) -> dict[str, str]:
    """Pattern to name: the first rule of a pattern counts, and every rule before `rest`."""
    chosen: dict[str, str] = {}
    for pattern, key in [*rules, *rest.items()]:
        chosen.setdefault(pattern, key)
    return chosen


def storable(values: dict[str, Any]) -> dict[str, Any]:
    """Values that a row's metadata can hold, unchanged. Raises ValueError that names the key of one that it cannot."""
    waiting = [(key, value, 1) for key, value in values.items()]
    while waiting:
        key, value, depth = waiting.pop()
        if isinstance(value, int) and value.bit_length() > MOST_BITS:
            raise ValueError(f"`{key}` is a number of more than 300 digits, which no row can hold")
        if depth > _DEEPEST:
            raise ValueError(f"`{key}` is nested more than {_DEEPEST} deep")
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        waiting += [(key, each, depth + 1) for each in inner]
    return values

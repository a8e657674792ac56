"""Which plug-in reads or cuts what: names of plug-ins with settings of their own, and which of several rules counts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

__all__ = ["first_wins", "keyed"]


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

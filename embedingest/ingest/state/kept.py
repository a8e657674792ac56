"""What people decided and a table cannot tell, kept in a small file beside the journal too, and so outliving it.

The settings of the last run, the roots that were forgotten, the snapshot that is to stay. A journal that is made anew
takes them from here.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from embedingest.atomic import write_bytes
from embedingest.errors import StoreError
from embedingest.regular import read_bounded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["KEPT", "keep", "kept", "kept_path", "storable"]

KEPT: Final = ("settings", "forgotten", "paused", "home")
"""Keys of the journal's `meta`."""
_MOST_BYTES: Final = 64 * 2**20


def storable(value: str) -> str | bytes:
    """A value of `meta` as SQLite holds it: a path with bytes that are no text as bytes, like those of roots."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return os.fsencode(value)
    return value


def kept_path(journal: Path) -> Path:
    """The file beside a journal."""
    return journal.with_name(f"{journal.name}.kept.json")


def kept(journal: Path) -> dict[str, str]:
    """What is kept of the journal at this path; nothing where the file is missing or damaged."""
    try:
        values = json.loads(read_bounded(kept_path(journal), _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {key: value for key, value in values.items() if key in KEPT and isinstance(value, str)}


def keep(journal: Path, values: Mapping[str, str]) -> None:
    """Keep these values as well, in one step; writes nothing where they are kept already. Raises StoreError."""
    before = kept(journal)
    after = {**before, **values}
    if after == before:
        return
    try:
        write_bytes(kept_path(journal), json.dumps(after, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise StoreError(
            f"{kept_path(journal)} cannot be written: {error.strerror}",
            remedy="free some space or mend the permissions of that folder, or choose another with `--state`",
        ) from error

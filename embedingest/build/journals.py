"""Where the journal of a table lies, and what it says of itself. Knows no settings, so that looking costs little."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from embedingest.ingest.state.reading import decided
from embedingest.paths import absolute, moved
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["forgotten_folders", "journal_path", "output_folders", "remembered_meta"]


def journal_path(state: Path, db: str, table: str) -> Path:
    """Where the journal of one table lies. Two databases in one state folder have two journals.

    That of a database below its state folder is named so that it is found again when both are moved together.
    """
    folder = local_folder(db)
    if folder is None:
        return _journal(state, db, table)
    place, home = folder.resolve(), state.resolve()
    by_whole_path = _journal(state, str(place), table)
    if not place.is_relative_to(home):
        return by_whole_path
    by_part = _journal(state, place.relative_to(home).as_posix(), table)
    # Earlier versions named every journal by the whole path.
    return by_whole_path if os.path.lexists(by_whole_path) and not os.path.lexists(by_part) else by_part


def _journal(state: Path, where: str, table: str) -> Path:
    return state / f"{table}-{hashlib.blake2s(os.fsencode(where), digest_size=4).hexdigest()}.sqlite"


def remembered_meta(path: Path, key: str) -> str | None:
    """A value of the journal at `path`; `None` where there is no journal, or no value."""
    return decided(path).get(key)


def output_folders(state: Path, db: str) -> list[Path]:
    """Our own folders, never ingested: of the state, and of a database on this machine."""
    folder = local_folder(db)
    return [state.absolute(), *([] if folder is None else [folder.absolute()])]


def forgotten_folders(values: Mapping[str, str], state: Path) -> frozenset[str]:
    """Where the folders lie now that were forgotten since folders were last named, of what people decided.

    Raises ValueError for what nobody wrote.
    """
    named = json.loads(values.get("forgotten") or "[]")
    return frozenset(str(moved(absolute(folder), values.get("home"), state)) for folder in named)

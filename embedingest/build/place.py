"""Which table a command means: the one that is named, or that of the nearest `.embedingest` upwards. Writes nothing."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from embedingest.build.journals import journal_path, remembered_meta
from embedingest.errors import ConfigError, TableMissingError
from embedingest.paths import absolute, moved, working_folder
from embedingest.store.uri import absolute_uri, local_folder
from embedingest.system import user_id
from embedingest.types import DEFAULT_DB, DEFAULT_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Place", "place_to_read", "place_to_write"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where state and database lie, whatever the working folder is by now.

    `looked` are the folders that were looked into for a `.embedingest` where none of them has one. `above` is one that
    lies above the working folder and was not taken.
    """

    state: Path
    db: str
    looked: Sequence[Path] = ()
    above: Path | None = None

    @contextmanager
    def explained(self) -> Iterator[None]:
        """A block in which the error for a table that is missing says where was looked for one."""
        try:
            yield
        except TableMissingError as error:
            if not self.looked:
                raise
            first, *more = self.looked
            upwards = f" or the {_folders(len(more))} above it, up to {more[-1]}" if more else ""
            raise TableMissingError(
                f"there is no `{DEFAULT_STATE}` in {first}{upwards}",
                remedy="`embedingest ingest PATH…` makes one here; `--db` and `--state` name one elsewhere",
            ) from error


def place_to_write(db: str | os.PathLike[str] | None, state: str | os.PathLike[str] | None, table: str) -> Place:
    """The place of a command that names folders: what is not named is made in the working folder.

    A state folder that is named alone is that of the table that it remembers. Raises ConfigError where it remembers
    none, and the working folder's table belongs to the state folder there.
    """
    above = None
    if db is None and state is not None:
        return Place(absolute(state), _database(absolute(state), table) or _unowned(absolute(state), table))
    if db is None and state is None and not _is_folder(working_folder() / DEFAULT_STATE):
        above = _nearest()[0]
    return Place(
        absolute(DEFAULT_STATE if state is None else state), absolute_uri(DEFAULT_DB if db is None else db), above=above
    )


def place_to_read(db: str | os.PathLike[str] | None, state: str | os.PathLike[str] | None, table: str) -> Place:
    """The place of a command that names no folders: what is not named is looked for, upwards from the working folder.

    With one of both named, the other is the one that remembers it. Raises ConfigError for a folder of somebody else.
    """
    if db is not None and state is not None:
        return Place(absolute(state), absolute_uri(db))
    if state is not None:
        folder = absolute(state)
        return Place(folder, _database(folder, table) or absolute_uri(DEFAULT_DB))
    if db is None:
        found, looked = _nearest()
        folder = absolute(DEFAULT_STATE) if found is None else found
        _refuse_strangers(found)
        return Place(folder, _database(folder, table) or str(folder / "lancedb"), () if found else looked)
    return _beside(absolute_uri(db), table)


def _unowned(state: Path, table: str) -> str:
    """The working folder's database, for a state folder that is not the one there. Raises ConfigError."""
    usual, db = absolute(DEFAULT_STATE), absolute_uri(DEFAULT_DB)
    if state.resolve() != usual.resolve() and os.path.lexists(journal_path(usual, db, table)):
        raise ConfigError(
            f"table `{table}` of {db} belongs to the state folder {usual}, and {state} knows no table of this name",
            remedy=f"`--db {state / 'lancedb'}` as well makes a table there; without `--state` the other one is meant",
        )
    return db


def _beside(db: str, table: str) -> Place:
    """The place of a database that is named alone: its state may lie around it, or be that of the working folder."""
    folder = local_folder(db)
    around = None if folder is None else folder.parent
    if around is not None and os.path.lexists(journal_path(around, db, table)):
        return Place(around, db)
    found = _nearest()[0]
    if found is not None and os.path.lexists(journal_path(found, db, table)):
        _refuse_strangers(found)
        return Place(found, db)
    return Place(absolute(DEFAULT_STATE), db)


def _database(state: Path, table: str) -> str | None:
    """The database whose journal lies in a state folder: the usual one, or the only one there is."""
    usual = str(state / "lancedb")
    if os.path.lexists(journal_path(state, usual, table)):
        return usual
    journals = list(state.glob(f"{escape(table)}-????????.sqlite"))
    settings = json.loads(remembered_meta(journals[0], "settings") or "{}") if len(journals) == 1 else {}
    db = settings.get("pipeline", {}).get("db")
    if db is None:
        return None
    return db if "://" in db else str(moved(absolute(db), settings.get("state"), state))


def _nearest() -> tuple[Path | None, tuple[Path, ...]]:
    """The nearest state folder upwards, and the folders that were looked into.

    As git looks for a repository: up to the root and not into another file system. Nor above the home folder, where
    nothing is the user's.
    """
    folder = working_folder()
    home, device = Path(os.path.expanduser("~")), _device(folder)  # noqa: PTH111 -- raises nothing
    looked = []
    while True:
        looked.append(folder)
        if _is_folder(folder / DEFAULT_STATE):
            return folder / DEFAULT_STATE, tuple(looked)
        above = folder.parent
        if above == folder or folder == home or _device(above) != device:
            return None, tuple(looked)
        folder = above


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 -- Path.is_dir raises where a folder may not be looked into


def _device(folder: Path) -> int | None:
    try:
        return folder.stat().st_dev
    except OSError:
        return None


def _refuse_strangers(state: Path | None) -> None:
    """What a state folder remembers is done: models are opened, hosts are asked. One found above must be the user's.

    Raises ConfigError for one that belongs neither to the user nor to root. In the working folder itself the user has
    gone there to read it.
    """
    if state is None or state.parent == working_folder() or (user := user_id()) is None:
        return
    owners = {state.lstat().st_uid, state.stat().st_uid} - {user, 0}
    if owners:
        raise ConfigError(
            f"{state} lies above the working folder and belongs to user {owners.pop()}, not to {user}",
            remedy=f"go there, or name it: `--state {state}`",
        )


def _folders(count: int) -> str:
    return "folder" if count == 1 else f"{count} folders"

"""The folders of tables as a server asks for them to know whether it is ready. Opens no table."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from embedingest.build.journals import output_folders
from embedingest.errors import StoreError
from embedingest.store.health import room_now, table_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from embedingest.build.models import EngineSource

__all__ = ["TableFolders", "followed_tables", "served_table"]


def followed_tables(engines: EngineSource) -> Callable[[], Sequence[TableFolders]]:
    """Those of the pipelines that this process follows, whichever they are when it is asked."""
    known: dict[tuple[str, str], TableFolders] = {}

    def stores() -> list[TableFolders]:
        config = engines.config
        places = {(pipeline.db, pipeline.table) for pipeline in config.pipelines.values()}
        for place in places - known.keys():
            known[place] = TableFolders(config.state, *place, is_written=True)
        return [known[place] for place in sorted(places)]

    return stores


def served_table(state: Path, db: str, table: str) -> Callable[[], Sequence[TableFolders]]:
    """That of the one table that is searched here, and written elsewhere if at all."""
    stores = [TableFolders(state, db, table, is_written=False)]
    return lambda: stores


class TableFolders:
    """The folders of one table, and of its state where this process writes it. A `StoreView` of the server."""

    def __init__(self, state: Path, db: str, table: str, *, is_written: bool) -> None:
        self.name: Final = f"table `{table}`"
        self._folders: Final = output_folders(state, db)
        self._place: Final = db, table
        self._table: Final = table
        self._is_written: Final = is_written
        self._was_there = False

    def free_bytes(self) -> int | None:
        """The room where there is least, `None` where nothing is written or nothing can be said.

        Raises StoreError where the table is gone, or cannot be read, or not be written where that is done here.
        """
        folder = table_folder(*self._place)
        try:
            if folder is not None:
                self._look_into(folder)
            return room_now(self._folders, self._table) if self._is_written else None
        except FileNotFoundError as error:
            raise StoreError(
                f"the folder of {self.name} is gone: {error.filename}",
                remedy="put it back, or start the program again, which makes the table anew",
            ) from error
        except OSError as error:
            what = "read and written" if self._is_written else "read"
            raise StoreError(
                f"{self.name} cannot be {what}: {error.filename or folder}: {error.strerror}",
                remedy="see whether the disk is mounted, not full, and writable for who runs this",
            ) from error

    def _look_into(self, folder: Path) -> None:
        """Raises OSError. A table that is not made yet is no fault, one that was there and is no more is one."""
        if self._was_there:
            with os.scandir(folder / "_versions") as entries:
                next(entries, None)
            return
        with suppress(FileNotFoundError), os.scandir(folder / "_versions") as entries:
            self._was_there = next(entries, None) is not None

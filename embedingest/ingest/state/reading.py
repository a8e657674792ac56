"""A journal to read only. Whoever may not write where it lies reads a copy: SQLite itself would write there."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from embedingest.errors import StoreError
from embedingest.ingest.state.journal import Journal
from embedingest.ingest.state.kept import KEPT, kept
from embedingest.regular import may_write

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decided", "decided_in", "reading", "temporary_folder"]

_TRIES: Final = 100
_PAUSE_SECONDS: Final = 0.02


@contextmanager
def reading(path: Path) -> Iterator[Journal | None]:
    """The journal at `path`, `None` where there is none. What is asked of it changes nothing there.

    Raises StoreError where it cannot be read.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    except OSError as error:
        raise _refusal(path, error) from error
    if may_write(path):
        with closing(Journal(path, mend=False)) as journal:
            yield journal
        return
    with temporary_folder() as folder, closing(_copied(path, folder / path.name)) as journal:
        yield journal


def decided(path: Path) -> dict[str, str]:
    """What people decided, as the journal at `path` says, or what is kept beside it where it cannot be read.

    Empty where nothing was ever ingested. Writes nothing and never fails.
    """
    with suppress(StoreError), reading(path) as journal:
        return decided_in(journal, path)
    return kept(path)


def decided_in(journal: Journal | None, path: Path) -> dict[str, str]:
    """As `decided`, of the journal at `path` that is open; `None` where it cannot be read."""
    values = kept(path)
    with suppress(StoreError):
        if journal is not None:
            values |= {key: value for key in KEPT if (value := journal.meta(key)) is not None}
    return values


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder of one's own that is removed at the end. Raises StoreError where this system lets none be made."""
    try:
        folder = TemporaryDirectory(prefix="embedingest-", ignore_cleanup_errors=True)
    except OSError as error:
        raise StoreError(
            f"no temporary folder can be made: {error}",
            remedy="set the environment variable TMPDIR to a folder that can be written",
        ) from error
    with folder as name:
        yield Path(name)


def _copied(path: Path, copy: Path) -> Journal:
    """A whole copy of a journal that another process may be writing: what is not yet in the file is in the log."""
    log, copied_log = path.with_name(f"{path.name}-wal"), copy.with_name(f"{copy.name}-wal")
    try:
        for _ in range(_TRIES):
            before = _facts(path)
            shutil.copyfile(path, copy)
            copied_log.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # a closed journal has none
                shutil.copyfile(log, copied_log)
            if _facts(path) == before:  # nothing went from the log into the file meanwhile
                return Journal(copy, home=path.parent, mend=False)
            time.sleep(_PAUSE_SECONDS)
    except (OSError, sqlite3.DatabaseError) as error:
        raise _refusal(path, error) from error
    raise StoreError(f"the journal {path} changes too fast to be read", remedy="try again")


def _facts(path: Path) -> tuple[int, int, int]:
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _refusal(path: Path, error: Exception) -> StoreError:
    said = error.strerror if isinstance(error, OSError) else str(error)
    return StoreError(
        f"the journal {path} cannot be read: {said}",
        remedy="mend the permissions of that folder; a damaged journal is made anew by the next ingest",
    )

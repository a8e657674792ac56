"""A copy of the journal to read while another process writes the original. Writes nothing that lasts.

Where the journal is damaged, or cannot be read, audits go on without one: what it said is found in table and folders.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeVar

from embedingest.errors import StoreError
from embedingest.ingest.run.reconcile import synchronise
from embedingest.ingest.state.damage import DamagedJournalError
from embedingest.ingest.state.journal import Journal
from embedingest.ingest.state.reading import reading, temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from embedingest.ingest.run.opener import Opener
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.scan.folders import Folders

__all__ = ["JournalView", "audited", "copied_journal", "journal_fault", "viewed", "with_copy"]

_PUT_ASIDE: Final = (
    "what failed or waits is not known. `embedingest verify --repair`, and every `ingest` or `watch`, "
    "puts it aside and makes it again"
)

_log = logging.getLogger(__name__)
T = TypeVar("T")


@contextmanager
def copied_journal(original: Path | None, *, told: bool = False) -> Iterator[Journal]:
    """A copy of the journal at `original` as it is now, in a folder that is removed at the end; empty without one.

    `told`: who asks says itself why a journal cannot be read.
    """
    with temporary_folder() as folder, ExitStack() as on_exit:
        copy = None if original is None else _copy(original, folder, told=told)
        if copy is None:
            copy = Journal(folder / "empty.sqlite", home=None if original is None else original.parent)
        on_exit.callback(copy.close)
        yield copy


def _copy(original: Path, folder: Path, *, told: bool) -> Journal | None:
    try:
        with reading(original) as journal:
            return None if journal is None else journal.copy_to(folder / "journal.sqlite")
    except StoreError as error:
        _log.log(_level(told), "%s; what it says is left out", error.message)
        return None


def _level(told: bool) -> int:
    return logging.INFO if told else logging.WARNING


def with_copy(original: Path, read: Callable[[Journal], T], *, told: bool = False) -> T:
    """What `read` makes of a copy of the journal; of an empty one where the copy turns out to be damaged."""
    try:
        with copied_journal(original, told=told) as copy:
            return read(copy)
    except DamagedJournalError as error:
        _log.log(_level(told), "the journal %s is damaged: %s; what it says is left out", original, error.reason)
    with copied_journal(None) as empty:
        return read(empty)


class JournalView:
    """The journal as it was at one moment, for all that one look asks of it. `fault` says why it cannot be used.

    A look takes no longer than to go through the folders: what takes longer has a copy, since the journal's log grows
    meanwhile. `journal` is `None` where there is none yet, and where it cannot be used.
    """

    def __init__(self, journal: Journal | None, fault: str | None) -> None:
        self.journal = journal
        self.fault = fault

    def read(self, read: Callable[[Journal], T]) -> T:
        """What `read`, which writes nothing, makes of it; of an empty one where there is none, or a damaged one."""
        try:
            if self.journal is not None:
                return read(self.journal)
        except StoreError as error:
            _log.info("%s; what it says is left out", error.message)
        with copied_journal(None) as empty:
            return read(empty)


@contextmanager
def viewed(original: Path) -> Iterator[JournalView]:
    """A view of the journal at `original`. Writes nothing and raises nothing."""
    journal, fault = None, None
    with ExitStack() as on_exit:
        try:
            journal = on_exit.enter_context(reading(original))
            if journal is not None:
                on_exit.enter_context(journal.unchanging())
        except StoreError as error:
            journal, fault = None, _told(error)
        yield JournalView(journal, fault)


def audited(
    opener: Opener,
    resources_with: Callable[[Journal, Path], Resources],
    resolved: Callable[[Journal], Folders],
    look: Callable[[Folders, Resources], T],
    *,
    told: bool = False,
) -> T:
    """What `look` finds with the folders by a copy of the journal, and with what a run would work with.

    `resources_with` takes the journal and the file of the vector cache; `resolved` says the folders.
    """

    def read(copy: Journal) -> T:
        with ExitStack() as on_exit:
            # An audit leaves nothing behind, not even an empty cache.
            vectors = opener.vectors_path
            resources = resources_with(copy, vectors if vectors.exists() else copy.path.parent / vectors.name)
            on_exit.callback(resources.close)
            folders = resolved(copy)
            synchronise(resources)
            return look(folders, resources)

    return with_copy(opener.journal_path, read, told=told)


def journal_fault(path: Path, *, thorough: bool = False) -> str | None:
    """Why the journal at `path` cannot be used, and the way out; `None` where it can, or where there is none.

    `thorough` reads every page, in tenths of a second for a large one. Writes nothing.
    """
    with suppress(PermissionError):  # which is told below
        if not path.is_symlink() and not path.exists():
            return None
    try:
        with reading(path) as journal:
            return journal.fault() if thorough and journal is not None else None
    except StoreError as error:
        return _told(error)


def _told(error: StoreError) -> str:
    if isinstance(error, DamagedJournalError):
        return f"{error.message}; {_PUT_ASIDE}"
    # A full disk, or no permission: the journal itself may be sound.
    return f"{error.message}; {error.remedy}" if error.remedy else error.message

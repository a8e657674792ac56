"""What a writer holds while it writes: the right to, and the journal. Taken anew where they are lost to it.

`rm -rf .embedingest` or `git clean -fdx` takes lock and journal away from a running process: what it locks and writes
then lies nowhere, and another process finds the place free. A journal that is damaged is put aside and made again.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from embedingest.ingest.state.damage import DamagedJournalError
from embedingest.ingest.state.journal import Journal

if TYPE_CHECKING:
    from embedingest.ingest.run.opener import Opener
    from embedingest.ingest.scan.folders import Folders

__all__ = ["Hold", "make_known"]

_log = logging.getLogger(__name__)


class Hold:
    """The lock of a table and its journal, from here to `close`. Raises LockedError, StoreError."""

    def __init__(self, opener: Opener) -> None:
        with ExitStack() as on_close:
            self._lock = on_close.enter_context(opener.lock())
            self.journal = Journal(opener.journal_path)
            on_close.callback(self.journal.close)
            self._begin()
            self._on_close = on_close.pop_all()

    def _begin(self) -> None:
        try:
            self.journal.look_into()
            if self.journal.damaged:
                self.journal.reopen()
            self.journal.begin_writing()
            self.journal.retry_of("missing_extra")  # it may have been installed since
        except DamagedJournalError:
            self.journal.reopen()
            self.journal.begin_writing()

    @property
    def lost(self) -> bool:
        """Whether the lock or the journal was removed, replaced by another's or damaged. Costs microseconds."""
        return self._lock.lost or self.journal.doubtful

    def regain(self) -> bool:
        """Take anew what is lost; false where nothing was. What the table holds is not known afterwards.

        Raises LockedError where another process was first, StoreError where the place cannot be written.
        """
        with suppress(DamagedJournalError):
            self.journal.look_into()
        lock_lost = self._lock.lost
        if not lock_lost and not self.journal.doubtful:
            return False
        damaged = self.journal.damaged
        if lock_lost:
            self._lock.retake()
        # With the lock mostly the table went too, and a pause that kept a restored table as it was.
        self.journal.reopen(keep=("settings", "forgotten") if lock_lost else ("settings", "forgotten", "paused"))
        self.journal.begin_writing()
        self.journal.mark_unsynced()
        _log.warning(
            "%s was %s while the table is written; it was made anew, and everything is compared again",
            "the lock" if lock_lost else f"the journal {self.journal.path}", "damaged" if damaged else "removed",
        )  # fmt: skip
        return True

    def close(self) -> None:
        """Close the journal and give the lock back."""
        self._on_close.close()


def make_known(folders: Folders, journal: Journal) -> None:
    """The journal knows the aliases of the folders from now on."""
    known = journal.roots()
    for root in (root for root in folders.roots if known.get(root.alias) != root.where):
        journal.set_root(root.alias, root.where)

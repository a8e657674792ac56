"""Which sources are to be looked at again by now, though nothing says that they have changed. Looks at no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.run.deletions import to_judge_anew
from embedingest.ingest.scan.roots import owner

if TYPE_CHECKING:
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.state.journal import Journal

__all__ = ["due_sources"]


def due_sources(journal: Journal, folders: Folders, now: float) -> frozenset[str]:
    """Sources of these roots that are to be looked at again at `now`, in seconds since the epoch.

    Those are failed files whose next try has come, and waiting deletions that are judged anew.
    """
    aliases = folders.aliases
    failed = (source for source in journal.due(now) if owner(source, aliases))
    return frozenset((*failed, *to_judge_anew(journal, aliases, now)))

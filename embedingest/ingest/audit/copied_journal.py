"""A copy of the journal to read while another process writes the original. Writes nothing that lasts."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from embedingest.ingest.run.reconcile import synchronise
from embedingest.ingest.state.journal import Journal
from embedingest.ingest.state.reading import reading, temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from embedingest.ingest.run.opener import Opener
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.scan.folders import Folders

__all__ = ["audited", "copied_journal"]


@contextmanager
def copied_journal(original: Path) -> Iterator[Journal]:
    """A copy of the journal at `original` as it is now, in a folder that is removed at the end; empty without one."""
    with temporary_folder() as folder:
        path = folder / "journal.sqlite"
        with reading(original) as journal:
            copy = Journal(path, home=original.parent) if journal is None else journal.copy_to(path)
        with closing(copy):
            yield copy


@contextmanager
def audited(
    opener: Opener, resources_with: Callable[[Journal, Path], Resources], resolved: Callable[[Journal], Folders]
) -> Iterator[tuple[Folders, Resources]]:
    """What audits read: the folders by a copy of the journal, and what a run would work with.

    `resources_with` takes the journal and the file of the vector cache; `resolved` says the folders.
    """
    with copied_journal(opener.journal_path) as copy:
        # An audit leaves nothing behind, not even an empty cache.
        vectors = opener.vectors_path
        vectors = vectors if vectors.exists() else copy.path.parent / vectors.name
        with closing(resources_with(copy, vectors)) as resources:
            folders = resolved(copy)
            synchronise(resources)
            yield folders, resources

"""A copy of the journal to read while another process writes the original. Writes nothing that lasts."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from embedingest.ingest.state.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["copied_journal"]


@contextmanager
def copied_journal(original: Path) -> Iterator[Journal]:
    """A copy of the journal at `original` as it is now, in a folder that is removed at the end; empty without one."""
    with TemporaryDirectory(prefix="embedingest-") as folder, ExitStack() as on_exit:
        path = Path(folder) / "journal.sqlite"
        if original.exists():
            journal = Journal(original)
            on_exit.callback(journal.close)
            copy = journal.copy_to(path)
        else:
            copy = Journal(path)
        on_exit.callback(copy.close)
        yield copy

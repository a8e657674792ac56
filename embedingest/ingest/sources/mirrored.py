"""What earlier versions kept of a source: copies of its items in the state folder, and the marks that they had.

Their marks are taken over, so that nothing is read again, and the copies removed. Knows no source.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from embedingest.ingest.scan.files import facts_at
from embedingest.ingest.sources.base import MIRRORS, Item
from embedingest.ingest.sources.place import facts_of_item
from embedingest.ingest.state.file_state import stat_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from embedingest.ingest.report import Failure
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import Journal

__all__ = ["remove_copies", "take_over_marks"]

_log = logging.getLogger(__name__)


def take_over_marks(journal: Journal, roots: Iterable[Root]) -> None:
    """The journal tells items by their marks where it told their copies by stat facts, and these are what they were."""
    for root in roots:
        if root.place and (marks := _marks(root.path)):
            journal.mark(_taken_over(journal, root, marks))


def remove_copies(roots: Iterable[Root], failures: Iterable[Failure]) -> None:
    """Remove the copies of items after a run with these failures, but those of a source that could not be listed."""
    failed = {failure.source for failure in failures}
    for root in roots:
        if root.place and root.source("") not in failed:
            _remove_copies(root)


def _remove_copies(root: Root) -> None:
    marks = _marks_path(root.path)
    if root.path.parent.parent.name != MIRRORS or not os.path.lexists(marks):
        return
    _log.info("%s: the copies of an earlier version are removed from %s", root.alias, root.path)
    shutil.rmtree(root.path, ignore_errors=True)
    if not os.path.lexists(root.path):
        with suppress(OSError):
            marks.unlink()
            root.path.parent.rmdir()  # ends at the first that is not empty
            root.path.parent.parent.rmdir()


def _taken_over(journal: Journal, root: Root, marks: dict[Any, Any]) -> Iterator[tuple[str, int, int]]:
    for key, mark in marks.items():
        source = root.source(key)
        known = journal.known_file(source)
        try:
            facts = None if known is None else facts_at(os.fspath(root.path), key)
        except (OSError, ValueError):
            continue
        if known is not None and facts is not None and known[5] and known[1:5] == stat_facts(facts):
            as_item = facts_of_item(Item(key, str(mark), facts.size, facts.mtime_ns))
            yield source, as_item.ctime_ns, as_item.inode


def _marks_path(folder: Path) -> Path:
    return folder.with_name(folder.name + ".marks.json")


def _marks(folder: Path) -> dict[Any, Any]:
    try:
        return dict(json.loads(_marks_path(folder).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}

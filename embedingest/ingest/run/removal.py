"""Sources taken out of table and journal. Asks nobody; `deletions.py` says which may go."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.ingest.report import IngestReport
from embedingest.ingest.run.reconcile import synchronise
from embedingest.ingest.run.walk import Stopped
from embedingest.store.values import Changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.ingest.run.resources import Resources

__all__ = ["delete", "forget_root"]

_DELETE_SOURCES: Final = 500


def delete(resources: Resources, sources: Sequence[str], report: IngestReport) -> None:
    """Take sources out of table and journal, some hundreds a commit."""
    started = time.perf_counter()
    for first in range(0, len(sources), _DELETE_SOURCES):
        if resources.stop.is_set():
            raise Stopped
        part = sources[first : first + _DELETE_SOURCES]
        states = [state for source in part if (state := resources.journal.file(source)) is not None]
        documents = [
            name for state in states if state.chunks or state.state == "unverified" for name in state.documents
        ]
        ids = [row.id for rows in resources.table().rows(documents).values() for row in rows] if documents else []
        if ids:
            resources.commit(Changes(delete=ids))
        with resources.journal.transaction():
            resources.journal.drop(part)
            resources.mark()
        report.chunks.deleted += len(ids)
    if sources:
        report.spend("delete", time.perf_counter() - started)


def forget_root(resources: Resources, root: str) -> IngestReport:
    """Take a root, by alias or path, out of table and journal. Raises ConfigError where none of that name is known."""
    journal, report = resources.journal, IngestReport()
    known = journal.roots()
    path = os.path.abspath(root)  # noqa: PTH100 -- resolve() would follow links
    alias = next((alias for alias, where in known.items() if alias == root or where in {root, path}), None)
    if alias is None:
        raise ConfigError(f"no root `{root}` is followed", remedy=f"known: {', '.join(known) or 'none'}")
    synchronise(resources)
    try:
        delete(resources, [state.source for state in journal.files(alias=alias)], report)
    except Stopped:
        report.stopped = True
    else:
        journal.forget_root(alias)
    return report

"""Sources taken out of table and journal. Asks nobody; `deletions.py` says which may go."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import ConfigError
from embedingest.ingest.report import IngestReport
from embedingest.ingest.run.reconcile import synchronise
from embedingest.ingest.run.walk_seam import Stopped
from embedingest.store.values import Changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from embedingest.config import PipelineConfig
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import Journal

__all__ = ["KnownRoot", "delete", "forget_root", "known_root", "without_root"]

_DELETE_SOURCES: Final = 2000


def delete(resources: Resources, sources: Sequence[str], report: IngestReport) -> None:
    """Take sources out of table and journal, some thousands a commit."""
    started = time.perf_counter()
    for first in range(0, len(sources), _DELETE_SOURCES):
        if resources.stop.is_set():
            raise Stopped
        part = sources[first : first + _DELETE_SOURCES]
        states = [state for source in part if (state := resources.journal.file(source)) is not None]
        documents = [name for state in states if state.may_have_rows for name in state.documents]
        ids = [key for keys in resources.table().ids(documents).values() for key in keys] if documents else []
        if ids:
            resources.commit(Changes(delete=ids))
        with resources.journal.transaction():
            resources.journal.drop(part)
            resources.mark()
        report.chunks.deleted += len(ids)
    if sources:
        report.spend("delete", time.perf_counter() - started)


class KnownRoot(NamedTuple):
    """A root that the journal knows: its alias and where it is, empty where that is lost."""

    alias: str
    path: str


def known_root(journal: Journal, root: str) -> KnownRoot:
    """The root of this alias or path. Raises ConfigError where none is known."""
    known = journal.unnamed_roots(())
    path = os.path.abspath(root)  # noqa: PTH100 -- resolve() would follow links
    for alias, where in known.items():
        if alias == root or where in {root, path}:
            return KnownRoot(alias, where)
    raise ConfigError(f"no root `{root}` is followed", remedy=f"known: {', '.join(known) or 'none'}")


def named_by(root: KnownRoot, followed: Iterable[Root]) -> str:
    """The path by which settings name a root: that of a source that is no folder is not where it is."""
    return next((os.fspath(other.path) for other in followed if other.alias == root.alias), root.path)


def forget_root(resources: Resources, root: KnownRoot, named: str) -> IngestReport:
    """Take a root out of table and journal; later commands that name no folder leave out what is `named` so."""
    journal, report = resources.journal, IngestReport()
    synchronise(resources)
    try:
        delete(resources, [state.source for state in journal.files(alias=root.alias)], report)
    except Stopped:
        report.stopped = True
        return report
    journal.forget_root(root.alias, named)
    return report


def without_root(folders: Folders, config: PipelineConfig, root: KnownRoot) -> tuple[Folders, PipelineConfig]:
    """Folders and settings of a pipeline that follows a root no more."""
    followed = tuple(other for other in folders.roots if other.alias != root.alias)
    sources = tuple(other.config for other in followed)
    return replace(folders, roots=followed), config.model_copy(update={"sources": sources})

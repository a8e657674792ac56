"""The journal against the table: what of the journal still holds, and what the table alone knows.

Run when the table is not the version that the journal last saw: after a kill, or when somebody else wrote,
restored or removed it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from embedingest.ingest.identity import Source, parent_source
from embedingest.ingest.state.journal import NO_STAT, FileState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.state.journal import Journal
    from embedingest.store.values import SourceState

__all__ = ["check_model", "reconcile", "synchronise", "unverify_changed_settings"]

_log = logging.getLogger(__name__)


def synchronise(resources: Resources) -> None:
    """Mark files as `unverified`, to be compared again, where table or settings are not those that the journal saw.

    Raises FingerprintError where the table is another model's, DamagedTableError where files of its rows are missing.
    """
    resources.check_files()
    journal, token = resources.journal, resources.token()
    if not _is_as_left(resources, token):
        states = {} if token == "" else resources.table().source_states()
        unverified = reconcile(journal, states)
        _log.info("journal and table were compared: %d files to look at again", unverified)
        with journal.transaction():
            journal.set_meta("model", resources.recipe.models)
            resources.mark()
    unverify_changed_settings(journal, resources.recipe)


def check_model(resources: Resources) -> None:
    """Opens the table unless it is as the journal saw it last. Raises FingerprintError where it is another model's."""
    token = resources.token()
    if token != "" and not _is_as_left(resources, token):
        resources.table()


def _is_as_left(resources: Resources, token: str | None) -> bool:
    """Whether the journal saw this version of the table, under this model. Where no version can be told, it did."""
    journal = resources.journal
    table_changed = token is not None and token != journal.meta("token")
    return not (journal.fresh or table_changed or journal.meta("model") != resources.recipe.models)


def reconcile(journal: Journal, states: Mapping[str, SourceState]) -> int:
    """Make the journal agree with the table's `states`: what differs becomes `unverified`, to be compared with its
    file again. Returns how many files that are.
    """
    stored: dict[str, dict[str, SourceState]] = defaultdict(dict)
    for source, state in states.items():
        stored[parent_source(source)][source] = state
    unverified: list[FileState] = []
    for file in list(journal.files()):
        documents = stored.pop(file.source, {})
        if not _agrees(file, documents):
            unverified.append(_unverified(file, documents))
    unverified += [_unknown(source, documents) for source, documents in stored.items()]
    with journal.transaction():
        journal.record(unverified)
    return len(unverified)


def unverify_changed_settings(journal: Journal, recipe: Recipe) -> None:
    """What was ingested with other settings than those of now is to be compared with its file again."""
    if journal.meta("choice") != recipe.choice:
        with journal.transaction():
            journal.unverify_all()
            journal.set_meta("choice", recipe.choice)
    for used in journal.provenances():
        if used.fingerprint != recipe.fingerprint or used.config_hash != recipe.expected(used.loader, used.chunker):
            journal.unverify(used)


def _agrees(file: FileState, documents: Mapping[str, SourceState]) -> bool:
    if sum(state.rows for state in documents.values()) != file.chunks:
        return False
    alone = len(documents) == 1
    return all(
        state.whole
        and state.content_hash == file.content_hash
        and state.fingerprint == file.fingerprint
        and (state.config_hash == file.config_hash or not alone)
        for state in documents.values()
    )


def _unverified(file: FileState, documents: Mapping[str, SourceState]) -> FileState:
    children = tuple(source for source in documents if source != file.source)
    return file._replace(
        state="unverified", settled=0, chunks=sum(state.rows for state in documents.values()), children=children
    )


def _unknown(source: str, documents: Mapping[str, SourceState]) -> FileState:
    state = next(iter(documents.values()))
    return FileState(
        source,
        Source.parse(source).alias,
        *NO_STAT,
        settled=0,
        state="unverified",
        content_hash=state.content_hash,
        config_hash=state.config_hash,
        fingerprint=state.fingerprint,
        chunks=sum(document.rows for document in documents.values()),
        children=tuple(inner for inner in documents if inner != source),
    )

"""`rebuild`: a table made anew beside the one that serves, and put in its place in one version. Resumable.

A new model, chunker or prompt goes this way: until the switch, readers see the old rows, all of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from embedingest.errors import ConfigError, StoreError
from embedingest.ingest.run.deletions import Guard, RecentDeletions

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.state.journal import FileState, Journal

__all__ = ["NEXT", "rebuild"]

NEXT = "__next"
"""What the name of the table that is being filled ends with."""


def rebuild(
    serving: Pipeline, beside: Pipeline, switch: Callable[[], None], *, allow_deletes: bool = False
) -> IngestReport:
    """Fill the table of `beside`, then `switch` it into the place of the one that `serving` writes.

    `serving` holds the lock all the while. Stopped or killed, the same call goes on where it was: what was embedded
    is in the table beside. Raises StoreError where files failed that the serving table has rows of, and ConfigError,
    unless `allow_deletes`, where a root would be left out, or lose so many documents that an ingest would ask.
    """
    serving.open()
    if not allow_deletes:
        _refuse_left_out(serving)
    report = beside.converge(allow_deletes=allow_deletes)
    if report.stopped:
        return report
    _refuse_loss(serving, beside)
    if not allow_deletes:
        _refuse_gone(serving, beside)
    beside.table()
    switch()
    serving.journal.adopt(beside.journal)
    serving.note({"committed": f"{time.time():.3f}"})
    beside.close()
    serving.reopened()
    beside.discard()
    return report


def _refuse_loss(serving: Pipeline, beside: Pipeline) -> None:
    """A file that cannot be read just now must not lose its rows by a rebuild."""
    lost = [
        state.source
        for state in beside.journal.files(state="failed")
        if state.kind != "permanent" and (old := serving.journal.file(state.source)) is not None and old.chunks
    ]
    if lost:
        raise StoreError(
            f"{len(lost):,} files cannot be read now, {lost[0]} among them, and would lose their rows",
            remedy="`embedingest status` says why; run `embedingest rebuild` again when they can be read",
        )


def _with_rows(journal: Journal, alias: str) -> list[FileState]:
    """The files under a root that the table has rows of."""
    return [state for state in journal.files(alias=alias) if state.chunks]


def _refuse_left_out(serving: Pipeline) -> None:
    """A root that is not named must not lose its rows by a rebuild with the others."""
    left_out = {
        alias: (path, count)
        for alias, path in serving.journal.unnamed_roots(serving.folders.aliases).items()
        if (count := len(_with_rows(serving.journal, alias)))
    }
    if left_out:
        told = ", ".join(f"`{alias}` ({path or 'its place is lost'}) {n:,}" for alias, (path, n) in left_out.items())
        forget = " and ".join(f"`embedingest forget {alias}`" for alias in left_out)
        raise ConfigError(
            f"this rebuild leaves out folders that the table has documents of, whose rows would go: {told}",
            remedy=f"name these folders too; or take them out first: {forget}; or let their rows go: `--allow-deletes`",
        )


def _refuse_gone(serving: Pipeline, beside: Pipeline) -> None:
    """What an ingest would ask about before it deletes it must not go by a rebuild unasked."""
    share = serving.config.watch.confirm_share
    guard = Guard(serving.journal, RecentDeletions(), share=share, allow=False)
    for root in serving.roots:
        documents = _with_rows(serving.journal, root.alias)
        there = {state.source for state in beside.journal.files(alias=root.alias)}
        gone = [state for state in documents if state.source not in there]
        lost = [state.source for state in gone if not beside.journal.has_content(state.content_hash)]  # not moved
        guard.look(root, lost, swept=True)
        moved = len(gone) - len(lost)
        verdict = guard.weigh(root, lost, documents=len(documents) - moved, present=len(there))
        if verdict.wait:
            raise ConfigError(
                f"under `{root.alias}` ({root.where}) {verdict.reason}: the old rows were left as they are",
                remedy="put the files back; or let their rows go: `--allow-deletes`, which goes on from here",
            )

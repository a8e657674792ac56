"""`rebuild`: a table made anew beside the one that serves, and put in its place in one version. Resumable.

A new model, chunker or prompt goes this way: until the switch, readers see the old rows, all of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from embedingest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import IngestReport

__all__ = ["NEXT", "rebuild"]

NEXT = "__next"
"""What the name of the table that is being filled ends with."""


def rebuild(serving: Pipeline, beside: Pipeline, switch: Callable[[], None]) -> IngestReport:
    """Fill the table of `beside`, then `switch` it into the place of the one that `serving` writes.

    `serving` holds the lock all the while. Stopped or killed, the same call goes on where it was: what was embedded
    is in the table beside. Raises StoreError where files failed that the serving table has rows of.
    """
    serving.open()
    report = beside.converge()
    if report.stopped:
        return report
    _refuse_loss(serving, beside)
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

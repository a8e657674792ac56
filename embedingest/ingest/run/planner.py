"""What a file that was read means for the table: its rows against those stored, its class, its state in the journal.

The one place that knows whose rows are a file's. Embeds and writes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from embedingest.errors import DocumentSkipped
from embedingest.ingest.notices import cut_for, plus
from embedingest.ingest.remedies import with_remedy
from embedingest.ingest.report import REPORTED
from embedingest.ingest.representation import text_hash_of
from embedingest.ingest.rows.build import wanted_rows
from embedingest.ingest.rows.difference import Difference, difference
from embedingest.ingest.run.outcome import GoneContent
from embedingest.ingest.state.journal import FileState, stat_facts
from embedingest.ingest.state.retries import after_failure, still_stored
from embedingest.store.values import stored_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from embedingest.errors import DocumentError
    from embedingest.ingest.extract.values import Extracted
    from embedingest.ingest.rows.build import WantedRows
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.ingest.run.survey import Candidate
    from embedingest.types import Row

__all__ = ["PlannedFile", "Planner", "ReadFile", "documents_of", "rows_of"]

_log = logging.getLogger(__name__)


def documents_of(source: str, before: FileState | None, children: Iterable[str]) -> tuple[str, ...]:
    """The sources whose rows are a file's: its own, and those of documents inside it, when last ingested and now."""
    known = before.children if before is not None else ()
    return tuple(dict.fromkeys((source, *known, *children)))


def rows_of(documents: Iterable[str], stored: Mapping[str, Sequence[Row]]) -> list[Row]:
    """The rows of these documents, from rows by source."""
    return [row for source in documents for row in stored.get(source, ())]


class ReadFile(NamedTuple):
    """A file that was read. `settled` says whether its stat facts were old enough to prove that it is unchanged."""

    candidate: Candidate
    before: FileState | None
    extracted: Extracted
    settled: bool


@dataclass(slots=True, eq=False)
class PlannedFile:
    """One file on its way into the table.

    `state` is what the journal will say of it, `before` what it says now; `wanted` are its rows and texts, `None`
    where none are built. `outcome` names its counter in the report. `missing` are the keys of what is still to come of
    its texts, `vectors` what is there by key (`ingest/representation.py`), `cut` the keys of what the engine cut to fit
    the model.
    """

    candidate: Candidate
    state: FileState
    before: FileState | None
    wanted: WantedRows | None = None
    difference: Difference = field(default_factory=Difference)
    missing: set[str] = field(default_factory=set)
    vectors: dict[str, NDArray[Any]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    outcome: str = "new"

    @property
    def documents(self) -> tuple[str, ...]:
        """The sources whose rows are this file's."""
        return documents_of(self.state.source, self.before, self.state.children)

    def notice_cut(self, recipe: Recipe) -> int:
        """Notice which texts were cut for the vector, and which for a model beside it alone; how many that are."""
        cut: dict[str, set[str]] = {representation.model: set() for representation in recipe.representations}
        for key in self.cut:
            cut[recipe.representation_of(key).model].add(text_hash_of(key))
        for_vector = cut.pop(recipe.representations[0].model)
        beside = {cut_for(model): len(texts - for_vector) for model, texts in cut.items()}
        notices = plus(self.state.notices, truncated_chunks=len(for_vector), **beside)
        self.state = self.state._replace(notices=notices)
        return len(for_vector.union(*cut.values()))

    def use_known(self, vectors: Mapping[str, NDArray[Any]], recipe: Recipe) -> dict[str, str]:
        """Take what is known of the texts of new rows. Answers the texts of what is not, by key."""
        unknown: dict[str, str] = {}
        for row in self.difference.new:
            for key in recipe.keys(row.text_hash):
                if key in vectors:
                    self.vectors[key] = vectors[key]
                elif self.wanted is not None:
                    unknown[key] = self.wanted.read_by(recipe.representation_of(key).column, row.text_hash)
        return unknown


class Planner:
    """Plans files as they come. `stored_rows` answers the rows that the table has by source, `now` is in seconds.

    `gone` is told which files are no longer there, and tells which of them have moved.
    """

    def __init__(
        self,
        recipe: Recipe,
        stored_rows: Callable[[Collection[str]], Mapping[str, Sequence[Row]]],
        *,
        now: Callable[[], float],
    ) -> None:
        self._recipe = recipe
        self._stored_rows = stored_rows
        self._now = now
        self.gone = GoneContent()

    def plan(self, reads: Iterable[ReadFile]) -> list[PlannedFile]:
        """What each of these files means for the table. Raises StoreError."""
        files = [self._with_wanted_rows(read) for read in reads]
        stored = self._stored(files)
        for file in files:
            self._compare(file, stored)
        return files

    def plan_failed(self, candidate: Candidate, before: FileState | None, error: DocumentError) -> PlannedFile:
        """What it means that a file cannot be ingested. Raises StoreError.

        Its rows go, unless the same bytes may be readable again in a minute: then what is stored stays.
        """
        facts = stat_facts(candidate.file.facts)
        state = FileState(candidate.source, candidate.root.alias, *facts, 1, "skipped", code=error.code)
        if isinstance(error, DocumentSkipped):
            reason = with_remedy(error.message, error.remedy)
            state = state._replace(error=reason, notices={error.code or "skipped": 1})
            _log.info("%s is skipped: %s", candidate.source, error.message)
        else:
            state = after_failure(state, before, error, now=self._now())
            _log.warning("%s", state.error, extra=REPORTED)
        file = PlannedFile(candidate, state, before)
        if state.kind in {"transient", "machinery"} and before is not None:
            file.state = still_stored(state, before)
            file.outcome = "failed"
        else:
            self._compare(file, self._stored([file]))
        return file

    def _with_wanted_rows(self, read: ReadFile) -> PlannedFile:
        candidate, before, extracted, settled = read
        facts = stat_facts(extracted.before)
        state = FileState(
            candidate.source, candidate.root.alias, *facts, int(settled), "done", extracted.content_hash
        )  # fmt: skip
        if not extracted.parts:
            return PlannedFile(candidate, state, before)
        wanted = wanted_rows(extracted, self._recipe)
        if extracted.problem:
            _log.warning("%s", extracted.problem, extra=REPORTED)
        state = state._replace(
            state="done" if wanted.rows else "empty",
            config_hash=wanted.config_hash,
            fingerprint=self._recipe.fingerprint,
            loader=extracted.loader,
            chunker=wanted.chunker,
            chunks=len(wanted.rows),
            children=wanted.children,
            notices=wanted.notices,
            error=extracted.problem,
        )
        return PlannedFile(candidate, state, before, wanted)

    def _stored(self, files: Iterable[PlannedFile]) -> Mapping[str, Sequence[Row]]:
        """The rows the table has of these files. A file that the journal never saw has none: no table is asked."""
        documents: list[str] = []
        for file in files:
            if file.before is not None and file.before.may_have_rows:
                documents += file.documents
        return self._stored_rows(documents) if documents else {}

    def _compare(self, file: PlannedFile, stored: Mapping[str, Sequence[Row]]) -> None:
        before, rows = file.before, rows_of(file.documents, stored)
        if file.wanted is None and before is not None and file.state.state == "done":
            # The same bytes as before: only its times may differ.
            file.state = _same_content(file.state, before)
            modified_at_ns = stored_ns(file.state.mtime_ns)
            file.difference = difference([replace(row, modified_at_ns=modified_at_ns) for row in rows], rows)
            file.outcome = "unchanged" if file.state.state == "done" else file.state.state
        else:
            file.difference = difference(file.wanted.rows if file.wanted is not None else (), rows)
            file.outcome = self._outcome(file)

    def _outcome(self, file: PlannedFile) -> str:
        state, before = file.state, file.before
        if state.state != "done":
            return state.state
        if before is None or before.state in {"skipped", "failed"}:
            return "moved" if self.gone.found_again(state.content_hash) else "new"
        return "unchanged" if before.content_hash == state.content_hash else "changed"


def _same_content(state: FileState, before: FileState) -> FileState:
    """What was recorded of the same bytes, with the stat facts of now."""
    return before._replace(
        size=state.size, mtime_ns=state.mtime_ns, ctime_ns=state.ctime_ns, inode=state.inode, settled=state.settled
    )

"""Is the table what the folder says? Folder, journal and table compared both ways, and mended where asked.

Mending embeds nothing whose vector is still to be had. A sample of vectors can be computed again and compared.
"""

from __future__ import annotations

import random
import shlex
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.errors import DamagedTableError, DocumentSkipped
from embedingest.ingest.audit.copied_journal import audited, journal_fault
from embedingest.ingest.audit.examine import examine
from embedingest.ingest.audit.outlook import Outlook
from embedingest.ingest.identity import below, parent_source
from embedingest.ingest.packing import similarity
from embedingest.ingest.requests import refuse_while_paused
from embedingest.ingest.run.survey import Candidate, survey_root
from embedingest.ingest.scan.roots import owner
from embedingest.store.values import VECTOR, Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from embedingest.errors import DocumentError
    from embedingest.ingest.run.opener import Opener
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Survey
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.scan.listing import FoundFile
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import FileState, Journal
    from embedingest.store.values import SourceState
    from embedingest.types import Row

__all__ = ["Problem", "Verification", "prepare_repair", "verified", "verify"]

_LEAST_COSINE: Final = 0.9995
_UNNAMED: Final = "unnamed"
_TABLE: Final = "table"
_PENDING: Final = "pending"
_UNREACHABLE: Final = "unreachable"
_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be. `kind` is a stable word, `ids` are the rows concerned."""

    source: str
    kind: str
    message: str
    ids: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"source": self.source, "kind": self.kind, "message": self.message}


@dataclass(slots=True)
class Verification:
    """What was compared and what was found.

    `unasked` deletions would wait for a person, and do not yet: a run lets them. `paused` is the snapshot that was
    restored and is to stay, or empty.
    """

    files: int = 0
    rows: int = 0
    vectors: int = 0
    problems: list[Problem] = field(default_factory=list)
    journal_fault: str | None = None
    unasked: int = 0
    paused: str = ""

    def add_journal(self, fault: str | None) -> None:
        """The journal cannot be used, for this reason; `None` where it can."""
        self.journal_fault = fault
        if fault is not None:
            self.problems.append(Problem("", "journal", fault))

    @property
    def mendable(self) -> list[Problem]:
        """The problems that `repair` puts right.

        Whether a root or much of it is to go, a person says; files of the table are made again by a rebuild alone.
        """
        kinds = (_UNNAMED, _TABLE, _PENDING, _UNREACHABLE)
        return [problem for problem in self.problems if problem.kind not in kinds]

    @property
    def pending(self) -> list[Problem]:
        """Documents that are gone from their folder, and stay in the table until a person confirms that."""
        return [problem for problem in self.problems if problem.kind == _PENDING]

    def to_json(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "rows": self.rows,
            "vectors": self.vectors,
            "problems": [problem.to_json() for problem in self.problems],
        }


def verified(
    opener: Opener,
    resources_with: Callable[[Journal, Path], Resources],
    resolved: Callable[[Journal], Folders],
    *,
    sample: int,
) -> Verification:
    """See `verify`, with a copy of the journal, which is looked at too, and with a table that may be damaged."""
    try:
        result = audited(opener, resources_with, resolved, partial(verify, sample=sample), told=True)
    except DamagedTableError as error:
        result = Verification(problems=[Problem("", "table", error.message)])
    result.add_journal(journal_fault(opener.journal_path, thorough=True))
    return result


def verify(folders: Folders, resources: Resources, *, sample: int = 0, seed: int | None = None) -> Verification:
    """Compare everything under `folders`; `sample` vectors are computed again.

    Raises StoreError, EngineError, PluginError.
    """
    result = Verification(paused=resources.journal.meta("paused") or "")
    outlook = Outlook(resources)
    resources.workers()  # they start while the folders are looked through
    if resources.has_table():
        resources.prepare_table()
    surveys, everything = _surveyed(folders, resources)
    present = frozenset(candidate.source for candidate in everything)
    samples: list[tuple[str, str, str]] = []
    chance = random.Random(seed)  # noqa: S311 -- a sample, not a secret
    for item in examine(resources, everything):
        result.files += 1
        outlook.add(item)
        source = item.candidate.source
        if item.error is not None:
            result.problems += _unread(source, item.before, item.error)
            continue
        result.problems += _differences(
            item.candidate.source, item.difference.new, item.difference.refreshed, item.difference.gone
        )
        if item.wanted is not None:
            texts = item.wanted.texts
            samples += [(source, key, texts[key]) for key in texts]
            if len(samples) > 8 * sample:
                samples = chance.sample(samples, sample)
    result.problems += _unseen(surveys)
    result.problems += _journal(folders, resources, present)
    gone = _Gone(
        frozenset(source for _, survey in surveys for source in survey.gone),
        outlook.waiting(surveys),
        tuple(below(root.source("")) for root, survey in surveys if root.source("") in survey.unseen),
    )
    result.problems += _table(folders, resources, present, gone, result)
    result.problems += _files(resources)
    if sample and samples:
        result.problems += _sampled(resources, chance.sample(samples, min(sample, len(samples))), result)
    return result


def prepare_repair(resources: Resources, problems: Sequence[Problem]) -> None:
    """Make the next convergence put right what was found; the caller holds the lock. Raises ConfigError in a pause."""
    refuse_while_paused(resources.journal)
    doubled = [key for problem in problems if problem.kind == "doubled" for key in problem.ids]
    wrong = [key for problem in problems if problem.kind == "vector" for key in problem.ids]
    indices = {name for problem in problems if problem.kind == "index" for name in problem.ids}
    if indices:
        resources.table().remake_indices(indices)
    if doubled:
        sources = {problem.source for problem in problems if problem.kind == "doubled"}
        rows = _rows_of_ids(resources, sources, set(doubled))
        # Their vectors outlive them in the cache, so that writing them again computes nothing.
        resources.cache.put(resources.stored_vectors(_keys_of(resources, rows)))
        resources.commit(Changes(delete=doubled))
    if wrong:
        sources = {problem.source for problem in problems if problem.kind == "vector"}
        rows = _rows_of_ids(resources, sources, set(wrong))
        resources.cache.forget(_keys_of(resources, rows))
        resources.commit(Changes(delete=wrong))
    resources.journal.mark_unsynced()


def _surveyed(folders: Folders, resources: Resources) -> tuple[list[tuple[Root, Survey]], list[Candidate]]:
    """What a run would find under each root, and every file there, from one look."""
    surveys: list[tuple[Root, Survey]] = []
    everything: list[Candidate] = []
    for root in folders.roots:
        found: list[FoundFile] = []
        surveys.append((root, survey_root(root, folders.finder(root), resources.journal, found=found)))
        everything += [Candidate(root, root.source(file.relative), file) for file in found]
    return surveys, everything


def _unseen(surveys: Sequence[tuple[Root, Survey]]) -> Iterator[Problem]:
    """What could not be looked into, whether or not the table has rows of it."""
    for _, survey in surveys:
        for source, reason in sorted(survey.unseen.items()):
            yield Problem(source, _UNREACHABLE, f"{reason}; what lies there is not compared, and its rows stay")


def _unread(source: str, before: FileState | None, error: DocumentError) -> Iterator[Problem]:
    """What it means that a document that is there could not be read."""
    stored = before is not None and before.chunks > 0
    if stored and error.kind == "permanent":
        yield Problem(source, "unreadable", error.message)
    elif stored or isinstance(error, DocumentSkipped) or error.code == "vanished":
        return
    elif before is None or error.kind == "transient":
        yield Problem(source, "missing", f"nothing of it is in the table: {error.message}")


def _differences(source: str, new: Sequence[Row], refreshed: Sequence[Row], gone: Sequence[str]) -> Iterator[Problem]:
    if new:
        yield Problem(source, "missing", f"{len(new)} of its chunks are not in the table")
    if refreshed:
        yield Problem(source, "stale", f"{len(refreshed)} of its rows have columns of an older version")
    if gone:
        yield Problem(source, "surplus", f"{len(gone)} rows are of an older version", tuple(gone))


def _files(resources: Resources) -> Iterator[Problem]:
    """What is wrong with the table's files, and vectors that cannot be what was written."""
    if not resources.has_table():
        return
    for item in resources.table().damage():
        message = f"{item}; {item.remedy}"
        if item.part == "index":
            yield Problem("", "index", message, (item.index,))
        else:
            yield Problem("", _TABLE, message)
    wrong: dict[str, list[str]] = defaultdict(list)
    for row in resources.table().wrong_vectors():
        wrong[row.source].append(row.id)
    for source, ids in sorted(wrong.items()):
        yield Problem(source, "vector", f"{len(ids)} of its vectors are not what was written", tuple(ids))


def _journal(folders: Folders, resources: Resources, present: Container[str]) -> Iterator[Problem]:
    for alias, path in resources.journal.unnamed_roots(folders.aliases).items():
        files = sum(resources.journal.counts(alias).values())
        where = f" ({path})" if path else ""
        yield Problem(
            alias,
            _UNNAMED,
            f"this root{where} is not named any more, so its {files:,} files are not compared; "
            f"`embedingest forget {shlex.quote(alias)}` takes it out of the table",
        )
    for root in sorted(folders.aliases):
        for source in resources.journal.without_rows(root):
            if source not in present:
                yield Problem(source, "journal", "the journal knows a file that is not there")


class _Gone(NamedTuple):
    """Sources that are not in their folder any more, and those of them whose deletion waits, or would.

    What begins with one of `unseen` lies in a root of which nothing could be seen; of that it is told once.
    """

    sources: frozenset[str]
    waiting: frozenset[str]
    unseen: tuple[str, ...]


def _table(
    folders: Folders, resources: Resources, present: Container[str], gone: _Gone, result: Verification
) -> Iterator[Problem]:
    if not resources.has_table():
        return
    states = resources.table().source_states()
    result.rows = sum(state.rows for state in states.values())
    aliases = folders.aliases
    absent: Counter[str] = Counter()
    for source, state in states.items():
        file = parent_source(source)
        if owner(file, aliases) and file not in present:
            absent[file] += state.rows
        if state.fingerprint != resources.recipe.fingerprint:
            yield Problem(source, "model", f"its vectors are of another model: {state.fingerprint}")
    yield from _absent(resources, absent, gone, result)
    for sources in _grouped(states):
        yield from _doubled(resources, sources)


def _absent(resources: Resources, absent: Mapping[str, int], gone: _Gone, result: Verification) -> Iterator[Problem]:
    """Documents with so many rows whose file was not found."""
    pending = resources.journal.pending()
    for file, rows in sorted(absent.items()):
        if file in gone.waiting:
            result.unasked += file not in pending
            wait = "wait" if file in pending else "would wait"
            yield Problem(file, _PENDING, f"its file is gone, and its {rows:,} rows {wait} for confirmation")
        elif file in gone.sources or resources.journal.file(file) is None:
            yield Problem(file, "orphan", f"its file is gone, {rows:,} rows are left")
        elif not file.startswith(gone.unseen):
            yield Problem(file, _UNREACHABLE, f"what its file lies in cannot be looked into; its {rows:,} rows stay")


def _grouped(states: Mapping[str, SourceState]) -> Iterator[list[str]]:
    """The sources in order, as many together as have `_ROWS` rows."""
    sources: list[str] = []
    rows = 0
    for source in sorted(states):
        sources.append(source)
        rows += states[source].rows
        if rows >= _ROWS:
            yield sources
            sources, rows = [], 0
    yield sources


def _doubled(resources: Resources, sources: Sequence[str]) -> Iterator[Problem]:
    for source, keys in resources.table().ids(sources).items():
        if len(set(keys)) < len(keys):
            doubled = tuple(key for key, count in Counter(keys).items() if count > 1)
            yield Problem(source, "doubled", f"{len(doubled)} rows are stored more than once", doubled)


def _sampled(resources: Resources, samples: Sequence[tuple[str, str, str]], result: Verification) -> Iterator[Problem]:
    for representation in resources.recipe.representations:
        column = representation.column
        stored = resources.table().vectors({key for _, key, _ in samples}, column)
        checked = [(source, key, text) for source, key, text in samples if key in stored]
        result.vectors += len(checked)
        again = resources.computed(representation, [text for _, _, text in checked]) if checked else []
        for (source, key, _), value in zip(checked, again, strict=True):
            cosine = similarity(stored[key], value)
            if cosine < _LEAST_COSINE:
                ids = tuple(row.id for row in resources.table().rows([source])[source] if row.text_hash == key)
                told = "vector" if column == VECTOR else f"value of `{column}`"
                yield Problem(source, "vector", f"a stored {told} has cosine {cosine:.4f} to its text's own", ids)


def _keys_of(resources: Resources, rows: Iterable[Row]) -> set[str]:
    return {key for row in rows for key in resources.recipe.keys(row.text_hash)}


def _rows_of_ids(resources: Resources, sources: set[str], ids: set[str]) -> list[Row]:
    return [row for rows in resources.table().rows(sources).values() for row in rows if row.id in ids]

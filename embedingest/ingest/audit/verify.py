"""Is the table what the folder says? Folder, journal and table compared both ways, and mended where asked.

Mending embeds nothing whose vector is still to be had. A sample of vectors can be computed again and compared.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.ingest.audit.examine import examine
from embedingest.ingest.identity import parent_source
from embedingest.ingest.run.survey import Candidate
from embedingest.ingest.scan.listing import FoundFile
from embedingest.store.values import Changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.run.resources import Resources
    from embedingest.types import Row

__all__ = ["Problem", "Verification", "mend", "verify"]

_LEAST_COSINE: Final = 0.9995
_SOURCES: Final = 500


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
    """What was compared and what was found."""

    files: int = 0
    rows: int = 0
    vectors: int = 0
    problems: list[Problem] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "rows": self.rows,
            "vectors": self.vectors,
            "problems": [problem.to_json() for problem in self.problems],
        }


def verify(pipeline: Pipeline, m: Resources, *, sample: int = 0, seed: int | None = None) -> Verification:
    """Compare everything, from a `Pipeline.peek`; `sample` vectors are computed again."""
    found = Verification()
    present: set[str] = set()
    samples: list[tuple[str, str, str]] = []
    chance = random.Random(seed)  # noqa: S311 -- a sample, not a secret
    for item in examine(m, _everything(pipeline, present)):
        found.files += 1
        source = item.candidate.source
        if item.error is not None:
            if item.before is not None and item.before.chunks and item.error.kind == "permanent":
                found.problems.append(Problem(source, "unreadable", item.error.message))
            continue
        found.problems += _differences(
            item.candidate.source, item.difference.new, item.difference.refreshed, item.difference.gone
        )
        if item.wanted is not None:
            texts = item.wanted.texts
            samples += [(source, key, texts[key]) for key in texts]
            if len(samples) > 8 * sample:
                samples = chance.sample(samples, sample)
    found.problems += _journal(m, present)
    found.problems += _table(pipeline, m, present, found)
    if sample and samples:
        found.problems += _sampled(m, chance.sample(samples, min(sample, len(samples))), found)
    return found


def mend(m: Resources, problems: Sequence[Problem]) -> None:
    """Make the next convergence put right what was found; the caller holds the lock."""
    doubled = [key for problem in problems if problem.kind == "doubled" for key in problem.ids]
    wrong = [key for problem in problems if problem.kind == "vector" for key in problem.ids]
    if doubled:
        rows = _rows_of_ids(m, {problem.source for problem in problems if problem.kind == "doubled"}, set(doubled))
        # Their vectors outlive them in the cache, so that writing them again computes nothing.
        m.cache.put(m.table().vectors({row.text_hash for row in rows}))
        m.commit(Changes(delete=doubled))
    if wrong:
        sources = {problem.source for problem in problems if problem.kind == "vector"}
        rows = _rows_of_ids(m, sources, set(wrong))
        m.cache.forget({row.text_hash for row in rows})
        m.commit(Changes(delete=wrong))
    m.journal.mark_unsynced()


def _everything(pipeline: Pipeline, present: set[str]) -> Iterator[Candidate]:
    for root in pipeline.roots:
        for item in pipeline.scanner(root).scan():
            if isinstance(item, FoundFile):
                source = root.source(item.relative)
                present.add(source)
                yield Candidate(root, source, item)


def _differences(source: str, new: Sequence[Row], refreshed: Sequence[Row], gone: Sequence[str]) -> Iterator[Problem]:
    if new:
        yield Problem(source, "missing", f"{len(new)} of its chunks are not in the table")
    if refreshed:
        yield Problem(source, "stale", f"{len(refreshed)} of its rows have columns of an older version")
    if gone:
        yield Problem(source, "surplus", f"{len(gone)} rows are of an older version", tuple(gone))


def _journal(m: Resources, present: set[str]) -> Iterator[Problem]:
    for root in m.journal.roots():
        for state in m.journal.files(alias=root, state="done"):
            if state.source not in present and state.chunks == 0:
                yield Problem(state.source, "journal", "the journal knows a file that is not there")


def _table(pipeline: Pipeline, m: Resources, present: set[str], found: Verification) -> Iterator[Problem]:
    if not m.has_table():
        return
    states = m.table().source_states()
    found.rows = sum(state.rows for state in states.values())
    aliases = {root.alias for root in pipeline.roots}
    pending = m.journal.pending()
    for source, state in states.items():
        file = parent_source(source)
        if file.partition("/")[0] in aliases and file not in present and file not in pending:
            yield Problem(source, "orphan", f"its file is gone, {state.rows} rows are left")
        if state.fingerprint != m.recipe.fingerprint:
            yield Problem(source, "model", f"its vectors are of another model: {state.fingerprint}")
    yield from _doubled(m, sorted(states))


def _doubled(m: Resources, sources: Sequence[str]) -> Iterator[Problem]:
    for first in range(0, len(sources), _SOURCES):
        for source, rows in m.table().rows(sources[first : first + _SOURCES]).items():
            twice = tuple(key for key, count in Counter(row.id for row in rows).items() if count > 1)
            if twice:
                yield Problem(source, "doubled", f"{len(twice)} rows are stored more than once", twice)


def _sampled(m: Resources, samples: Sequence[tuple[str, str, str]], found: Verification) -> Iterator[Problem]:
    stored = m.table().vectors({key for _, key, _ in samples})
    kept = [(source, key, text) for source, key, text in samples if key in stored]
    found.vectors = len(kept)
    if not kept:
        return
    again = m.embed([text for _, _, text in kept])
    for (source, key, _), vector in zip(kept, again, strict=True):
        cosine = float(np.dot(stored[key], vector) / (np.linalg.norm(stored[key]) * np.linalg.norm(vector) or 1.0))
        if cosine < _LEAST_COSINE:
            ids = tuple(row.id for row in m.table().rows([source])[source] if row.text_hash == key)
            yield Problem(source, "vector", f"a stored vector has cosine {cosine:.4f} to its text's own", ids)


def _rows_of_ids(m: Resources, sources: set[str], ids: set[str]) -> list[Row]:
    return [row for rows in m.table().rows(sources).values() for row in rows if row.id in ids]

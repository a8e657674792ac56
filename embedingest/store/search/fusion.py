"""Ranks: one list a side, two lists into one. Pure; knows no table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["RRF_K", "Candidate", "Side", "fuse", "ranked"]

RRF_K: Final = 60
"""The constant of reciprocal rank fusion, as its authors chose it: a list gives 1 / (60 + rank)."""

Side = Literal["vector", "text"]


@dataclass(slots=True)
class Candidate:
    """A row that may be shown. `key` is what is ranked (the row, or its source where documents are asked for)."""

    id: str
    key: str
    score: float
    parts: dict[str, float | int | None] = field(default_factory=dict)


def ranked(rows: Iterable[tuple[str, str, float]], side: Side, *, by_source: bool) -> list[Candidate]:
    """One side's list from (id, source, score): best first, ties by id, the best row of each source if asked."""
    best: dict[str, Candidate] = {}
    for row_id, source, score in sorted(rows, key=lambda row: (-row[2], row[0])):
        key = source if by_source else row_id
        if key not in best:
            parts: dict[str, float | int | None] = {f"{side}_score": score, f"{side}_rank": len(best) + 1}
            best[key] = Candidate(row_id, key, score, parts)
    return list(best.values())


def fuse(lists: Mapping[Side, Sequence[Candidate]], k: int = RRF_K) -> list[Candidate]:
    """Reciprocal rank fusion. Of a key's rows the one with the better rank is shown; a side without it says `None`."""
    scores: dict[str, float] = defaultdict(float)
    shown: dict[str, tuple[int, Candidate]] = {}
    parts: dict[str, dict[str, float | int | None]] = {}
    blank: dict[str, float | int | None] = {f"{side}_{part}": None for side in lists for part in ("score", "rank")}
    for candidates in lists.values():
        for rank, candidate in enumerate(candidates, start=1):
            key = candidate.key
            scores[key] += 1.0 / (k + rank)
            parts.setdefault(key, dict(blank)).update(candidate.parts)
            if key not in shown or rank < shown[key][0]:
                shown[key] = (rank, candidate)
    fused = [(rank, Candidate(best.id, key, scores[key], parts[key])) for key, (rank, best) in shown.items()]
    fused.sort(key=lambda entry: (-entry[1].score, entry[0], entry[1].id))
    return [candidate for _, candidate in fused]

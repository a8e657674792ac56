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


def ranked(found: Iterable[tuple[str, str, float]], side: Side, *, by_source: bool) -> list[Candidate]:
    """One side's list from (id, source, score): best first, ties by id, the best row of each source if asked."""
    best: dict[str, Candidate] = {}
    for row, source, score in sorted(found, key=lambda hit: (-hit[2], hit[0])):
        key = source if by_source else row
        if key not in best:
            parts: dict[str, float | int | None] = {f"{side}_score": score, f"{side}_rank": len(best) + 1}
            best[key] = Candidate(row, key, score, parts)
    return list(best.values())


def fuse(lists: Mapping[Side, Sequence[Candidate]], k: int = RRF_K) -> list[Candidate]:
    """Reciprocal rank fusion. Of a key's rows the one with the better rank is shown; a side without it says `None`."""
    scores: dict[str, float] = defaultdict(float)
    shown: dict[str, tuple[int, Candidate]] = {}
    parts: dict[str, dict[str, float | int | None]] = {}
    blank: dict[str, float | int | None] = {f"{s}_{what}": None for s in lists for what in ("score", "rank")}
    for found in lists.values():
        for rank, one in enumerate(found, start=1):
            scores[one.key] += 1.0 / (k + rank)
            parts.setdefault(one.key, dict(blank)).update(one.parts)
            if one.key not in shown or rank < shown[one.key][0]:
                shown[one.key] = (rank, one)
    fused = [(rank, Candidate(one.id, key, scores[key], parts[key])) for key, (rank, one) in shown.items()]
    fused.sort(key=lambda entry: (-entry[1].score, entry[0], entry[1].id))
    return [one for _, one in fused]

"""Ranks: one list a side, several lists into one. Pure; knows no table."""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["RRF_K", "Candidate", "Key", "Scored", "Side", "by_better_rank", "by_rank", "fuse", "ranked"]

RRF_K: Final = 5
"""The constant of reciprocal rank fusion: a list gives 1 / (5 + rank).

With the 60 of its authors a row that stands low in all lists goes before the best row of one. Of seven
constants this one's lesser gain in two collections was the largest (docs/guides/better-search.md).
"""

Side = Literal["vector", "text", "sparse", "late"]


Key = Literal["id", "source", "text_hash"]
"""What is ranked: each row, each document, or each text, whose copies then count once."""


class Scored(NamedTuple):
    """A row that one side found. A higher score is better. `address` is where it lies in the table as it was then.

    `source` and `text_hash` are empty where nothing is ranked or folded by them.
    """

    id: str
    source: str
    text_hash: str
    score: float
    address: int = -1


@dataclass(slots=True)
class Candidate:
    """A row that may be shown. `key` is what is ranked; `copied` says that other rows with its text were found."""

    id: str
    key: str
    score: float
    parts: dict[str, float | int | None] = field(default_factory=dict)
    text_hash: str = ""
    copied: bool = False
    address: int = -1


def ranked(rows: Iterable[Scored], side: Side, *, key: Key) -> list[Candidate]:
    """One side's list: best first, ties by id, of each key its best row."""
    found = sorted(rows, key=lambda row: (-row.score, row.id))
    copies = Counter(row.text_hash for row in found)
    key_of = operator.attrgetter(key)
    best: dict[str, Candidate] = {}
    for row in found:
        if (name := key_of(row)) not in best:
            parts: dict[str, float | int | None] = {f"{side}_score": row.score, f"{side}_rank": len(best) + 1}
            copied = copies[row.text_hash] > 1
            best[name] = Candidate(row.id, name, row.score, parts, row.text_hash, copied, row.address)
    return list(best.values())


def by_rank(candidates: Sequence[Candidate], side: Side, k: int = RRF_K) -> list[Candidate]:
    """The same list, each scored by its rank alone: the score of words tells how many other rows have them."""
    return [
        replace(candidate, score=1.0 / (k + rank), parts=candidate.parts | {f"{side}_score": None})
        for rank, candidate in enumerate(candidates, start=1)
    ]


def fuse(lists: Mapping[Side, Sequence[Candidate]], k: int = RRF_K) -> list[Candidate]:
    """Reciprocal rank fusion. Of a key's rows the one with the better rank is shown; a side without it says `None`."""
    return _joined(lists, k, operator.add)


def by_better_rank(lists: Mapping[Side, Sequence[Candidate]], k: int = RRF_K) -> list[Candidate]:
    """All lists in the order of each key's best rank alone, which stays what it is however much longer they get."""
    return _joined(lists, k, max)


def _joined(
    lists: Mapping[Side, Sequence[Candidate]], k: int, together: Callable[[float, float], float]
) -> list[Candidate]:
    """All lists as one; `together` makes one score of what two sides give."""
    scores: dict[str, float] = {}
    shown: dict[str, tuple[int, Candidate]] = {}
    parts: dict[str, dict[str, float | int | None]] = {}
    copied: set[str] = set()
    blank: dict[str, float | int | None] = {f"{side}_{part}": None for side in lists for part in ("score", "rank")}
    for candidates in lists.values():
        for rank, candidate in enumerate(candidates, start=1):
            key = candidate.key
            scores[key] = together(scores.get(key, 0.0), 1.0 / (k + rank))
            parts.setdefault(key, dict(blank)).update(candidate.parts)
            if candidate.copied:
                copied.add(candidate.text_hash)
            if key not in shown or rank < shown[key][0]:
                shown[key] = (rank, candidate)
    joined = [
        (rank, replace(best, score=scores[key], parts=parts[key], copied=best.text_hash in copied))
        for key, (rank, best) in shown.items()
    ]
    joined.sort(key=lambda entry: (-entry[1].score, entry[0], entry[1].id))
    return [candidate for _, candidate in joined]

"""Ranked lists: one a side, several into one by what each score is beside its list's best. Pure; knows no table."""

from __future__ import annotations

import math
import operator
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Candidate", "Key", "Scored", "Side", "by_better_rank", "by_rank", "fuse", "ranked"]

_RANK_K: Final = 5
"""A list whose scores are not to be told is scored by 1 / (5 + rank)."""

Side = Literal["vector", "text", "sparse", "late"]

_FROM_ZERO: Final[frozenset[Side]] = frozenset({"text", "sparse"})
"""Sides whose score is 0 where a row has nothing of the question. Cosines have no such place."""

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


def by_rank(candidates: Sequence[Candidate], side: Side) -> list[Candidate]:
    """The same list, each scored by its rank alone: the score of words tells how many other rows have them."""
    return [
        replace(candidate, score=1.0 / (_RANK_K + rank), parts=candidate.parts | {f"{side}_score": None})
        for rank, candidate in enumerate(candidates, start=1)
    ]


def fuse(lists: Mapping[Side, Sequence[Candidate]]) -> list[Candidate]:
    """Scores of all sides as one from 0 to 1: the mean of what each is of the best of its list (`shares`).

    A side that did not find a key gives it 0. Of a key's rows the one with the better rank is shown.
    """
    by_key: dict[str, dict[str, float]] = {}
    nothing = {f"{side}_share": 0.0 for side in lists}
    for side, candidates in lists.items():
        for candidate, share in zip(candidates, shares(candidates, side), strict=True):
            by_key.setdefault(candidate.key, dict(nothing))[f"{side}_share"] = share
    return _joined(lists, {key: (math.fsum(one.values()) / len(lists), one) for key, one in by_key.items()})


def shares(candidates: Sequence[Candidate], side: Side) -> list[float]:
    """What each score of a list, best first, is of the best: from nothing where the side counts from there (`text`,
    `sparse`), else from the last of the list. Alike scores are all 1.
    """
    if not candidates:
        return []
    best, least = candidates[0].score, 0.0 if side in _FROM_ZERO else candidates[-1].score
    return [(one.score - least) / (best - least) if best > least else 1.0 for one in candidates]


def by_better_rank(lists: Mapping[Side, Sequence[Candidate]]) -> list[Candidate]:
    """All lists in the order of each key's best rank alone, which stays what it is however much longer they get.

    The score is 0: such keys follow those that were fused.
    """
    return _joined(lists, {})


def _joined(
    lists: Mapping[Side, Sequence[Candidate]], scores: Mapping[str, tuple[float, Mapping[str, float]]]
) -> list[Candidate]:
    """All lists as one, by these scores, then the best rank, then the id. With each score come its parts."""
    shown: dict[str, tuple[int, str, Candidate]] = {}
    parts: dict[str, dict[str, float | int | None]] = {}
    copied: set[str] = set()
    blank: dict[str, float | int | None] = {f"{side}_{part}": None for side in lists for part in ("score", "rank")}
    for candidates in lists.values():
        for rank, candidate in enumerate(candidates, start=1):
            key, place = candidate.key, (rank, candidate.id, candidate)
            parts.setdefault(key, dict(blank)).update(candidate.parts)
            if candidate.copied:
                copied.add(candidate.text_hash)
            if key not in shown or place[:2] < shown[key][:2]:
                shown[key] = place
    joined = []
    for key, (rank, _, best) in shown.items():
        score, of = scores.get(key, (0.0, {}))
        copy = best.text_hash in copied
        joined.append((rank, replace(best, score=score, parts={**parts[key], **of}, copied=copy)))
    joined.sort(key=lambda entry: (-entry[1].score, entry[0], entry[1].id))
    return [candidate for _, candidate in joined]

"""Which deletions may happen, and which wait for a person. Knows no table.

A folder that vanished, cannot be read or came back empty says nothing about what the user wants gone.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Mapping

__all__ = ["LEAST_DOCUMENTS", "RecentDeletions", "Verdict", "judge"]

# Of fewer documents any share may go: a person who tidies up deletes two notes of three.
LEAST_DOCUMENTS: Final = 10
_RECENT_SECONDS: Final = 60.0
_AWAY: Final = "what {:,} of them lie on is away (a mount, or a link to nothing)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is deleted now, what waits, and why it waits (empty where nothing does)."""

    delete: tuple[str, ...]
    wait: tuple[str, ...]
    reason: str = ""


def judge(
    gone: Collection[str],
    *,
    documents: int,
    present: int,
    recent: int,
    share: float,
    confirmed: Mapping[str, bool],
    allow: bool,
    doubtful: Container[str] = (),
) -> Verdict:
    """Judge the deletions under one root.

    `gone` are the sources that are no longer there and did not merely move. `documents` had rows before, of which
    `recent` were deleted within the last minute and are not in `gone`; `present` files are there now. More than
    `share` of the documents waits, and everything does where no file is left. `confirmed` are sources that
    waited before and whether a person has said yes; with `allow` nothing waits. `doubtful` may be away: they wait.
    """
    allowed = [source for source in gone if allow or confirmed.get(source)]
    rest = [source for source in gone if not (allow or confirmed.get(source))]
    away = {source for source in rest if source in doubtful}
    if away:
        others = judge(
            [source for source in gone if source not in away], documents=documents - len(away), present=present,
            recent=recent, share=share, confirmed=confirmed, allow=allow,
        )  # fmt: skip
        return Verdict(others.delete, (*sorted(away), *others.wait), others.reason or _AWAY.format(len(away)))
    if not rest:
        return Verdict(tuple(allowed), ())
    count, total = len(rest) + recent, documents + recent
    if present == 0:
        reason = f"none of its {documents:,} documents is there any more"
    elif total >= LEAST_DOCUMENTS and count > share * total:
        reason = f"{count:,} of its {total:,} documents are gone, more than the share of {share:g} that may go unasked"
    else:
        # What waits goes on waiting until it is confirmed or comes back.
        waiting = tuple(source for source in rest if source in confirmed)
        now = tuple(source for source in rest if source not in confirmed)
        return Verdict((*allowed, *now), waiting, "they waited before and were not confirmed" if waiting else "")
    return Verdict(tuple(allowed), tuple(rest), reason)


class RecentDeletions:
    """How many documents were deleted under each root within the last minute, by a clock that never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deletions: deque[tuple[float, str, int]] = deque()

    def add(self, alias: str, count: int) -> None:
        self._deletions.append((self._clock(), alias, count))

    def count(self, alias: str) -> int:
        now = self._clock()
        while self._deletions and now - self._deletions[0][0] > _RECENT_SECONDS:
            self._deletions.popleft()
        return sum(count for _, other, count in self._deletions if other == alias)

"""Which deletions may happen, and which wait for a person. Knows no table.

A folder that vanished, cannot be read or came back empty says nothing about what the user wants gone, whether that
is seen at once or in pieces.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.ingest.scan.absences import Absences
from embedingest.ingest.scan.roots import owner

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence

    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import Journal

__all__ = ["LEAST_DOCUMENTS", "REST_SECONDS", "Guard", "RecentDeletions", "Verdict", "judge", "to_judge_anew"]

_log = logging.getLogger(__name__)

# Of fewer documents any share may go: a person who tidies up deletes two notes of three.
LEAST_DOCUMENTS: Final = 10
_RECENT_SECONDS: Final = 60.0
REST_SECONDS: Final = 10.0
"""What still waits is judged anew when nothing that waited with it has come back for so long."""
_RETURNED: Final = "returned:"
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
    anew: bool = False,
) -> Verdict:
    """Judge the deletions under one root.

    `gone` are the sources that are no longer there and did not merely move. `documents` had rows before, those that
    wait included; `recent` more were deleted unasked within the last minute; `present` files are there now. More than
    `share` of the documents waits, and all of it where no file is left. `confirmed` are sources of the root that waited
    before and whether a person has said yes: those not in `gone` are gone as well, and count. With `allow` nothing
    waits. `doubtful` may be away: they wait, and count for nothing. What waited goes on waiting, unless judged `anew`.
    """
    allowed = [source for source in gone if allow or confirmed.get(source)]
    asked = [source for source in gone if not (allow or confirmed.get(source))]
    away = sorted(source for source in asked if source in doubtful)
    rest = [source for source in asked if source not in doubtful]
    still = {source for source, yes in confirmed.items() if not yes}.difference(gone)
    still_away = sum(source in doubtful for source in still)
    if not rest:
        return Verdict(tuple(allowed), tuple(away), _AWAY.format(len(away)) if away else "")
    held = documents + recent
    count, total = len(rest) + len(still) - still_away + recent, held - len(away) - still_away
    if present == 0:
        reason = f"none of its {documents:,} documents is there any more"
    elif held >= LEAST_DOCUMENTS and count > share * total:
        reason = f"{count:,} of its {total:,} documents are gone, more than the share of {share:g} that may go unasked"
    else:
        waiting = () if anew else tuple(source for source in rest if source in confirmed)
        now = tuple(source for source in rest if anew or source not in confirmed)
        reason = "they waited before and were not confirmed" if waiting else ""
        return Verdict((*allowed, *now), (*away, *waiting), reason or (_AWAY.format(len(away)) if away else ""))
    return Verdict(tuple(allowed), (*away, *rest), reason)


class RecentDeletions:
    """What was deleted unasked under each root within the last minute, by a clock that never goes back.

    Also what was said to wait there, which is said once until it changes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deletions: dict[str, dict[str, float]] = {}
        self._said: dict[str, frozenset[str]] = {}

    def add(self, alias: str, sources: Iterable[str]) -> None:
        deletions, now = self._deletions.setdefault(alias, {}), self._clock()
        for source in sources:
            deletions.pop(source, None)  # the oldest stand first
            deletions[source] = now

    def came_back(self, alias: str, sources: Iterable[str]) -> None:
        """These are there again, and were not lost."""
        deletions = self._deletions.get(alias, {})
        for source in sources if deletions else ():
            deletions.pop(source, None)

    def is_news(self, alias: str, waiting: Collection[str]) -> bool:
        """Whether just these were not said to wait yet; from now on they were."""
        before, self._said[alias] = self._said.get(alias), frozenset(waiting)
        return before != self._said[alias]

    def wait_no_more(self, alias: str, sources: Iterable[str]) -> None:
        """That these wait is news again."""
        if said := self._said.get(alias):
            self._said[alias] = said.difference(sources)

    def count(self, alias: str) -> int:
        deletions, now = self._deletions.get(alias, {}), self._clock()
        while deletions and now - deletions[first := next(iter(deletions))] > _RECENT_SECONDS:
            del deletions[first]
        return len(deletions)


class Guard:
    """The deletions of one run, judged with what the journal remembers of those before. Deletes nothing itself.

    More than `share` of the documents of a root, with those of `recent`, wait for a person, unless `allow`.
    """

    def __init__(self, journal: Journal, recent: RecentDeletions, *, share: float, allow: bool) -> None:
        self._journal = journal
        self._recent = recent
        self._share = share
        self._allow = allow
        self._absences = Absences(journal)
        self._anew: set[str] = set()

    def begin(self, aliases: Iterable[str], now: float) -> None:
        """Settle whether what waits under these roots is judged anew: most of what waited with it has come back."""
        for alias in aliases:
            if _is_due(self._journal, alias, now):
                returned, _ = _returned(self._journal, alias)
                waiting = len(_waiting(self._journal, alias))
                if waiting <= returned:
                    self._anew.add(alias)
                self._journal.set_meta(_RETURNED + alias, f"{returned} " if waiting > returned else "")

    def look(self, root: Root, gone: Sequence[str], *, swept: bool) -> list[str]:
        """Those of `gone` that have not merely gone with what they lie on. `swept`: all of the root was looked at."""
        # The others that wait are weighed with them; a sweep names them itself.
        others = _waiting(self._journal, root.alias) if gone and not swept else []
        self._absences.look(root, [*gone, *others], swept=swept)
        return [source for source in gone if source not in self._absences]

    def doubts(self, source: str) -> bool:
        """Whether a source may only be away with what it lies on."""
        return source in self._absences

    def came_back(self, root: Root, sources: Collection[str], now: float) -> None:
        """These are there, under this name or another: they do not wait any more, if they did."""
        self._recent.came_back(root.alias, sources)
        self._recent.wait_no_more(root.alias, sources)
        back = self._journal.pending().keys() & set(sources) if sources else ()
        if back:
            self._journal.drop_pending(back)
            returned, _ = _returned(self._journal, root.alias)
            self._journal.set_meta(_RETURNED + root.alias, f"{returned + len(back)} {now + REST_SECONDS}")

    def judge(
        self, root: Root, gone: Collection[str], *, documents: int, files: int, present: int | None, now: float
    ) -> Verdict:
        """What of `gone` may be deleted; the rest waits from now on.

        The journal knows `documents` with rows, and `files` beside those that are gone; `present` files were seen.
        """
        journal = self._journal
        self._recent.came_back(root.alias, gone)  # what failed to be deleted is not counted twice
        pending = {source: yes for source, yes in journal.pending().items() if root.holds(source)}
        verdict = self.weigh(
            root, gone, documents=documents, present=files - len(pending.keys() - gone) if present is None else present
        )
        if verdict.wait:
            journal.set_pending(verdict.wait, now)
            waiting = _waiting(journal, root.alias)
            if self._recent.is_news(root.alias, waiting):
                wait = (
                    "1 deletion under `%s` waits"
                    if len(waiting) == 1
                    else f"{len(waiting):,} deletions under `%s` wait"
                )
                _log.warning(f"{wait} for `embedingest confirm`: %s", root.alias, verdict.reason)
        if not self._allow:
            self._recent.add(root.alias, [source for source in verdict.delete if not pending.get(source)])
        return verdict

    def weigh(self, root: Root, gone: Collection[str], *, documents: int, present: int) -> Verdict:
        """As `judge`, where `present` files are there, and remembering nothing."""
        pending = {source: yes for source, yes in self._journal.pending().items() if root.holds(source)}
        return judge(
            gone, documents=documents, present=present, recent=self._recent.count(root.alias), share=self._share,
            confirmed=pending, allow=self._allow, doubtful=self._absences, anew=root.alias in self._anew,
        )  # fmt: skip


def to_judge_anew(journal: Journal, aliases: Iterable[str], now: float) -> list[str]:
    """Deletions that wait and are to be looked at again at `now`, in seconds since the epoch."""
    due = [alias for alias in aliases if _is_due(journal, alias, now)]
    return [source for alias in due for source in _waiting(journal, alias)]


def _is_due(journal: Journal, alias: str, now: float) -> bool:
    _, due = _returned(journal, alias)
    # A clock that was set back waits no longer for that.
    return due is not None and not now < due <= now + REST_SECONDS


def _returned(journal: Journal, alias: str) -> tuple[int, float | None]:
    """How many of what waited came back since it was last judged anew, and when that is due, if it is."""
    count, _, due = (journal.meta(_RETURNED + alias) or "0 ").partition(" ")
    return int(count), float(due) if due else None


def _waiting(journal: Journal, alias: str) -> list[str]:
    return [source for source, yes in journal.pending().items() if not yes and owner(source, (alias,))]

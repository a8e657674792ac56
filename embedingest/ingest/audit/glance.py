"""What the journal says, for who looks at it twice a second: bounded, and read again only where it has changed.

Times are told as they are noted, in seconds since the epoch, so that the same is told as long as nothing happens.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.errors import StoreError
from embedingest.ingest.audit.copied_journal import viewed
from embedingest.ingest.audit.status import fault_of
from embedingest.ingest.run.progress import ProgressNote, read_note
from embedingest.ingest.run.rest import paused_since
from embedingest.ingest.state.table_facts import latest_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from embedingest.ingest.run.outage import OutageNote
    from embedingest.ingest.state.journal import FileState, Journal

__all__ = ["MOST_NAMED", "Glance", "Glances", "name_of_waiting"]

MOST_NAMED: Final = 50
"""Failures, and deletions that wait, that are told by name."""

_NEEDED: Final = re.compile(r"needs `([^`]+)`")
_MOST_EXTRAS: Final = 10
_LEAST_SECONDS: Final = 0.25
_GRAIN_NS: Final = 50_000_000
"""Within so long of a write the next one may leave the same time of the file."""

_IDLE_SHARE: Final = 20
"""A look is followed by so many times its own length without one: a journal of a million files takes tenths of one."""


class Glance(NamedTuple):
    """The journal at one moment.

    `files` are counts by state; `failures` and `pending` the first of them by name, `pending_name` names all that wait
    (see `name_of_waiting`), `extras` count the files that wait for a package by its name. `table` are the
    figures that the last commit noted, `run` and `trouble` the notes of who writes. `fault` says why the journal cannot
    be used, and then nothing else is known.
    """

    files: dict[str, int] = {}  # noqa: RUF012 -- never written
    failures: tuple[dict[str, Any], ...] = ()
    extras: dict[str, int] = {}  # noqa: RUF012 -- never written
    pending: tuple[str, ...] = ()
    pending_count: int = 0
    pending_name: str = ""
    roots: tuple[tuple[str, str], ...] = ()
    table: dict[str, Any] = {}  # noqa: RUF012 -- never written
    last_commit: float | None = None
    snapshot: str | None = None
    paused_since: float | None = None
    upkeep_trouble: str | None = None
    trouble: OutageNote | None = None
    run: ProgressNote | None = None
    requests: tuple[str, ...] = ()
    fault: str | None = None


class Glances:
    """Looks at the journal at `path`, and remembers the last. Any thread may ask; the journal is not kept open."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.looks = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._facts: object = None
        self._next = float("-inf")
        self._last = Glance()

    def glance(self) -> Glance:
        """The journal as it is, or was a moment ago. Raises nothing."""
        with self._lock:
            facts = self._changes()
            is_young = any(fact is not None and time.time_ns() - fact[0] < _GRAIN_NS for fact in facts)
            if facts != self._facts and self._clock() >= self._next:
                began = self._clock()
                self._last, self._facts = _look(self.path), None if is_young else facts
                self.looks += 1
                spent = self._clock() - began
                self._next = self._clock() + max(_LEAST_SECONDS, _IDLE_SHARE * spent)
            return self._last

    def waiting(self) -> list[str]:
        """All deletions that wait, as they are now. Raises StoreError."""
        with viewed(self.path) as view:
            if view.fault is not None:
                raise StoreError(view.fault)
            return sorted(view.journal.pending()) if view.journal is not None else []

    def _changes(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Others as soon as anything is written: every commit goes to the journal's log, or from there to its file."""
        return tuple(_facts(self.path.with_name(self.path.name + suffix)) for suffix in ("", "-wal"))


def name_of_waiting(sources: Iterable[str]) -> str:
    """A name of exactly these deletions, by which a person says yes to what was shown."""
    told = hashlib.blake2s(digest_size=12)
    for source in sorted(sources):
        spelled = source.encode("utf-8", "surrogatepass")
        told.update(len(spelled).to_bytes(8, "big") + spelled)
    return told.hexdigest()


def _facts(path: Path) -> tuple[int, int, int] | None:
    with suppress(OSError):
        facts = path.stat()
        return facts.st_mtime_ns, facts.st_size, facts.st_ino
    return None


def _look(path: Path) -> Glance:
    with viewed(path) as view:
        try:
            return Glance(fault=view.fault) if view.journal is None else _read(view.journal)
        except (StoreError, ValueError, TypeError, LookupError) as error:
            assert view.journal is not None
            return Glance(fault=fault_of(view.journal, error))


def _read(journal: Journal) -> Glance:
    now, pending, trouble = time.time(), journal.pending(), journal.meta("trouble")
    committed = journal.meta("committed")
    return Glance(
        files=journal.counts(),
        failures=tuple(_failed(state) for state in journal.failed(MOST_NAMED)),
        extras=_extras(journal),
        pending=tuple(sorted(pending)[:MOST_NAMED]),
        pending_count=len(pending),
        pending_name=name_of_waiting(pending) if pending else "",
        roots=tuple(journal.roots().items()),
        table=latest_facts(journal),
        last_commit=float(committed) if committed else None,
        snapshot=journal.meta("paused") or None,
        paused_since=paused_since(journal),
        upkeep_trouble=journal.meta("upkeep_trouble") or None,
        trouble=json.loads(trouble) if trouble else None,
        run=read_note(journal),
        requests=tuple(request.verb for request in journal.waiting() if not request.given_up(now)),
    )


def _extras(journal: Journal) -> dict[str, int]:
    """The packages that failed files need, each with how many do."""
    extras: Counter[str] = Counter()
    for error in journal.errors_of("missing_extra"):
        if (found := _NEEDED.search(error)) is not None:
            extras[found[1]] += 1
    return dict(extras.most_common(_MOST_EXTRAS))


def _failed(state: FileState) -> dict[str, Any]:
    return {
        "source": state.source,
        "kind": state.kind,
        "code": state.code,
        "error": state.error,
        "attempts": state.attempts,
        "next_try": round(state.next_try, 1) or None,
    }

"""The pipelines that a server shows and steers: those that this process follows, or that another one does.

All is read from the journals, as `status` reads them, and from the figures of runs in this process. What is asked goes
the way that commands go: through the journal to whoever writes the table, which may be this process.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.build.inspect import writer_of
from embedingest.build.journals import journal_path
from embedingest.errors import ConfigError, EmbedingestError, StoreError
from embedingest.ingest.audit.glance import Glances, name_of_waiting
from embedingest.ingest.question import Question
from embedingest.server.pipelines import Histogram, PipelineFigures, PipelineRefusalError, PipelineState
from embedingest.store.uri import local_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from embedingest.ingest.audit.glance import Glance
    from embedingest.ingest.figures import Figures, Samples
    from embedingest.store.lock import Holder

__all__ = ["Fault", "Watched", "WatchedPipelines"]

_FRESH_SECONDS: Final = 5.0
"""How old the note of a run of another process may be, which writes one a second."""

_LONG_RUN_SECONDS: Final = 2.0
"""A run that has found nothing to do for so long looks through large folders: it works."""

_LOOK_SECONDS: Final = 10.0
"""How often a store is asked who writes there; a file on this machine costs nothing."""

_MOST_SOURCES: Final = 10_000
_TABLE: Final = ("rows", "bytes", "fragments", "unindexed_rows", "indexed_rows", "model")
_ANSWERED: Final = ("files", "chunks")


class Fault(NamedTuple):
    """Why a pipeline does not run: an error with its way out. `again`: it is tried again until it works."""

    message: str
    remedy: str | None
    again: bool

    @classmethod
    def of(cls, error: BaseException, *, again: bool = False) -> Fault:
        message = error.message if isinstance(error, EmbedingestError) else str(error) or type(error).__name__
        return cls(message, error.remedy if isinstance(error, EmbedingestError) else None, again)


class Watched:
    """One pipeline. `figures` are those of its runs in this process, `None` where another process follows it; with a
    `schedule` it runs at its times only.

    `fault` is written by the thread that follows, and read by any.
    """

    def __init__(
        self, state: Path, db: str, table: str, figures: Figures | None = None, *, schedule: str | None = None
    ) -> None:
        self.place = state, db, table
        self.figures = figures
        self.schedule = schedule
        self.fault: Fault | None = None
        self.glances = Glances(journal_path(state, db, table))
        self._writer: tuple[float, Holder | None] = float("-inf"), None

    @property
    def writer(self) -> Holder | None:
        """Who writes the table now."""
        state, db, table = self.place
        asked_at, holder = self._writer
        if local_folder(db) is None and time.monotonic() - asked_at < _LOOK_SECONDS:
            return holder
        with suppress(StoreError):  # a store that does not answer says nothing new
            holder = writer_of(state, db, table)
        self._writer = time.monotonic(), holder
        return holder

    @property
    def is_followed(self) -> bool:
        """Whether somebody is there to do what is asked."""
        if self.figures is not None:
            return self.fault is None or self.fault.again
        return self.writer is not None

    def is_working(self, glance: Glance) -> bool:
        """Whether a run has something to do."""
        if self.figures is None:
            run = glance.run
            return run is not None and run["stage"] != "done" and time.time() - run["at"] < _FRESH_SECONDS
        if not self.figures.running:
            return not self.figures.begun and glance.paused_since is None and glance.snapshot is None
        progress = self.figures.progress
        if progress is None or not progress.total:
            return self.figures.seconds > _LONG_RUN_SECONDS
        return progress.stage != "done"

    def state(self, glance: Glance) -> PipelineState:
        """How it stands, in a word."""
        if self.fault is not None:
            return "failed"
        if not self.is_followed:
            return "not followed"
        if glance.trouble is not None:
            return "failed"
        if self.is_working(glance):
            return "working"
        return "at rest" if glance.paused_since is None and glance.snapshot is None else "paused"


class WatchedPipelines:
    """The pipelines of one process by name; see `PipelinesView` of the server. They come and go while it is asked."""

    def __init__(self, pipelines: Mapping[str, Watched] | None = None) -> None:
        self._pipelines = dict(pipelines or {})

    # -- for who follows

    def put(self, name: str, watched: Watched, order: Sequence[str] = ()) -> None:
        """Show this one by that name from now on; `order` says in which order all are told."""
        pipelines = {**self._pipelines, name: watched}
        self._pipelines = {name: pipelines[name] for name in dict.fromkeys([*order, *pipelines]) if name in pipelines}

    def drop(self, name: str) -> None:
        """Show it no more."""
        self._pipelines = {other: watched for other, watched in self._pipelines.items() if other != name}

    # -- for the server

    def names(self) -> Sequence[str]:
        return tuple(self._pipelines)

    def figures(self, name: str) -> PipelineFigures:
        watched = self._pipelines[name]
        glance, own = watched.glances.glance(), watched.figures
        run = _run(watched, glance)
        fault = _fault(watched, glance)
        return PipelineFigures(
            state=watched.state(glance),
            error=None if fault is None else fault["message"],
            files=glance.files,
            waiting=_waiting(watched, glance),
            pending_deletes=glance.pending_count,
            chunks_per_second=0.0 if run is None else run["chunks_per_second"],
            tokens_per_second=0.0 if run is None else run["tokens_per_second"],
            seconds_left=None if run is None else run["seconds_left"],
            last_commit=glance.last_commit,
            counted={} if own is None else own.counted(),
            commits=None if own is None else _histogram(own.commits),
            freshness=None if own is None else _histogram(own.freshness),
            journal_errors={} if own is None else own.journal_errors(),
            table={key: value for key, value in glance.table.items() if isinstance(value, int | float)},
            silent=None if own is None else own.silent,
        )

    def status(self, name: str) -> Mapping[str, Any]:
        watched = self._pipelines[name]
        glance, (_, db, table) = watched.glances.glance(), watched.place
        state = watched.state(glance)
        files = {key: glance.files.get(key, 0) for key in ("done", "empty", "skipped", "failed", "unverified")}
        return {
            "name": name,
            "table": {"db": db, "name": table, **{key: glance.table[key] for key in _TABLE if key in glance.table}},
            "folders": [{"alias": alias, "path": path} for alias, path in glance.roots],
            "state": state,
            "error": _fault(watched, glance),
            "is_followed": watched.is_followed,
            "schedule": watched.schedule,
            "files": {"waiting": _waiting(watched, glance), **files},
            "run": _run(watched, glance),
            "freshness": _last_save(watched, glance),
            "last_commit": glance.last_commit,
            "paused_since": glance.paused_since,
            "paused": glance.snapshot,
            "failures": list(glance.failures),
            "extras": glance.extras,
            "pending_deletes": {
                "count": glance.pending_count,
                "sources": list(glance.pending),
                "name": glance.pending_name,
            },
            "requests": list(glance.requests),
            "upkeep_trouble": glance.upkeep_trouble,
            "journal_fault": glance.fault,
        }

    def act(self, name: str, verb: str, **what: Any) -> _Deed:
        """As `PipelinesView.act`.

        `retry` takes `sources`, all without; `confirm` either `sources` or the `pending` name of all that was shown to
        wait, so that a yes is to what was seen.
        """
        watched = self._pipelines[name]
        if verb not in _ARGUMENTS:
            raise ConfigError(f"a pipeline cannot be asked to `{verb}`", remedy=f"it can {', '.join(_ARGUMENTS)}")
        _refuse_unfollowed(name, watched)
        return _Deed(name, watched, verb, _ARGUMENTS[verb](watched, **what))


class _Deed:
    """Something asked of a pipeline's writer; see `Deed` of the server."""

    def __init__(self, name: str, watched: Watched, verb: str, arguments: dict[str, Any]) -> None:
        self._name = name
        self._watched = watched
        self._question = Question(watched.glances.path, verb, arguments)

    def look(self) -> Mapping[str, Any] | None:
        answer = self._question.answer()
        if answer is None:
            _refuse_unfollowed(self._name, self._watched)
            return None
        failures = answer.get("failures") or []
        return {**{key: answer[key] for key in _ANSWERED if key in answer}, "failures": failures[:1]}

    def withdraw(self) -> None:
        try:
            self._question.withdrawn()
        finally:
            self._question.close()


def _refuse_unfollowed(name: str, watched: Watched) -> None:
    if watched.is_followed:
        return
    if watched.fault is not None:
        raise PipelineRefusalError(
            f"pipeline `{name}` has ended: {watched.fault.message}", remedy=watched.fault.remedy or "start it again"
        )
    raise PipelineRefusalError(
        f"nobody follows the folders of table `{watched.place[2]}` now",
        remedy="start `embedingest watch` again, or ask on the command line, which then does it itself",
    )


def _retry(_: Watched, *, sources: Sequence[str] | None = None) -> dict[str, Any]:
    return {"sources": _checked(sources or [])}


def _confirm(watched: Watched, *, sources: Sequence[str] | None = None, pending: str | None = None) -> dict[str, Any]:
    if sources:
        return {"sources": _checked(sources)}
    waiting = watched.glances.waiting()
    if not pending or name_of_waiting(waiting) != pending:
        raise PipelineRefusalError(
            f"what waits has changed since it was shown: now {len(waiting):,} deletions do",
            remedy="look at what waits now, and confirm that",
        )
    return {"sources": waiting}


def _checked(sources: Sequence[str]) -> list[str]:
    if len(sources) > _MOST_SOURCES:
        raise ConfigError(f"{len(sources):,} documents are named, the limit is {_MOST_SOURCES:,}", remedy="name fewer")
    return list(sources)


_ARGUMENTS: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {
    "retry": _retry,
    "confirm": _confirm,
    "pause": lambda _: {},
    "resume": lambda _: {},
}


def _fault(watched: Watched, glance: Glance) -> dict[str, Any] | None:
    if watched.fault is not None:
        return {"message": watched.fault.message, "remedy": watched.fault.remedy, "next_try": None}
    if glance.trouble is not None:
        trouble = glance.trouble
        return {"message": trouble["error"], "remedy": trouble["remedy"], "next_try": round(trouble["next_try"], 1)}
    return None


def _run(watched: Watched, glance: Glance) -> dict[str, Any] | None:
    """The run under way, `None` at rest."""
    if not watched.is_working(glance):
        return None
    if watched.figures is None:
        assert glance.run is not None
        note = glance.run
        return {
            "stage": note["stage"],
            "done": note["done"],
            "total": note["total"],
            "share": note.get("share", 0.0),
            "chunks_per_second": note.get("chunks_per_second", 0.0),
            "tokens_per_second": note["tokens_per_second"],
            "seconds_left": note.get("seconds_left"),
        }
    progress, rates = watched.figures.progress, watched.figures.rates()
    left = None if progress is None else progress.seconds_left
    return {
        "stage": "scan" if progress is None else progress.stage,
        "done": 0 if progress is None else progress.done,
        "total": 0 if progress is None else progress.total,
        "share": 0.0 if progress is None else round(progress.share, 4),
        "chunks_per_second": round(rates.chunks_per_second, 1),
        "tokens_per_second": round(rates.tokens_per_second, 1),
        "seconds_left": None if left is None else round(left, 1),
    }


def _waiting(watched: Watched, glance: Glance) -> int:
    """Files that are known to be new or changed and are not done: of the run under way, or one that was paused."""
    if watched.figures is not None:
        progress = watched.figures.progress
        return 0 if progress is None else progress.total - progress.done
    run = glance.run
    is_open = watched.is_working(glance) or glance.paused_since is not None
    return run["total"] - run["done"] if run is not None and is_open else 0


def _last_save(watched: Watched, glance: Glance) -> dict[str, Any] | None:
    save = watched.figures.last_save if watched.figures is not None else None
    if save is None and glance.run is not None:
        save = glance.run.get("last_save")
    if save is None:
        return None
    source, seconds, at = save
    return {"source": source, "seconds": seconds, "at": at}


def _histogram(samples: Samples) -> Histogram:
    return Histogram(samples.bounds, samples.counts, samples.seconds)

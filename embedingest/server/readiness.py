"""Whether requests should be sent here: what is looked at every few seconds, off the request path, and what was found.

Looked at are the models in memory, the pipelines that are followed here, and the folders of their tables. A model that
nothing was asked of lately computes one token; that is no use of it, so it is unloaded as if nobody had looked. What
was found counts for some seconds: a look that hangs is a fault of its own.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from embedingest.errors import EmbedingestError, EngineClosedError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from embedingest.engine.pool import LoadedModel
    from embedingest.server.engine import ServedEngine
    from embedingest.server.pipelines import PipelineFigures, PipelinesView

__all__ = ["CHECKS", "LOOK_SECONDS", "Problem", "Readiness", "StoreView"]

CHECKS: Final = ("look", "model", "pipeline", "store", "disk")
"""What can be wrong: the looking itself, a model, a pipeline, the files of a table, the room on its disk."""

LOOK_SECONDS: Final = 2.0
"""Between two looks."""
_STALE_SECONDS: Final = 8.0  # what was found longer ago says nothing any more
_TRIAL_SECONDS: Final = 3.0  # without a forward, before one is tried
_LEAST_STALL_SECONDS: Final = 5.0
_STALL_BATCHES: Final = 10  # usual batches that one may take as long as
_SILENT_SECONDS: Final = 120.0  # a commit or the upkeep of a large table takes a while


class Problem(NamedTuple):
    """One thing that is wrong, and what mends it."""

    check: str
    what: str
    remedy: str


class StoreView(Protocol):
    """The folders of one table, as the server may ask for them. Called on a thread."""

    @property
    def name(self) -> str: ...

    def free_bytes(self) -> int | None:
        """The room where there is least, `None` where that says nothing. Raises EmbedingestError with its remedy where
        the table cannot be read, or not be written by who writes it here.
        """
        ...


class Readiness:
    """Looks when it is told to, from one thread at a time; `problems` may be asked from any.

    `least_bytes` is the room below which a disk counts as full.
    """

    def __init__(
        self,
        engine: ServedEngine,
        *,
        stores: Callable[[], Sequence[StoreView]] | None = None,
        pipelines: PipelinesView | None = None,
        least_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._stores = stores
        self._pipelines = pipelines
        self._least_bytes = least_bytes
        self._clock = clock
        self._trials: dict[int, _Trial] = {}
        self._found: tuple[float, tuple[Problem, ...]] | None = None
        self.preloaded = False
        """Whether each model of the settings was tried to load."""
        self.preload_failures: dict[str, Problem] = {}
        """By the names of the settings, those that could not be loaded."""

    def look(self) -> None:
        """Look at everything now. Raises nothing."""
        found: list[Problem] = []
        for check, looked in (("model", self._models), ("pipeline", self._followed), ("store", self._folders)):
            try:
                found += looked()
            except Exception as error:  # noqa: BLE001 -- what cannot be looked at is not known to be well
                found.append(Problem(check, f"it cannot be looked at: {error}", "see the log, and restart the program"))
        self._found = self._clock(), tuple(found)

    @property
    def problems(self) -> tuple[Problem, ...] | None:
        """What is wrong, `None` before the first look and until the models of the settings are loaded."""
        failed = tuple(self.preload_failures.values())
        if self._found is None or not self.preloaded:
            return None
        looked_at, found = self._found
        age = self._clock() - looked_at
        if age > _STALE_SECONDS:
            hangs = f"the last look ended {age:.0f} s ago: a disk or a driver may hang"
            return (Problem("look", hangs, "see which disk does not answer, or restart the program"), *failed, *found)
        return (*failed, *found)

    # -- the models

    def _models(self) -> Iterator[Problem]:
        loaded = self._engine.loaded()
        now = self._clock()
        self._forget_failures({name for name, _ in loaded})
        self._trials = {id(model): self._trials.get(id(model)) or _Trial(model, now) for _, model in loaded}
        for name, model in loaded:
            if (what := self._trials[id(model)].look(now)) is not None and self._is_loaded(model):
                yield Problem("model", f"model `{name}` {what}", "restart the program")

    def _forget_failures(self, loaded: set[str]) -> None:
        """A request may have loaded what could not be loaded before, under whichever of its names."""
        for name in list(self.preload_failures):
            with contextlib.suppress(EmbedingestError):
                if self._engine.describe(name).name in loaded:
                    self.preload_failures.pop(name, None)

    def _is_loaded(self, model: LoadedModel) -> bool:
        """Whether it is not on its way out, as it may be meanwhile."""
        return any(model is other for _, other in self._engine.loaded())

    # -- the pipelines

    def _followed(self) -> Iterator[Problem]:
        for name, figures in _figures(self._pipelines):
            if figures.silent is None:  # followed by another process, which tells it itself
                continue
            if figures.state == "failed":
                remedy = f"it is tried again by itself; `embedingest status` and the log say more of `{name}`"
                yield Problem("pipeline", f"pipeline `{name}` failed: {figures.error or 'see the log'}", remedy)
            elif figures.silent > _SILENT_SECONDS:
                yield Problem(
                    "pipeline",
                    f"pipeline `{name}` gave no sign for {figures.silent:.0f} s",
                    "see whether its disk answers, or restart the program",
                )

    # -- the tables

    def _folders(self) -> Iterator[Problem]:
        for store in self._stores() if self._stores is not None else ():
            try:
                free = store.free_bytes()
            except EmbedingestError as error:
                yield Problem("store", error.message, error.remedy or "see the log")
                continue
            if free is not None and free < self._least_bytes:
                yield Problem(
                    "disk",
                    f"{free >> 20:,} MiB are free for {store.name}, and {self._least_bytes >> 20:,} are wanted",
                    "free some room, or lower `min_free_bytes` of the server",
                )


@dataclass
class _Trial:
    """The proofs that one model computes: batches of others, or one token where nobody asks anything of it.

    `ended` are the batches and calls that had ended at the last look, `stuck_since` is when it was first seen at work
    without a batch that ended since.
    """

    model: LoadedModel
    proven_at: float
    ended: int = 0
    stuck_since: float | None = None
    trial: Future[Any] | None = None

    def look(self, now: float) -> str | None:
        """What is wrong with it."""
        scheduler = self.model.scheduler
        if not scheduler.alive:
            return "cannot compute any more: its worker has died"
        stats = scheduler.stats()
        ended = stats.batches + stats.failed
        if ended != self.ended:
            self.ended, self.proven_at, self.stuck_since = ended, now, None
        trial = self.trial
        if trial is not None and trial.done():
            self.trial = None
            if not trial.cancelled() and (error := trial.exception()) is not None:
                return f"fails at a single token: {error}"
        if self.trial is None and not self.model.users and not stats.waiting_texts:
            self.stuck_since = None
            if now - self.proven_at >= _TRIAL_SECONDS:
                self._try()
            return None
        self.stuck_since = now if self.stuck_since is None else self.stuck_since
        stuck = now - self.stuck_since
        usual = stats.encode_seconds / max(1, stats.batches)
        if stuck > max(_LEAST_STALL_SECONDS, _STALL_BATCHES * usual):
            return f"has computed nothing for {stuck:.0f} s, though it was asked to"
        return None

    def _try(self) -> None:
        with contextlib.suppress(OverloadedError, EngineClosedError):  # which the next look sees
            token = self.model.encoder.tokenize(["a"])[0][:1]
            self.trial = self.model.scheduler.submit([token], priority="bulk")


def _figures(view: PipelinesView | None) -> Iterator[tuple[str, PipelineFigures]]:
    if view is None:
        return
    for name in view.names():
        with contextlib.suppress(KeyError):  # gone from the configuration meanwhile
            yield name, view.figures(name)

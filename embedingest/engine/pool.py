"""Which models are in memory: loaded on first use, kept while asked for, evicted least recently used first.

Knows when a model comes and goes; knows no texts, no vectors, no names' spelling.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from embedingest.durations import DurationError, parse_setting
from embedingest.engine.cancellation import Cancelled, cancelled_by
from embedingest.errors import ConfigError, EngineClosedError, ModelLoadError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from embedingest.engine.encoder import Encoder
    from embedingest.engine.scheduling.scheduler import Scheduler

__all__ = ["Lease", "LoadedModel", "ModelPool", "Opener", "leased", "period", "waited"]

_log = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS: Final = 3600.0

BUSY: Final = "more calls wait than the limit admits"


class Opener(Protocol):
    """Where the pool gets models by key."""

    def size_bytes(self, key: str) -> int:
        """Bytes the model is expected to hold once loaded, without loading it."""
        ...

    def open(self, key: str) -> tuple[Encoder, Scheduler]:
        """Load it. Raises ModelLoadError; Cancelled where it asks and the pool closes."""
        ...


@dataclass(eq=False)
class LoadedModel:
    """One model in memory. Times are of the pool's clock, in seconds."""

    key: str
    encoder: Encoder
    scheduler: Scheduler
    fingerprint: str
    size_bytes: int
    keep_alive: float
    used_at: float
    users: int = 0
    expires_at: float = float("inf")

    def expiry(self, now: float) -> float:
        """When it goes if nobody asks again; infinite for a negative period."""
        if self.keep_alive < 0:
            return float("inf")
        return self.expires_at if self.users == 0 else now + self.keep_alive

    def close(self) -> None:
        self.scheduler.close()
        self.encoder.close()


@dataclass(eq=False)
class _Request:
    key: str
    keep_alive: float | None
    began: float
    granted: Future[Lease] = field(default_factory=Future)


class Lease:
    """The right to use a loaded model; it is not unloaded before `release`."""

    def __init__(self, pool: ModelPool, model: LoadedModel) -> None:
        self._pool: ModelPool | None = pool
        self.model = model

    def release(self) -> None:
        """Give it back; the idle clock starts with the last one. A second call does nothing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool._release(self.model)  # noqa: SLF001 -- a lease is part of the pool

    def __enter__(self) -> LoadedModel:
        return self.model

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class ModelPool:
    """The models in memory, bounded in count and bytes. One thread loads, expires and evicts."""

    def __init__(
        self,
        opener: Opener,
        *,
        max_models: int,
        max_bytes: int,
        keep_alive: float,
        max_waiting: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opener = opener
        self.max_models = max_models
        self._max_bytes = max_bytes
        self._keep_alive = keep_alive
        self._max_waiting = max_waiting
        self._clock = clock
        self._models: dict[str, LoadedModel] = {}
        self._pending: deque[_Request] = deque()
        self._blocked = False  # the first request waits for a model in use to come free
        self._wakes_at = float("inf")  # when the thread looks again by itself what has expired
        self._closed = False
        self._closing = threading.Event()  # for a model that is being prepared
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="embedingest-models", daemon=True)
        self._thread.start()

    def acquire(self, key: str, keep_alive: float | None = None) -> Future[Lease]:
        """A lease, at once if the model is loaded. `keep_alive` is sticky; `None` leaves it as it was (case 80).

        The future may be cancelled while the model is not there. Raises OverloadedError, EngineClosedError.
        """
        with self._changed:
            if self._closed:
                raise EngineClosedError("the engine was closed", remedy="start it again")
            request = _Request(key, keep_alive, self._clock())
            model = self._models.get(key)
            # A blocked request goes first: it waits for a model in use, which would never come free otherwise.
            if model is not None and not self._blocked:
                self._grant(request, model)
                return request.granted
            if len(self._pending) >= self._max_waiting:
                raise OverloadedError(BUSY, remedy="try again in a moment, or raise `max_waiting`")
            self._pending.append(request)
            self._changed.notify_all()
            return request.granted

    def loaded(self) -> list[tuple[LoadedModel, float]]:
        """Models in memory, each with the seconds it has left, longest first (infinite: for ever)."""
        with self._changed:
            now = self._clock()
            remaining = [(model, max(0.0, model.expiry(now) - now)) for model in self._models.values()]
        return sorted(remaining, key=lambda pair: -pair[1])

    def unload(self, key: str) -> None:
        """Let a model go as soon as nobody uses it."""
        with self._changed:
            model = self._models.get(key)
            if model is not None:
                self._keep(model, 0.0)

    def close(self) -> None:
        """Serve what was admitted, refuse the rest, give all weights back.

        A model that is being prepared for its first use is given up, and who waits for it is refused.
        """
        self._closing.set()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _grant(self, request: _Request, model: LoadedModel) -> None:
        model.users += 1
        if request.keep_alive is not None:
            model.keep_alive = request.keep_alive
        lease = Lease(self, model)
        try:
            request.granted.set_result(lease)
        except InvalidStateError:  # the caller cancelled it
            lease.release()

    def _release(self, model: LoadedModel) -> None:
        with self._changed:
            model.users -= 1
            model.used_at = self._clock()
            if model.users == 0:
                self._keep(model, model.keep_alive)

    def _keep(self, model: LoadedModel, period: float) -> None:
        model.keep_alive = period
        model.expires_at = float("inf") if period < 0 else self._clock() + period
        if self._pending or self._closed or model.expires_at < self._wakes_at:
            self._changed.notify_all()  # else it wakes in time, without being woken after each call

    def _run(self) -> None:
        while True:
            with self._changed:
                unused = self._expired()
                request = self._next(unused)
                if not unused and request is None:
                    if self._closed and not self._pending and not any(model.users for model in self._models.values()):
                        unused = list(self._models.values())
                        self._models.clear()
                    else:
                        seconds = self._until_expiry()
                        self._wakes_at = float("inf") if seconds is None else self._clock() + seconds
                        self._changed.wait(seconds)
                        continue
            for model in unused:
                self._unload(model)
            if request is not None:
                self._load(request)
            elif self._closed and not self._pending and not self._models:
                return

    def _until_expiry(self) -> float | None:
        expiries = [model.expires_at for model in self._models.values() if model.users == 0]
        first = min(expiries, default=float("inf"))
        return None if first == float("inf") else min(max(0.0, first - self._clock()), _LONGEST_WAIT_SECONDS)

    def _expired(self) -> list[LoadedModel]:
        now = self._clock()
        expired = [model for model in self._models.values() if model.users == 0 and model.expires_at <= now]
        for model in expired:
            del self._models[model.key]
        return expired

    def _next(self, unused: list[LoadedModel]) -> _Request | None:
        """The request whose model is to be loaded now; models evicted for it are added to `unused`."""
        self._blocked = False
        while self._pending:
            request = self._pending[0]
            model = self._models.get(request.key)
            if request.granted.cancelled() or model is not None:
                self._pending.popleft()
                if model is not None and not request.granted.cancelled():
                    self._grant(request, model)
                continue
            if not self._make_room(request, unused):
                self._blocked = request in self._pending
                if self._blocked:
                    return None
                continue
            return self._pending.popleft()
        return None

    def _make_room(self, request: _Request, unused: list[LoadedModel]) -> bool:
        try:
            size = self._opener.size_bytes(request.key)
            if size > self._max_bytes:
                raise ModelLoadError(
                    f"model `{request.key}` needs {size} bytes, more than the {self._max_bytes} that may be loaded",
                    remedy="raise `max_loaded_bytes`",
                )
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is this request's answer
            self._pending.remove(request)
            _fail(request, error)
            return False
        while self._models and (
            len(self._models) >= self.max_models
            or size + sum(model.size_bytes for model in self._models.values()) > self._max_bytes
        ):
            idle = [model for model in self._models.values() if model.users == 0]
            if not idle:
                return False
            victim = min(idle, key=lambda model: model.used_at)
            unused.append(self._models.pop(victim.key))
        return True

    def _load(self, request: _Request) -> None:
        try:
            with cancelled_by(self._closing):
                encoder, scheduler = self._opener.open(request.key)
            fingerprint = encoder.fingerprint  # now: the folder may be gone when an answer needs it
        except BaseException as error:  # noqa: BLE001 -- a load that fails must not end the thread that loads
            if isinstance(error, Cancelled):
                error = EngineClosedError("the engine was closed while the model was prepared", remedy="start it again")
            with self._changed:
                for other in [waiting for waiting in self._pending if waiting.key == request.key]:
                    self._pending.remove(other)
                    _fail(other, error)
            _fail(request, error)
            return
        now = self._clock()
        period = self._keep_alive if request.keep_alive is None else request.keep_alive
        model = LoadedModel(request.key, encoder, scheduler, fingerprint, encoder.size_bytes, period, now)
        with self._changed:
            self._models[request.key] = model
            for waiting in [request, *(other for other in self._pending if other.key == request.key)]:
                self._grant(waiting, model)
            self._pending = deque(other for other in self._pending if other.key != request.key)
            if model.users == 0:
                self._keep(model, model.keep_alive)
        _log.info("loaded model=%s bytes=%d seconds=%.3f", model.key, model.size_bytes, now - request.began)

    def _unload(self, model: LoadedModel) -> None:
        try:
            model.close()
        except Exception:  # noqa: BLE001 -- the thread that unloads must live on
            _log.exception("unloading failed model=%s", model.key)
        else:
            _log.info("unloaded model=%s", model.key)


def _fail(request: _Request, error: BaseException) -> None:
    with contextlib.suppress(InvalidStateError):
        request.granted.set_exception(error)


def period(keep_alive: float | str) -> float:
    """Seconds of the setting. Raises ConfigError."""
    try:
        return parse_setting(keep_alive)
    except DurationError as error:
        raise ConfigError(f"keep_alive is `{keep_alive}`: {error}", remedy="write `5m`, `300` or `-1`") from error


def waited(granted: Future[Lease]) -> Lease:
    """A lease waited for; one that is granted after Ctrl-C ended the waiting is released."""
    try:
        return granted.result()
    except BaseException:
        if not granted.cancel():
            granted.add_done_callback(_give_back)
        raise


async def leased(granted: Future[Lease]) -> Lease:
    """A lease awaited; one that is granted after its caller was cancelled is released."""
    if granted.done():  # to wait for it would wake the event loop once more
        return granted.result()
    import asyncio  # only a server waits so

    try:
        return await asyncio.wrap_future(granted)
    except asyncio.CancelledError:
        granted.add_done_callback(_give_back)
        raise


def _give_back(granted: Future[Lease]) -> None:
    if not granted.cancelled() and granted.exception() is None:
        granted.result().release()

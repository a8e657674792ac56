"""Nodes as actors of a Ray cluster. The one place that imports ray; knows no files and no table.

An actor that died is not restarted by Ray: a part that may have felled it is counted here, and another actor takes its
place.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import pickle
import sys
import time
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from embedingest.cluster.claims import ClaimTable
from embedingest.cluster.launcher import GOES_ON, MOST_PARTS, MOST_STARTS, TELL_SECONDS, NodeDied, NodeError
from embedingest.cluster.portable import opened
from embedingest.cluster.ray_actor import NodeActor, tended
from embedingest.cluster.ray_address import named
from embedingest.cluster.ray_connection import AUTHENTICATION, connect, first_line
from embedingest.cluster.ray_output import RayOutput
from embedingest.cluster.ray_room import demand, machines, room, unmet
from embedingest.cluster.values import result_from_json
from embedingest.errors import ConfigError, EngineError
from embedingest.store.elsewhere import done, elsewhere
from embedingest.store.segments import segmented, work_at
from embedingest.version import __version__

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from embedingest.cluster.launcher import Event, NodeOpener
    from embedingest.cluster.values import Part, PartProgress
    from embedingest.config import RunConfig
    from embedingest.store.elsewhere import TableWork
    from embedingest.store.makers import IndexMakers
    from embedingest.store.segments import IndexWork

__all__ = ["RayNodes", "check_address", "check_installed", "index_makers"]

_log = logging.getLogger(__name__)
_LOCAL: Final = "ray"
_BY_TOKEN: Final = "token"  # noqa: S105 -- the word for a way
_CALLS: Final = 2 * MOST_PARTS + 1  # of an actor at once: what is to be worked at waits beside what is read, and told
_MOST_SEGMENTS: Final = 16
_MORE_ROOM: Final = "Where no machine is added by itself, ask for less, or start Ray on one with more (`--num-gpus`)"


def check_installed() -> None:
    """Raises ConfigError where Ray is not installed; imports nothing."""
    import importlib.util

    if importlib.util.find_spec("ray") is None:
        raise ConfigError("a run on Ray needs it installed", remedy="`pip install 'embedingest[ray]'`")


def check_address(settings: RunConfig) -> None:
    """Raises ConfigError for a cluster on the network whose port takes commands of anybody."""
    address = named(None if settings.on == _LOCAL else settings.on)
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    if not host or host in {"auto", "local", "localhost"} or settings.insecure:
        return
    with suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if os.environ.get(AUTHENTICATION) != _BY_TOKEN:
        raise ConfigError(
            f"the Ray cluster at {address} may run the code of whoever reaches it: {AUTHENTICATION} is not set",
            remedy=f"start it with `{AUTHENTICATION}={_BY_TOKEN}`, and set that and the token here; "
            "`--insecure` where nobody else reaches that network",
        )


def index_makers(settings: RunConfig, **options: int) -> IndexMakers:
    """Makers of indices that have the pieces of a large one made all over the cluster, and connect to it for that.

    One node joins the rows of a large table. `options` are those of `segmented`.
    """
    groups = _MOST_SEGMENTS if settings.nodes == "auto" else settings.nodes
    join = elsewhere(lambda work: RayNodes(settings).tended(done, [work]), **options).join
    return segmented(lambda works: RayNodes(settings).tended(work_at, works), groups, join=join, **options)


class RayNodes:
    """Nodes as actors, with the resources that `settings` name for each; see `Launcher`."""

    def __init__(self, settings: RunConfig) -> None:
        self._settings: Final = settings
        self._ray: Any = None
        self._began_ray = False
        self._output: RayOutput | None = None
        self._claims: Any = None
        self._opener: Any = None
        self._actors: list[_Actor] = []
        self._failed_starts = 0
        self._count = 0

    def start(self, opener: NodeOpener, stop: threading.Event | None = None) -> None:
        check_address(self._settings)
        self._connect(stop)
        self._count = self._how_many()
        self._claims = self._ray.remote(ClaimTable).options(num_cpus=0, max_restarts=0).remote()
        self._opener = self._ray.put(pickle.dumps(opener, pickle.HIGHEST_PROTOCOL))
        self._actors = [self._started() for _ in range(self._count)]

    @property
    def nodes(self) -> int:
        return self._count

    @property
    def capacity(self) -> int:
        return sum(max(0, MOST_PARTS - len(actor.parts)) for actor in self._actors)

    @property
    def under_way(self) -> int:
        return sum(len(actor.parts) for actor in self._actors)

    def submit(self, part: Part) -> None:
        actor = min(self._actors, key=lambda each: len(each.parts))
        data = self._ray.put(pickle.dumps(part, pickle.HIGHEST_PROTOCOL))
        actor.handle.prepare.remote(data)
        actor.parts[actor.handle.work.remote(data)] = part.number

    def wait(self, seconds: float) -> list[Event]:
        asked = {ref: actor for actor in self._actors for ref in (actor.opening, *actor.parts) if ref is not None}
        if not asked:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=0)
        if not ready:
            ready, _ = self._ray.wait(list(asked), num_returns=1, timeout=seconds)
        events: list[Event] = []
        for ref in ready:
            if asked[ref] in self._actors:
                events += self._took(asked[ref], ref)
        self._ask()
        return events

    @property
    def progress(self) -> list[PartProgress]:
        return [each for actor in self._actors for each in actor.progress]

    def release(self, part: int) -> None:
        self._claims.release.remote(part)

    def close(self) -> None:
        actors, self._actors = self._actors, []
        if self._ray is None:
            return
        with suppress(Exception):  # the cluster may be gone
            for handle in (*(actor.handle for actor in actors), *([self._claims] if self._claims else [])):
                self._ray.kill(handle)
        if self._began_ray:
            with redirect_stdout(sys.stderr):  # what Ray has not printed yet, it prints now
                self._ray.shutdown()
        if self._output is not None:
            self._output.give_back()
            self._output = None
        self._ray = None

    def tended(self, act: Callable[[Any], Any], works: Sequence[IndexWork | TableWork]) -> list[Any]:
        """Have `act` do pieces of upkeep as tasks, and give what it made, in order; then let go of the cluster.

        Raises ConfigError where there is no cluster, StoreError, EngineError where it is lost.
        """
        check_address(self._settings)
        self._connect()
        try:
            task = self._ray.remote(tended).options(num_cpus=self._settings.cpus, scheduling_strategy="SPREAD")
            answers = self._ray.get([task.remote(pickle.dumps((act, work)), __version__) for work in works])
        except self._ray.exceptions.RayError as error:
            raise EngineError(f"the table could not be tended on the Ray cluster: {first_line(error)}") from error
        finally:
            self.close()
        for kind, data in answers:
            if kind == "error":
                raise opened(data)
        return [pickle.loads(data) for _, data in answers]  # noqa: S301 -- from a task of ours

    # -- the cluster

    def _connect(self, stop: threading.Event | None = None) -> None:
        """Raises ConfigError where there is no cluster at the address, Stopped."""
        check_installed()
        import ray

        self._ray = ray
        if ray.is_initialized():
            return
        connect(ray, None if self._settings.on == _LOCAL else self._settings.on, stop)
        self._began_ray = True
        self._output = RayOutput()

    def _how_many(self) -> int:
        settings, there = self._settings, machines(self._ray.nodes())
        asked = demand(settings)
        most = room(asked, there)
        if not most:  # no error: clusters that grow may have none yet
            _log.warning("%s: nodes wait until one has. %s", unmet(asked, there), _MORE_ROOM)
        if settings.nodes == "auto":
            return max(1, most)
        if settings.nodes > most > 0:
            _log.warning("the Ray cluster has room for %d nodes, and %d are asked for: they wait", most, settings.nodes)
        return settings.nodes

    def _started(self) -> _Actor:
        settings = self._settings
        memory = {} if settings.memory_mib is None else {"memory": settings.memory_mib * 2**20}
        options: dict[str, Any] = {
            "num_cpus": settings.cpus,
            "num_gpus": settings.gpus,
            "max_restarts": 0,
            "max_task_retries": 0,
        }
        options |= {"max_concurrency": _CALLS, "scheduling_strategy": "SPREAD"}
        handle = self._ray.remote(NodeActor).options(**options, **memory).remote(self._claims, __version__)
        return _Actor(handle, handle.open.remote(self._opener))

    # -- what came

    def _ask(self) -> None:
        """Take what nodes said of their progress, and ask again those that were asked a second ago."""
        asked = {actor.telling: actor for actor in self._actors if actor.telling is not None}
        told = self._ray.wait(list(asked), num_returns=len(asked), timeout=0)[0] if asked else []
        for ref in told:
            asked[ref].telling = None
            with suppress(self._ray.exceptions.RayError):  # its part will say so
                asked[ref].progress = self._ray.get(ref)
        now = time.monotonic()
        for actor in self._actors:
            if actor.opening is None and actor.telling is None and now >= actor.ask_at:
                actor.ask_at = now + TELL_SECONDS
                actor.telling = actor.handle.progress.remote()

    def _took(self, actor: _Actor, ref: Any) -> list[Event]:
        try:
            kind, data = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            return self._died(actor, error)
        if ref == actor.opening:
            actor.opening = None
            self._failed_starts = 0
            return [] if kind == "ready" else [NodeError(None, opened(data))]
        number = actor.parts.pop(ref)
        return [NodeError(number, opened(data)) if kind == "error" else result_from_json(data)]

    def _died(self, actor: _Actor, error: Exception) -> list[Event]:
        died = NodeDied(tuple(actor.parts.values()), first_line(error), _is_from_outside(error))
        self._failed_starts = self._failed_starts + 1 if actor.opening is not None else 0
        with suppress(Exception):
            self._ray.kill(actor.handle)
        self._actors.remove(actor)
        if self._failed_starts >= MOST_STARTS:
            message = f"no node could be started on the Ray cluster: {first_line(error)}"
            remedy = f"embedingest {__version__} with its extras must be installed on each machine of it; {GOES_ON}"
            return [died, NodeError(None, EngineError(message, remedy=remedy))]
        self._actors.append(self._started())
        return [died]


class _Actor:
    """An actor, what it has under way by reference, in order, and its opening until that is over.

    `progress` is what it told last, `telling` what it is to tell next; it is not asked again before `ask_at`.
    """

    def __init__(self, handle: Any, opening: Any) -> None:
        self.handle = handle
        self.opening = opening
        self.parts: dict[Any, int] = {}
        self.progress: Sequence[PartProgress] = ()
        self.telling: Any = None
        self.ask_at = 0.0


def _is_from_outside(error: Exception) -> bool:
    """Whether a machine was lost, or Ray ended the actor for want of memory: no document did that by itself."""
    text = str(error)
    return type(error).__name__ in {"NodeDiedError", "OutOfMemoryError"} or "node has died" in text

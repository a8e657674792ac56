"""Nodes in threads of this process, and what may befall them: real nodes, whose end a test decides."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from embedingest.cluster.claims import ClaimTable
from embedingest.cluster.launcher import Event, NodeDied, NodeError, NodeOpener
from embedingest.cluster.node import Node
from embedingest.cluster.runs import Outcomes, RunTable
from embedingest.cluster.values import Part, PartProgress
from embedingest.cluster.walk import Cluster, ClusterWalk
from embedingest.config import RunConfig
from embedingest.errors import EmbedingestError
from embedingest.ingest.pipeline import Pipeline
from embedingest.ingest.report import IngestReport
from embedingest.ingest.run.resources import Resources
from tests.ingest.world import World

__all__ = ["Dies", "NodeOf", "Threads", "clustered", "run_clustered"]

SMALL = {"part_bytes": 400, "part_files": 3, "on": "processes"}


class Dies(Exception):
    """A node is gone here; `after`: with the outcome of its part kept."""

    def __init__(self, *, after: bool = False, outside: bool = False) -> None:
        super().__init__()
        self.after, self.outside = after, outside


class ToldClaims(ClaimTable):
    """Says which part has claimed something, in the thread of its node."""

    def __init__(self, told: Callable[[int], None]) -> None:
        super().__init__()
        self._told = told

    def claim(self, keys: Sequence[str], part: int) -> set[str]:
        mine = super().claim(keys, part)
        self._told(part)
        return mine


class Threads:
    """`count` nodes, each in a thread. `befall` is asked before each try of a part, and may raise what is to happen;
    `claimed` as often as a part claims texts.
    """

    def __init__(
        self, count: int, befall: Callable[[Part, int], None], claimed: Callable[[int], None] = lambda part: None
    ) -> None:
        self.nodes = count
        self.claims = ToldClaims(claimed)
        self.started = 0
        self._befall = befall
        self._tries: Counter[int] = Counter()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._parts: queue.SimpleQueue[Part | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.open_nodes: list[Node] = []
        self.under_way = 0

    def start(self, opener: NodeOpener, stop: threading.Event | None = None) -> None:
        self.started += 1
        self._threads = [threading.Thread(target=self._run, args=(opener,), daemon=True) for _ in range(self.nodes)]
        for thread in self._threads:
            thread.start()

    @property
    def capacity(self) -> int:
        return 2 * self.nodes - self.under_way

    @property
    def progress(self) -> list[PartProgress]:
        return [each for node in self.open_nodes for each in node.progress]

    def submit(self, part: Part) -> None:
        self.under_way += 1
        self._parts.put(part)

    def wait(self, seconds: float) -> list[Event]:
        events: list[Event] = []
        try:
            events.append(self._events.get(timeout=seconds))
            while True:
                events.append(self._events.get_nowait())
        except queue.Empty:
            self.under_way -= len(events)
            return events

    def release(self, part: int) -> None:
        self.claims.release(part)

    def close(self) -> None:
        for _ in self._threads:
            self._parts.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _run(self, opener: NodeOpener) -> None:
        node = self._opened(opener)
        while (part := self._parts.get()) is not None:
            try:
                self._events.put(self._worked(node, part))
            except Dies as death:
                node.close()
                node = self._opened(opener)
                if death.after:
                    node.work(part)
                self._events.put(NodeDied((part.number,), "a test", death.outside))
            except EmbedingestError as error:
                self._events.put(NodeError(part.number, error))
        node.close()

    def _opened(self, opener: NodeOpener) -> Any:
        node: Any = opener(self.claims)
        self.open_nodes.append(node)
        return node

    def _worked(self, node: Any, part: Part) -> Event:
        self._tries[part.number] += 1
        self._befall(part, self._tries[part.number])
        return node.work(part)


class NodeOf:
    """Opens nodes of a world; see `NodeOpener`. `far`: on machines without the vector cache of this one."""

    def __init__(self, world: World, run: str, fingerprints: Mapping[str, str], *, far: bool) -> None:
        self._world, self._run, self._fingerprints, self._far = world, run, fingerprints, far

    def __call__(self, claims: Any) -> Node:
        outcomes = Outcomes(RunTable(str(self._world.db), "chunks"), self._run)
        opener, config = self._world.opener(), self._world.config
        vectors = None if self._far else opener.vectors_path
        return Node(
            opener, config, claims, outcomes,
            fingerprints=self._fingerprints, vectors=vectors, now=lambda: self._world.now,
        )  # fmt: skip


def nothing(part: Part, attempt: int) -> None:
    """Nothing befalls any node."""


@contextmanager
def clustered(
    world: World,
    *,
    nodes: int = 2,
    befall: Callable[[Part, int], None] = nothing,
    claimed: Callable[[int], None] = lambda part: None,
    launched: list[Threads] | None = None,
    guard: Callable[[], None] | None = None,
    walks: list[ClusterWalk] | None = None,
    far: bool = False,
    **settings: Any,
) -> Iterator[Pipeline]:
    """A pipeline over the world's folder whose files are read and embedded by nodes, in small parts."""
    opener = world.opener()

    def launcher() -> Threads:
        threads = Threads(nodes, befall, claimed)
        if launched is not None:
            launched.append(threads)
        return threads

    def made(resources: Resources, report: IngestReport, *, watched: bool) -> ClusterWalk:
        walk = ClusterWalk(resources, report, cluster)
        if walks is not None:
            walks.append(walk)
        return walk

    cluster = Cluster(
        launcher=launcher,
        opener=lambda run, fingerprints: NodeOf(world, run, fingerprints, far=far),
        guard=guard or opener.lock().ensure,
        settings=RunConfig(**{**SMALL, **settings}),
    )
    pipeline = Pipeline(
        world.config, opener, places=world.places, stop=world.stop, now=lambda: world.now,
        make_walk=made,
    )  # fmt: skip
    with pipeline:
        yield pipeline


def run_clustered(world: World, **how: Any) -> IngestReport:
    """One run; `world.engine.texts` are those that it embedded."""
    world.engine.texts.clear()
    with clustered(world, **how) as pipeline:
        return pipeline.converge()

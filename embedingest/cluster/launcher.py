"""Who runs the nodes: the seam between the driver and processes of this machine, or a cluster. Without code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from embedingest.cluster.values import Part, PartProgress, PartResult
    from embedingest.errors import EmbedingestError

__all__ = [
    "GOES_ON", "MOST_PARTS", "MOST_STARTS", "TELL_SECONDS", "Claims", "Event", "Launcher", "NodeDied", "NodeError",
    "NodeOpener", "NodeWorker",
]  # fmt: skip


class Claims(Protocol):
    """Which part of a run computes which texts, so that no two compute the same."""

    def claim(self, keys: Sequence[str], part: int) -> set[str]:
        """Those of these keys that nobody else claimed: the part computes them. Asked again it says the same."""
        ...


class NodeWorker(Protocol):
    """One node: it has an engine and workers of its own, and brings one part after the other into fragments."""

    def work(self, part: Part) -> PartResult:
        """What became of the files of a part. Raises EngineError, StoreError."""
        ...

    def prepare(self, part: Part) -> None:
        """Say which part comes next, so that its files are read meanwhile. Called from another thread than `work`."""
        ...

    @property
    def progress(self) -> Sequence[PartProgress]:
        """How far the parts are that it has. Asked from another thread than `work`."""
        ...

    def close(self) -> None: ...


class NodeOpener(Protocol):
    """Opens a node where it runs; travels there pickled, so it is an object of a module's class."""

    def __call__(self, claims: Claims) -> NodeWorker: ...


class NodeDied(NamedTuple):
    """A node is gone, and `parts` were not ended: the first was being worked on, others waited for it.

    `reason` is what a person is told: how the process ended. `outside`: the system or a person ended it, no document.
    """

    parts: tuple[int, ...]
    reason: str
    outside: bool


class NodeError(NamedTuple):
    """Engine, store or settings of a node failed, and the part with them; that mends no other node."""

    part: int | None
    error: EmbedingestError


MOST_PARTS: Final = 2
"""Parts that a node has at once: the one it works at, and the next, which it reads meanwhile."""

TELL_SECONDS: Final = 1.0
"""How often a node says how far it is."""

MOST_STARTS: Final = 3
"""Nodes in a row that end before they are ready, and then none is started any more."""

GOES_ON: Final = "what was stored so far is kept, and the same command goes on from there"
"""Of a run that ends early."""

Event: TypeAlias = "PartResult | NodeDied | NodeError"


class Launcher(Protocol):
    """Runs nodes and hands parts to them. One thread at a time calls it."""

    def start(self, opener: NodeOpener, stop: threading.Event | None = None) -> None:
        """Have nodes started; they open themselves meanwhile. Raises ConfigError where that cannot be.

        Where it takes long by itself, it looks at `stop`, and raises Stopped once that is set.
        """
        ...

    @property
    def nodes(self) -> int:
        """How many nodes there are, or will be."""
        ...

    @property
    def capacity(self) -> int:
        """How many parts may be submitted now: each node has one at work and one that waits."""
        ...

    @property
    def under_way(self) -> int:
        """How many parts were submitted and have not ended."""
        ...

    @property
    def progress(self) -> Sequence[PartProgress]:
        """How far nodes are with the parts that they have, as was heard some second ago; of ended ones too, perhaps."""
        ...

    def submit(self, part: Part) -> None:
        """Hand over a part. It ends in a PartResult, a NodeError that names it, or a NodeDied that does."""
        ...

    def wait(self, seconds: float) -> list[Event]:
        """What happened, waiting so long for the first of it."""
        ...

    def release(self, part: int) -> None:
        """What a part claimed and did not compute may be claimed by others; what it did is in the table."""
        ...

    def close(self) -> None:
        """End the nodes at once, with what they have under way. Safe to call twice."""
        ...

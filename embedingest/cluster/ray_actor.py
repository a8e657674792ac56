"""What runs on the machines of a Ray cluster: a node in an actor, pieces of upkeep as tasks. Started by `ray` only."""

from __future__ import annotations

import pickle
import threading
from typing import TYPE_CHECKING, Any

from embedingest.cluster.portable import packed
from embedingest.cluster.values import result_to_json
from embedingest.errors import ConfigError, EmbedingestError, EngineError
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.cluster.launcher import NodeWorker
    from embedingest.cluster.values import PartProgress

__all__ = ["NodeActor", "tended"]


class _RemoteClaims:
    """Claims that another actor keeps; see `Claims`."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def claim(self, keys: Sequence[str], part: int) -> set[str]:
        import ray

        mine: set[str] = ray.get(self._handle.claim.remote(list(keys), part))
        return mine


class NodeActor:
    """What runs where an actor is, several calls at once. Errors of ours are answers: Ray would wrap them."""

    def __init__(self, claims: Any, version: str) -> None:
        self._claims = _RemoteClaims(claims)
        self._version = version
        self._opened = threading.Event()
        self._working = threading.Lock()
        self._node: NodeWorker | None = None
        self._refusal = packed(EngineError("the node could not be opened"))

    def open(self, opener: bytes) -> tuple[str, Any]:
        """Open the node, and answer whether it is."""
        try:
            _check_version(self._version)
            self._node = pickle.loads(opener)(self._claims)  # noqa: S301 -- from the driver
        except EmbedingestError as error:
            self._refusal = packed(error)
            return "error", self._refusal
        finally:
            self._opened.set()
        return "ready", None

    def prepare(self, part: bytes) -> None:
        """Begin to read the files of the part that comes next."""
        if self._node is not None:
            self._node.prepare(pickle.loads(part))  # noqa: S301 -- from the driver

    def progress(self) -> list[PartProgress]:
        """How far its parts are."""
        return [] if self._node is None else list(self._node.progress)

    def work(self, part: bytes) -> tuple[str, Any]:
        """What became of a part, or why nothing did."""
        self._opened.wait()
        if self._node is None:
            return "error", self._refusal  # the driver may hear this first
        try:
            with self._working:
                return "result", result_to_json(self._node.work(pickle.loads(part)))  # noqa: S301 -- from the driver
        except EmbedingestError as error:
            return "error", packed(error)


def tended(data: bytes, version: str) -> tuple[str, Any]:
    """What a piece of upkeep came to, where a task is."""
    try:
        _check_version(version)
        act, work = pickle.loads(data)  # noqa: S301 -- from the driver
        return "done", pickle.dumps(act(work))
    except EmbedingestError as error:
        return "error", packed(error)


def _check_version(version: str) -> None:
    """Raises ConfigError where the driver has another."""
    if version != __version__:
        raise ConfigError(
            f"a node has embedingest {__version__}, and the driver {version}",
            remedy="install the same version on all machines of the cluster",
        )

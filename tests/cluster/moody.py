"""Nodes that do what the names of their files say: so what a launcher makes of it can be asked without a model."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from typing import Any, NamedTuple

from embedingest.cluster.launcher import Claims
from embedingest.cluster.values import Part, PartFile, PartProgress, PartResult
from embedingest.errors import ConfigError, EngineError, ModelNotFoundError
from tests.ingest.run.values import candidate

__all__ = ["Moody", "part", "told"]

_log = logging.getLogger("embedingest.moody")


class Moody(NamedTuple):
    """Opens such a node; see `NodeOpener`."""

    at_start: str = ""

    def __call__(self, claims: Claims) -> _Node:
        if self.at_start == "refuse":
            raise ConfigError("this node does not open", remedy="ask for another")
        if self.at_start == "die":
            raise RuntimeError("nobody foresaw this")
        return _Node(claims)


class _Node:
    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._prepared: list[int] = []

    def prepare(self, part: Part) -> None:
        self._prepared.append(part.number)

    @property
    def progress(self) -> list[PartProgress]:
        return [PartProgress(number, 1, 2, 3, 4) for number in self._prepared]

    def close(self) -> None:
        pass

    def work(self, part: Part) -> PartResult:
        names = [file.candidate.file.relative for file in part.files]
        for name in names:
            _do(name)
        mine = self._claims.claim([name.ljust(32, "0").encode().hex()[:32] for name in names], part.number)
        facts = {
            "pid": os.getpid(),
            "cores": sorted(os.sched_getaffinity(0)),
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "mine": len(mine),
            "prepared": self._prepared,
        }
        return PartResult(part.number, (), fragments=(json.dumps(facts),))


def _do(name: str) -> None:
    if name.startswith("signal-"):
        os.kill(os.getpid(), getattr(signal, name.removeprefix("signal-")))
    elif name == "bug":
        raise KeyError("nobody foresaw this")
    elif name == "engine":
        raise EngineError("the engine is gone", remedy="open it")
    elif name == "model":
        raise ModelNotFoundError("nothing")
    elif name == "hang":
        time.sleep(600)
    elif name == "log":
        _log.warning("it was read: %s", name, extra={"reported": True})
        print("a library says", file=__import__("sys").stderr, flush=True)


def part(number: int, *names: str) -> Part:
    """A part with files of these names."""
    return Part(number, 1, tuple(PartFile(candidate(name), None) for name in names))


def told(result: Any) -> dict[str, Any]:
    """What the node that worked on a part said of itself."""
    return json.loads(result.fragments[0])

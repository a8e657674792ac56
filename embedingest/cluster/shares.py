"""What of this machine each node gets: cores, and a GPU where there are some. Starts nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Share", "gpus", "how_many", "own_cores", "shares"]

_NODE_CORES: Final = 8
"""A model gains little from more cores than that, and several of them much."""

_VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
_DEVICES: Final = Path("/proc/driver/nvidia/gpus")


class Share(NamedTuple):
    """The cores and the GPU of one node; without a GPU it sees those that this process sees."""

    cores: tuple[int, ...]
    gpu: str | None = None

    def environment(self) -> dict[str, str]:
        """What tells libraries of it, before they are imported."""
        count = str(len(self.cores))
        variables = {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count, "RAYON_NUM_THREADS": count}
        return variables if self.gpu is None else {**variables, _VISIBLE: self.gpu}


def own_cores() -> tuple[int, ...]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def gpus() -> tuple[str, ...]:
    """The GPUs that this process may use, by the names that CUDA knows; without importing torch."""
    named = os.environ.get(_VISIBLE)
    if named is not None:
        return tuple(name for name in map(str.strip, named.split(",")) if name and name != "-1")
    try:
        return tuple(str(number) for number in range(len(list(_DEVICES.iterdir()))))
    except OSError:
        return ()


def how_many(wanted: int | Literal["auto"], *, cores: int, gpus: int) -> int:
    """How many nodes to start on a machine with so many cores and GPUs."""
    if wanted != "auto":
        return wanted
    return gpus or max(min(2, cores), cores // _NODE_CORES)


def shares(nodes: int, cores: Sequence[int], devices: Sequence[str]) -> list[Share]:
    """What each of so many nodes gets: neighbouring cores, all of them in turn, and the GPUs likewise."""
    gpu = [devices[number % len(devices)] if devices else None for number in range(nodes)]
    if nodes > len(cores):
        return [Share((cores[number % len(cores)],), gpu[number]) for number in range(nodes)]
    bounds = [len(cores) * number // nodes for number in range(nodes + 1)]
    return [Share(tuple(cores[bounds[n] : bounds[n + 1]]), gpu[n]) for n in range(nodes)]

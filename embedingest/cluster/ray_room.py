"""What a node asks of a machine of a Ray cluster, and how many nodes the machines have room for. Imports no Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from embedingest.config import RunConfig

__all__ = ["demand", "machines", "room", "unmet"]

_MIB: Final = 2**20
_NAMES: Final[dict[str, Callable[[float], str]]] = {
    "CPU": lambda amount: f"cpus: {amount:g}",
    "GPU": lambda amount: f"gpus: {amount:g}",
    "memory": lambda amount: f"memory_mib: {amount // _MIB:.0f}",
}


def demand(settings: RunConfig) -> dict[str, float]:
    """What each node asks for, under Ray's names: cores, GPUs and bytes of memory; nothing that is zero."""
    asked = {"CPU": settings.cpus, "GPU": settings.gpus, "memory": (settings.memory_mib or 0) * _MIB}
    return {name: amount for name, amount in asked.items() if amount}


def machines(nodes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, float]]:
    """Of `ray.nodes()`, the resources of those that are alive."""
    return [node["Resources"] for node in nodes if node["Alive"]]


def room(asked: Mapping[str, float], there: Sequence[Mapping[str, float]]) -> int:
    """How many nodes find a place at once, each on one machine, if nothing else runs there."""
    return sum(min(int(machine.get(name, 0) // amount) for name, amount in asked.items()) for machine in there)


def unmet(asked: Mapping[str, float], there: Sequence[Mapping[str, float]]) -> str:
    """What no machine has enough of, in the names of the configuration, with the most that one has."""
    most = {name: max((machine.get(name, 0) for machine in there), default=0) for name in asked}
    short = [name for name in asked if most[name] < asked[name]]
    wanted = ", ".join(_NAMES[name](asked[name]) for name in short or asked)
    if not short:
        return f"each node asks for {wanted}, and no machine of the Ray cluster ({len(there)}) has all of that"
    has = ", ".join(_NAMES[name](most[name]) for name in short)
    return f"each node asks for {wanted}, and the largest machine of the Ray cluster ({len(there)}) has {has}"

"""Who reads and embeds the files of a run: this process, several of this machine, or a cluster. Starts nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from embedingest.config.problems import at_key
from embedingest.config.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HERE", "RAY_ONLY", "RunConfig", "idle"]

HERE: Final = "here"
"""One engine, in the process that runs the pipeline."""

_PLACES: Final = (HERE, "auto", "processes", "ray")
RAY_ONLY: Final = ("gpus", "cpus", "memory_mib", "insecure")
"""Settings that no other nodes have."""

_ADDRESS: Final = re.compile(r"ray://[^/\s]+:\d{1,5}")
_NO_PORT: Final = re.compile(r"ray://(?:[^/:\s\[\]]+|\[[^/\s\[\]]+\]):?")
"""An address of which only the port lacks."""


def _is_a_place(text: str) -> str:
    if text not in _PLACES and _ADDRESS.fullmatch(text) is None:
        if _NO_PORT.fullmatch(text) is not None:
            raise ValueError(f"`{text}` lacks the port of Ray's client server: write `{text.rstrip(':')}:10001`")
        raise ValueError(f"`{text}` is no place to run: write {', '.join(_PLACES)} or `ray://HOST:PORT`")
    return text


def idle(on: str) -> Mapping[str, str]:
    """The settings that have no effect with this place to run, each with why and the way out."""
    if on == HERE:
        why = f"one engine in this process (`{HERE}`) takes no account of it: leave it out, or run on `processes`"
        return dict.fromkeys((name for name in RunConfig.model_fields if name != "on"), why)
    if on.startswith("ray"):
        return {}
    why = f"only Ray takes account of it, and the place to run is `{on}`: leave it out, or run on `ray`"
    found = dict.fromkeys(RAY_ONLY, why)
    if on == "auto":
        found["nodes"] = "`auto` takes one node for each GPU: leave it out, or run on `processes`"
    return found


class RunConfig(Section):
    """Who reads and embeds."""

    on: Annotated[str, AfterValidator(_is_a_place)] = Field(
        default=HERE,
        description="`here`; `processes` of this machine; `auto`: one for each of several GPUs; `ray`, `ray://HOST:PORT`",
    )
    nodes: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = Field(
        default="auto",
        description="`auto`: one for each GPU or eight cores, two at least; on Ray as many as there is room for",
    )
    part_bytes: int = Field(
        default=256 * 2**20, ge=1, le=2**40, description="Most bytes of documents that a node is given at once"
    )
    part_files: int = Field(default=10_000, ge=1, le=10**6, description="Most files that a node is given at once")
    commit_parts: int = Field(default=64, ge=1, le=10_000, description="Parts that one commit takes in at most")
    commit_seconds: float = Field(
        default=300.0, gt=0, le=86_400, description="How long what is embedded may wait for a commit"
    )
    attempts: int = Field(
        default=2, ge=1, le=100, description="Deaths of a node before its part is halved, or the only file of it fails"
    )
    grace_seconds: float = Field(
        default=30.0, ge=0, le=86_400, description="After Ctrl-C, how long parts may take that are under way"
    )
    gpus: float = Field(default=0.0, ge=0, le=64, description="GPUs that Ray reserves for each node")
    cpus: float = Field(default=1.0, gt=0, le=1024, description="Cores that Ray reserves for each node")
    memory_mib: int | None = Field(default=None, ge=64, description="Memory that Ray reserves for each node")
    insecure: bool = Field(default=False, description="Take a Ray cluster on the network that asks for no token")

    @model_validator(mode="after")
    def _has_effect(self) -> Self:
        """Where no place is named, one may be on the command line, as `--on`."""
        if "on" not in self.model_fields_set:
            return self
        for name, why in idle(self.on).items():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise at_key(why, name)
        return self

    @property
    def on_ray(self) -> bool:
        """Whether nodes are actors of a Ray cluster."""
        return self.on.startswith("ray")

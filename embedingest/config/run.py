"""Who reads and embeds the files of a run: this process, or several of this machine. Starts nothing."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from embedingest.config.section import Section

__all__ = ["HERE", "RunConfig"]

HERE: Final = "here"
"""One engine, in the process that runs the pipeline."""

_PLACES: Final = (HERE, "auto", "processes")


def _is_a_place(text: str) -> str:
    if text not in _PLACES:
        raise ValueError(f"`{text}` is no place to run: write {', '.join(_PLACES[:-1])} or {_PLACES[-1]}")
    return text


class RunConfig(Section):
    """Who reads and embeds."""

    on: Annotated[str, AfterValidator(_is_a_place)] = Field(
        default=HERE,
        description="`here`, in one process; `processes` of this machine; `auto`: one for each of several GPUs",
    )
    nodes: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = Field(
        default="auto", description="Engines at work; `auto`: one for each GPU or eight cores, two at least"
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

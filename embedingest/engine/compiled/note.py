"""The shapes of a compiled model's note and of the facts about what runs a model. Types only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from embedingest.engine.gate import FiguresDict

__all__ = ["CacheKey", "CompiledNote", "Probe", "RuntimeFacts", "Trial"]


class CacheKey(TypedDict):
    """What a compiled model is made for; it is made again where any of these differs."""

    fingerprint: str
    max_tokens: int
    runtime: str
    precision: str
    cpu: list[str]
    layout: int
    threads: int | None
    cores: int
    streams: int


class Probe(TypedDict):
    """One text or pair (its row, special tokens included) and its vector or number, to be compared at every load."""

    ids: list[int]
    vector: list[float]


class Trial(TypedDict):
    """What was tried, by its name `form`: the gate's figures, or the error where it does not run.

    A form is a precision, or a precision with a number of streams.
    """

    form: str
    texts: NotRequired[int]
    mean: NotRequired[float]
    least: NotRequired[float]
    passed: NotRequired[bool]
    spread: NotRequired[float]
    error: NotRequired[str]
    reason: NotRequired[str]


class CompiledNote(TypedDict):
    """What was tried, and either the precision that runs the model or the reason `refused` why none does."""

    tried: list[Trial]
    model: NotRequired[str]
    """What people know the model by; for whoever looks into the cache."""
    form: NotRequired[str]
    gate: NotRequired[FiguresDict]
    probe: NotRequired[Probe]
    streams: NotRequired[int]
    """Batches that run side by side; 1 where no setting of more than one stream runs it."""
    texts: NotRequired[int]
    """How many texts the gate has in all; where `gate` is of fewer, the others are compared once the model serves."""
    blobs: NotRequired[str]
    """How OpenVINO keeps its compiled form, by its own name of the kind (`CACHE_MODE`)."""
    seconds: NotRequired[float]
    refused: NotRequired[str]
    key: NotRequired[CacheKey]
    files: NotRequired[dict[str, int]]
    """Sizes in bytes by name."""


class RuntimeFacts(TypedDict):
    """What runs a model and why nothing faster does; `None` is what is not known before its first use."""

    runtime: str | None
    precision: str | None
    gate: FiguresDict | None
    reason: str | None
    rejected: list[Trial]

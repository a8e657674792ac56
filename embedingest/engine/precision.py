"""Which precisions a model may run in on this processor, best first. Pure: knows flags and settings, no runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

    from embedingest.engine.compiled.note import Trial

__all__ = [
    "INT8_CLASS",
    "PRECISIONS",
    "Precision",
    "PrecisionSetting",
    "candidates",
    "half_types",
    "not_tried",
    "vector_class",
]

PrecisionSetting = Literal["auto", "fp32", "bf16", "fp16", "int8"]

INT8_CLASS: Final = "int8:w8-channel"
"""8 bit weights, one scale per output channel: vectors of their own, which never mix with class `exact`."""


@dataclass(frozen=True, slots=True)
class Precision:
    """One arithmetic a model can run in: the graph that is made for it, and OpenVINO's name of what it computes in."""

    name: str
    graph: str
    hint: str


PRECISIONS: Final = {
    "fp32": Precision("fp32", "plain", "f32"),
    "bf16": Precision("bf16", "plain", "bf16"),
    "bf16-linears": Precision("bf16-linears", "bf16-linears", "f32"),
    "fp16": Precision("fp16", "plain", "f16"),
    "int8": Precision("int8", "int8", "f32"),
}

_BF16_FLAGS: Final = frozenset(("avx512_bf16", "amx_bf16", "bf16"))
_FP16_FLAGS: Final = frozenset(("avx512_fp16", "amx_fp16", "asimdhp"))


def candidates(setting: PrecisionSetting, flags: Collection[str]) -> tuple[Precision, ...]:
    """Precisions to try in order; the first that passes the gate runs the model, and fp32 is always the last.

    `auto` never takes fp16: on the processors that have it, bf16 was as close and several times faster.
    """
    if setting == "int8":
        return (PRECISIONS["int8"],)
    reduced: tuple[str, ...] = ()
    if setting in ("auto", "bf16") and _BF16_FLAGS.intersection(flags):
        reduced = ("bf16", "bf16-linears")
    elif setting == "fp16" and _FP16_FLAGS.intersection(flags):
        reduced = ("fp16",)
    return tuple(PRECISIONS[name] for name in (*reduced, "fp32"))


def half_types(setting: PrecisionSetting, *, bf16: bool) -> tuple[str, ...]:
    """Torch's names of the 16 bit types to try on a GPU, best first; `bf16` says whether it has that one.

    fp16 goes first under `auto`: GPUs run both alike, and it keeps three more bits.
    """
    names = {"auto": ("float16", "bfloat16"), "fp16": ("float16",), "bf16": ("bfloat16",)}.get(setting, ())
    return tuple(name for name in names if bf16 or name != "bfloat16")


def not_tried(setting: PrecisionSetting, flags: Collection[str]) -> list[Trial]:
    """The precisions that a setting allows and that are not tried on this processor, each as `form` and `reason`."""
    allowed = {"auto": ("bf16", "fp16"), "bf16": ("bf16",), "fp16": ("fp16",)}.get(setting, ())
    tried = {precision.name for precision in candidates(setting, flags)}
    unable = {"bf16": not _BF16_FLAGS.intersection(flags), "fp16": not _FP16_FLAGS.intersection(flags)}
    return [
        {"form": name, "reason": "this processor has no instructions for it" if unable[name] else "`auto` prefers bf16"}
        for name in allowed
        if name not in tried
    ]


def vector_class(setting: PrecisionSetting) -> str:
    """`exact` for every precision that must pass the gate, a class of its own for lossy ones."""
    return INT8_CLASS if setting == "int8" else "exact"

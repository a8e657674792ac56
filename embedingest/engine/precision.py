"""Which forms of a model may run on this processor, best first. Pure: knows flags and the policy, no runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["FORMS", "INT8_CLASS", "Form", "Precision", "candidates", "halves", "passed_over", "vector_class"]

Precision = Literal["auto", "fp32", "bf16", "fp16", "int8"]

INT8_CLASS = "int8:w8-channel"
"""8 bit weights, one scale per output channel: vectors of their own, which never mix with class `exact`."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run a model: which graph is made and which precision OpenVINO is told to compute in."""

    name: str
    graph: str
    hint: str


FORMS = {
    "fp32": Form("fp32", "plain", "f32"),
    "bf16": Form("bf16", "plain", "bf16"),
    "bf16-linears": Form("bf16-linears", "bf16-linears", "f32"),
    "fp16": Form("fp16", "plain", "f16"),
    "int8": Form("int8", "int8", "f32"),
}

_BF16_FLAGS = frozenset(("avx512_bf16", "amx_bf16", "bf16"))
_FP16_FLAGS = frozenset(("avx512_fp16", "amx_fp16", "asimdhp"))


def candidates(precision: Precision, flags: Collection[str]) -> tuple[Form, ...]:
    """Forms to try in order; the first that passes the gate is taken, and fp32 is always the last resort.

    `auto` never takes fp16: on the processors that have it, bf16 was as close and several times faster.
    """
    if precision == "int8":
        return (FORMS["int8"],)
    tried: tuple[str, ...] = ()
    if precision in ("auto", "bf16") and _BF16_FLAGS.intersection(flags):
        tried = ("bf16", "bf16-linears")
    elif precision == "fp16" and _FP16_FLAGS.intersection(flags):
        tried = ("fp16",)
    return tuple(FORMS[name] for name in (*tried, "fp32"))


def halves(precision: Precision, *, bf16: bool) -> tuple[str, ...]:
    """Torch's names of the 16 bit types to try on a GPU, best first; `bf16` says whether it has that one.

    fp16 goes first under `auto`: GPUs run both alike, and it keeps three more bits.
    """
    wanted = {"auto": ("float16", "bfloat16"), "fp16": ("float16",), "bf16": ("bfloat16",)}.get(precision, ())
    return tuple(name for name in wanted if bf16 or name != "bfloat16")


def passed_over(precision: Precision, flags: Collection[str]) -> list[dict[str, str]]:
    """The forms that are not even tried here under a policy, each as `form` and `reason`, but for those not asked."""
    wanted = {"auto": ("bf16", "fp16"), "bf16": ("bf16",), "fp16": ("fp16",)}.get(precision, ())
    tried = {form.name for form in candidates(precision, flags)}
    unable = {"bf16": not _BF16_FLAGS.intersection(flags), "fp16": not _FP16_FLAGS.intersection(flags)}
    return [
        {"form": name, "reason": "this processor has no instructions for it" if unable[name] else "`auto` prefers bf16"}
        for name in wanted
        if name not in tried
    ]


def vector_class(precision: Precision) -> str:
    """`exact` for every precision that must pass the gate, a class of its own for lossy ones."""
    return INT8_CLASS if precision == "int8" else "exact"

"""Which precisions a model may run in on this processor, best first. Pure: knows flags and settings, no runtime."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    """One arithmetic a model can run in: the graph that is made for it, and OpenVINO's name of what it computes in.

    `in_rows` says whether it is a graph in which several short texts lie in one row.
    """

    name: str
    graph: str
    hint: str
    in_rows: bool = False

    @property
    def form(self) -> str:
        """What notes call it: its key in `PRECISIONS`."""
        return self.name + (_IN_ROWS if self.in_rows else "")


_IN_ROWS: Final = "-rows"
_ALONE: Final = (
    Precision("fp32", "plain", "f32"),
    Precision("bf16", "plain", "bf16"),
    Precision("bf16-linears", "bf16-linears", "f32"),
    Precision("fp16", "plain", "f16"),
    Precision("int8", "int8", "f32"),
)
_SHARED: Final = tuple(
    replace(one, graph=one.graph + _IN_ROWS, in_rows=True) for one in _ALONE if one.graph != "bf16-linears"
)
PAY_IN_ROWS: frozenset[str] = frozenset()
"""Forms that are tried with short texts in one row first: none yet. 100 queries take seven tenths of the time so, but a
single one and long chunks, which are most of what is embedded, 5 % more. Pooled in bf16 they take no more, but then
short texts are .99986 from what they are in fp32, where .9999 is owed (`benchmarks/short.py`, `tests/oracle`)."""
PRECISIONS: Final = {precision.form: precision for precision in (*_ALONE, *_SHARED)}

_BF16_FLAGS: Final = frozenset(("avx512_bf16", "amx_bf16", "bf16"))
_FP16_FLAGS: Final = frozenset(("avx512_fp16", "amx_fp16", "asimdhp"))


def candidates(setting: PrecisionSetting, flags: Collection[str], *, in_rows: bool = False) -> tuple[Precision, ...]:
    """Precisions to try in order; the first that passes the gate runs the model, and fp32 is always the last.

    `auto` never takes fp16: on the processors that have it, bf16 was as close and several times faster. With `in_rows`
    those of `PAY_IN_ROWS` are tried with short texts in one row first.
    """
    names = _names(setting, flags)
    forms = [
        form for name in names for form in ((name + _IN_ROWS, name) if in_rows and name in PAY_IN_ROWS else (name,))
    ]
    return tuple(PRECISIONS[form] for form in forms)


def _names(setting: PrecisionSetting, flags: Collection[str]) -> tuple[str, ...]:
    if setting == "int8":
        return ("int8",)
    reduced: tuple[str, ...] = ()
    if setting in ("auto", "bf16") and _BF16_FLAGS.intersection(flags):
        reduced = ("bf16", "bf16-linears")
    elif setting == "fp16" and _FP16_FLAGS.intersection(flags):
        reduced = ("fp16",)
    return (*reduced, "fp32")


def half_types(setting: PrecisionSetting, *, bf16: bool) -> tuple[str, ...]:
    """Torch's names of the 16 bit types to try on a GPU, best first; `bf16` says whether it has that one.

    fp16 goes first under `auto`: GPUs run both alike, and it keeps three more bits.
    """
    names = {"auto": ("float16", "bfloat16"), "fp16": ("float16",), "bf16": ("bfloat16",)}.get(setting, ())
    return tuple(name for name in names if bf16 or name != "bfloat16")


def not_tried(setting: PrecisionSetting, flags: Collection[str]) -> list[Trial]:
    """The precisions that a setting allows and that are not tried on this processor, each as `form` and `reason`."""
    allowed = {"auto": ("bf16", "fp16"), "bf16": ("bf16",), "fp16": ("fp16",)}.get(setting, ())
    tried = _names(setting, flags)
    unable = {"bf16": not _BF16_FLAGS.intersection(flags), "fp16": not _FP16_FLAGS.intersection(flags)}
    return [
        {"form": name, "reason": "this processor has no instructions for it" if unable[name] else "`auto` prefers bf16"}
        for name in allowed
        if name not in tried
    ]


def vector_class(setting: PrecisionSetting) -> str:
    """`exact` for every precision that must pass the gate, a class of its own for lossy ones."""
    return INT8_CLASS if setting == "int8" else "exact"

"""Running an OpenVINO graph: shapes, options, one inference. Knows no cache, no queue and no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine import hardware
from embedingest.engine.folder.encoder import rectangle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.precision import Precision

__all__ = ["BATCH_TOKENS", "WIDTH_STEP_TOKENS", "Share", "infer", "run_options", "width"]

WIDTH_STEP_TOKENS: Final = 16
"""Widths are rounded up to this: matrix units work in blocks of it, and fewer shapes keep fewer kernels in memory."""

BATCH_TOKENS: Final = 2048
"""Padded tokens of a bulk batch: small enough to stay in the second-level cache of one core."""

_LEAST_WIDTH_TOKENS: Final = 8
_MOST_STREAMS: Final = 8
_SHORT_STEP_TOKENS: Final = 4  # for texts of at most one step


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the processor a model takes: its threads, the bound that was given for them, its bulk streams."""

    limit: int | None
    threads: int
    streams: int

    @classmethod
    def of(cls, threads: int | None, streams: int | None) -> Share:
        """`None` takes every core, and a stream for each of at most 8."""
        taken = threads or hardware.cores()
        return cls(threads, taken, streams or min(taken, _MOST_STREAMS))

    def single(self, precision: Precision) -> dict[str, Any]:
        """Options for one text at a time, on all threads."""
        return run_options(precision, self.limit)

    def bulk(self, precision: Precision, streams: int) -> dict[str, Any]:
        """Options for so many batches side by side."""
        return run_options(precision, self.threads, PERFORMANCE_HINT="THROUGHPUT", NUM_STREAMS=streams)


def width(tokens: int, most: int) -> int:
    """The padded width of a batch whose longest text has `tokens` tokens; never above `most` positions."""
    step = WIDTH_STEP_TOKENS if tokens > WIDTH_STEP_TOKENS else _SHORT_STEP_TOKENS
    wide = max(_LEAST_WIDTH_TOKENS, -(-tokens // step) * step)
    return max(tokens, min(wide, most))


def infer(request: Any, rows: Sequence[Sequence[int]], *, pad: int, most: int) -> NDArray[np.float32]:
    """Vectors of token rows (special tokens included), float32 (N, D). Lets other threads run meanwhile."""
    ids, mask = rectangle(rows, pad=pad, width=width(max(map(len, rows)), most))
    request.infer((ids, mask), share_inputs=True)
    # A copy: the tensor belongs to the request and the next inference writes over it.
    vectors: NDArray[np.float32] = np.array(request.get_output_tensor(0).data, dtype=np.float32)
    return vectors


def run_options(precision: Precision, threads: int | None, **hints: Any) -> dict[str, Any]:
    """OpenVINO's options. The precision is always set: without it some processors compute in bf16."""
    options = {"INFERENCE_PRECISION_HINT": precision.hint, "PERFORMANCE_HINT": "LATENCY", **hints}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    return options

"""How much arithmetic a model needs, and how much this machine can do. Knows folders' shapes, loads no weights."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from embedingest.engine.compiled import runtime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["CEILING_SHAPE", "ceiling", "operations"]

CEILING_SHAPE: Final = (4096, 384, 1536)
"""The matrix product whose rate is taken as the machine's ceiling: rows, inner, columns."""

_LOOKUP_TABLES: Final = ("embed", "wte", "wpe", "shared.weight", "relative_attention_bias")


def operations(folder: ModelFolder, lengths: Sequence[int]) -> float:
    """Floating point operations of the matrix products over texts of these lengths (special tokens included).

    Per token 2 for each weight that is multiplied, and for attention 4 × layers × length × hidden. Tables that are
    only looked up are not counted.
    """
    multiplied = sum(
        shape[0] * shape[1]
        for _, header in folder.weights
        for name, shape in header.shapes.items()
        if len(shape) == 2 and not any(table in name for table in _LOOKUP_TABLES) and "pooler" not in name
    )
    hidden = int(folder.config.get("hidden_size") or folder.config.get("dim") or 0)
    layers = int(folder.config.get("num_hidden_layers") or folder.config.get("n_layers") or 0)
    return float(sum(2 * multiplied * n + 4 * layers * hidden * n * n for n in lengths))


def ceiling(precision: str, *, seconds: float = 1.0) -> float:
    """Operations per second of one large matrix product at `precision` (`f32`, `bf16`, `f16`) by OpenVINO, all cores.

    The best of many repetitions within `seconds`.
    """
    ov = runtime.load()
    from openvino import opset13 as ops

    rows, inner, columns = CEILING_SHAPE
    left = ops.parameter([rows, inner], np.float32)
    weights = ops.constant(np.random.default_rng(0).standard_normal((columns, inner), dtype=np.float32))
    model = ov.Model([ops.matmul(left, weights, transpose_a=False, transpose_b=True)], [left], "ceiling")
    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    request = runtime.core().compile_model(model, "CPU", hints).create_infer_request()
    request.set_input_tensor(ov.Tensor(np.ones((rows, inner), dtype=np.float32)))
    request.infer()
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        request.infer()
        best = min(best, time.perf_counter() - began)
    return 2.0 * rows * inner * columns / best

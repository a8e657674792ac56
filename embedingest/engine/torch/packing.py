"""Texts of a batch laid end to end through the transformer, without padding. Knows torch, no queue and no text.

By transformers' own registries: an attention that keeps texts apart by their lengths, and no mask at all. On a GPU
that is torch's kernel for sequences of several lengths; where it has none, as on a CPU, each text attends by itself,
which gives the same vectors and saves nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["PACKED", "Pack", "can_pack", "pack", "register"]

PACKED: Final = "embedingest_packed"

_FIRST_POSITION: Final = {"bert": 0, "distilbert": 0, "roberta": 1, "xlm-roberta": 1, "camembert": 1}
"""Architectures that see other texts through attention alone, in both directions: 1 where positions begin after the
padding index. Others have a bias by distance, windows or a causal order, and are padded."""


class Pack:
    """N texts as one row of T tokens, all on the host, and how to part them again."""

    def __init__(self, rows: Sequence[Sequence[int]], first_position: int) -> None:
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        starts = np.concatenate([np.zeros(1, np.int64), lengths.cumsum()])
        offset = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)  # of a token in its text
        self.texts, self.width = len(rows), int(lengths.max())
        self.ids: NDArray[np.int64] = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])[None]
        self.positions: NDArray[np.int64] = (offset + first_position)[None]
        self.bounds: NDArray[np.int32] = starts.astype(np.int32)
        self.cells: NDArray[np.int64] = np.repeat(np.arange(len(rows)), lengths) * self.width + offset
        """Where each token lies in the (N × width) rectangle."""
        self.mask: NDArray[np.int64] = (np.arange(self.width) < lengths[:, None]).astype(np.int64)


def can_pack(architecture: str) -> bool:
    """Whether texts of this architecture keep their vectors when packed."""
    return architecture in _FIRST_POSITION


def pack(rows: Sequence[Sequence[int]], config: dict[str, Any]) -> Pack:
    """Token rows (special tokens included, none empty) of a model with this transformer configuration, packed."""
    after_padding = _FIRST_POSITION[str(config["model_type"])]
    return Pack(rows, after_padding * (int(config.get("pad_token_id") or 0) + 1))


def register() -> None:
    """Make the attention known to transformers by the name `PACKED`."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED, _attend)
    AttentionMaskInterface.register(PACKED, _no_mask)


def _no_mask(*_: Any, **__: Any) -> None:
    return None


def _attend(
    module: Any,  # noqa: ARG001 -- the registry's signature
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,  # noqa: ARG001 -- likewise
    *,
    scaling: float | None = None,
    packed_bounds: Any,
    packed_host: Sequence[int],
    packed_width: int,
    **_: Any,
) -> tuple[Any, None]:
    """Attention within each text: (1, heads, T, size) in, (1, T, heads, size) out."""
    import torch

    if query.is_cuda and query.dtype in (torch.float16, torch.bfloat16):
        from torch.nn.attention.varlen import varlen_attn

        q, k, v = (x[0].transpose(0, 1).contiguous() for x in (query, key, value))
        together: Any = varlen_attn(q, k, v, packed_bounds, packed_bounds, packed_width, packed_width, scale=scaling)
        return together[None], None
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            query[:, :, start:end], key[:, :, start:end], value[:, :, start:end], scale=scaling
        )
        for start, end in pairwise(packed_host)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2), None

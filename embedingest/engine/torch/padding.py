"""Models in which a text's vector hangs on the texts beside or before it: found out, and run so that it does not.

Convolutions, Fourier transforms and attention by blocks see what is behind a text. Knows torch, no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.folder.encoder import rectangle
from embedingest.engine.vectors import cosines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["PADDING_COUNTS", "as_configured", "assembled", "by_length", "each_length", "keeps_state", "padding_counts"]

PADDING_COUNTS: Final = "padding changes its vectors, so texts of one length run together and none is padded"

_SHORT_TOKENS: Final = 7
_LONG_TOKENS: Final = 27
_LEAST_COSINE: Final = 0.99999


def padding_counts(chain: Any, *, pad: int, words: int, positions: int) -> bool:
    """Whether a text's vector by this chain in fp32 is another one beside a longer text.

    `words` is how many ids there are, `positions` how many tokens a text may have.
    """
    import torch

    if getattr(chain[0].model.config, "attention_type", None) == "block_sparse":
        return True  # its blocks are laid by the width of a batch, once that is above some hundred tokens
    long = [(31 * i + 7) % words for i in range(min(_LONG_TOKENS, positions))]
    short = long[:_SHORT_TOKENS]
    found = []
    for rows in ([short], [short, long]):
        ids, mask = rectangle(rows, pad=pad, width=max(map(len, rows)))
        device = next(chain.parameters()).device
        features = {
            "input_ids": torch.from_numpy(ids).to(device),
            "attention_mask": torch.from_numpy(mask).to(device),
        }
        with torch.inference_mode():
            found.append(chain(features)["sentence_embedding"][:1].float().cpu().numpy())
    return bool(cosines(*found)[0] < _LEAST_COSINE)


def by_length(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Indices of rows of the same length together."""
    groups: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(len(row), []).append(i)
    return list(groups.values())


def each_length(
    rows: Sequence[Sequence[int]], run: Callable[[list[Sequence[int]]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """What `run` makes of rows (at least one), those of a length together so that none is padded; in their order."""
    return assembled([(group, run([rows[i] for i in group])) for group in by_length(rows)])


def as_configured(chain: Any) -> None:
    """BigBird goes over to another attention for good once a text is short: here each batch begins as configured."""
    model = getattr(chain[0], "model", None)
    change = getattr(model, "set_attention_type", None)
    configured = getattr(getattr(model, "config", None), "attention_type", None)
    if change is not None and configured is not None:
        change(configured)


def keeps_state(chain: Any) -> bool:
    """Whether a batch changes the model for the next one: BigBird's attention, positions scaled by the longest text."""
    model = getattr(chain[0], "model", None)
    if model is None or hasattr(model, "set_attention_type"):
        return True
    kinds: list[str] = []
    for module in model.modules():
        kind = getattr(module, "rope_type", "")
        kinds += kind.values() if isinstance(kind, dict) else [str(kind)]
    return any("dynamic" in kind or kind == "longrope" for kind in kinds)


def assembled(parts: Sequence[tuple[list[int], NDArray[np.float32]]]) -> NDArray[np.float32]:
    """Rows of several groups in their order again."""
    order = np.concatenate([indices for indices, _ in parts])
    together = np.concatenate([vectors for _, vectors in parts])
    out = np.empty_like(together)
    out[order] = together
    return out

"""Several short texts in one row of a graph: who may be run so, and the five inputs of such a graph.

Each token is told its position in its own text and sees that text alone, so its numbers are those that it has in a row
of its own. Pooling is a sum over tokens with a share for each. Knows arrays; no OpenVINO, no queue and no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.compiled.graphs import WIDTH_STEP_TOKENS, infer, width
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.scheduling.rows import in_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.compiled.note import RowFacts
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["INPUTS", "ROW_TOKENS", "answered", "laid_out", "row_facts"]

ROW_TOKENS: Final = 64
"""Longer rows fill no better, and attention costs the square of them."""

INPUTS: Final = {
    "rows": (-1, -1),
    "positions": (-1, -1),
    "seen": (-1, 1, -1, -1),
    "shares": (-1, -1, -1),
    "places": (-1,),
}
"""Names and shapes: ids and positions (N, T), what is added to attention (N, 1, T or 1, T), shares of tokens in texts
(N, S, T), and where each of the M texts lies among N × S. `seen` and `shares` are float32, the others int64."""

_AFTER_PADDING: Final = {
    "bert": False,
    "camembert": True,
    "distilbert": False,
    "gte": False,
    "jina_embeddings_v3": False,
    "mpnet": True,
    "nomic_bert": False,
    "roberta": True,
    "xlm-roberta": True,
}
"""Architectures that see other tokens through attention alone, all of them, and take positions as an input (or know
distances only): whether their positions begin after the padding id. Others have windows, an order or convolutions."""

_POOLINGS: Final = ("mean", "cls", "lasttoken", "weightedmean")  # those that are sums of shares
_UNSEEN: Final = np.float32(-1e30)  # finite: what is left of a row sees itself, and nothing is NaN
_SLOTS_STEP: Final = 8  # of texts in a row: fewer shapes keep fewer kernels in memory


def row_facts(folder: ModelFolder) -> RowFacts | None:
    """What a graph of several texts in a row needs to know of a model; `None` where the model cannot be run so."""
    pooling, config = folder.pooling_modes, folder.config
    kinds = [module.kind for module in folder.modules[:2]]
    if folder.is_reranker or kinds != ["Transformer", "Pooling"] or folder.architecture not in _AFTER_PADDING:
        return None
    if len(pooling) != 1 or pooling[0] not in _POOLINGS:
        return None
    if config.get("is_decoder"):  # then each token sees those before it alone
        return None
    if FastTokenizer.of(folder).special_tokens == 0:  # then a text may have no token at all
        return None
    first = int(config.get("pad_token_id") or 0) + 1 if _AFTER_PADDING[folder.architecture] else 0
    return {"pooling": pooling[0], "first_position": first}


def answered(
    request: Any,
    rows: Sequence[Sequence[int]],
    *,
    facts: RowFacts | None,
    pad: int,
    most: int,
    row_tokens: int = ROW_TOKENS,
) -> NDArray[np.float32]:
    """Vectors of token rows (special tokens included), float32 (N, D), by a graph of either kind.

    Where all of them fit into `row_tokens` they share rows of that many.
    """
    if facts is None:
        return infer(request, rows, pad=pad, most=most)
    request.infer(laid_out(rows, facts, pad=pad, most=most, row_tokens=row_tokens), share_inputs=True)
    # A copy: the tensor belongs to the request and the next inference writes over it.
    vectors: NDArray[np.float32] = np.array(request.get_output_tensor(0).data[: len(rows)], dtype=np.float32)
    return vectors


def laid_out(
    rows: Sequence[Sequence[int]], facts: RowFacts, *, pad: int, most: int, row_tokens: int = ROW_TOKENS
) -> dict[str, NDArray[Any]]:
    """The inputs by their names; `places` is of the N texts in their order, filled up with that of the first one."""
    lengths = [len(row) for row in rows]
    apart = max(lengths) > row_tokens or len(rows) == 1
    groups = [[index] for index in range(len(rows))] if apart else in_rows(lengths, row_tokens)
    wide = width(max(sum(lengths[index] for index in group) for group in groups), most)
    slots = 1 if apart else _up(max(map(len, groups)), _SLOTS_STEP)
    ids, positions = np.full((len(groups), wide), pad, np.int64), np.zeros((len(groups), wide), np.int64)
    seen = np.full((len(groups), 1, 1 if apart else wide, wide), _UNSEEN, np.float32)
    shares = np.zeros((len(groups), slots, wide), np.float32)
    places = np.zeros(len(rows) if apart else _up(len(rows), WIDTH_STEP_TOKENS), np.int64)
    counted = np.arange(max(lengths))
    for number, group in enumerate(groups):
        end = 0
        for slot, index in enumerate(group):
            start, end = end, end + lengths[index]
            ids[number, start:end] = rows[index]
            positions[number, start:end] = counted[: end - start]
            seen[number, 0, 0 if apart else slice(start, end), start:end] = 0
            _share(shares[number, slot, start:end], facts["pooling"])
            places[index] = number * slots + slot
        if not apart:
            seen[number, 0, end:, end:] = 0
    positions += facts["first_position"]
    places[len(rows) :] = places[0]
    return {"rows": ids, "positions": positions, "seen": seen, "shares": shares, "places": places}


def _share(tokens: NDArray[np.float32], pooling: str) -> None:
    """Fill in what each token of one text weighs in its vector, beside the others."""
    match pooling:
        case "cls":
            tokens[0] = 1
        case "lasttoken":
            tokens[-1] = 1
        case "weightedmean":
            tokens[:] = np.arange(1, len(tokens) + 1)
        case _:
            tokens[:] = 1


def _up(number: int, step: int) -> int:
    return -(-number // step) * step

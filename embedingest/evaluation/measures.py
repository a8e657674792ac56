"""How well rankings answer questions, and whether one of two does it better. Knows no table.

The measures are those of `ir-measures`, as trec_eval computes them: the gain of nDCG is the grade itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["DEPTH", "MEASURES", "Comparison", "compare", "measured"]

DEPTH: Final = 100
"""Documents of a ranking that are looked at."""

MEASURES: Final = ("ndcg@10", "recall@100", "mrr@10")

_RESAMPLES: Final = 10_000
_TOGETHER: Final = 500  # resamples in memory at once
_SEED: Final = 1979  # the year of the bootstrap; any will do, and the same figures come each time
_CONFIDENCE_PERCENT: Final = 95


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean difference of two settings over the same questions, its 95 % interval, and a two-sided p."""

    difference: float
    low: float
    high: float
    p: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def measured(
    rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]]
) -> dict[str, NDArray[np.float64]]:
    """Each measure for each question, float64 (Q,), in the order of `relevant`.

    `rankings` are sources, the best first; a question without any scores 0. Raises ConfigError without the extra
    `evaluate`.
    """
    try:
        import ir_measures
        from ir_measures import RR, R, nDCG
    except ImportError:
        remedy = (
            "`pip install 'embedingest[evaluate]'`; on Linux aarch64, where it is compiled, `pip install ir-measures`"
        )
        raise ConfigError("evaluation needs ir-measures", remedy=remedy) from None
    wanted = dict(zip((nDCG @ 10, R @ DEPTH, RR @ 10), MEASURES, strict=True))
    # Equal scores would be ordered by name: the place itself is the score.
    run = {key: {source: -float(place) for place, source in enumerate(found)} for key, found in rankings.items()}
    places = {key: place for place, key in enumerate(relevant)}
    values = {name: np.zeros(len(relevant)) for name in MEASURES}
    for one in ir_measures.iter_calc(list(wanted), relevant, run):
        values[wanted[one.measure]][places[one.query_id]] = one.value
    return values


def compare(first: NDArray[np.float64], second: NDArray[np.float64]) -> Comparison:
    """How much better `first` is than `second`, (Q,) each of the same questions, by a paired bootstrap."""
    differences = first - second
    rng = np.random.default_rng(_SEED)
    means = np.concatenate(
        [
            differences[rng.integers(0, len(differences), (_TOGETHER, len(differences)))].mean(axis=1)
            for _ in range(_RESAMPLES // _TOGETHER)
        ]
    )
    outside = (100 - _CONFIDENCE_PERCENT) / 2
    low, high = np.percentile(means, [outside, 100 - outside])
    p = min(1.0, 2 * min(float(np.mean(means <= 0)), float(np.mean(means >= 0))))
    return Comparison(float(differences.mean()), float(low), float(high), p)

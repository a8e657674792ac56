"""The gate: may a faster runtime or precision stand in for a model? Probe texts, figures, bounds. Knows no runtime.

Vectors are compared by their cosine, scores of pairs by how far apart they are beside their own spread: two pairs whose
scores are farther apart than both may move keep their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

import numpy as np

from embedingest.engine.vectors import cosines, finite_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.tokenizer import FastTokenizer

__all__ = [
    "LEAST_COSINE",
    "LEAST_SCORE",
    "MEAN_COSINE",
    "MEAN_SCORE",
    "PROBE_TEXTS",
    "VARIED_TEXTS",
    "Figures",
    "FiguresDict",
    "agreement",
    "compare",
    "least_agreement",
    "pair_tokens",
    "probe_tokens",
    "spread_of",
]

MEAN_COSINE: Final = 0.9999
LEAST_COSINE: Final = 0.9995
# What moves a vector by so much moves a score by about as large a share of its spread: √(2 − 2 cos).
MEAN_SCORE: Final = 0.99
LEAST_SCORE: Final = 0.97
PROBE_TEXTS: Final = 288
_LONGEST_PROBE_TOKENS: Final = 1024
_QUERY_TOKENS: Final = (3, 5, 8, 12, 20, 32)
_LEAST_SPREAD: Final = 1e-6

# Scripts and kinds of text that Python's manual does not have.
VARIED_TEXTS: Final = (
    "", "a", "?", "42", "Why is the sky blue?", "def area(r): return 3.14159 * r ** 2",
    "Der Himmel ist blau, weil die Luft kurzwelliges Licht stärker streut als langwelliges.",
    "La lumière bleue est diffusée bien davantage que la lumière rouge par les molécules de l'air.",
    "El cielo parece azul porque la atmósfera dispersa más la luz de onda corta.",
    "Небо кажется голубым, потому что воздух сильнее рассеивает короткие волны.",
    "天空看起来是蓝色的，因为空气更强烈地散射短波长的光。",
    "空が青く見えるのは、短い波長の光がより強く散乱されるためです。",
    "يبدو لون السماء أزرق لأن الهواء يشتت الضوء قصير الموجة أكثر.", "आकाश नीला दिखता है।",
    "🙂🚀 emoji, ½ fractions, ∑ signs and naïve façades", "https://example.org/a/b?c=d&e=%20f#g",
    "SELECT id, name FROM users WHERE age > 30 ORDER BY name;", "THE SKY IS BLUE THE SKY IS BLUE THE SKY IS BLUE",
    "2026-11-23T08:45:24Z ERROR worker=3 request=7f3a took 1532 ms", "supercalifragilisticexpialidocious",
)  # fmt: skip


class FiguresDict(TypedDict):
    """`Figures` as JSON, agreements to 7 digits; `spread` where they are of scores."""

    texts: int
    mean: float
    least: float
    passed: bool
    spread: NotRequired[float]


@dataclass(frozen=True, slots=True)
class Figures:
    """How far each probe agrees with the model's own fp32 forward (`agreement`): how many, the mean and the least.

    `spread` is that of a reranker's scores; `None` where vectors were compared.
    """

    texts: int
    mean: float
    least: float
    spread: float | None = None

    @property
    def passed(self) -> bool:
        mean = MEAN_COSINE if self.spread is None else MEAN_SCORE
        return self.texts >= 1 and self.mean >= mean and self.least >= least_agreement(self.spread)

    def with_more(self, other: Figures) -> Figures:
        """The figures of both together."""
        texts = self.texts + other.texts
        mean = (self.mean * self.texts + other.mean * other.texts) / max(1, texts)
        return Figures(texts, mean, min(self.least, other.least), self.spread)

    def as_dict(self) -> FiguresDict:
        mean, least = round(self.mean, 7), round(self.least, 7)
        told: FiguresDict = {"texts": self.texts, "mean": mean, "least": least, "passed": self.passed}
        return told if self.spread is None else {**told, "spread": self.spread}


def compare(reference: NDArray[np.float32], candidate: NDArray[np.float32], spread: float | None = None) -> Figures:
    """Figures of `candidate` against `reference`, both float32 (N, D); a NaN anywhere gives a least of -1.

    With `spread` they are scores, of which D is 1.
    """
    if candidate.shape != reference.shape or not finite_rows(candidate).all():
        return Figures(len(reference), -1.0, -1.0, spread)
    found = agreement(reference, candidate, spread)
    return Figures(len(reference), float(found.mean()), float(found.min()), spread)


def agreement(
    reference: NDArray[np.float32], candidate: NDArray[np.float32], spread: float | None = None
) -> NDArray[np.float64]:
    """How near each row of `candidate` is to the same of `reference`, float64 (N,); 1 is the same.

    Of vectors the cosine; of scores, where their `spread` is given, 1 less the difference as a share of it.
    """
    if spread is None:
        return cosines(reference, candidate)
    apart: NDArray[np.float64] = np.abs(reference.astype(np.float64) - candidate)[:, 0]
    return 1.0 - apart / spread


def least_agreement(spread: float | None) -> float:
    """The bound of `agreement` that every single probe is held to."""
    return LEAST_COSINE if spread is None else LEAST_SCORE


def spread_of(scores: NDArray[np.float32]) -> float:
    """The standard deviation of a reranker's numbers, float32 (N, 1)."""
    return max(float(scores.std(dtype=np.float64)), _LEAST_SPREAD)


def pair_tokens(tokenizer: FastTokenizer, most: int) -> list[tuple[TokenIds, TokenIds]]:
    """Content tokens of real pairs of texts, as many as `probe_tokens` has texts, both together at most `most`.

    What is searched for is the beginning of another text.
    """
    documents = probe_tokens(tokenizer, most + tokenizer.special_tokens)
    pairs = []
    for i, document in enumerate(documents):
        query = documents[(7 * i + 3) % len(documents)][: min(_QUERY_TOKENS[i % len(_QUERY_TOKENS)], most // 2)]
        pairs.append((query, document[: most - len(query)]))
    return pairs


def probe_tokens(tokenizer: FastTokenizer, max_tokens: int) -> list[TokenIds]:
    """Content tokens of real texts of mixed length, from nothing to the window (at most 1024), always the same.

    The text is Python's own language manual, which every interpreter carries.
    """
    from pydoc_data.topics import topics

    window = min(max_tokens, _LONGEST_PROBE_TOKENS) - tokenizer.special_tokens
    probes = [tokens[:window] for tokens in tokenizer.tokenize(VARIED_TEXTS)]
    manual = tokenizer.tokenize([topics[name] for name in sorted(topics)])
    lengths = _lengths(window)
    while len(probes) < PROBE_TEXTS:
        for topic in manual:
            length = next(lengths)
            start = (len(probes) * 131) % max(1, len(topic) - length)
            probes.append(topic[start : start + length])
    return probes[:PROBE_TEXTS]


def _lengths(window: int) -> Iterator[int]:
    """Endless lengths between 1 and `window`, evenly spread over orders of magnitude, the window itself included."""
    step = 0
    while True:
        share = (step * 0.6180339887) % 1.0  # the golden ratio spreads any number of points evenly
        yield max(1, min(window, round(window**share))) if step % 16 else window
        step += 1

"""The gate: may a faster runtime or precision stand in for a model? Probe texts, figures, bounds. Knows no runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

from embedingest.engine.vectors import cosines, finite_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.tokenizer import FastTokenizer

__all__ = [
    "LEAST_COSINE",
    "MEAN_COSINE",
    "PROBE_TEXTS",
    "VARIED_TEXTS",
    "Figures",
    "FiguresDict",
    "compare",
    "probe_tokens",
]

MEAN_COSINE: Final = 0.9999
LEAST_COSINE: Final = 0.9995
PROBE_TEXTS: Final = 288
_LONGEST_PROBE_TOKENS: Final = 1024

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
    """`Figures` as JSON, cosines to 7 digits."""

    texts: int
    mean: float
    least: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Cosine of each probe vector to the model's own fp32 forward: how many, the mean and the least."""

    texts: int
    mean: float
    least: float

    @property
    def passed(self) -> bool:
        return self.texts >= 1 and self.mean >= MEAN_COSINE and self.least >= LEAST_COSINE

    def with_more(self, other: Figures) -> Figures:
        """The figures of both together."""
        texts = self.texts + other.texts
        mean = (self.mean * self.texts + other.mean * other.texts) / max(1, texts)
        return Figures(texts, mean, min(self.least, other.least))

    def as_dict(self) -> FiguresDict:
        return {"texts": self.texts, "mean": round(self.mean, 7), "least": round(self.least, 7), "passed": self.passed}


def compare(reference: NDArray[np.float32], candidate: NDArray[np.float32]) -> Figures:
    """Figures of `candidate` against `reference`, both float32 (N, D); a NaN anywhere gives a least of -1."""
    if candidate.shape != reference.shape or not finite_rows(candidate).all():
        return Figures(len(reference), -1.0, -1.0)
    cosine = cosines(reference, candidate)
    return Figures(len(reference), float(cosine.mean()), float(cosine.min()))


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

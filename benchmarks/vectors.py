"""Vectors in any number with the statistics of real ones, for tables larger than any corpus at hand.

    python benchmarks/vectors.py CORPUS.jsonl.gz        how like the real ones the made ones are

Real are those of all-minilm over pairs of sentences of the corpus. A made document of 20 chunks starts from a real one: each
chunk from one of its chunks, moved by noise that the document has as a whole and noise of its own, of the covariances
between and within real documents, and what is moved is shortened, so that mean and covariance of all stay those of the real
ones. How far is fitted: as many made documents lie as near to each other as the real ones do. The same seed gives the same.
"""

import argparse
import hashlib
import json
import re
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from texts import documents

CHUNKS = 20  # of a document
BLOCK = 2_500  # documents that are drawn together
READ = 2_500  # documents of the corpus that are embedded
_FORM = 1  # of what is kept


@dataclass(frozen=True)
class Statistics:
    """What is drawn from: real chunks (N, D), those of document `i` from `starts[i]` on, and what turns noise into
    deviations, both (D, D). `apart` is how far a made chunk goes from the real one, 0 to 1.
    """

    real: np.ndarray
    starts: np.ndarray
    between: np.ndarray
    within: np.ndarray
    apart: float

    @property
    def dimensions(self):
        return self.real.shape[1]

    def block(self, number, seed=7):
        """Unit vectors float32 (BLOCK * CHUNKS, D): those of the documents from `number * BLOCK` on, in order."""
        rng = np.random.default_rng([seed, number])
        return self._chunks(*self._documents(rng, BLOCK), CHUNKS, rng)

    def questions(self, count, rows, seed=7):
        """Unit vectors (count, D): each a further chunk of a document of the first `rows` rows, and none of those."""
        rng = np.random.default_rng([seed, 0, 1])
        found = []
        for wanted in rng.integers(0, max(1, rows // CHUNKS), count):
            known = self._documents(np.random.default_rng([seed, wanted // BLOCK]), BLOCK)
            found.append(self._chunks(*(part[[wanted % BLOCK]] for part in known), 1, rng)[0])
        return np.stack(found)

    def sample(self, count, each):
        """Vectors of so many documents of so many chunks each, and the documents' numbers."""
        rng = np.random.default_rng(2)
        return self._chunks(*self._documents(rng, count), each, rng), np.repeat(np.arange(count), each)

    def _documents(self, rng, count):
        """Of each which real one it starts from, and by what it is moved as a whole."""
        noise = rng.standard_normal((count, self.dimensions), dtype=np.float32)
        return rng.integers(0, len(self.starts) - 1, count), noise @ self.between

    def _chunks(self, documents, moved, count, rng):
        first, lengths = self.starts[documents], np.diff(self.starts)[documents]
        picked = np.repeat(first, count) + rng.integers(0, np.repeat(lengths, count))
        noise = rng.standard_normal((len(picked), self.dimensions), dtype=np.float32) @ self.within
        noise += np.repeat(moved, count, axis=0)
        noise *= np.float32(self.apart)
        # What is taken from the real one is given by the noise.
        kept, middle = np.float32(np.sqrt(1 - self.apart**2)), self.real.mean(axis=0)
        noise += (middle + (self.real - middle) * kept)[picked]
        return unit(noise)


def of(corpus):
    """The statistics of a corpus, fitted once and kept among temporary files."""
    corpus = Path(corpus)
    name = hashlib.sha256(f"{_FORM} {corpus.name} {corpus.stat().st_size}".encode()).hexdigest()[:16]
    kept = Path(tempfile.gettempdir()) / f"embedingest-vectors-{name}.npz"
    if not kept.exists():
        fitted = fit(*embedded(corpus))
        with tempfile.NamedTemporaryFile(dir=kept.parent, suffix=".npz", delete=False) as aside:
            np.savez(aside, **asdict(fitted))
        Path(aside.name).replace(kept)
    with np.load(kept) as stored:
        return Statistics(**stored)


def chunked(corpus, count=READ):
    """Pairs of sentences, and the number of the document that each is of; documents of less than three are left out."""
    texts, owners, found = [], [], 0
    for text in documents([corpus]):
        sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)
        pairs = [" ".join(sentences[at : at + 2]) for at in range(0, len(sentences), 2)]
        if len(pairs) >= 3:
            texts += pairs
            owners += [found] * len(pairs)
            found += 1
        if found == count:
            break
    return texts, np.array(owners)


def embedded(corpus):
    from embedingest.build.session import Session
    from embedingest.config import Config

    texts, owners = chunked(corpus)
    session = Session(Config())
    vectors = session.engine.embed(texts, model="all-minilm").vectors
    session.close()
    return np.asarray(vectors, dtype=np.float32), owners


def fit(vectors, owners):
    """The statistics of unit vectors (N, D), the one at i being of document `owners[i]`, numbered from 0 in order."""
    counts = np.bincount(owners).astype(np.float64)
    means = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(means, owners, vectors)
    means /= counts[:, None]
    off = vectors - means[owners]
    within = off.T @ off / (counts - 1).sum()
    # The mean of a few chunks strays from its document: that is not how documents differ.
    between = np.cov(means.T) - within * (1 / counts).mean()
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return as_near(Statistics(vectors, starts, root(between), root(within), apart=0.5), vectors, owners)


def as_near(statistics, vectors, owners):
    """With `apart` such that the nearest chunk of another document is as near as among the real ones."""
    wanted, each = likeness(vectors, owners)["cosine_of_the_nearest_elsewhere"], round(len(owners) / (owners[-1] + 1))
    low, high = 0.0, 1.0
    for _ in range(8):
        tried = replace(statistics, apart=(low + high) / 2)
        nearer = likeness(*tried.sample(owners[-1] + 1, each))["cosine_of_the_nearest_elsewhere"] > wanted
        low, high = (tried.apart, high) if nearer else (low, tried.apart)
    return replace(statistics, apart=(low + high) / 2)


def root(covariance):
    """A matrix that turns white noise (rows) into noise of this covariance; what is below nothing counts as nothing."""
    values, axes = np.linalg.eigh((covariance + covariance.T) / 2)
    return (axes * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)


def effective(covariance):
    """Over how many directions the variance is spread."""
    return np.trace(covariance) ** 2 / (covariance * covariance).sum()


def unit(vectors):
    return vectors / np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]


def likeness(vectors, owners):
    """What decides how hard neighbours are to find, of at most 10 000 vectors."""
    vectors, owners = vectors[:10_000], owners[:10_000]
    rng = np.random.default_rng(1)
    some = rng.choice(len(vectors), min(1_000, len(vectors)), replace=False)
    cosines = vectors[some] @ vectors.T
    own = owners[some][:, None] == owners[None, :]
    cosines[np.arange(len(some)), some] = np.nan
    others = np.sort(np.where(own, -1, cosines), axis=1)
    distances = np.sqrt(2 - 2 * others[:, :-21:-1])  # of the 20 nearest of other documents, ascending
    local = -1 / np.log(distances[:, :-1] / distances[:, -1:]).mean(axis=1)
    values = {
        "cosine_of_any_two": np.nanmean(np.where(own, np.nan, cosines)),
        "its_deviation": np.nanstd(np.where(own, np.nan, cosines)),
        "cosine_within_a_document": np.nanmean(np.where(own, cosines, np.nan)),
        "cosine_of_the_nearest_elsewhere": others[:, -1].mean(),
        "cosine_of_the_tenth_elsewhere": others[:, -10].mean(),
        "local_dimensions": np.median(local),
        "directions_of_the_variance": effective(np.cov(vectors.T)),
    }
    return {name: round(float(value), 3) for name, value in values.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    arguments = parser.parse_args()
    real, owners = embedded(arguments.corpus)
    # As many of both: how near the nearest is depends on how many there are.
    fitted = fit(real, owners)
    made = fitted.sample(owners[-1] + 1, round(len(real) / (owners[-1] + 1)))
    told = {"real": likeness(real, owners), "made": likeness(*made)}
    print(json.dumps(told | {"apart": round(fitted.apart, 3)}, indent=1))


if __name__ == "__main__":
    main()

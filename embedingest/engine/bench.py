"""How fast a model runs here, on texts of the user's own: rates, latencies, share of the machine's ceiling.

Measures through the scheduler, as both walks use it; knows no files and prints nothing.
"""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine import hardware
from embedingest.engine.roofline import ceiling, operations
from embedingest.engine.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["BenchReport", "Latency", "measure", "pieces"]

# OpenVINO's name of the arithmetic of each precision.
_HINTS: Final = {"fp32": "f32", "bf16": "bf16", "bf16-linears": "bf16", "fp16": "f16"}
_WARM_UP_QUERIES: Final = 10


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of single queries, one after the other."""

    texts: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What was measured. Tokens count special tokens and no padding; rates are medians over `repeats` runs."""

    model: str
    runtime: dict[str, str]
    cores: int
    texts: int
    tokens: int
    repeats: int
    tokens_per_second: float
    texts_per_second: float
    tokenize_share: float
    padding_share: float
    query: Latency
    gflops: float | None = None
    ceiling_gflops: float | None = None
    runs: list[float] = field(default_factory=list)

    @property
    def ceiling_share(self) -> float | None:
        """Share of the machine's own rate for one large matrix product at the same precision."""
        return None if not self.gflops or not self.ceiling_gflops else self.gflops / self.ceiling_gflops

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ceiling_share": self.ceiling_share}


@dataclass(frozen=True, slots=True)
class _BulkRuns:
    """The bulk runs: tokens a second and the share of tokenising of each, the padding, and the tokens of each text."""

    rates: list[float]
    tokenize_shares: list[float]
    padding_share: float
    lengths: list[int]


def measure(
    name: str,
    encoder: Encoder,
    texts: Sequence[str],
    *,
    folder: ModelFolder | None = None,
    repeats: int = 3,
    queries: int = 200,
    progress: Callable[[str], None] = lambda _: None,
) -> BenchReport:
    """Embed N texts `repeats` times as bulk and `queries` short ones singly. `progress` gets each step's name.

    Loading and a first run to warm up are not counted. Raises what the engine raises.
    """
    scheduler = Scheduler(encoder, cached_texts=0)
    try:
        bulk = _bulk_runs(scheduler, encoder, texts, repeats, progress)
        progress("queries")
        latency = _latency(scheduler, encoder, texts, queries)
    finally:
        scheduler.close()
    progress("the machine's ceiling")
    rate, tokens = statistics.median(bulk.rates), sum(bulk.lengths)
    return BenchReport(
        model=name,
        runtime=encoder.runtime,
        cores=hardware.cores(),
        texts=len(texts),
        tokens=tokens,
        repeats=repeats,
        tokens_per_second=rate,
        texts_per_second=rate * len(texts) / max(1, tokens),
        tokenize_share=statistics.median(bulk.tokenize_shares),
        padding_share=bulk.padding_share,
        query=latency,
        gflops=None if folder is None else operations(folder, bulk.lengths) * rate / max(1, tokens) / 1e9,
        ceiling_gflops=_ceiling_gflops(encoder),
        runs=bulk.rates,
    )


def pieces(encoder: Encoder, texts: Sequence[str], count: int, *, seed: int = 0) -> list[str]:
    """`count` texts of mixed length, from a few words to a full window, cut out of `texts`; the same every time."""
    rng = random.Random(seed)  # noqa: S311 -- a repeatable choice, not a secret
    window = encoder.max_tokens - encoder.special_tokens
    chosen: list[str] = []
    sources = [words for text in texts if (words := text.split())]
    while sources and len(chosen) < count:
        words = rng.choice(sources)
        size = rng.randint(5, max(6, int(window * 0.8)))
        start = rng.randrange(max(1, len(words) - size + 1))
        chosen.append(" ".join(words[start : start + size]))
    return chosen


def _bulk_runs(
    scheduler: Scheduler, encoder: Encoder, texts: Sequence[str], repeats: int, progress: Callable[[str], None]
) -> _BulkRuns:
    progress("warming up")
    for _ in range(2):
        _bulk(scheduler, encoder, texts[: max(32, len(texts) // 8)])
    before = scheduler.stats()
    rates: list[float] = []
    tokenize_shares: list[float] = []
    lengths: list[int] = []
    for i in range(repeats):
        progress(f"bulk {i + 1} of {repeats}")
        seconds, tokenize_seconds, lengths = _bulk(scheduler, encoder, texts)
        rates.append(sum(lengths) / seconds)
        tokenize_shares.append(tokenize_seconds / seconds)
    after = scheduler.stats()
    padded, tokens = after.padded_tokens - before.padded_tokens, after.tokens - before.tokens
    return _BulkRuns(rates, tokenize_shares, 1.0 - tokens / max(1, padded), lengths)


def _ceiling_gflops(encoder: Encoder) -> float | None:
    """What OpenVINO can do here at the encoder's precision; `None` for encoders that it does not run."""
    hint = _HINTS.get(encoder.runtime.get("precision", ""))
    on_cpu = encoder.runtime.get("runtime", "").startswith("openvino")
    return ceiling(hint) / 1e9 if hint and on_cpu else None


def _bulk(scheduler: Scheduler, encoder: Encoder, texts: Sequence[str]) -> tuple[float, float, list[int]]:
    began = time.perf_counter()
    tokens = _cut(encoder, texts)
    tokenized = time.perf_counter() - began
    scheduler.submit(tokens, priority="bulk").result()
    return time.perf_counter() - began, tokenized, [len(ids) + encoder.special_tokens for ids in tokens]


def _cut(encoder: Encoder, texts: Sequence[str]) -> list[TokenIds]:
    window = encoder.max_tokens - encoder.special_tokens
    return [ids[:window] for ids in encoder.tokenize(texts)]


def _latency(scheduler: Scheduler, encoder: Encoder, texts: Sequence[str], count: int) -> Latency:
    words = [word for text in texts[:200] for word in text.split()][:5000] or ["word"]
    milliseconds: list[float] = []
    for i in range(count + _WARM_UP_QUERIES):
        query = " ".join(words[(i * 7 + j) % len(words)] for j in range(7))
        began = time.perf_counter()
        scheduler.submit(_cut(encoder, [query])).result()
        milliseconds.append(1e3 * (time.perf_counter() - began))
    warm = sorted(milliseconds[_WARM_UP_QUERIES:])
    last = len(warm) - 1
    percentiles = [warm[min(last, int(share * len(warm)))] for share in (0.5, 0.95, 0.99)] if warm else [0.0] * 3
    return Latency(len(warm), *percentiles)

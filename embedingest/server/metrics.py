"""What the server counts, for Prometheus. Knows numbers; knows no requests.

Each server has a registry of its own, so that several in one process count apart. What the engine's threads and the
pipelines count is read from them when the page is asked for. No label takes its values from clients: routes, models and
pipelines are those that there are, whatever a client spells.
"""

from __future__ import annotations

import platform
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from embedingest.server.ingest_metrics import ingest_metrics
from embedingest.server.readiness import CHECKS
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client import Metric

    from embedingest.server.engine import ServedEngine
    from embedingest.server.pipelines import PipelinesView
    from embedingest.server.readiness import Readiness
    from embedingest.types import Embeddings, Reranked, SparseEmbeddings

__all__ = ["Metrics"]

_PREFIX: Final = "embedingest"
_BOUNDS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_MOST_MODELS: Final = 200
"""Models that are counted by name; an engine of a plug-in may have more, which are counted together."""

_SCHEDULER_SERIES: Final = (
    ("waiting_calls", GaugeMetricFamily, "Calls that wait for the model"),
    ("waiting_texts", GaugeMetricFamily, "Texts that wait for the model"),
    ("waiting_tokens", GaugeMetricFamily, "Tokens that wait for the model"),
    ("batches", CounterMetricFamily, "Batches computed"),
    ("padded_tokens", CounterMetricFamily, "Tokens computed, padding included"),
    ("encode_seconds", CounterMetricFamily, "Seconds the model computed"),
    ("failed", CounterMetricFamily, "Calls that failed in the model"),
)
"""A field of the scheduler's statistics, the type of its series (a counter's name ends in `_total`), its help."""


class Metrics:
    """Counters since the start of one server, and what its engine says of itself."""

    def __init__(
        self, engine: ServedEngine, pipelines: PipelinesView | None = None, readiness: Readiness | None = None
    ) -> None:
        self._registry = _Registry()
        ProcessCollector(registry=self._registry)
        self.requests = self._counter("requests", "Requests answered, by route and status", "route", "status")
        self.seconds = Histogram(
            "request_seconds",
            "Seconds from the head of a request to its answer",
            ["route"],
            namespace=_PREFIX,
            registry=self._registry,
            buckets=_BOUNDS_SECONDS,
        )
        self.stages = self._counter("stage_seconds", "Seconds of embed calls, by stage", "stage")
        self.texts = self._counter("texts", "Texts embedded, and documents and hits reranked, over HTTP", "model")
        self.tokens = self._counter("tokens", "Tokens processed over HTTP, special tokens included", "model")
        self.truncated = self._counter("truncated_texts", "Texts that were cut to the window", "model")
        self.rejected = self._counter("rejected", "Requests refused before any work", "reason")
        self.cancelled = self._counter("cancelled", "Requests whose client went away")
        self.in_flight = self._gauge("requests_in_flight", "Requests being answered")
        self._gauge("start_time_seconds", "When the server started").set(time.time())
        build = Gauge(
            "build_info",
            "1, with the version and the Python that runs it",
            ["version", "python"],
            namespace=_PREFIX,
            registry=self._registry,
        )
        build.labels(__version__, platform.python_version()).set(1)
        self._gauge("threads", "Threads of the process").set_function(threading.active_count)
        self._registry.register(_EngineCollector(engine))
        if pipelines is not None:
            self._registry.register(_PipelinesCollector(pipelines))
        if readiness is not None:
            self._registry.register(_ReadinessCollector(readiness))
        # The series that were counted in, by their labels: to look them up takes longer than to count.
        self._answered: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._embedded: dict[str, tuple[Counter, ...]] = {}
        self._stages: dict[str, Counter] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        if (series := self._answered.get((route, status))) is None:
            series = self._answered[route, status] = (
                self.requests.labels(route, str(status)),
                self.seconds.labels(route),
            )
        series[0].inc()
        series[1].observe(seconds)

    def embedded(self, answer: Embeddings) -> None:
        if (series := self._embedded.get(answer.model)) is None:
            name = answer.model if len(self._embedded) < _MOST_MODELS else "others"
            counters = (self.texts, self.tokens, self.truncated)
            series = tuple(counter.labels(name) for counter in counters)
            if name == answer.model:
                self._embedded[name] = series
        for counter, count in zip(series, (len(answer.vectors), answer.tokens, len(answer.truncated)), strict=True):
            counter.inc(count)
        self._timed(answer.seconds)

    def reranked(self, answer: Reranked) -> None:
        """The documents, as the texts of an embed call are counted; each with its query."""
        self._counted(answer)

    def searched(self, told: Mapping[str, Any]) -> None:
        """The candidates of a search that a reranker put in order, as `reranked` counts documents."""
        if (rerank := told.get("rerank")) is not None:
            self._count(rerank["model"], rerank["candidates"], rerank["tokens"], rerank["truncated"])

    def weighed(self, answer: SparseEmbeddings) -> None:
        """The texts that got weights for tokens, as those of an embed call are counted."""
        self._counted(answer)

    def _counted(self, answer: Reranked | SparseEmbeddings) -> None:
        counts = len(answer.token_counts), int(answer.token_counts.sum()), len(answer.truncated)
        self._count(answer.model, *counts)
        self._timed(answer.seconds)

    def _count(self, model: str, *counts: int) -> None:
        name = model if model in self._embedded or len(self._embedded) < _MOST_MODELS else "others"
        for counter, count in zip((self.texts, self.tokens, self.truncated), counts, strict=True):
            counter.labels(name).inc(count)

    def _timed(self, stages: Mapping[str, float]) -> None:
        for stage, seconds in stages.items():
            if (counted := self._stages.get(stage)) is None:
                counted = self._stages[stage] = self.stages.labels(stage)
            counted.inc(max(0.0, seconds))  # a counter never falls, whatever a plug-in measured

    def described(self) -> list[tuple[str, str, tuple[str, ...], str]]:
        """Each series by the name that Prometheus has for it: its type, its labels, its help."""
        return sorted(self._registry.described())

    def page(self) -> bytes:
        """Everything, in the text format 0.0.4."""
        return generate_latest(self._registry)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(name, help_, labels, namespace=_PREFIX, registry=self._registry)

    def _gauge(self, name: str, help_: str) -> Gauge:
        return Gauge(name, help_, namespace=_PREFIX, registry=self._registry)


class _Registry(CollectorRegistry):
    """The series of one server, without those that say when each of them began."""

    def collect(self) -> Iterator[Metric]:
        for metric in super().collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric

    def described(self) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
        """Name, type, labels and help of each."""
        for metric in super().collect():
            collector = self._names_to_collectors.get(metric.name)
            labels = getattr(metric, "_labelnames", ()) or getattr(collector, "_labelnames", ())
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            yield name, metric.type, tuple(labels), metric.documentation


class _EngineCollector(Collector):
    """Which models are in memory, and what their schedulers count."""

    def __init__(self, engine: ServedEngine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        models = self._engine.loaded()
        yield GaugeMetricFamily(f"{_PREFIX}_loaded_models", "Models in memory", len(models))
        size_bytes = sum(model.size_bytes for _, model in models)
        yield GaugeMetricFamily(f"{_PREFIX}_loaded_bytes", "Bytes of their weights", size_bytes)
        counted: dict[str, list[object]] = defaultdict(list)  # a model with routes is in memory once for each
        for name, model in models:
            counted[name].append(model.scheduler.stats())
        for field, family, help_ in _SCHEDULER_SERIES:
            series = family(f"{_PREFIX}_scheduler_{field}", help_, labels=["model"])
            for name, statistics in counted.items():
                series.add_metric([name], sum(getattr(values, field) for values in statistics))
            yield series


class _PipelinesCollector(Collector):
    """What the pipelines that are followed say of themselves."""

    def __init__(self, pipelines: PipelinesView) -> None:
        self._pipelines = pipelines

    def collect(self) -> Iterator[Metric]:
        yield from ingest_metrics(self._pipelines)


class _ReadinessCollector(Collector):
    """What `/readyz` says."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def collect(self) -> Iterator[Metric]:
        problems = self._readiness.problems
        wrong = set[str]() if problems is None else {problem.check for problem in problems}
        series = GaugeMetricFamily(f"{_PREFIX}_check_ok", "1 where a check of /readyz finds nothing", labels=["check"])
        for check in CHECKS:
            series.add_metric([check], float(check not in wrong))
        yield series

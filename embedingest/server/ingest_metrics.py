"""The pipelines in numbers, as series for Prometheus. Opens no table: the figures are those that are noted anyway."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from embedingest.server.pipelines import PipelineState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client import Metric

    from embedingest.server.pipelines import Histogram, PipelineFigures, PipelinesView

__all__ = ["ingest_metrics"]

_PREFIX: Final = "embedingest_ingest"
_GAUGES: Final[tuple[tuple[str, str, Callable[[PipelineFigures], float | None]], ...]] = (
    ("behind_files", "Files that are new or changed and not in the table yet", lambda f: f.waiting),
    ("failed_files", "Files that could not be ingested", lambda f: f.files.get("failed", 0)),
    ("pending_deletes", "Deletions that wait for `embedingest confirm`", lambda f: f.pending_deletes),
    ("seconds_left", "How long the present run still takes", lambda f: f.seconds_left),
    ("last_commit_timestamp_seconds", "When the table was written last", lambda f: f.last_commit),
    ("silent_seconds", "For how long its thread gave no sign", lambda f: f.silent),
)
_COUNTERS: Final = (
    ("chunks_new", "Chunks that were written anew"),
    ("chunks_kept", "Chunks of changed files that stayed as they were"),
    ("chunks_deleted", "Chunks that were taken out of the table"),
    ("texts", "Texts that were embedded"),
    ("tokens", "Tokens that were embedded"),
    ("reused", "Vectors that were known and not computed again"),
)
_OUTCOMES: Final = ("new", "changed", "moved", "deleted", "failed")
_TABLE: Final = (
    ("rows", "Rows of the table"),
    ("bytes", "Bytes of the table on disk"),
    ("fragments", "Fragments of the table"),
    ("indexed_rows", "Rows that the vector index holds"),
    ("unindexed_rows", "Rows that no index holds yet"),
)


def ingest_metrics(view: PipelinesView) -> Iterator[Metric]:
    """Every series, of all pipelines."""
    figures = dict(_figures(view))
    yield _by_label("state", "1 for the state that a pipeline is in", figures, _states)
    yield _by_label("files", "Files that the journal knows, by state", figures, lambda f: f.files)
    for name, help_, read in _GAUGES:
        gauge = GaugeMetricFamily(f"{_PREFIX}_{name}", help_, labels=["pipeline"])
        for pipeline, one in figures.items():
            if (value := read(one)) is not None:
                gauge.add_metric([pipeline], value)
        yield gauge
    yield from _counters(figures)
    for name, help_ in _TABLE:
        gauge = GaugeMetricFamily(f"embedingest_table_{name}", help_, labels=["pipeline"])
        for pipeline, one in figures.items():
            if name in one.table:
                gauge.add_metric([pipeline], one.table[name])
        yield gauge
    yield _histogram("commit_seconds", "Seconds of a commit", figures, lambda f: f.commits)
    yield _histogram("freshness_seconds", "From a save to when it is searchable", figures, lambda f: f.freshness)


def _figures(view: PipelinesView) -> Iterator[tuple[str, PipelineFigures]]:
    for name in view.names():
        with contextlib.suppress(KeyError):  # gone from the configuration meanwhile
            yield name, view.figures(name)


def _counters(figures: Mapping[str, PipelineFigures]) -> Iterator[Metric]:
    for name, help_ in _COUNTERS:
        counter = CounterMetricFamily(f"{_PREFIX}_{name}", help_, labels=["pipeline"])
        for pipeline, one in figures.items():
            counter.add_metric([pipeline], one.counted.get(name, 0))
        yield counter
    done = CounterMetricFamily(f"{_PREFIX}_done_files", "Files by what became of them", labels=["pipeline", "outcome"])
    errors = CounterMetricFamily(f"{_PREFIX}_journal_errors", "Errors of the journal", labels=["pipeline", "class"])
    for pipeline, one in figures.items():
        for outcome in _OUTCOMES:
            done.add_metric([pipeline, outcome], one.counted.get(f"files_{outcome}", 0))
        for kind, count in one.journal_errors.items():
            errors.add_metric([pipeline, kind], count)
    yield done
    yield errors


def _states(figures: PipelineFigures) -> Mapping[str, int]:
    return {state: int(state == figures.state) for state in get_args(PipelineState)}


def _by_label(
    name: str, help_: str, figures: Mapping[str, PipelineFigures], read: Callable[[PipelineFigures], Mapping[str, int]]
) -> Metric:
    gauge = GaugeMetricFamily(f"{_PREFIX}_{name}", help_, labels=["pipeline", "state"])
    for pipeline, one in figures.items():
        for label, value in read(one).items():
            gauge.add_metric([pipeline, label], value)
    return gauge


def _histogram(
    name: str,
    help_: str,
    figures: Mapping[str, PipelineFigures],
    read: Callable[[PipelineFigures], Histogram | None],
) -> Metric:
    series = HistogramMetricFamily(f"{_PREFIX}_{name}", help_, labels=["pipeline"])
    for pipeline, one in figures.items():
        if (histogram := read(one)) is not None:
            bounds = [*map(repr, histogram.bounds), "+Inf"]
            total, buckets = 0, []
            for bound, count in zip(bounds, histogram.counts, strict=True):
                total += count
                buckets.append((bound, total))
            series.add_metric([pipeline], buckets, histogram.seconds)
    return series

"""What the server counts, in Prometheus' text form. Knows numbers; knows no requests.

Touched from the event loop alone; what the engine's threads count is read from their own statistics on demand.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedingest.server.engine import Served
    from embedingest.types import Embeddings

__all__ = ["Metrics"]

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
Labels = tuple[tuple[str, str], ...]


@dataclass
class _Histogram:
    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    total: float = 0.0

    def observe(self, value: float) -> None:
        self.buckets[bisect_left(_BOUNDS, value)] += 1
        self.total += value


@dataclass
class Metrics:
    """Counters since the start of the server."""

    started: float = field(default_factory=time.time)
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, _Histogram] = field(default_factory=dict)
    stages: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    truncated: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    cancelled: int = 0
    in_flight: int = 0

    def answered(self, route: str, status: int, seconds: float) -> None:
        self.requests[route, status] += 1
        self.seconds.setdefault(route, _Histogram()).observe(seconds)

    def embedded(self, answer: Embeddings) -> None:
        self.texts[answer.model] += len(answer.vectors)
        self.tokens[answer.model] += answer.tokens
        self.truncated[answer.model] += len(answer.truncated)
        for stage, seconds in answer.seconds.items():
            self.stages[stage] += seconds  # type: ignore[assignment]  # a Counter adds floats as well

    def page(self, engine: Served) -> str:
        """Everything, in the text format 0.0.4."""
        lines: list[str] = []
        lines += _family("requests_total", "counter", "Requests answered, by route and status", [
            ({"route": route, "status": str(status)}, count) for (route, status), count in self.requests.items()
        ])  # fmt: skip
        lines += self._histograms()
        lines += _family("stage_seconds_total", "counter", "Seconds of embed calls, by stage", [
            ({"stage": stage}, value) for stage, value in self.stages.items()
        ])  # fmt: skip
        for name, help_, counter in (
            ("texts_total", "Texts embedded over HTTP", self.texts),
            ("tokens_total", "Tokens processed over HTTP, special tokens included", self.tokens),
            ("truncated_texts_total", "Texts that were cut to the window", self.truncated),
        ):
            lines += _family(name, "counter", help_, [({"model": m}, n) for m, n in counter.items()])
        lines += _family("rejected_total", "counter", "Requests refused before any work", [
            ({"reason": reason}, count) for reason, count in self.rejected.items()
        ])  # fmt: skip
        lines += _family("cancelled_total", "counter", "Requests whose client went away", [({}, self.cancelled)])
        lines += _family("requests_in_flight", "gauge", "Requests being answered", [({}, self.in_flight)])
        lines += _family("start_time_seconds", "gauge", "When the server started", [({}, self.started)])
        return "\n".join([*lines, *_engine_lines(engine), ""])

    def _histograms(self) -> list[str]:
        name = "embedingest_request_seconds"
        lines = [f"# HELP {name} Seconds from the head of a request to its answer", f"# TYPE {name} histogram"]
        for route, histogram in self.seconds.items():
            below = 0
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), histogram.buckets, strict=True):
                below += count
                lines.append(f'{name}_bucket{{route="{route}",le="{bound}"}} {below}')
            lines.append(f'{name}_sum{{route="{route}"}} {histogram.total}')
            lines.append(f'{name}_count{{route="{route}"}} {below}')
        return lines


def _engine_lines(engine: Served) -> list[str]:
    loaded = engine.loaded()
    lines = _family("loaded_models", "gauge", "Models in memory", [({}, len(loaded))])
    lines += _family("loaded_bytes", "gauge", "Bytes of their weights", [({}, sum(m.size_bytes for m in loaded))])
    stats = [(m.key, m.scheduler.stats()) for m in loaded]
    for field_, kind, help_ in (
        ("waiting_calls", "gauge", "Calls that wait for the model"),
        ("waiting_texts", "gauge", "Texts that wait for the model"),
        ("waiting_tokens", "gauge", "Tokens that wait for the model"),
        ("batches", "counter", "Batches computed"),
        ("padded_tokens", "counter", "Tokens computed, padding included"),
        ("encode_seconds", "counter", "Seconds the model computed"),
        ("failed", "counter", "Calls that failed in the model"),
    ):
        suffix = "_total" if kind == "counter" else ""
        samples = [({"model": key}, getattr(stat, field_)) for key, stat in stats]
        lines += _family(f"scheduler_{field_}{suffix}", kind, help_, samples)
    return lines


def _family(name: str, kind: str, help_: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> list[str]:
    full = f"embedingest_{name}"
    lines = [f"# HELP {full} {help_}", f"# TYPE {full} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
        lines.append(f"{full}{{{inside}}} {value}" if inside else f"{full} {value}")
    return lines


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

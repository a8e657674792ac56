"""Spans for OpenTelemetry: one a request and one a run of ingest, each with its stages. Off unless it is set up.

`set_up` asks the environment: with `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) spans go
there by OTLP over HTTP, if the extra `otel` is installed; nothing of it is imported otherwise. The other variables mean
what they mean everywhere: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_SDK_DISABLED, OTEL_TRACES_SAMPLER, ….

No span holds a text, a name of a file or an address of a request: routes, models and counts alone. Spans leave from a
thread of their own and are dropped where the collector does not take them: nothing waits for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Traced", "request", "run", "set_up", "shut_down", "stages"]

_log = logging.getLogger(__name__)
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_SERVER_ERROR: Final = 500
_END_SECONDS: Final = 2.0  # the end of the program waits so long for a collector
_SAID_SECONDS: Final = 60.0  # between two lines about spans that are not taken
_provider: list[Any] = []  # the one that is set up


class Traced:
    """The span of one request; where nothing is traced, nothing."""

    def __init__(self, span: Any = None, method: str = "") -> None:
        self._span = span
        self._method = method

    def answered(self, route: str, status: int) -> None:
        """By which route it was answered, and how."""
        if self._span is None:
            return
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= _SERVER_ERROR:
            self._span.set_status(_failed())


_UNTRACED: Final = contextlib.nullcontext(Traced())


def set_up() -> bool:
    """Trace from now on, if the environment asks for it; whether it does and can."""
    environ = os.environ
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or not any(map(environ.get, _ENDPOINTS)):
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() not in ("", "otlp") or _provider:
        return bool(_provider)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        _log.warning("nothing is traced: %s; `pip install 'embedingest[otel]'` brings what is missing", error)
        return False
    theirs = logging.getLogger("opentelemetry")
    theirs.propagate, theirs.handlers[:] = False, [_NowAndThen()]
    named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    resource = Resource.create({"service.version": __version__, **({} if named else {"service.name": "embedingest"})})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _provider.append(provider)
    return True


def shut_down(seconds: float = _END_SECONDS) -> None:
    """Send what is left, in at most so many seconds, and trace no more."""
    if _provider:
        ending = threading.Thread(target=_provider.pop().shutdown, name="embedingest-tracing", daemon=True)
        ending.start()
        ending.join(seconds)


def request(method: str, headers: Iterable[tuple[bytes, bytes]]) -> contextlib.AbstractContextManager[Traced]:
    """While inside, a request is answered, in the trace of its caller if its `traceparent` says one."""
    return _request(method, headers) if _provider else _UNTRACED


@contextlib.contextmanager
def _request(method: str, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Traced]:
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carried = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name in (b"traceparent", b"tracestate")
    }
    known = method if method in _METHODS else "_OTHER"
    with _tracer().start_as_current_span(
        known,
        context=TraceContextTextMapPropagator().extract(carried),
        kind=SpanKind.SERVER,
        attributes={"http.request.method": known},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield Traced(span, known)


def stages(name: str, seconds: Mapping[str, float], attributes: Mapping[str, str | int]) -> None:
    """A span that ends now below the one that is open here, and its stages, which followed one another."""
    if not _provider:
        return
    ended = time.time_ns()
    at = ended - _nanoseconds(sum(seconds.values()))
    from opentelemetry import trace

    whole = _tracer().start_span(name, start_time=at, attributes=dict(attributes))
    inside = trace.set_span_in_context(whole)
    for stage, took in seconds.items():
        span = _tracer().start_span(f"{name} {stage}", context=inside, start_time=at)
        at += _nanoseconds(took)
        span.end(at)
    whole.end(ended)


def run(seconds: Mapping[str, float], counts: Mapping[str, int], error: BaseException | None = None) -> None:
    """The span of a run of ingest that ends now, and of its stages by `seconds`, in all `total`.

    Its stages run at the same time and by turns: the span of each begins with the run and is as long as all of its
    pieces together.
    """
    if not _provider:
        return
    ended = time.time_ns()
    began = ended - _nanoseconds(seconds.get("total", 0.0))
    from opentelemetry import context, trace

    attributes = {f"embedingest.{name}": count for name, count in counts.items()}
    whole = _tracer().start_span("ingest", context=context.Context(), start_time=began, attributes=attributes)
    inside = trace.set_span_in_context(whole, context.Context())
    for stage, took in seconds.items():
        if stage != "total":
            span = _tracer().start_span(
                f"ingest {stage}", context=inside, start_time=began, attributes={"embedingest.summed": True}
            )
            span.end(began + _nanoseconds(took))
    if error is not None:
        whole.set_status(_failed())
        whole.set_attribute("error.type", type(error).__name__)
    whole.end(ended)


def _tracer() -> Any:
    provider = _provider[:1]
    if not provider:  # it was shut down a moment ago
        from opentelemetry.trace import NoOpTracer

        return NoOpTracer()
    return provider[0].get_tracer("embedingest", __version__)


def _failed() -> Any:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.ERROR)


def _nanoseconds(seconds: float) -> int:
    return int(max(0.0, seconds) * 1e9)


class _NowAndThen(logging.Handler):
    """What the library says, in our log, once a minute: a collector that does not answer is worth no more."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if record.levelno >= logging.WARNING and now - self._said_at >= _SAID_SECONDS:
            self._said_at = now
            _log.warning("spans are not taken: %s", record.getMessage())

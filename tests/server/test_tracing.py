"""Spans reach a real collector over a socket, in the trace of the caller; without one nothing is slower or imported."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embedingest import tracing
from tests.depth import only_deep
from tests.server.client import get, post
from tests.waiting import until

ROOT = Path(__file__).parents[2]
SECRET = "zanzibar"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Takes what OTLP over HTTP sends."""

    def __init__(self):
        self.spans, self.resources, self.raw = [], [], []
        super().__init__(("127.0.0.1", 0), _Taking)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def named(self, name, count=1):
        """The spans of a name, once there are so many: that of a request ends a moment after its answer was read."""
        found = []

        def come():
            tracing._provider[0].force_flush()
            found[:] = [span for span in self.spans if span.name == name]
            return len(found) >= count

        until(come, f"{count} spans {name}")
        assert len(found) == count
        return found


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self):
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        assert self.path == "/v1/traces"
        self.server.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.resources.append({a.key: a.value.string_value for a in resource.resource.attributes})
            self.server.spans += [span for scope in resource.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    server = Collector()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def traced(collector, monkeypatch):
    """Traces of this process go to the collector."""
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    assert tracing.set_up()
    yield collector
    tracing.shut_down(60)


def attributes(span):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def test_a_request_is_a_span_in_its_callers_trace_with_a_span_for_each_stage(serve, traced):
    port = serve().port
    answer = post(
        port,
        "/api/embed",
        {"model": "hashing", "input": f"{SECRET} of a text"},
        traceparent=f"00-{TRACE}-{PARENT}-01",
        User_Agent=SECRET,
    )
    assert answer.status == 200
    get(port, f"/{SECRET}?{SECRET}={SECRET}")
    (request,) = traced.named("POST /api/embed")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/api/embed",
        "http.response.status_code": 200,
    }
    (embed,) = traced.named("embed")
    assert embed.parent_span_id == request.span_id
    assert attributes(embed)["embedingest.model"] == "hashing:latest"
    stages = [span for span in traced.spans if span.parent_span_id == embed.span_id]
    assert [span.name for span in stages] == ["embed load", "embed tokenize", "embed queue", "embed encode"]
    assert all(request.start_time_unix_nano <= span.end_time_unix_nano for span in stages)
    assert {span.trace_id for span in stages} == {request.trace_id}
    assert len(traced.named("GET unknown")) == 1
    assert SECRET.encode() not in b"".join(traced.raw), "no text, no address, no header"
    assert traced.resources[0]["service.name"] == "embedingest"


def test_a_broken_traceparent_or_method_of_a_client_makes_a_trace_of_its_own(serve, traced):
    port = serve().port
    for value in ("nonsense", "00-0-0-00", "\xff"):
        get(port, "/api/version", traceparent=value, tracestate="a=b,c")
    requests = traced.named("GET /api/version", 3)
    assert len(requests) == len({span.trace_id for span in requests}) == 3
    assert not any(span.parent_span_id for span in requests)


@only_deep
@pytest.mark.slow
def test_a_run_of_ingest_is_a_span_with_its_stages_and_names_no_file(tmp_path, collector):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / f"{SECRET}.md").write_text(f"# {SECRET}\n\n{SECRET}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    environment |= {"OTEL_SERVICE_NAME": "library"}
    command = [sys.executable, "-m", "embedingest", "ingest", "docs", "--model", "hashing", "--json"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    (run,) = (span for span in collector.spans if span.name == "ingest")
    told = json.loads(ran.stdout)
    assert attributes(run)["embedingest.chunks.new"] == told["chunks"]["new"]
    stages = {span.name.removeprefix("ingest "): span for span in collector.spans if span.parent_span_id == run.span_id}
    assert stages.keys() == told["seconds"].keys() - {"total"}
    assert {span.start_time_unix_nano for span in stages.values()} == {run.start_time_unix_nano}
    assert SECRET.encode() not in b"".join(collector.raw)
    assert collector.resources[0]["service.name"] == "library"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_imported_and_nothing_traced_where_nobody_asks_for_it(variables):
    code = (
        "import sys\nfrom embedingest import tracing\nassert not tracing.set_up()\n"
        "with tracing.request('GET', []) as traced: traced.answered('/', 200)\n"
        "tracing.stages('embed', {'load': 1.0}, {})\ntracing.run({'total': 1.0}, {})\ntracing.shut_down()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment = {**clean, "PYTHONPATH": str(ROOT), **variables}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_without_the_extra_it_says_how_to_get_it(monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert not tracing.set_up()
    assert "pip install 'embedingest[otel]'" in caplog.text


def test_a_collector_that_takes_nothing_slows_no_request_and_no_end(serve, monkeypatch, caplog):
    port = serve().port
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:  # lets in, and never answers
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")  # it tries again until then, not for ten seconds
        assert tracing.set_up()
        processor = tracing._provider[0]
        for _ in range(50):
            assert get(port, "/api/version").status == 200
        until(lambda: any(t.name.startswith("Otel") for t in threading.enumerate()))
        began = time.process_time()
        tracing.shut_down(0.2)
        assert time.process_time() - began < 5
        assert processor not in tracing._provider
        assert get(port, "/api/version").status == 200
    # It draws random numbers while it waits to try again, which hypothesis would take for those of a later test.
    until(lambda: not any(t.name.startswith(("Otel", "embedingest-tracing")) for t in threading.enumerate()))

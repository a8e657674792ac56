"""The counters of one server, as Prometheus reads them."""

from __future__ import annotations

import re

import pytest

from embedingest.config import ServerConfig
from embedingest.server.app import create_app
from tests.server.client import get, post


@pytest.fixture
def port(serve):
    return serve().port


def test_metrics_count_what_was_embedded(port):
    def count(name):
        page = get(port, "/metrics").body.decode()
        sample = re.search(rf"^{name}\{{[^}}]*hashing:latest[^}}]*\}} (\S+)$", page, re.MULTILINE)
        return float(sample[1]) if sample else 0.0

    before = [count(f"embedingest_{n}_total") for n in ("texts", "tokens", "truncated_texts")]
    post(port, "/api/embed", {"model": "hashing", "input": ["one two", "three", "x " * 600]})
    after = [count(f"embedingest_{n}_total") for n in ("texts", "tokens", "truncated_texts")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [3, 515, 1]
    for line in get(port, "/metrics").body.decode().splitlines():
        assert re.fullmatch(r'#.*|[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? [-+.e0-9]+', line), line


def test_a_counter_ends_in_total_and_nothing_says_when_a_series_began(port):
    get(port, "/")
    page = get(port, "/metrics").body.decode()
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    assert {name for name, type_ in types.items() if type_ == "counter"} == {n for n in types if n.endswith("_total")}
    assert "_created" not in page


def test_two_servers_in_one_process_count_apart(engine):
    first, second = (create_app(engine, ServerConfig(port=0)).server_state.metrics for _ in range(2))
    first.cancelled.inc()
    assert b"\nembedingest_cancelled_total 1.0\n" in first.page()
    assert b"\nembedingest_cancelled_total 0.0\n" in second.page()

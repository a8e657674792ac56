"""Pages and machines' pages: whole in themselves, and true to what is served."""

from __future__ import annotations

import re

import pytest

from embedingest.config import ServerConfig
from embedingest.errors import ConfigError, FingerprintError, TableMissingError
from embedingest.server.app import ROUTES, create_app
from embedingest.server.run import HttpServer
from tests.server.client import get, post


@pytest.fixture
def port(serve):
    return serve().port


@pytest.mark.parametrize("path", ["/ui", "/docs"])
def test_a_page_asks_nothing_of_any_other_host(port, path):
    page = get(port, path)
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(rb"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", page.body)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_the_description_names_every_registered_model(port):
    document = get(port, "/openapi.json").json()
    body = document["paths"]["/api/embed"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = [model["name"] for model in get(port, "/api/tags").json()["models"]]
    assert sorted(body["properties"]["model"]["enum"]) == sorted(names)


def test_every_described_path_is_served_and_every_post_has_a_body(port):
    document = get(port, "/openapi.json").json()
    for path, methods in document["paths"].items():
        _, served = ROUTES[path]
        assert {method.upper() for method in methods} <= set(served), path
        assert "post" not in methods or methods["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_metrics_count_what_was_embedded(port):
    def count(name):
        page = get(port, "/metrics").body.decode()
        found = re.search(rf"^{name}\{{[^}}]*hashing:latest[^}}]*\}} (\S+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = [count(f"embedingest_{n}_total") for n in ("texts", "tokens", "truncated_texts")]
    post(port, "/api/embed", {"model": "hashing", "input": ["one two", "three", "x " * 600]})
    after = [count(f"embedingest_{n}_total") for n in ("texts", "tokens", "truncated_texts")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [3, 515, 1]
    for line in get(port, "/metrics").body.decode().splitlines():
        assert re.fullmatch(r'#.*|[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? [-+.e0-9]+', line), line


def test_answers_say_where_the_time_went_and_which_fingerprint_it_is(port):
    answer = post(port, "/api/embed", {"model": "hashing", "input": "x"})
    assert re.fullmatch(r"(\w+;dur=\d+\.\d+(, )?){4}", answer.headers["server-timing"])
    assert answer.headers["x-embedding-fingerprint"] == "hashing-1-256:exact"


def test_without_a_table_search_says_how_to_get_one(port):
    refused = post(port, "/api/search", {"query": "x"})
    assert refused.status == 404
    assert "watch --serve" in refused.json()["error"]


@pytest.fixture
def searching(engine):
    asked = []

    def search(query, **how):
        asked.append((query, how))
        if query in ERRORS:
            raise ERRORS[query]
        return {"query": query, "mode": how["mode"], "results": [], "seconds": 0.1}

    settings = ServerConfig(port=0)
    server = HttpServer(create_app(engine, settings, search), settings)
    server.start()
    yield server.port, asked
    server.stop()


ERRORS = {
    "bad filter": ConfigError("no column `x`"),
    "other model": FingerprintError("the table holds vectors of a, not b"),
    "no table": TableMissingError("no table"),
    "bug": ZeroDivisionError("inside"),
}


def test_search_hands_over_what_was_asked_and_its_defaults(searching):
    port, asked = searching
    found = post(port, "/api/search", {"query": "x"})
    assert found.json() == {"query": "x", "mode": "hybrid", "results": [], "seconds": 0.1}
    post(port, "/api/search", {"query": "y", "limit": 3, "mode": "text", "filter": "page = 1", "group": "source"})
    assert asked == [
        ("x", {"limit": 10, "mode": "hybrid", "filter": None, "group": None}),
        ("y", {"limit": 3, "mode": "text", "filter": "page = 1", "group": "source"}),
    ]


@pytest.mark.parametrize(("query", "status"), [("bad filter", 400), ("other model", 409), ("no table", 404)])
def test_what_goes_wrong_in_a_search_has_its_status(searching, query, status):
    port, _ = searching
    failed = post(port, "/api/search", {"query": query})
    assert failed.status == status
    assert ERRORS[query].message in failed.json()["error"]


def test_a_bug_is_a_500_that_tells_nothing_of_the_inside(searching, caplog):
    port, _ = searching
    failed = post(port, "/api/search", {"query": "bug"})
    assert (failed.status, failed.json()) == (500, {"error": "internal error; the server's log has the details"})
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "body", [{}, {"query": ""}, {"query": 5}, {"query": "x", "limit": 0}, {"query": "x", "mode": "y"}]
)
def test_a_search_that_makes_no_sense_is_refused(searching, body):
    port, asked = searching
    assert post(port, "/api/search", body).status == 400
    assert asked == []

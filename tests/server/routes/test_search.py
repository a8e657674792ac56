"""Search over HTTP: what is handed to the table's search, and which status its errors have."""

from __future__ import annotations

import pytest

from embedingest.config import ServerConfig
from embedingest.errors import ConfigError, FingerprintError, TableMissingError
from embedingest.server.app import create_app
from embedingest.server.run import HttpServer
from tests.depth import few
from tests.server.client import post

ERRORS = {
    "bad filter": ConfigError("no column `x`"),
    "other model": FingerprintError("the table holds vectors of a, not b"),
    "no table": TableMissingError("no table"),
    "bug": ZeroDivisionError("inside"),
}


@pytest.fixture
def port(serve):
    return serve().port


def test_without_a_table_search_says_how_to_get_one(port):
    refused = post(port, "/api/search", {"query": "x"})
    assert refused.status == 404
    assert "watch --serve" in refused.json()["error"]


@pytest.fixture
def searching(engine):
    calls = []

    def search(query, **options):
        calls.append((query, options))
        if query in ERRORS:
            raise ERRORS[query]
        return {"query": query, "mode": options["mode"], "results": [], "seconds": 0.1}

    settings = ServerConfig(port=0)
    server = HttpServer(create_app(engine, settings, search), settings)
    server.start()
    yield server.port, calls
    server.stop()


def test_search_hands_over_what_was_asked_and_its_defaults(searching):
    port, calls = searching
    answer = post(port, "/api/search", {"query": "x"})
    assert answer.json() == {"query": "x", "mode": "hybrid", "results": [], "seconds": 0.1}
    post(port, "/api/search", {"query": "y", "limit": 3, "mode": "text", "filter": "page = 1", "group": "source"})
    assert calls == [
        ("x", {"limit": 10, "mode": "hybrid", "filter": None, "group": None}),
        ("y", {"limit": 3, "mode": "text", "filter": "page = 1", "group": "source"}),
    ]
    post(port, "/api/search", {"query": "z", "fold": False})
    assert calls[-1] == ("z", {"limit": 10, "mode": "hybrid", "filter": None, "group": None, "fold": False})
    post(port, "/api/search", {"query": "r", "rerank": "judge", "rerank_candidates": 5})
    assert calls[-1][1]["rerank"] == "judge"
    assert calls.pop()[1]["rerank_candidates"] == 5
    post(port, "/api/search", {"query": "r", "rerank": False})
    assert calls.pop()[1]["rerank"] is False
    post(port, "/api/search", {"query": "page 2", "offset": 10})
    assert calls[-1][1]["offset"] == 10


def test_what_a_result_is_and_its_most_tokens_are_handed_over(searching):
    port, calls = searching
    post(port, "/api/search", {"query": "x", "as": "section", "budget": 300})
    assert calls[-1] == (
        "x",
        {"limit": 10, "mode": "hybrid", "filter": None, "group": None, "unit": "section", "budget": 300},
    )
    post(port, "/api/search", {"query": "x", "as": "chunk"})
    assert "unit" not in calls[-1][1]
    assert (
        post(port, "/api/search", {"query": "x", "as": "page"})
        .json()["error"]
        .endswith('section or document, not "page"')
    )
    assert "from 16 to 100000 tokens, not 3" in post(port, "/api/search", {"query": "x", "budget": 3}).json()["error"]


def test_a_field_that_nobody_reads_is_named_with_those_that_are_known(searching):
    refused = post(searching[0], "/api/search", {"query": "x", "offst": 7})
    assert '"offst"' in refused.json()["error"]
    assert "offset" in refused.json()["error"]


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


@few(5)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": 5},
        {"query": "x", "limit": 0},
        {"query": "x", "mode": "y"},
        {"query": "x", "fold": 1},
        {"query": "x", "rerank": 1},
        {"query": "x", "rerank": " "},
        {"query": "x", "rerank": "r", "rerank_candidates": 1001},
        {"query": "x", "offset": -1},
        {"query": "x", "offset": True},
        {"query": "x", "offset": 10**12},
        {"query": "x", "offst": 7},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(searching, body):
    port, calls = searching
    assert post(port, "/api/search", body).status == 400
    assert calls == []


def test_a_query_longer_than_any_question_is_refused(searching):
    port, calls = searching
    assert post(port, "/api/search", {"query": "x" * 100_001}).status == 413
    assert calls == []
    assert post(port, "/api/search", {"query": "x" * 100_000}).status == 200

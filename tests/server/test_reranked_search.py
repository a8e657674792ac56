"""A served search in the order of a reranker: what a key may name, and see. The weights are random: no order is good."""

from __future__ import annotations

import pytest

import embedingest
from tests.depth import only_deep
from tests.engine import cross
from tests.server.client import get, post
from tests.server.keyed import FILTER, made, write_files
from tests.waiting import until

ONE = "one key for everything here"
TEAM = made("search", filter=FILTER)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    judge = cross.save("bert", tmp_path_factory.mktemp("cross") / "judge")
    where = {"db": folder / "db", "state": folder / "state"}
    embedingest.ingest(write_files(folder), model="hashing", rerank=str(judge), **where)
    return where


@pytest.fixture(scope="module")
def port(place):
    with embedingest.serve(port=0, api_key=ONE, keys={"team-a": TEAM[1]}, **place) as server:
        yield server.port


def asked(port, key=ONE, path="/api/search", **options):
    return post(port, path, {"query": "harbour", **options}, Authorization=f"Bearer {key}")


def test_a_served_search_is_in_the_order_that_the_settings_name_and_can_be_without(port):
    usual = asked(port).json()
    assert usual["rerank"]["model"] == "judge:latest"
    assert set(usual["rerank"]) == {"model", "by", "candidates", "truncated", "seconds", "tokens"}
    scores = [hit["score"] for hit in usual["results"]]
    assert scores == sorted(scores, reverse=True)
    assert "rerank" not in asked(port, rerank=False).json()
    assert usual["rerank"]["by"] == "cross-encoder"
    assert asked(port, rerank="judge", rerank_candidates=1).json()["rerank"]["candidates"] == 1


def test_what_has_no_effect_is_refused_as_the_command_line_refuses_it(port):
    for options, said in (
        ({"rerank": False, "rerank_candidates": 1}, b"nothing reranks"),
        ({"budget": 100}, b"a chunk has no `budget` of 100 tokens"),
    ):
        answer = asked(port, **options)
        assert answer.status == 400
        assert said in answer.body


def test_a_filtered_key_has_only_what_it_may_see_scored(port):
    whole, part = asked(port, limit=100).json(), asked(port, TEAM[0], limit=100).json()
    assert part["filtered"] is True
    assert part["rerank"]["candidates"] == len(part["results"]) < len(whole["results"])


@pytest.mark.parametrize("unit", ["section", "document"])
def test_sections_and_documents_stand_in_the_order_of_the_reranker_and_a_key_sees_its_own(port, unit):
    chunks = asked(port, fold=False).json()["results"]
    whole = asked(port, fold=False, **{"as": unit}).json()
    assert whole["rerank"]["model"] == "judge:latest"
    assert [hit["source"] for hit in whole["results"]] == [hit["source"] for hit in chunks]
    assert [hit["score"] for hit in whole["results"]] == pytest.approx([hit["score"] for hit in chunks])
    part = asked(port, TEAM[0], fold=False, **{"as": unit})
    assert part.json()["filtered"] is True
    assert {hit["source"] for hit in part.json()["results"]} == {"docs/team-a/plan.md", "docs/team-a/notes.md"}
    assert b"merger" not in part.body


def tool(port, key=ONE, **arguments):
    """What an assistant is told that searches."""
    params = {"name": "search", "arguments": {"query": "harbour", **arguments}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    accepted = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    return post(port, "/mcp", body, Authorization=f"Bearer {key}", **accepted).json()["result"]["structuredContent"]


@only_deep
def test_an_assistant_is_told_who_ordered_the_results(port):
    told, due = tool(port), asked(port).json()
    assert {**told["rerank"], "seconds": 0} == {**due["rerank"], "seconds": 0}
    assert [hit["source"] for hit in told["results"]] == [hit["source"] for hit in due["results"]]
    assert "rerank" not in tool(port, rerank=False)
    assert tool(port, TEAM[0], unit="section")["rerank"]["candidates"] == 2


def counted(port):
    lines = get(port, "/metrics", Authorization=f"Bearer {ONE}").body.decode().splitlines()
    series = (f'embedingest_{name}_total{{model="judge:latest"}} ' for name in ("texts", "tokens", "truncated_texts"))
    return [next((float(line.removeprefix(one)) for line in lines if line.startswith(one)), 0.0) for one in series]


def test_searches_that_rerank_are_in_the_metrics_as_rerank_calls_are(port):
    texts, tokens, cut = counted(port)
    for search in (
        lambda: asked(port).json(),
        lambda: asked(port, path="/ui/data/search").json(),
        lambda: tool(port),
        lambda: asked(port, **{"as": "section"}).json(),
    ):
        told = search()["rerank"]
        texts, tokens, cut = texts + told["candidates"], tokens + told["tokens"], cut + told["truncated"]
        assert told["candidates"] > 0
        assert told["tokens"] > 4 * told["candidates"]
        assert counted(port) == [texts, tokens, cut]
    asked(port, rerank=False)
    assert counted(port) == [texts, tokens, cut]


def test_the_reranker_of_the_settings_is_in_memory_before_the_first_search(place):
    with embedingest.serve(port=0, **place) as server:
        until(lambda: get(server.port, "/readyz").status == 200)
        loaded = {model["name"] for model in get(server.port, "/api/ps").json()["models"]}
        assert loaded == {"hashing:latest", "judge:latest"}


def test_what_is_no_reranker_is_refused_by_name(port):
    unknown, wrong = asked(port, rerank="nothing"), asked(port, rerank="hashing")
    assert (unknown.status, unknown.json()["error"]) == (404, 'model "nothing" not found')
    assert wrong.status == 400
    assert "hashing:latest is an embedding model" in wrong.json()["error"]


def test_of_models_that_are_not_served_only_that_of_the_settings_reranks(place, tmp_path):
    with embedingest.serve(port=0, allow_models=("hashing",), **place) as server:
        assert asked(server.port).json()["rerank"]["model"] == "judge:latest"
        assert asked(server.port, rerank="judge").json()["rerank"]["model"] == "judge:latest"
        assert get(server.port, "/ui/data/rerankers").json() == {"rerankers": [], "usual": "judge"}
    with embedingest.serve(port=0, **place) as server:
        assert get(server.port, "/ui/data/rerankers").json() == {"rerankers": ["judge:latest"], "usual": "judge"}


def test_the_page_is_told_who_ordered_its_hits(port):
    told = asked(port, path="/ui/data/search").json()
    assert told["rerank"]["model"] == "judge:latest"
    assert {"rerank_score", "rank_before", "score_before"} <= set(told["groups"][0]["hits"][0]["explain"])
    assert "rerank" not in asked(port, path="/ui/data/search", rerank=False).json()

"""A served search in the order of a reranker: what a key may name, and see. The weights are random: no order is good."""

from __future__ import annotations

import pytest

import embedingest
from tests.engine import cross
from tests.server.client import get, post
from tests.server.keyed import FILTER, made, write_files

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
    assert set(usual["rerank"]) == {"model", "candidates", "truncated", "seconds"}
    scores = [hit["score"] for hit in usual["results"]]
    assert scores == sorted(scores, reverse=True)
    assert "rerank" not in asked(port, rerank=False).json()
    assert asked(port, rerank="judge", rerank_candidates=1).json()["rerank"]["candidates"] == 1


def test_a_filtered_key_has_only_what_it_may_see_scored(port):
    whole, part = asked(port, limit=100).json(), asked(port, TEAM[0], limit=100).json()
    assert part["filtered"] is True
    assert part["rerank"]["candidates"] == len(part["results"]) < len(whole["results"])


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

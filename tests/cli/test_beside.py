"""Models beside the vector, from the command line to every door that searches. Tiny and seeded: no order means anything."""

from __future__ import annotations

import asyncio
import sys

import pytest
import yaml

import embedingest
from embedingest.build import live
from embedingest.build.live import answering
from embedingest.build.place import place_to_read
from embedingest.build.remembered import recall
from embedingest.build.session import Session
from embedingest.mcp import create_server
from tests.depth import only_deep
from tests.engine import seconds, tiny
from tests.server.client import post

pytestmark = pytest.mark.slow

QUERY = " ".join(tiny.WORDS[5:9])
MODES = ("sparse", "late", "hybrid")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    made = {"--sparse": seconds.sparse("bert", base / "splade"), "--late": seconds.pylate("bert", base / "colbert")}
    return [word for option, folder in made.items() for word in (option, str(folder))]


@pytest.fixture(scope="module")
def client():
    """The library's client. It keeps the standard error that there is when it is imported: not that of one test."""
    from mcp import Client

    return Client


@pytest.fixture
def docs(shell):
    for number in range(4):
        shell.write(f"docs/{number}.md", " ".join(tiny.WORDS[number * 4 : number * 4 + 7]) + "\n")
    return shell


@pytest.fixture
def table(docs, models):
    assert docs.ingest(*models).code == 0
    return docs


def found(shell, mode):
    ran = shell.run("search", QUERY, "--mode", mode, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["mode"] == mode
    return [(hit["source"], pytest.approx(hit["score"], abs=1e-5)) for hit in ran.json["results"]]


def test_a_rebuild_adds_them_to_a_table_that_was_made_without(docs, models):
    assert docs.ingest().code == 0
    refused = docs.run("search", QUERY, "--mode", "sparse")
    assert refused.code == 2
    assert "sparse" in refused.err
    assert docs.run("rebuild", *models, "--json").code == 0
    assert {mode: len(found(docs, mode)) for mode in MODES} == dict.fromkeys(MODES, 4)
    again = docs.ingest(*models, "--json")
    assert (again.code, again.json["embedded"]["texts"]) == (0, 0)
    assert docs.run("rebuild", "docs", "--model", "hashing", "--json").code == 0, "and takes them away again"
    assert docs.run("search", QUERY, "--mode", "late").code == 2


def test_settings_that_a_table_was_not_made_with_are_told_the_way_out(docs, models):
    assert docs.ingest().code == 0
    refused = docs.ingest(*models[:2])
    assert refused.code == 3
    assert "leave `sparse` (`--sparse`) out" in refused.err
    pipeline = {"sources": [{"path": "docs"}], "model": "hashing", "sparse": "splade"}
    docs.write("c.yaml", yaml.safe_dump({"models": {"splade": {"path": models[1]}}, "pipelines": {"all": pipeline}}))
    refused = docs.run("run", "--once", "c.yaml")
    assert refused.code == 3
    assert "`embedingest rebuild --config c.yaml`" in " ".join(refused.err.split())
    assert docs.run("rebuild", "--config", "c.yaml").code == 0
    assert docs.run("run", "--once", "c.yaml").code == 0
    refused = docs.ingest()
    assert "use the model it was made with (`--sparse splade`)" in refused.err


def test_a_rebuild_without_folders_takes_no_option_that_needs_them(docs):
    assert docs.ingest().code == 0
    ran = docs.run("rebuild", "--max-tokens", "16")
    assert ran.code == 2
    assert "--max-tokens needs the folders beside it" in " ".join(ran.err.split())


@only_deep
@pytest.mark.skipif(sys.platform == "win32", reason="sockets in folders are Unix's")
def test_who_has_the_table_open_answers_as_the_command_alone_does(table, monkeypatch):
    answered = []
    answer = live._LiveTable.answer
    monkeypatch.setattr(live._LiveTable, "answer", lambda *asked: answered.append(answer(*asked)) or answered[-1])
    alone = {mode: found(table, mode) for mode in MODES}
    place = place_to_read(None, None, "chunks")
    config = recall(place.state, place.db, "chunks")
    with Session(config) as session, answering(session, state=place.state, db=place.db, table="chunks") as can:
        assert can
        assert {mode: found(table, mode) for mode in MODES} == alone
    assert [document["mode"] for document in answered] == list(MODES)


@only_deep
def test_who_puts_hits_in_order_by_token_vectors_is_told(table):
    ran = table.run("search", QUERY, "--rerank", "colbert")
    assert "put in order by colbert:latest (token vectors)" in ran.err, ran.err


@only_deep
def test_programs_assistants_and_http_search_by_them_too(table, client):
    alone = {mode: found(table, mode) for mode in MODES}
    for mode in MODES:
        assert [(hit.source, hit.score) for hit in embedingest.search(QUERY, mode=mode)] == alone[mode]
    with embedingest.serve(port=0) as server:
        for mode in MODES:
            told = post(server.port, "/api/search", {"query": QUERY, "mode": mode}).json()
            assert told["mode"] == mode
            assert [(hit["source"], hit["score"]) for hit in told["results"]] == alone[mode]

    async def ask(tools):
        async with client(tools) as asking:
            return [await asking.call_tool("search", {"query": QUERY, "mode": mode}) for mode in MODES]

    place = place_to_read(None, None, "chunks")
    with Session(recall(place.state, place.db, "chunks")) as session, session.searcher() as searcher:
        for mode, told in zip(MODES, asyncio.run(ask(create_server(searcher))), strict=True):
            hits = told.structured_content["results"]
            assert [(hit["source"], hit["score"]) for hit in hits] == alone[mode]

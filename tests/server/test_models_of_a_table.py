"""A table with a model for each column and a reranker, served: what is in memory when. Tiny and seeded: no order means
anything.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager

import pytest

import embedingest
from embedingest.build.remembered import recall
from embedingest.build.serving import open_server, preloaded
from embedingest.build.session import Session
from embedingest.config import ServerConfig
from embedingest.errors import EmbedingestError
from tests.depth import only_deep
from tests.engine import cross, seconds, tiny
from tests.server.client import get, post
from tests.waiting import until

pytestmark = pytest.mark.slow

QUERY = " ".join(tiny.WORDS[5:9])
MODELS = {"hashing:latest", "splade:latest", "colbert:latest", "judge:latest"}
MODES = ("hybrid", "late", "sparse", "vector")
REFUSED = (
    ({"filter": "mime === 'x'"}, 400),
    ({"filter": "nothing = 'x'"}, 400),
    ({"query": "  "}, 400),
    ({"limit": 0}, 400),
    ({"rerank": "not-there"}, 404),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder, models = tmp_path_factory.mktemp("table"), tmp_path_factory.mktemp("models")
    for number in range(4):
        file = folder / "docs" / f"{number}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(" ".join(tiny.WORDS[number * 4 : number * 4 + 7]) + "\n")
    where = {"db": folder / "db", "state": folder / "state"}
    embedingest.ingest(
        folder / "docs", model="hashing", sparse=str(seconds.sparse("bert", models / "splade")),
        late=str(seconds.pylate("bert", models / "colbert")), rerank=str(cross.save("bert", models / "judge")), **where,
    )  # fmt: skip
    return where


@contextmanager
def served(place, *, preload):
    """The table served by an engine of its own, with which nothing was done before."""
    config = recall(place["state"], str(place["db"]), "chunks")
    with Session(config) as session, session.searcher() as searcher:
        settings = ServerConfig(port=0, preload=preloaded("hashing", config) if preload else ())
        server = open_server(session, settings, searcher, place=(place["state"], str(place["db"]), "chunks"))
        server.start()
        try:
            yield server.port
        finally:
            server.stop()


def loaded(port):
    return {model["name"] for model in get(port, "/api/ps").json()["models"]}


def search(port, **options):
    return post(port, "/api/search", {"query": QUERY, **options})


def test_all_its_models_are_there_at_the_start_and_none_is_loaded_again(place, caplog):
    with caplog.at_level(logging.INFO, "embedingest.engine.pool"), served(place, preload=True) as port:
        until(lambda: get(port, "/readyz").status == 200)
        assert loaded(port) == MODELS
        for mode in MODES * 2:
            answer = search(port, mode=mode)
            assert answer.status == 200, answer.body
            assert answer.json()["rerank"]["model"] == "judge:latest"
        assert loaded(port) == MODELS
        assert sum(told.startswith("loaded model=") for told in caplog.messages) == len(MODELS)


def test_what_cannot_be_answered_is_refused_before_a_model_is_loaded(place):
    with served(place, preload=False) as port:
        for options, status in REFUSED:
            assert search(port, **options).status == status, options
        assert loaded(port) == set()
    with Session(recall(place["state"], str(place["db"]), "chunks")) as session, session.searcher() as searcher:
        for options, _ in REFUSED:
            with pytest.raises(EmbedingestError):
                searcher.search(**{"query": QUERY, **options})
        assert session.engine.running() == []


@only_deep
def test_tokens_of_an_embedding_model_that_put_hits_in_order_are_told_as_such(place):
    with served(place, preload=False) as port:
        assert search(port).json()["rerank"]["by"] == "cross-encoder"
        assert search(port, rerank="colbert").json()["rerank"]["by"] == "token vectors"

"""A session: one engine, its pipelines and searchers, closed together."""

from __future__ import annotations

import threading

import pytest

from embedingest.build.session import Session
from embedingest.config import Config
from embedingest.errors import EngineClosedError
from embedingest.store.values import SearchQuery


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.md").write_text("The walrus sleeps.\n")
    pipeline = {"sources": [{"path": tmp_path / "docs"}], "model": "hashing", "db": str(tmp_path / "db")}
    return Config(state=tmp_path / "state", pipelines={"notes": pipeline})


def test_a_session_ingests_and_searches_with_one_engine(settings):
    with Session(settings) as session:
        assert session.pipeline("notes").converge().exit_code == 0
        hits = session.searcher("notes").search(SearchQuery(text="walrus")).hits
        assert [hit.row.source for hit in hits] == ["docs/one.md"]
        engine = session.engine
        assert session.engine_of("default") is engine
    with pytest.raises(EngineClosedError):
        engine.embed(["a"], model="hashing")


def test_the_pipeline_of_a_name_is_one_until_it_was_told_to_stop(settings):
    with Session(settings) as session:
        pipeline = session.pipeline("notes")
        pipeline.open()
        assert session.pipeline("notes") is pipeline
        pipeline.stop.set()
        following = session.pipeline("notes")
        assert following is not pipeline
        assert not following.converge().stopped  # the one before gave the table's lock back


def test_what_a_session_opened_is_free_after_it(settings):
    with Session(settings) as session:
        session.pipeline("notes", stop=threading.Event()).converge()
    with Session(settings) as session:
        session.pipeline("notes").open()


def test_engines_are_opened_once_by_threads_that_ask_together(settings):
    with Session(settings) as session:
        engines = []
        threads = [threading.Thread(target=lambda: engines.append(session.engine)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, engines))) == 1

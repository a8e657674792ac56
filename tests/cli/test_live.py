"""While a program has the table open, `search` asks it, and finds what it would have found by itself."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager

import pytest

from embedingest.asking.listener import listening
from embedingest.build import ask, live
from embedingest.build.live import answering
from embedingest.build.place import place_to_read
from embedingest.build.remembered import recall
from embedingest.build.session import Session
from tests.cli.test_starts import HEAVY, OF_A_MODEL, OF_A_TABLE, OF_SETTINGS, imported_by
from tests.depth import only_deep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets in folders are Unix's")
DB, TABLE = ".embedingest/lancedb", "chunks"


@pytest.fixture
def zoo(shell):
    shell.write("docs/zoo.md", "# Sea\n\nThe walrus sleeps.\n\n# Land\n\nThe llama spits.\n")
    assert shell.ingest().code == 0
    return shell


@pytest.fixture
def answered(monkeypatch):
    """What a program that lives was asked, and whether it answered."""
    answers = []
    answer = live._LiveTable.answer

    def noted(self, question):
        answers.append(False)
        document = answer(self, question)
        answers[-1] = document is not None
        return document

    monkeypatch.setattr(live._LiveTable, "answer", noted)
    return answers


@contextmanager
def living(shell, *, table=TABLE):
    """A program that has the table open, with its engine."""
    place = place_to_read(None, None, table)
    with (
        Session(recall(place.state, place.db, table)) as session,
        answering(session, state=place.state, db=place.db, table=table) as can,
    ):
        assert can
        yield


def documents(shell, *args):
    """What `search --json` prints, without the time that it took."""
    ran = shell.run("search", *args, "--json")
    assert ran.code == 0, ran.err
    return {name: value for name, value in ran.json.items() if name != "seconds"}


def test_who_lives_answers_what_the_command_would_have_found(zoo, answered):
    asked = [
        ("walrus",), ("llama", "--mode", "vector", "--explain"), ("spits", "--mode", "text", "-n", "1", "-C", "1"),
        ("sea", "--filter", "source = 'docs/zoo.md'", "--group", "--no-fold"), ("none of it", "--offset", "9"),
    ]  # fmt: skip
    alone = [documents(zoo, *args) for args in asked]
    pages = [zoo.run("search", *args).out for args in asked]
    with living(zoo):
        assert [documents(zoo, *args) for args in asked] == alone
        assert [zoo.run("search", *args).out for args in asked] == pages
    assert answered == [True] * 10


def test_a_search_that_is_answered_imports_neither_table_nor_model_nor_settings(zoo):
    with living(zoo):
        imported = imported_by(zoo, "search", "walrus", "--json")
    assert sorted(imported & (HEAVY | OF_A_TABLE | OF_A_MODEL | OF_SETTINGS)) == []


@only_deep
def test_who_lives_finds_what_was_written_since(zoo, answered):
    with living(zoo):
        assert {hit["source"] for hit in documents(zoo, "seal")["results"]} == {"docs/zoo.md"}
        zoo.write("docs/seal.md", "The seal dives.\n")
        assert zoo.ingest().code == 0
        assert documents(zoo, "seal")["results"][0]["source"] == "docs/seal.md"
    assert answered == [True, True]


@only_deep
def test_a_table_that_was_put_in_its_place_is_opened_anew(zoo, answered):
    with living(zoo):
        assert documents(zoo, "walrus")["results"]
        (zoo.folder / DB / f"{TABLE}.lance").rename(zoo.folder / "aside")
        gone = zoo.run("search", "walrus")
        assert (gone.code, "there is no table" in gone.err) == (3, True)
        zoo.write("docs/zoo.md", "The ostrich runs.\n")
        assert zoo.ingest().code == 0
        (found,) = documents(zoo, "ostrich")["results"]
        assert found["text"] == "The ostrich runs.\n".strip()
    assert answered == [True, False, True]


def test_errors_and_exit_codes_are_those_of_the_command(zoo, answered):
    wrong = [("walrus", "--filter", "colour = 'red'"), (" ",), ("x" * 100_001,)]
    alone = [zoo.run("search", *args) for args in wrong]
    with living(zoo):
        assert [zoo.run("search", *args) for args in wrong] == alone
    assert (answered, {ran.code for ran in alone}) == ([False] * 3, {2})


@only_deep
def test_another_model_a_snapshot_another_table_and_another_version_are_not_asked_for(zoo, answered, monkeypatch):
    assert zoo.run("tag", "first").code == 0
    with living(zoo):
        for args in (("--model", "hashing"), ("--at", "first")):
            assert documents(zoo, "walrus", *args)["results"]
        assert zoo.run("search", "walrus", "--table", "other").code == 3
        assert answered == []
        monkeypatch.setattr(ask, "__version__", "0.0.1")
        assert documents(zoo, "walrus")["results"]
        assert answered == [False]


@only_deep
def test_who_has_other_models_than_the_table_was_written_with_leaves_it_to_the_command(zoo, answered):
    with living(zoo):
        assert zoo.run("ingest", "docs", "--model", "hashing", "--chunker", "whole").code == 0
        assert documents(zoo, "walrus")["results"]
        place = place_to_read(None, None, TABLE)
        config = recall(place.state, place.db, TABLE)
    other = config.model_copy(update={"engine": config.engine.model_copy(update={"engine": "elsewhere"})})
    with Session(other) as session, answering(session, state=place.state, db=place.db, table=TABLE):
        assert documents(zoo, "walrus")["results"]
    assert answered == [True, False]


@only_deep
def test_a_state_folder_that_was_moved_is_not_answered_for(zoo, answered):
    with living(zoo):
        (zoo.folder / ".embedingest").rename(zoo.folder / "moved")
        ran = zoo.run("search", "walrus", "--state", "moved", "--db", "moved/lancedb", "--json")
        assert ran.json["results"]
        (zoo.folder / "moved").rename(zoo.folder / ".embedingest")
    assert answered == [False]


NO_DOCUMENTS = [
    lambda _: [], lambda _: {}, lambda _: "x", lambda _: {"results": 3}, lambda _: math.nan,
    lambda found: found | {"query": "llama"}, lambda found: found | {"mode": "nope"},
    lambda found: found | {"mode": []}, lambda found: found | {"seconds": "a"},
    lambda found: found | {"seconds": math.nan}, lambda found: found | {"note": 1},
    lambda found: found | {"results": [1]}, lambda found: found | {"results": {}}, lambda found: found | {"results": [{}]},
    lambda found: with_hit(found, text=1), lambda found: with_hit(found, score=True),
    lambda found: with_hit(found, heading_path=[1]), lambda found: with_hit(found, highlights=[[0, 10**9]]),
    lambda found: with_hit(found, highlights=[3]), lambda found: with_hit(found, more=1),
    lambda found: with_hit(found, metadata=None), lambda found: with_hit(found, page="1"),
]  # fmt: skip


def with_hit(found, **changes):
    return found | {"results": [found["results"][0] | changes]}


@only_deep
def test_what_is_no_document_of_a_search_is_not_shown(zoo):
    place = place_to_read(None, None, TABLE)
    found = zoo.run("search", "walrus", "-C", "1", "--explain", "--json").json
    address = ask.address_of(place.state, place.db, TABLE)
    for number, change in enumerate(NO_DOCUMENTS):
        with listening(address, lambda _, change=change: change(found)):
            assert ask.search_live(place.state, place.db, TABLE, {"text": "walrus"}) is None, number
    with listening(address, lambda _: found):
        assert ask.search_live(place.state, place.db, TABLE, {"text": "walrus"}) == found

"""What the page asks of a served table: hits by document, with filters whose values are only values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import embedingest
from embedingest.store.search import filters
from tests.server.client import get, post

pytestmark = pytest.mark.slow

NAMES = ["x' OR 'a'='a.md", "it's", "a\nb.md", "100%_.md", '"q"', "\\back.md", "ünï.md", "') or (source != '"]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    base = tmp_path_factory.mktemp("paged")
    for index, name in enumerate(NAMES):
        folder = base / "docs" / name
        folder.mkdir(parents=True)
        (folder / "note.md").write_text(f"# Note {index}\n\nThe walrus number {index} **sleeps**.\n")
    (base / "docs" / "plain.txt").write_text("The walrus of plain text.\n")
    place = {"db": str(base / "lancedb"), "state": base / "state"}
    assert embedingest.ingest(base / "docs", model="hashing", **place).files.failed == 0
    with embedingest.serve(port=0, model="hashing", **place) as server:
        yield server.port


def search(port, **fields):
    answer = post(port, "/ui/data/search", {"query": "walrus", "limit": 100, **fields})
    assert answer.status == 200, answer.body
    return answer.json()


def test_hits_come_by_document_with_markup_and_the_path_of_its_file(port):
    found = search(port)
    assert len(found["groups"]) == len(NAMES) + 1
    for group in found["groups"]:
        assert group["source"].startswith("docs/")
        assert group["uri"].startswith("file:///")
        assert all("<mark>walrus</mark>" in hit["html"] for hit in group["hits"])
    assert found["mode"] == "hybrid"


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_is_a_filter_of_that_folder_alone(port, name):
    folders = [folder["name"] for folder in get(port, "/ui/data/facets").json()["folders"]]
    folder = f"docs/{name}/"
    assert folder in folders
    assert [group["source"] for group in search(port, folder=folder)["groups"]] == [f"{folder}note.md"]


def test_types_and_times_narrow(port):
    assert {group["mime"] for group in search(port, type="text/plain")["groups"]} == {"text/plain"}
    assert search(port, type="' or mime != '")["groups"] == []
    assert search(port, before="2001-01-01T00:00:00Z")["groups"] == []
    assert len(search(port, since="2001-01-01T00:00:00.000Z")["groups"]) == len(NAMES) + 1
    refused = post(port, "/ui/data/search", {"query": "x", "since": "tomorrow"})
    assert refused.status == 400
    assert "a date or time" in refused.json()["error"]


@given(st.text(max_size=200))
def test_a_quoted_value_is_read_back_as_that_value_and_ends_nothing(text):
    tree = filters.parse(f"source startswith {filters.quoted(text)} and page = 1")
    assert tree == filters.And((filters.Test("source", (), "startswith", (text,)), filters.Test("page", (), "=", (1,))))


def test_neighbours_are_read_as_markup(port):
    source = f"docs/{NAMES[0]}/note.md"
    told = post(port, "/ui/data/chunks", {"source": source, "first": 0, "last": 3}).json()
    assert "<strong>sleeps</strong>" in told["chunks"][0]["html"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("search", {}, 400),
        ("search", {"query": "x", "filter": "page = 1"}, 400),
        ("search", {"query": "x", "limit": 101}, 400),
        ("search", {"query": "x", "mode": "all"}, 400),
        ("search", {"query": "x" * 100_001}, 413),
        ("search", {"query": "x", "folder": "x" * 20_000}, 400),
        ("chunks", {"source": "docs/none.md"}, 404),
        ("chunks", {"source": "docs/plain.txt", "first": 7}, 400),
        ("nearest", {}, 400),
        ("nearest", {"id": "0" * 32}, 404),
        ("nearest", {"id": "0" * 100}, 400),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(port, path, body, status):
    refused = post(port, f"/ui/data/{path}", body)
    assert (refused.status, bool(refused.json()["error"])) == (status, True)


def test_without_a_table_it_is_said_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with embedingest.serve(port=0, model="hashing") as server:
        for path in ("search", "chunks", "nearest"):
            refused = post(server.port, f"/ui/data/{path}", FIRST[path])
            assert refused.status == 404
        assert get(server.port, "/ui/data/facets").status == 404


FIRST = {"search": {"query": "x"}, "chunks": {"source": "a"}, "nearest": {"id": "b"}}

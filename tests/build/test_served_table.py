"""A served table looked into over HTTP: documents, what is near, what there is to choose from."""

from __future__ import annotations

import random

import pytest

import embedingest
from embedingest.build.serving import open_searcher
from embedingest.build.shared import SharedEngines
from embedingest.build.table_view import TableBehind
from embedingest.config import Config
from embedingest.errors import SourceMissingError
from tests import samples
from tests.server.client import post

pytestmark = pytest.mark.slow

GUIDE = "# Guide\n\n" + "\n\n".join(
    f"## Part {n}\n\nPart {n} is about walruses. " + "They rest. " * 60 for n in range(8)
)
ODD = "x' OR 'a'='a \u202e<b>\x01.txt"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    base = tmp_path_factory.mktemp("served")
    docs = base / "docs"
    (docs / "team" / "deep").mkdir(parents=True)
    (docs / "guide.md").write_text(GUIDE)
    (docs / "copy.md").write_text(GUIDE)
    (docs / "mill.pdf").write_bytes(samples.pdf((("The mill", "Water turns."), (), ("Stones", "They grind."))))
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (docs / "empty.txt").write_text("")
    (docs / "team" / "secret.md").write_text("# Secret\n\nThe walrus key is under the mat.\n")
    (docs / "team" / "deep" / ODD).write_text("An oddly named walrus.\n")
    place = {"db": str(base / "lancedb"), "state": base / "state"}
    report = embedingest.ingest(docs, model="hashing", **place)
    assert report.files.failed == 1
    return docs, place


@pytest.fixture(scope="module")
def port(place):
    with embedingest.serve(port=0, model="hashing", **place[1]) as server:
        yield server.port


@pytest.fixture
def view(place):
    db, state = place[1]["db"], place[1]["state"]
    with open_searcher(SharedEngines(Config()), db=db, table="chunks", model="hashing") as searcher:
        yield TableBehind(searcher, (state, db, "chunks"))


def read(port, **fields):
    answer = post(port, "/api/document", fields)
    assert answer.status == 200, answer.body
    return answer.json()


def test_a_document_is_read_whole_with_its_chunks_where_they_stand(place, port):
    told = read(port, source="docs/guide.md", max_characters=100_000)
    assert (told["title"], told["mime"], told["path"]) == ("Guide", "text/markdown", str(place[0] / "guide.md"))
    assert told["text"].split() == GUIDE.split()
    assert told["gaps"] == []
    assert told["more"] is None
    assert told["failure"] is None
    assert [chunk["chunk_index"] for chunk in told["chunks"]] == list(range(len(told["chunks"])))
    for chunk in told["chunks"]:
        text = GUIDE[chunk["start"] : chunk["end"]]
        assert told["text"][chunk["start"] : chunk["end"]] == text
        assert GUIDE.splitlines()[chunk["line_start"] - 1] == text.splitlines()[0]
    assert told["chunks"][-1]["heading_path"][0] == "Guide"


def test_parts_of_a_document_together_are_the_document(port):
    whole = read(port, source="docs/guide.md")["text"]
    text, start = "", 0
    while start is not None:
        told = read(port, source="docs/guide.md", start_character=start, max_characters=700)
        assert told["start_character"] - start <= 3, "blanks between two chunks alone are left out"
        assert len(told["text"]) <= 700
        text = whole[: told["start_character"]] if told["start_character"] > start else text
        text += told["text"]
        start = told["more"] and told["more"]["start_character"]
    assert text == whole


def test_lines_pages_and_numbers_choose_chunks(port):
    lines = read(port, source="docs/guide.md", start_line=9, end_line=9)
    assert all(chunk["line_start"] <= 9 <= chunk["line_end"] for chunk in lines["chunks"])
    page = read(port, source="docs/mill.pdf", page=1)
    assert [chunk["page"] for chunk in page["chunks"]] == [1]
    assert page["uri"].endswith("/mill.pdf#page=1")
    assert [
        chunk["chunk_index"] for chunk in read(port, source="docs/guide.md", start_chunk=2, end_chunk=3)["chunks"]
    ] == [2, 3]


def test_a_part_around_a_chunk_holds_it_and_what_stands_before(port):
    chunks = read(port, source="docs/guide.md")["chunks"]
    middle = chunks[len(chunks) // 2]
    around = read(port, source="docs/guide.md", around=middle["id"], max_characters=6000)
    assert middle["id"] in [chunk["id"] for chunk in around["chunks"]]
    assert around["start_character"] < middle["start"]
    gone = post(port, "/api/document", {"source": "docs/guide.md", "around": "0" * 32})
    assert gone.status == 404
    assert "search again" in gone.json()["error"]


def test_what_was_left_out_and_what_failed_is_told(port):
    notices = {notice["kind"]: notice for notice in read(port, source="docs/mill.pdf")["notices"]}
    assert notices["pages_without_text"]["count"] == 1
    assert notices["pages_without_text"]["meaning"] == "pages without text"
    broken = read(port, source="docs/broken.pdf")
    assert (broken["text"], broken["chunks"]) == ("", [])
    assert broken["failure"]["code"]
    assert [notice["kind"] for notice in read(port, source="docs/empty.txt")["notices"]] == ["empty"]


def test_a_document_by_any_name_is_read_and_no_other(place, port):
    source = f"docs/team/deep/{ODD}"
    told = read(port, source=source)
    assert (told["source"], told["text"].strip()) == (source, "An oddly named walrus.")
    assert told["uri"] == (place[0] / "team" / "deep" / ODD).as_uri()
    assert read(port, source="guide.md")["source"] == "docs/guide.md"
    assert post(port, "/api/document", {"source": f"{source}' or source = 'docs/guide.md"}).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"source": ""}, 400),
        ({"source": 5}, 400),
        ({"source": "docs/nothing.md"}, 404),
        ({"source": "x" * 100_000}, 413),
        ({"source": "docs/guide.md", "page": 1}, 400),
        ({"source": "docs/guide.md", "start_line": 0}, 400),
        ({"source": "docs/guide.md", "max_characters": 5}, 400),
        ({"source": "docs/guide.md", "max_characters": 10**7}, 400),
        ({"source": "docs/guide.md", "start_character": 10**9}, 400),
        ({"source": "docs/guide.md", "pge": 1}, 400),
    ],
)
def test_what_cannot_be_read_is_refused(port, body, status):
    refused = post(port, "/api/document", body)
    assert (refused.status, bool(refused.json()["error"])) == (status, True)


def test_of_what_who_asks_may_not_see_nothing_is_told(view):
    mine = "source startswith 'docs/team/'"
    assert view.document("docs/team/secret.md", within=mine)["title"] == "Secret"
    for hidden in ("docs/guide.md", "docs/broken.pdf", "docs/nothing.md"):
        with pytest.raises(SourceMissingError) as error:
            view.document(hidden, within=mine)
        assert error.value.message == f"there is no document `{hidden}` in the table"
    assert [folder["name"] for folder in view.facets(within=mine)["folders"]] == ["docs/", "docs/team/"]
    other = view.document("docs/guide.md")["chunks"][0]["id"]
    with pytest.raises(SourceMissingError):
        view.nearest(other, within=mine)
    own = view.document("docs/team/secret.md")["chunks"][0]["id"]
    assert {hit["source"].startswith("docs/team/") for hit in view.nearest(own, within=mine)["results"]} == {True}


def test_the_nearest_chunks_are_others_and_their_copies_stand_once(view):
    chunk = view.document("docs/guide.md")["chunks"][1]
    near = view.nearest(chunk["id"], limit=3)
    assert near["id"] == chunk["id"]
    scores = [hit["score"] for hit in near["results"]]
    assert scores == sorted(scores, reverse=True)
    hashes = [hit["text_hash"] for hit in near["results"]]
    assert len(set(hashes)) == len(hashes) == 3


def test_facets_count_documents_and_follow_the_table(place, view):
    facets = view.facets()
    assert facets["folders"] == [{"name": "docs/", "documents": 5}, {"name": "docs/team/", "documents": 2}]
    assert {"name": "text/markdown", "documents": 3} in facets["types"]
    docs, kept = place
    extra = docs / "team" / f"{random.Random(1).random()}.md"
    extra.write_text("# More\n\nOne more.\n")
    embedingest.ingest(docs, model="hashing", **kept)
    assert view.facets()["folders"][1] == {"name": "docs/team/", "documents": 3}
    extra.unlink()
    embedingest.ingest(docs, model="hashing", allow_deletes=True, **kept)
    assert view.facets() == facets

"""A search answers with sections or documents: their text is the document's, their hits stand where it says, and none
is larger than was asked for.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

import embedingest
from embedingest.build.models import open_engine
from embedingest.engine.hashing import HashingSizer
from embedingest.errors import ConfigError
from embedingest.measure import ByModel, Estimate
from embedingest.query import Searcher
from embedingest.store.table import open_table
from tests.depth import few

pytestmark = pytest.mark.slow

FARM = """# Farm

Everything about the farm, its animals and its fields.

## Animals

Cows give milk and eat grass all day long.

### Horses

Horses pull the plough, and sleep standing in the stable at night.

### Geese

Geese guard the yard: they are louder than any dog at night.

## Fields

Wheat grows on the northern field, barley on the other one.
"""
LOG = "\n".join(f"{n:04} the pump at the well ran for {n} minutes and stopped" for n in range(200))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sections")
    (folder / "docs").mkdir()
    (folder / "docs/farm.md").write_text(FARM)
    (folder / "docs/pump.txt").write_text(LOG)
    (folder / "docs/geese.md").write_text("# Geese at large\n\nGeese fly south in autumn.\n")
    embedingest.ingest(
        folder / "docs", db=str(folder / "db"), state=folder / "state", model="hashing", chunk={"max_tokens": 24}
    )
    return folder


@contextmanager
def searcher_of(folder):
    with (
        open_engine() as engine,
        Searcher(lambda: open_table(str(folder / "db"), "chunks"), lambda: engine, model="hashing") as searcher,
    ):
        yield searcher


@pytest.fixture(scope="module")
def searcher(folder):
    with searcher_of(folder) as searcher:
        yield searcher


def sections(searcher, text, **options):
    return searcher.search(text, **{"unit": "section", "mode": "text", **options}).hits


def test_a_section_is_all_below_the_heading_of_its_best_hit(searcher):
    [hit] = sections(searcher, "horses pull the plough", limit=1)
    assert hit.heading_path == ("Farm", "Animals", "Horses")
    assert hit.text.startswith("### Horses")
    assert (hit.unit.kind, hit.unit.truncated, hit.unit.extent["lines"]) == ("section", False, [9, 11])
    [hit] = sections(searcher, "cows milk grass", limit=1)
    assert hit.heading_path == ("Farm", "Animals")
    assert (
        FARM[hit.unit.start : hit.unit.end] == hit.text == FARM[FARM.index("## Animals") : FARM.index("\n\n## Fields")]
    )


def test_hits_of_sibling_sections_are_sections_of_their_own(searcher):
    found = sections(searcher, "wheat or barley, geese or dogs", filter="source = 'docs/farm.md'")
    assert [hit.heading_path[-1] for hit in found] == ["Geese", "Fields"]


def test_a_section_grows_to_the_one_around_it_where_that_is_found_too_and_has_room(searcher):
    text = "geese guard the yard, cows give milk"
    [wide] = sections(searcher, text, filter="source = 'docs/farm.md'")
    assert wide.heading_path == ("Farm", "Animals")
    assert [wide.text[mark.start :][:6] for mark in wide.unit.hits] == ["## Ani", "### Ge"]
    narrow = sections(searcher, text, filter="source = 'docs/farm.md'", budget=30)
    assert [hit.heading_path[-1] for hit in narrow] == ["Geese", "Animals"]
    assert narrow[1].unit.truncated


def test_without_headings_a_section_is_what_stands_around_a_hit(searcher):
    [hit] = sections(searcher, "0100", limit=1, budget=120)
    assert hit.unit.truncated
    assert LOG[hit.unit.start : hit.unit.end] == hit.text
    [mark] = hit.unit.hits
    assert mark.start > 100
    assert mark.end < len(hit.text) - 100
    assert 90 < hit.unit.tokens <= 120


@few(1)
@pytest.mark.parametrize("mode", ["text", "vector"])
def test_a_hit_that_is_longer_than_the_budget_is_cut_around_the_words_of_the_question(tmp_path, mode):
    lines = [f"line {n} of a long long chunk that says nothing\n" for n in range(60)]
    lines[41] = "here the walrus and the carpenter walk\n"
    text = "".join(lines)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/long.txt").write_text(text)
    embedingest.ingest(tmp_path / "docs", db=str(tmp_path / "db"), state=tmp_path / "state", model="hashing")
    with searcher_of(tmp_path) as searcher:
        [hit] = sections(searcher, "walrus carpenter", budget=40, mode=mode, limit=1)
        assert "the walrus and the carpenter walk" in hit.text
        assert hit.text.startswith("line 4")
        assert text[hit.unit.start : hit.unit.end] == hit.text
        assert hit.unit.truncated
        assert hit.unit.tokens <= 40
        [mark] = hit.unit.hits
        assert (mark.start, mark.end) == (0, len(hit.text))
        [hit] = sections(searcher, "nothing alike", budget=40, mode="vector", limit=1)
        assert hit.unit.tokens <= 40


def test_a_hit_out_of_sight_of_a_better_one_opens_another_window(searcher):
    found = sections(searcher, "0020 0150", budget=120)
    assert [hit.source for hit in found] == ["docs/pump.txt"] * 2
    first, second = sorted(found, key=lambda hit: hit.unit.start)
    assert first.unit.end <= second.unit.start


def test_a_document_is_one_result_whatever_is_found_in_it(searcher):
    result = searcher.search("geese at night", unit="document", mode="text", highlight=True)
    assert [hit.source for hit in result] == ["docs/farm.md", "docs/geese.md"]
    assert result[0].text == FARM.strip()
    assert len(result[0].unit.hits) == 2
    marked = {result[0].text[start:end] for start, end in result[0].highlights}
    assert marked == {"night", "Geese"}
    [pump] = searcher.search("0020 0150", unit="document", mode="text", budget=100)
    assert "0020" in pump.text or "0150" in pump.text
    assert len(pump.unit.hits) == 1


def test_a_page_counts_units_and_pages_are_cut_from_one_order(searcher):
    everything = sections(searcher, "the pump and the geese", limit=30, budget=60)
    assert len(everything) == 30
    pages = [sections(searcher, "the pump and the geese", limit=7, offset=at, budget=60) for at in (0, 7, 14)]
    assert [hit.unit for page in pages for hit in page] == [hit.unit for hit in everything[:21]]
    grouped = sections(searcher, "the pump and the geese", group=True)
    assert len({hit.source for hit in grouped}) == len(grouped) == 3


def test_tokens_are_the_models_where_it_is_open_and_estimated_else(searcher, folder):
    def never():
        raise AssertionError("a text search opens no model")

    with Searcher(lambda: open_table(str(folder / "db"), "chunks"), never, model="hashing") as without:
        found = without.search("horses", unit="section", mode="text")
    assert found.measured_by == "estimate"
    assert found[0].unit.tokens == Estimate().count(found[0].text)
    found = searcher.search("horses", unit="section", mode="vector")
    assert found.measured_by == "model"
    assert found[0].unit.tokens == searcher.open_engine().sizer("hashing").count(found[0].text)


def test_who_may_see_some_chunks_only_sees_a_gap_where_the_others_are(searcher):
    [hit] = searcher.search(
        "plough yard", unit="document", mode="text", within="not heading_path contains 'Geese'", limit=1
    )
    assert "Geese" not in hit.text
    [(start, end)] = hit.unit.gaps
    assert "### Geese" in FARM[start:end]
    for at, character in enumerate(hit.text, hit.unit.start):
        assert start <= at < end or character == FARM[at]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": 3}, "the budget is 3 tokens"),
        ({"budget": 10**9}, "from 16 to 100000"),
        ({"context": 2}, "a section has no `context`"),
        ({"unit": "sectoin"}, "did you mean `section`"),
        ({"budget": "much"}, "a whole number is wanted"),
    ],
)
def test_what_cannot_be_is_refused_by_name(searcher, options, said):
    with pytest.raises(ConfigError, match=said):
        sections(searcher, "geese", **options)


def test_a_budget_goes_with_sections_and_documents_alone(searcher):
    with pytest.raises(ConfigError, match="a chunk has no `budget` of 100 tokens"):
        searcher.search("geese", budget=100, mode="text")
    assert searcher.search("geese", budget=1000, mode="text").hits, "what is usual may be said"


@given(
    st.lists(
        st.sampled_from(["geese", "night", "pump", "0100", "0101", "field", "milk", "well", "0007"]),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["text", "hybrid", "vector"]),
    st.sampled_from(["section", "document"]),
    st.integers(16, 400),
    st.integers(1, 12),
)
def test_the_text_of_a_unit_is_the_documents_and_no_unit_is_too_large(searcher, words, mode, unit, budget, limit):
    texts = {
        "docs/farm.md": FARM,
        "docs/pump.txt": LOG,
        "docs/geese.md": "# Geese at large\n\nGeese fly south in autumn.\n",
    }
    result = searcher.search(" ".join(words), mode=mode, unit=unit, budget=budget, limit=limit, highlight=True)
    measure = ByModel(searcher.open_engine().sizer("hashing")) if mode != "text" else Estimate()
    shown = {}
    assert len(result) <= limit
    for hit in result:
        found = hit.unit
        assert texts[hit.source][found.start : found.end] == hit.text
        assert found.tokens == measure.count(hit.text) <= budget
        rows = {row.id: row for row in searcher.table.rows([hit.source])[hit.source]}
        for mark in found.hits:
            whole = rows[mark.id].text
            assert whole == hit.text[mark.start : mark.end] or (
                found.truncated and hit.text[mark.start : mark.end] in whole
            )
        assert hit.row.id in [mark.id for mark in found.hits]
        assert max(mark.score for mark in found.hits) == hit.score or mode == "hybrid"
        assert all(0 <= start < end <= len(hit.text) for start, end in hit.highlights)
        first, last = found.extent["chunks"]
        chunks = shown.setdefault(hit.source, set())
        assert not chunks & set(range(first, last + 1)), "a chunk is shown twice"
        chunks |= set(range(first, last + 1))
    assert [hit.score for hit in result] == sorted((hit.score for hit in result), reverse=True)


@given(st.text(max_size=200), st.integers(0, 60))
def test_what_is_cut_to_a_budget_has_no_more_tokens(text, budget):
    for measure in (Estimate(), ByModel(HashingSizer(512))):
        end = measure.cut(text, budget)
        assert measure.count(text[:end]) <= budget
        assert end == len(text) or measure.count(text[: end + 1]) >= budget

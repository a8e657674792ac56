"""What is found, in which order, with what around it, and what is refused."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest

from embedingest.errors import ConfigError, FingerprintError
from embedingest.store.schema import row_columns
from embedingest.store.search.search import _read
from embedingest.store.search.sides import Retrieval, candidates
from embedingest.store.values import Changes, SearchQuery, TextSettings, Upkeep
from tests.depth import few, only_deep
from tests.store.doubles import MODEL, adding, row, vector_of

TEXTS = {
    "zoo.md": ["lions sleep all day", "penguins swim in cold water", "tickets cost ten coins"],
    "sea.md": ["cold water covers the poles", "ships carry coins"],
    "ark.md": ["two of every kind", "the lion sleeps tonight"],
}


@pytest.fixture
def filled(table):
    rows = [row(s, i, text, count=len(all_)) for s, all_ in TEXTS.items() for i, text in enumerate(all_)]
    table.commit(adding(*rows))
    table.maintain()
    return table


def asking(text, **options):
    return SearchQuery(text=text, vector=vector_of(text), **options)


def texts(result):
    return [hit.row.text for hit in result.hits]


def test_vector_search_gives_cosine_scores_best_first(filled):
    result = filled.search(asking("penguins swim in cold water", mode="vector"))
    assert result.mode == "vector"
    assert texts(result)[0] == "penguins swim in cold water"
    assert result.hits[0].score == pytest.approx(1.0, abs=1e-6)
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)
    assert len(result.hits) == 7


def test_text_search_finds_words_in_every_form_and_needs_no_vector(filled):
    result = filled.search(SearchQuery(text="sleeping lion", mode="text"))
    assert set(texts(result)) == {"lions sleep all day", "the lion sleeps tonight"}


def test_hybrid_fuses_both_sides_and_explains_itself(filled):
    result = filled.search(asking("cold water", explain=True))
    assert result.mode == "hybrid"
    assert set(texts(result)[:2]) == {"penguins swim in cold water", "cold water covers the poles"}
    parts = result.hits[0].explain
    assert set(parts) == {f"{side}_{part}" for side in ("vector", "text") for part in ("score", "rank", "share")}
    assert result.hits[0].score == pytest.approx((parts["vector_share"] + parts["text_share"]) / 2)


def test_rows_written_after_the_index_was_made_are_found_at_once(filled):
    filled.commit(adding(row("new.md", text="a wombat digs")))
    assert texts(filled.search(SearchQuery(text="wombats", mode="text"))) == ["a wombat digs"]
    filled.commit(Changes(delete=[row("new.md", text="a wombat digs").id]))
    assert texts(filled.search(SearchQuery(text="wombats", mode="text"))) == []


def test_limit_and_offset_page_through_one_order(filled):
    whole = texts(filled.search(asking("cold water", limit=7)))
    pages = [texts(filled.search(asking("cold water", limit=2, offset=at))) for at in (0, 2, 4, 6)]
    assert [text for page in pages for text in page] == whole


def test_grouping_shows_the_best_row_of_each_document(filled):
    result = filled.search(asking("lion sleeps tonight", group=True))
    assert result.hits[0].row.source == "ark.md"
    assert sorted(hit.row.source for hit in result.hits) == ["ark.md", "sea.md", "zoo.md"]


def test_grouping_reaches_past_a_document_that_fills_the_list(table):
    rows = [row("big.md", i, f"apple {i}", count=900) for i in range(900)]
    table.commit(adding(*rows, row("small.md", text="apple pie crust with sugar and spice")))
    table.maintain()
    result = table.search(asking("apple", group=True, limit=2))
    assert {hit.row.source for hit in result.hits} == {"big.md", "small.md"}


def test_context_brings_the_neighbours_of_the_same_document(filled):
    (hit,) = filled.search(asking("penguins swim in cold water", limit=1, context=5)).hits
    assert (hit.before, hit.after) == (("lions sleep all day",), ("tickets cost ten coins",))
    (first,) = filled.search(asking("two of every kind", limit=1, context=1)).hits
    assert (first.before, first.after) == ((), ("the lion sleeps tonight",))


def test_context_never_mixes_two_versions_of_a_document(filled):
    filled.commit(adding(row("zoo.md", 0, "newer beginning", count=3, content_hash="d" * 64)))
    (hit,) = filled.search(asking("penguins swim in cold water", limit=1, context=1)).hits
    assert hit.before == ("lions sleep all day",)


def test_filters_hold_on_both_sides(filled):
    for mode in ("hybrid", "vector", "text"):
        result = filled.search(asking("cold water", mode=mode, filter="source = 'sea.md'"))
        assert {hit.row.source for hit in result.hits} == {"sea.md"}
    assert texts(filled.search(asking("cold water", filter="source = 'none'"))) == []


def test_highlights_mark_words_by_their_stems(filled):
    (hit,) = filled.search(
        asking("lions sleeping", mode="text", limit=1, highlight=True, filter="source = 'ark.md'")
    ).hits
    assert [hit.row.text[start:end] for start, end in hit.highlights] == ["lion", "sleeps"]


def test_a_row_that_was_written_again_or_moved_since_it_was_ranked_is_shown_as_it_is_now(filled):
    everything = SearchQuery("q", vector_of("words"), mode="vector")
    shown = [*row_columns(filled.schema), "ingested_at"]
    retrieval = Retrieval(filled.handle, everything, None, None, "id", MODEL, shown)
    ranked, _ = candidates(retrieval, "vector", 100)
    first, second = (filled.rows([hit.source])[hit.source][0] for hit in filled.search(everything).hits[:2])
    changed = dataclasses.replace(first, line_end=99)
    filled.commit(Changes(refresh=[changed], delete=[second.id]))
    filled.optimize()
    stored = _read(retrieval, ranked)
    assert stored.rows[first.id] == changed
    assert stored.rows.keys() == stored.times.keys() == {one.id for one in ranked} - {second.id}


def test_hits_carry_the_whole_row_and_its_time(filled):
    (hit,) = filled.search(asking("ships carry coins", limit=1)).hits
    assert hit.row == row("sea.md", 1, "ships carry coins", count=2)
    assert hit.ingested_at.tzinfo is not None


@pytest.fixture
def with_headings(table):
    """A manual of which two chunks are headings alone, one below the other, as earlier versions and some chunkers cut."""

    def chunk(index, text, *path, mime="text/markdown"):
        return row("manual.md", index, text, count=5, heading_path=("Manual", *path), mime=mime)

    table.commit(
        adding(
            chunk(0, "# Manual"),
            chunk(1, "## **Cold** water", "Cold water"),
            chunk(2, "Turn the tap to the right.", "Cold water"),
            chunk(3, "Drain the pipes in winter.", "Cold water"),
            chunk(4, "## Cold feet", "Cold feet"),
            row("heading.md", 0, "# Cold", heading_path=("Cold",)),
            row("code.py", 0, "# cold water", count=2, heading_path=("boil",), mime="text/x-source"),
            row("code.py", 1, "return steam", count=2, heading_path=("boil",), mime="text/x-source"),
        )
    )
    table.maintain()
    return table


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_a_heading_alone_is_no_hit_and_what_follows_it_stands_in_its_place(with_headings, mode):
    found = with_headings.search(asking("## **Cold** water", mode=mode, limit=3))
    shown = texts(found)
    assert "Turn the tap to the right." in shown[:2], "found by its heading alone"
    assert not {"# Manual", "## **Cold** water"} & set(texts(with_headings.search(asking("cold manual", mode=mode))))
    assert len({hit.row.id for hit in found.hits}) == len(found.hits)


def test_the_last_heading_of_a_document_a_document_of_one_and_a_comment_in_code_are_hits(with_headings):
    shown = texts(with_headings.search(asking("cold", mode="text")))
    assert {"## Cold feet", "# Cold", "# cold water"} <= set(shown)


def test_what_follows_a_heading_stands_for_it_only_where_it_passes_the_filter(with_headings):
    only = asking("cold water", mode="text", filter="text startswith '##'")
    assert "## **Cold** water" in texts(with_headings.search(only))


PARTS = ["Filling the tank", "Cleaning the filter", "Changing the lamp", "What the bell tells"]
LINKS = "\n".join(f"- [{part}](#{part.lower().replace(' ', '-')})" for part in PARTS)
DOTS = "\n".join(f"  {n}.  {part} {'. ' * 20} {3 * n}" for n, part in enumerate(PARTS, 1))
PRICES = "\n".join(f"{part} {'.' * 20} {price}" for part, price in zip(PARTS, (9, 4, 12, 3), strict=True))


@pytest.fixture
def with_contents(table):
    """A manual that opens with links to its parts, one with page numbers, and lists that are neither."""
    links = row("links.md", 0, f"# Pump\n\n## Contents\n\n{LINKS}", count=2, heading_path=("Pump", "Contents"))
    filled = row("links.md", 1, "## Filling the tank\n\nTurn it off.", count=2, heading_path=("Pump", PARTS[0]))
    dots = row("dots.txt", 0, f"Table of Contents\n\n{DOTS}", count=2)
    cleaned = row("dots.txt", 1, "1.  Filling the tank\n\nTurn it on.", count=2)
    prices = row("prices.txt", 0, f"Prices\n\n{PRICES}", count=2)
    terms = row("prices.txt", 1, "Payable at once.", count=2)
    alone = row("alone.md", 0, f"# Pump\n\n{LINKS}", heading_path=("Pump",))
    said = row("said.md", 0, f"The parts are named here.\n\nAll of them.\n\n{LINKS}", count=2)
    end = row("said.md", 1, "That is all.", count=2)
    table.commit(adding(links, filled, dots, cleaned, prices, terms, alone, said, end))
    table.maintain()
    return table


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_a_contents_is_no_hit_and_a_list_that_is_none_or_is_all_of_a_document_is(with_contents, mode):
    shown = texts(with_contents.search(asking("cleaning the filter and filling the tank", mode=mode, limit=20)))
    assert not {f"# Pump\n\n## Contents\n\n{LINKS}", f"Table of Contents\n\n{DOTS}"} & set(shown)
    assert {f"Prices\n\n{PRICES}", f"# Pump\n\n{LINKS}", "1.  Filling the tank\n\nTurn it on."} <= set(shown)
    assert any(text.startswith("The parts are named here.") for text in shown)


def test_a_document_that_is_found_by_its_contents_is_shown_by_what_follows(with_contents):
    found = with_contents.search(asking("bell lamp filter", mode="text", group=True))
    assert {hit.source: hit.text for hit in found.hits}["links.md"] == "## Filling the tank\n\nTurn it off."


@few(1)
@pytest.mark.parametrize("options", [{}, {"group": True}, {"fold": False}])
def test_pages_of_any_size_are_cut_from_one_order_with_contents_too(with_contents, options):
    query = "cleaning the filter and filling the tank"
    whole = [hit.row.id for hit in with_contents.search(asking(query, limit=20, **options)).hits]
    pages = [
        hit.row.id
        for offset in range(len(whole) + 2)
        for hit in with_contents.search(asking(query, limit=1, offset=offset, **options)).hits
    ]
    assert pages == whole
    assert len(whole) == len(set(whole))


@few(1)
@pytest.mark.parametrize("options", [{}, {"group": True}, {"fold": False}])
def test_pages_of_any_size_are_cut_from_one_order_with_headings_alone_too(with_headings, options):
    whole = [hit.row.id for hit in with_headings.search(asking("cold water manual", limit=10, **options)).hits]
    pages = [
        hit.row.id
        for offset in range(len(whole) + 2)
        for hit in with_headings.search(asking("cold water manual", limit=1, offset=offset, **options)).hits
    ]
    assert pages == whole
    assert len(whole) == len(set(whole))


def test_a_table_not_yet_indexed_for_text_answers_by_vector_and_says_so(table):
    table.commit(adding(row("a.md", text="words")))
    result = table.search(asking("words"))
    assert (result.mode, texts(result)) == ("vector", ["words"])
    assert "not indexed yet" in result.note
    with pytest.raises(ConfigError, match="embedingest optimize"):
        table.search(SearchQuery(text="words", mode="text"))


def test_an_empty_table_answers_with_nothing(table):
    assert table.search(asking("anything")).hits == ()


def test_a_query_of_another_model_is_refused(filled):
    with pytest.raises(FingerprintError, match="model-two"):
        filled.search(asking("lions", fingerprint="model-two"))
    with pytest.raises(FingerprintError, match="9 dimensions"):
        filled.search(SearchQuery(text="lions", vector=np.ones(9, np.float32)))
    assert filled.search(asking("lions", fingerprint=MODEL)).hits


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (asking(" \n"), "the query is empty"),
        (asking("x", limit=0), "limit is 0"),
        (asking("x", limit=1_000_000), "limit is 1000000"),
        (asking("x", offset=-1), "offset is -1"),
        (asking("x", context=1_000), "context is 1000"),
        (SearchQuery(text="x"), "needs the query's vector"),
        (asking("x", filter="source = 'a' or 1 = 1"), "the filter is not valid"),
        (asking("x" * 1_000_001), "the query's length is 1000001"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(filled, query, message):
    with pytest.raises(ConfigError, match=message):
        filled.search(query)


@pytest.mark.parametrize("text", ['"open quote', "a AND OR (", "+-*:^~", "' OR 1=1", "?", "的 猫", "x " * 50_000])
def test_any_text_is_a_query(filled, text):
    assert filled.search(asking(text)).mode == "hybrid"


def test_words_of_scripts_without_blanks_are_found_with_the_icu_tokenizer(table):
    table.commit(adding(row("a.md", text="東京は日本の首都です"), row("b.md", text="パリはフランスの首都です")))
    table.maintain(Upkeep(text=TextSettings(tokenizer="icu")))
    assert texts(table.search(SearchQuery(text="東京", mode="text"))) == ["東京は日本の首都です"]


@only_deep
def test_searching_while_the_table_is_written_and_compacted_always_answers(filled, opened):
    stop, failures = threading.Event(), []

    def write():
        for number in range(12):
            filled.commit(adding(row(f"w{number}.md", text=f"busy {number}")))
            filled.optimize(Upkeep(retention_seconds=60))
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    reader = opened(create=False)
    while not stop.is_set():
        found = texts(reader.search(asking("cold water", limit=2)))
        if set(found) != {"penguins swim in cold water", "cold water covers the poles"}:
            failures.append(found)
    writer.join()
    assert not failures


def test_a_reader_sees_a_commit_within_its_interval(table, opened):
    reader = opened(create=False, read_consistency_seconds=0.2)
    assert reader.count() == 0
    table.commit(adding(row("a.md", text="fresh words")))
    time.sleep(0.25)
    assert texts(reader.search(asking("fresh words"))) == ["fresh words"]

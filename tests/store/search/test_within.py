"""What who asks may see: no query reaches beyond it, and nothing of the rest is told."""

from __future__ import annotations

import contextlib
import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedingest.errors import ConfigError
from embedingest.store.look import chunk_vector, document_rows, stretches
from embedingest.store.search.filters import holds, parse
from embedingest.store.values import SearchQuery
from tests.depth import few, much
from tests.store.doubles import adding, row, vector_of
from tests.store.search.test_filters import trees

ROWS = [
    row("docs/a.md", 0, "alpha beta", 2, title="Guide", page=1, metadata='{"author":"Ann","n":3,"tags":["x","y"]}'),
    row("docs/a.md", 1, "alpha gamma", 2, title="Guide", page=3, metadata='{"author":"Ann","n":3,"tags":["x","y"]}'),
    row("docs/b.md", 0, "alpha beta", heading_path=("Top", "It's"), metadata='{"author":"Bob"}'),
    row("src/x' OR 'a'='a", 0, "gamma alpha", 2, page=3, line_start=None),
    row("src/x' OR 'a'='a", 1, "alpha", 2, page=12, line_start=None),
    row("src/50%_off\\", 0, "alpha", metadata='{"n":2.5,"odd key":null}'),
]
HOSTILE = [
    "page = 1) or (page = 3", "page = 1 or page is null", ")", "(", "') or ('a' = 'a", "page = 1 -- ", "page = 1 /*", "",
    "not page = 1) or not (page = 1", "text = 'a' or text != 'a'", "source = 'x'' or ''a'' = ''a'", "page = 1\x00or 1",
    "not (page = 1 and page = 2)", "page is null or page is not null", 'metadata."a"" or b" is null', "1=1", "true",
    "source != '' or (not page in (1, 3)) or metadata.n is null", "page is null" + " or page is not null" * 300,
    "(" * 39 + "page is null or page is not null" + ")" * 39,
]  # fmt: skip


def passing(text):
    def value(one):
        def of(test):
            if test.field != "metadata":
                found = getattr(one, test.field)
                return list(found) if isinstance(found, tuple) else found
            found = json.loads(one.metadata)
            for key in test.path:
                found = found.get(key) if isinstance(found, dict) else None
            return found

        return of

    return [one for one in ROWS if holds(parse(text), value(one))]


QUOTED = "Quotes treasure, and alpha, of chunks that not all may see.\n\n"


@pytest.fixture(params=[False, True], ids=["bare", "context"])
def filled(opened, request):
    """The rows in a table, once in one whose rows have a context that quotes others."""
    table = opened(context=request.param)
    if not table.count():
        table.commit(adding(*(dataclasses.replace(one, context=QUOTED if request.param else None) for one in ROWS)))
        table.maintain()
    return table


def asking(text, mode="vector", **options):
    return SearchQuery(text, vector=None if mode == "text" else vector_of(text), mode=mode, **options)


@settings(max_examples=much(8, 120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    outer=trees,
    inner=trees | st.sampled_from(HOSTILE) | st.text(max_size=30),
    mode=st.sampled_from(["vector", "text", "hybrid"]),
    fold=st.booleans(),
)
def test_no_filter_of_a_query_reaches_beyond_that_of_who_asks(filled, outer, inner, mode, fold):
    allowed = passing(outer)
    query = asking("alpha", mode, context=3, fold=fold, within=outer)
    with contextlib.suppress(ConfigError):
        hits = list(filled.search(dataclasses.replace(query, filter=inner)))
        assert all(hit.row in allowed for hit in hits)
        assert {text for hit in hits for text in (*hit.before, *hit.after)} <= {one.text for one in allowed}
        assert {place for hit in hits for place in hit.places} <= {one.source for one in allowed}
    if not fold:
        assert {hit.row.id for hit in filled.search(query)} == {one.id for one in allowed if "alpha" in one.text}
    rows = filled.rows([one.source for one in ROWS], within=outer)
    assert [one for found in rows.values() for one in found] == allowed
    assert allowed == [one for source in rows for one, _ in document_rows(filled, source, outer)]
    around = stretches(filled, [(source, 0, 5) for source in rows], outer)
    assert sorted(one.id for one in around) == sorted(one.id for one in allowed)
    assert all(one in allowed for one in around)
    vectors = [chunk_vector(filled, one.id, outer) for one in ROWS]
    assert [found[0] for found in vectors if found is not None] == allowed


def test_a_context_is_told_to_those_alone_who_may_see_everything(opened):
    table = opened(context=True)
    table.commit(adding(*(dataclasses.replace(one, context=QUOTED) for one in ROWS)))
    table.maintain()
    everything = "source != ''"  # whoever has a filter is told of none, whatever passes
    for mode in ("vector", "text", "hybrid"):
        assert {hit.row.context for hit in table.search(asking("alpha", mode))} == {QUOTED}
        assert {hit.row.context for hit in table.search(asking("alpha", mode, within=everything))} == {None}
    assert not table.search(asking("treasure", "text")).hits
    for inner in ("context contains 'treasure'", "context is null", "not context = ''"):
        with pytest.raises(ConfigError, match="expected one of id, source"):
            table.search(asking("alpha", filter=inner, within=everything))


@few(10)
@pytest.mark.parametrize("inner", HOSTILE)
def test_what_is_no_filter_by_itself_is_refused_beside_another(filled, inner):
    alone, beside = asking("alpha", filter=inner), asking("alpha", filter=inner, within="page = 3")
    try:
        filled.search(alone)
    except ConfigError as error:
        with pytest.raises(ConfigError) as raised:
            filled.search(beside)
        assert str(raised.value) == str(error)
    else:
        assert {hit.row.page for hit in filled.search(beside)} <= {3}


def test_neighbours_are_those_that_may_be_seen(filled):
    everything = filled.search(asking("gamma", context=1, filter="page = 3"))
    assert {hit.before + hit.after for hit in everything} == {("alpha beta",), ("alpha",)}
    assert {hit.before + hit.after for hit in filled.search(asking("gamma", context=1, within="page = 3"))} == {()}


@pytest.mark.parametrize("mode", ["text", "hybrid"])
def test_scores_of_words_say_nothing_of_rows_that_may_not_be_seen(filled, mode):
    query = asking("alpha gamma", mode, within="source startswith 'docs/'", explain=True)
    before = [(hit.row.id, hit.score, hit.explain) for hit in filled.search(query)]
    filled.commit(adding(*(row(f"other/{n}", 0, f"gamma {n}") for n in range(20))))
    filled.optimize()
    assert [(hit.row.id, hit.score, hit.explain) for hit in filled.search(query)] == before

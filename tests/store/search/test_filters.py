"""The filter language: what is read, what is refused, and that LanceDB and plain Python agree on every row."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lancedb.index import BTree

from embedingest.errors import ConfigError
from embedingest.store import key_index
from embedingest.store.schema import COLUMNS
from embedingest.store.search.filters import FIELDS, holds, parse
from embedingest.store.search.narrow import condition
from tests.depth import much
from tests.store.doubles import adding, row

ROWS = [
    row("docs/a.md", 0, "alpha", title="Guide", page=1, metadata='{"author":"Ann","n":3,"tags":["x","y"]}'),
    row("docs/b.md", 1, "beta gamma", heading_path=("Top", "It's"), metadata='{"author":"Bob","deep":{"k":true}}'),
    row("src/x' OR 'a'='a", 2, "gamma", page=3, line_start=None, modified_at_ns=1_800_000_000_000_000_000),
    row("src/50%_off\\", 3, "", title="", page=12, metadata='{"n":2.5,"odd key":null}'),
]
NAMES = {"a": ROWS[0], "b": ROWS[1], "x": ROWS[2], "p": ROWS[3]}

CASES = {
    "source = 'docs/a.md'": "a",
    "source = 'src/x'' OR ''a''=''a'": "x",
    "source != 'docs/a.md'": "bxp",
    "source startswith 'docs/'": "ab",
    "source startswith 'src/50%_'": "p",
    "source endswith '.md'": "ab",
    "not source endswith '.md'": "xp",
    "text contains 'gamma'": "bx",
    "text contains '%'": "",
    "source in ('docs/a.md', 'docs/b.md', 'no')": "ab",
    "source not in ('docs/a.md')": "bxp",
    "page >= 3": "xp",
    "page != 3": "abp",
    "not page = 3": "abp",
    "page > 1.5 and page < 12": "x",
    "page is null": "b",
    "page is not null": "axp",
    "line_start is null": "x",
    "line_start is not null": "abp",
    "not line_start = 2": "axp",
    "title is null": "bxp",
    "title = 'Guide'": "a",
    "title != 'Guide'": "bxp",
    "chunk_index in (0, 3)": "ap",
    "modified_at > '2026-01-01'": "x",
    "modified_at <= '2023-11-14T22:13:20.123456+00:00'": "abp",
    "modified_at < '2023-11-14T22:13:20.123456Z'": "",
    "modified_at > '0001-01-01'": "abxp",
    "modified_at < '9999-12-31T23:59:59.999999'": "abxp",
    "modified_at < '1677-09-21' or modified_at > '2262-04-12'": "",
    "modified_at >= '1600-01-01T00:00:00Z' and modified_at != '2300-01-01'": "abxp",
    "modified_at in ('0001-01-01', '9999-12-31')": "",
    f"page < {'9' * 400}.5": "axp",
    f"page > -{'9' * 400}.5": "axp",
    f"metadata.n < {'9' * 400}.5": "ap",
    "heading_path contains 'It''s'": "b",
    "not heading_path contains 'Top'": "axp",
    "metadata.author = 'Ann'": "a",
    "metadata.author != 'Ann'": "bxp",
    "metadata.author in ('Ann', 'Bob')": "ab",
    "metadata.n > 2": "ap",
    "metadata.n = 2.5": "p",
    "metadata.n = '3'": "",
    "metadata.tags = 'y'": "a",
    "metadata.tags contains 'x'": "a",
    "metadata.deep.k = true": "b",
    "metadata.deep.k = 1": "",
    'metadata."odd key" is null': "abxp",
    "metadata.author is not null": "ab",
    "metadata.author startswith 'A' or page = 3": "ax",
    "not (metadata.author = 'Ann' or source startswith 'src/')": "b",
    "source startswith 'docs/' and not metadata.author = 'Ann'": "b",
    "(page = 1 or page = 3) and text = 'alpha'": "a",
    "PAGE IS NULL OR Page = 1": "ab",
}

REFUSED = {
    "": "expected a column",
    "   ": "expected a column",
    "page": "expected a comparison",
    "page = ": "expected 'text', a number",
    "page = 'three'": "a number to compare `page` with",
    "source = 3": "a text to compare `source` with",
    "nothing = 3": "one of id, source",
    "vector = 3": "one of id, source",
    "1 = 1": "expected a column",
    "source = 'a' or 1=1 --": "expected a column",
    "source = 'a'; drop table chunks": "found ;",
    "source = 'open": "expected 'text'",
    'source = "a"': "expected 'text'",
    "(page = 1": "expected `)`",
    "page contains '1'": "not `contains`",
    "metadata = 'x'": "`.KEY` after `metadata`",
    "heading_path = 'Top'": "heading_path contains",
    "modified_at > 'yesterday'": "a date or time",
    "modified_at > '0001-01-01T00:00:00+23:59'": "a date or time",
    "modified_at < '9999-12-31T23:59:59-10:00'": "a date or time",
    "modified_at < '10000-01-01'": "a date or time",
    "modified_at < '0000-01-01'": "a date or time",
    "page = 99999999999999999999": "18 digits",
    "page in ()": "expected 'text', a number",
    "page = 1 page = 2": "`and`, `or` or the end",
    "not " * 200 + "page = 1": "at most 40 levels",
    "(" * 200: "at most 40 levels",
    "x" * 20_000: "20000 characters",
}


@pytest.fixture
def filled(table):
    table.commit(adding(*ROWS))
    return table


def passing(table, text):
    found = table.handle.lance.search().where(condition(table.handle, parse(text))).select(["id"]).to_arrow()
    names = {r.id: name for name, r in NAMES.items()}
    return {names[found_id] for found_id in found.column("id").to_pylist()}


def test_each_filter_passes_the_rows_it_says(filled):
    assert {text: passing(filled, text) for text in CASES} == {text: set(rows) for text, rows in CASES.items()}


def test_each_filter_passes_the_same_rows_once_its_columns_are_indexed(filled):
    key_index.build(filled.handle)
    assert filled.damage() == []
    assert {text: passing(filled, text) for text in CASES} == {text: set(rows) for text, rows in CASES.items()}


def plan_of(table, text):
    return table.handle.lance.search().where(condition(table.handle, parse(text))).select(["id"]).explain_plan(True)


def test_what_people_narrow_a_search_by_is_left_to_an_index(filled):
    key_index.build(filled.handle)
    for text in ("mime = 'text/plain'", "page >= 3", "modified_at > '2026-01-31'", "source startswith 'docs/'"):
        assert "refine_filter=--" in plan_of(filled, text), text


def test_a_test_of_a_number_is_left_to_an_index_that_somebody_made(filled):
    filled.handle.lance.create_index("chunk_index", config=BTree(), name="of_mine")
    plan = plan_of(filled, "chunk_index >= 3")
    assert "@of_mine(BTree)" in plan
    assert "refine_filter=--" in plan


def test_every_column_but_the_vector_can_be_asked_for():
    assert {*FIELDS, "metadata", "vector"} == set(COLUMNS)


@pytest.mark.parametrize(("text", "message"), REFUSED.items(), ids=[t[:30] for t in REFUSED])
def test_what_is_not_a_filter_is_refused_with_its_place(text, message):
    with pytest.raises(ConfigError) as raised:
        parse(text)
    assert message in str(raised.value)


quoted = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda s: "'" + s.replace("'", "''") + "'")
known = st.sampled_from(["'docs/a.md'", "'gamma'", "'Guide'", "'Ann'", "'src/'", "'a'"])
words = quoted | known
texts = st.sampled_from(["source", "title", "text", "metadata.author", "metadata.tags"])
numbers = st.sampled_from(["page", "line_start", "chunk_index", "metadata.n"])
tests = st.one_of(
    st.builds("{} {} {}".format, texts, st.sampled_from(["=", "!=", "contains", "startswith", "endswith"]), words),
    st.builds("{} in ({}, {})".format, texts, words, words),
    st.builds("{} {} {}".format, numbers, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.integers(-1, 13)),
    st.builds("{} is {}null".format, texts | numbers, st.sampled_from(["", "not "])),
    st.builds("heading_path contains {}".format, words),
)
trees = st.recursive(
    tests,
    lambda t: st.one_of(
        t.map("not ({})".format), st.builds("({} and {})".format, t, t), st.builds("({} or {})".format, t, t)
    ),
    max_leaves=6,
)


def judged(text):
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

    return {name for name, one in NAMES.items() if holds(parse(text), value(one))}


@settings(max_examples=much(25, 200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=trees)
def test_the_table_and_plain_python_agree_on_every_filter(table, text):
    if table.count() == 0:
        table.commit(adding(*ROWS))
    assert passing(table, text) == judged(text)


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text):
    with contextlib.suppress(ConfigError):
        parse(text)


def test_times_without_a_zone_are_utc():
    assert parse("modified_at = '2026-01-31'").values == (datetime(2026, 1, 31, tzinfo=UTC),)

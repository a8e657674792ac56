"""A file's rows follow from what was extracted and from the recipe alone, and never from positions."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.rows.build import WantedRows, wanted_rows
from tests.ingest.run.values import RECIPE, candidate, extracted

texts = st.lists(st.sampled_from(["one", "two", "three", "four"]), max_size=6)
inner = st.dictionaries(st.sampled_from(["docs/a!/x", "docs/a!/y"]), texts, max_size=2)


def rows_for(texts: list[str], children: dict[str, list[str]] | None = None, *, mtime_ns: int = 0) -> WantedRows:
    return wanted_rows(extracted(candidate("a", mtime_ns=mtime_ns), texts, children), RECIPE)


@given(texts, inner)
def test_every_chunk_has_a_row_of_its_own_and_every_row_a_text_to_embed(
    texts: list[str], children: dict[str, list[str]]
) -> None:
    wanted = rows_for(texts, children)
    assert [(row.source, row.text) for row in wanted.rows] == [
        (source, text) for source, pieces in {"docs/a": texts, **children}.items() for text in pieces
    ]
    assert len({row.id for row in wanted.rows}) == len(wanted.rows)
    assert all(wanted.texts[row.text_hash] == row.text for row in wanted.rows)
    assert wanted.children == tuple(children)
    assert wanted.notices == ({} if wanted.rows else {"empty": 1})


@given(texts, texts)
def test_chunks_keep_their_rows_when_others_come_before_them(first: list[str], texts: list[str]) -> None:
    before = {row.id for row in rows_for(texts).rows}
    assert before <= {row.id for row in rows_for([*first, *texts]).rows}


def test_times_are_those_that_come_back_from_the_table() -> None:
    (row,) = rows_for(["one"], mtime_ns=1_234_567).rows
    assert row.modified_at_ns == 1_234_000
    assert json.loads(row.metadata) == {}

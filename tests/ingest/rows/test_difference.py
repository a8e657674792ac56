"""The difference makes the rows a document has into those it should have, writing as little as possible."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.rows.difference import difference
from embedingest.types import Row

BASE = Row(
    id="", source="docs/a.md", title=None, text="text", text_hash="h", content_hash="c", chunk_index=0, chunk_count=1,
    start=0, end=4, line_start=1, line_end=1, page=None, heading_path=(), mime="text/plain", modified_at_ns=0,
    metadata="{}", fingerprint="m", config_hash="k",
)  # fmt: skip

rows = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 2)).map(
    lambda ids: [replace(BASE, id=key, start=start) for key, start in ids.items()]
)


@given(rows, rows)
def test_writing_the_difference_gives_the_rows_that_should_be(should: list[Row], has: list[Row]) -> None:
    change = difference(should, has)
    table = {row.id: row for row in has}
    table |= {row.id: row for row in (*change.new, *change.refreshed)}
    for key in change.gone:
        del table[key]
    assert table == {row.id: row for row in should}
    assert change.kept + len(change.new) + len(change.refreshed) == len(should)


@given(rows)
def test_what_is_right_already_is_left_alone(rows: list[Row]) -> None:
    change = difference(rows, reversed(rows))
    assert not change
    assert change.kept == len(rows)


def test_a_row_whose_offset_moved_is_refreshed_and_not_new() -> None:
    change = difference([replace(BASE, id="a", start=9)], [replace(BASE, id="a")])
    assert [row.id for row in change.refreshed] == ["a"]
    assert not change.new

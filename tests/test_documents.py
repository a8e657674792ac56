"""A document is put together from its chunks again, or a part of it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.documents import Part, read_part, whole_version
from embedingest.errors import ConfigError, SourceMissingError
from tests.store.doubles import row

TEXT = "".join(chr(0x4E00 + n) for n in range(400))


def rows_of(spans, **columns):
    rows = [
        replace(
            row("docs/a", text=TEXT[start:end], chunk_index=n, chunk_count=len(spans)),
            id=f"{n:032}",
            start=start,
            end=end,
            **columns,
        )
        for n, (start, end) in enumerate(spans)
    ]
    return [replace(one, chunk_count=len(rows)) for one in rows]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), min_size=1, max_size=8),
    st.integers(0, 300),
    st.integers(1, 400),
)
def test_what_is_shown_stands_where_it_says_and_gaps_are_told(steps, begin, most):
    spans, place = [], 0
    for gap, length in steps:  # overlaps by up to twenty characters, gaps up to twenty
        start = max(spans[-1][0] + 1 if spans else 0, place + gap - 20)
        spans.append((start, max(start + length, place + 1)))
        place = spans[-1][1]
    spans = [(start, min(end, 400)) for start, end in spans if start < 400]
    if begin >= spans[-1][1]:
        return
    shown = read_part(rows_of(spans), Part(start_character=begin, max_characters=most))
    held = {at for start, end in spans for at in range(start, end)}
    for at, character in enumerate(shown.text, shown.start):
        assert (character == TEXT[at]) == (at in held)
    assert len(shown.text) <= most
    told = {at for start, end in shown.gaps for at in range(start, end)}
    assert not told & held
    assert all(len(range(start, end)) >= 8 for start, end in shown.gaps)


PAGED = [
    replace(one, page=page)
    for one, page in zip(rows_of([(0, 50), (50, 90), (90, 200), (200, 210)]), (1, 1, 3, 6), strict=True)
]


@pytest.mark.parametrize(("page", "chunks"), [(1, [0, 1]), (2, [1]), (3, [2]), (4, [2]), (5, [2]), (6, [3])])
def test_a_page_is_what_begins_on_it_or_reaches_into_it(page, chunks):
    assert [one.chunk_index for one in read_part(PAGED, Part(page=page)).rows] == chunks


def test_what_is_not_there_is_said_in_words():
    with pytest.raises(ConfigError, match="it has chunks 0 to 3, lines 1 to 1, pages 1 to 6") as error:
        read_part(PAGED, Part(page=7))
    assert "{" not in error.value.message
    with pytest.raises(SourceMissingError, match="search again"):
        read_part(PAGED, Part(around="x"))


def test_of_two_versions_side_by_side_the_whole_and_newer_one_is_read():
    old = rows_of([(0, 50), (50, 90)], content_hash="old", modified_at_ns=1)
    new = [replace(one, id=f"new{n}") for n, one in enumerate(rows_of([(0, 60)], content_hash="new", modified_at_ns=2))]
    assert whole_version([*old, *new]) == new
    assert whole_version([old[0], *new]) == new
    assert whole_version(old) == old
    assert whole_version(old[:1]) == old[:1]

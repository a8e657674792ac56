"""What documents say of themselves fits into rows, JSON and UTF-8, and ordinary words stay as they are."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from embedingest.ingest.extract.bounds import (
    MOST_CHUNK_METADATA,
    MOST_HEADING,
    MOST_HEADING_PATH,
    MOST_METADATA,
    ChunkBounds,
    bounded_document,
    bounded_metadata,
)
from embedingest.ingest.identity import canonical_json
from embedingest.types import Chunk, Document, Span
from tests.ingest.test_json_values import VALUES

_ANY_TEXT = st.text(st.characters(), max_size=20) | st.text(st.sampled_from("a\ud800\udce9\0\x1b"), max_size=20)
_LONG = st.integers(0, 4000).map(lambda size: "w" * size)
_ORDINARY = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"]))
    | st.lists(st.text(max_size=5), max_size=4),
    max_size=5,
)  # fmt: skip


def chunk(**fields) -> Chunk:
    return Chunk("words", 0, 5, 1, 1, **fields)


@example(dict(zip(map(chr, (0xD800, 0xD801)), "ab", strict=True)))
@given(st.dictionaries(_ANY_TEXT | st.integers() | st.none() | _LONG, VALUES | _LONG | _ANY_TEXT))
def test_any_metadata_becomes_json_of_bounded_length(values):
    notices = {}
    metadata = bounded_metadata(values, notices)
    text = canonical_json(metadata)
    text.encode()
    assert len(json.dumps(metadata, ensure_ascii=False, allow_nan=False)) <= 2 * MOST_METADATA
    assert json.loads(text) == metadata
    assert bounded_metadata(metadata, {}) == metadata
    assert len(metadata) == len(values) or notices


@given(_ORDINARY)
def test_ordinary_metadata_stays_as_it_is(values):
    notices = {}
    assert bounded_metadata(values, notices) == values
    assert notices == {}
    assert list(bounded_metadata(values, {})) == list(values)


@given(st.lists(_ANY_TEXT | _LONG, max_size=200).map(tuple))
def test_any_heading_path_is_bounded_from_outside_in(path):
    notices = {}
    bounded = ChunkBounds(notices).chunk(chunk(heading_path=path)).heading_path
    assert sum(map(len, bounded)) <= MOST_HEADING_PATH
    assert all(len(heading) <= MOST_HEADING for heading in bounded)
    "".join(bounded).encode()
    assert (bounded == path) == (notices == {})
    assert len(bounded) >= min(len(path), 3)
    assert [len(heading) for heading in bounded] == [
        min(len(h), MOST_HEADING) for h in path[len(path) - len(bounded) :]
    ]


@given(st.dictionaries(_ANY_TEXT | _LONG, _ANY_TEXT | _LONG | st.integers() | st.floats(), max_size=12))
def test_metadata_of_a_chunk_is_bounded(values):
    bounded = ChunkBounds({}).chunk(chunk(metadata=values)).metadata
    text = canonical_json(bounded)
    text.encode()
    assert len(json.dumps(bounded, ensure_ascii=False)) <= 2 * MOST_CHUNK_METADATA


def test_an_ordinary_chunk_is_handed_on_itself():
    ordinary = chunk(heading_path=("Mill", "Wheel"), page=3, metadata={"sheet": "Sacks", "rows": "2-31", "cell": 4})
    assert ChunkBounds({}).chunk(ordinary) is ordinary


def test_chunks_below_one_heading_that_is_cut_count_it_once():
    notices = {}
    bounds = ChunkBounds(notices)
    for _ in range(3):
        bounds.chunk(chunk(heading_path=("Mill", "w" * 600)))
    bounds.chunk(chunk(heading_path=("Mill",)))
    assert notices == {"heading_cut": 1}


def test_spans_and_texts_that_utf_8_cannot_hold_are_mended_in_place():
    document = bounded_document(
        Document(
            "docs/a", "half \ud800 of a pair", spans=(Span(0, 4, "heading", "h\ud800"), Span(0, 4, "page", 10**30))
        )
    )
    assert document.text == "half \ufffd of a pair"
    assert document.spans == (Span(0, 4, "heading", "h\ufffd"),)
    assert document.notices == {"undecodable": 1, "metadata_unusable": 1}

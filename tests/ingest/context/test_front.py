"""What stands in front of a chunk fits beside it, whatever its title; the chunk is the document's own, to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest import registry
from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.context.front import Front, FrontSettings, cut_to
from embedingest.types import Document

CHUNKERS = ["structured", "code", "rows", "whole"]
TEXTS = st.text("ab #\n-|ß日.", max_size=300)
TITLES = st.text("ab #ß日>\n", max_size=120)


def chunks_of(document: Document, window: int, most: int, chunker: str = "structured"):
    front = Front(FrontSettings(window, most, title=True), document, HashingSizer(window))
    made = registry.load("chunkers", chunker)(heading_prefix=True).chunk(document, front.sizer)
    return front, [front.put(chunk) for chunk in made]


@pytest.mark.parametrize("chunker", CHUNKERS)
@given(text=TEXTS, title=TITLES, window=st.integers(12, 60))
@settings(max_examples=80, deadline=None)
def test_context_and_chunk_fit_the_window_and_offsets_slice_the_document(chunker, text, title, window):
    document = Document(source="x.py", text=text, title=title, markup="markdown", language="python")
    front, chunks = chunks_of(document, window, window // 3, chunker)
    sizer = HashingSizer(window)
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text
        alone = sizer.count(chunk.text)
        assert sizer.count(chunk.prefix + chunk.text) <= max(window, alone)
    assert 0 <= front.cut <= len(chunks)


@given(text=TEXTS, most=st.integers(-2, 40))
def test_what_is_cut_has_as_many_tokens_at_most_and_is_the_beginning(text, most):
    sizer = HashingSizer(1000)
    cut = cut_to(text, most, sizer)
    assert text.startswith(cut)
    assert sizer.count(cut) <= max(0, most)
    if sizer.count(text) <= most:
        assert cut == text
    elif most > 0:
        assert cut or not text[: sizer.starts(text)[most]].strip()


@pytest.mark.parametrize("more", ["", " and others"])
def test_of_a_first_word_that_does_not_fit_the_beginning_is_kept(more):
    sizer = HashingSizer(1000)
    cut = cut_to("ab-" * 20_000 + more, 10, sizer)
    assert cut == "ab-" * 5
    assert sizer.count(cut) == 10


def test_a_title_stands_in_front_of_what_does_not_say_it():
    text = "# Owls\n\nThey hunt at night.\n"
    _, (chunk,) = chunks_of(Document(source="a", text=text, title="Birds", markup="markdown"), 60, 20)
    assert chunk.prefix == "Birds\n\nOwls\n\n"
    _, (chunk,) = chunks_of(Document(source="a", text=text, title="Owls", markup="markdown"), 60, 20)
    assert chunk.prefix == "Owls\n\n"
    _, (chunk,) = chunks_of(Document(source="a", text="# **Owls**\n\nThey.", title="Owls", markup="text"), 60, 20)
    assert "Owls" not in chunk.prefix


def test_a_long_title_is_cut_to_whole_words_and_counted_for_each_chunk():
    document = Document(source="a", text="alpha beta. " * 30, title="one two three four five six seven", markup="text")
    front, chunks = chunks_of(document, 30, 6)
    assert len(chunks) > 1
    assert {chunk.prefix for chunk in chunks} == {"one two three four\n\n"}
    assert front.cut == len(chunks)


def test_a_document_without_a_title_is_cut_as_without_context():
    document = Document(source="a", text="alpha beta. " * 30, markup="text")
    front, chunks = chunks_of(document, 30, 10)
    plain = registry.load("chunkers", "structured")(heading_prefix=True).chunk(document, HashingSizer(30))
    assert chunks == plain
    assert front.cut == 0

"""What every chunker owes, over documents of every markup and over texts that nobody would write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest import registry
from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.load.choose import choose
from embedingest.types import Document, Span

CHUNKERS = sorted(plugin.name for plugin in registry.plugins("chunkers") if plugin.distribution is None)
FILES = sorted((Path(__file__).parent.parent / "data" / "corpus").iterdir())
MARKUPS = ["text", "markdown", "code", "rows"]

FRAGMENTS = st.sampled_from(
    ["word ", "two words. ", "\n", "\n\n", "# Heading\n", "- item\n", "```\n", "| a | b |\n", "Title\n===\n", "漢字。",
     "e\u0301", "## Deeper\n", "**Label**\n", "Q: a\nA: b\n",
     "| - | - |\n", "why?\n\n", "\u202bعربي ", "x" * 90, "   ", "\t", "def f(): pass\n", "    indented\n", "a,b\n", "😀", "\ufeff"]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=60).map("".join)


def check(document, chunks, sizer):
    """The guarantees of `Chunker`, at every chunk."""
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        assert sizer.count(chunk.prefix + chunk.text) <= sizer.capacity
        assert chunk.line_start == document.text.count("\n", 0, chunk.start) + 1 or document.spans
        assert chunk.line_start <= chunk.line_end
    starts = [chunk.start for chunk in chunks]
    assert starts == sorted(starts)


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def document(request):
    data = request.param.read_bytes()
    return registry.load("loaders", choose(request.param.name, data))().load(data, request.param.name)


@pytest.mark.parametrize("name", CHUNKERS)
@pytest.mark.parametrize("capacity", [16, 64, 254])
def test_chunks_of_real_documents_keep_their_promises(name, capacity, document):
    sizer = HashingSizer(capacity)
    chunker = registry.load("chunkers", name)()
    chunks = chunker.chunk(document, sizer)
    check(document, chunks, sizer)
    assert bool(chunks) == bool(document.text.strip())
    assert chunker.chunk(document, sizer) == chunks


@pytest.mark.parametrize("name", CHUNKERS)
def test_without_trimming_chunks_join_to_the_text(name, document):
    chunks = registry.load("chunkers", name)(trim=False).chunk(document, HashingSizer(40))
    assert "".join(chunk.text for chunk in chunks) == (document.text if document.text.strip() else "")


@pytest.mark.parametrize("name", CHUNKERS)
def test_every_word_is_in_a_chunk(name, document):
    chunks = registry.load("chunkers", name)().chunk(document, HashingSizer(40))
    assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join(document.text.split())


@pytest.mark.parametrize("name", CHUNKERS)
@pytest.mark.parametrize("settings_", [{"overlap_tokens": 6}, {"heading_prefix": True}, {"max_tokens": 12}])
def test_promises_hold_under_every_setting(name, settings_, document):
    sizer = HashingSizer(48)
    chunks = registry.load("chunkers", name)(**settings_).chunk(document, sizer)
    check(document, chunks, sizer)
    if "max_tokens" in settings_:
        assert all(sizer.count(chunk.text) <= 12 for chunk in chunks)


@pytest.mark.parametrize("name", CHUNKERS)
@given(text=TEXTS, markup=st.sampled_from(MARKUPS), capacity=st.integers(4, 40), trim=st.booleans())
@settings(max_examples=120, deadline=None)
def test_promises_hold_for_any_text(name, text, markup, capacity, trim):
    document = Document(source="x.py", text=text, markup=markup, language="python")
    sizer = HashingSizer(capacity)
    chunks = registry.load("chunkers", name)(trim=trim).chunk(document, sizer)
    check(document, chunks, sizer)
    if not trim and chunks:
        assert "".join(chunk.text for chunk in chunks) == text


@pytest.mark.parametrize("name", CHUNKERS)
@pytest.mark.parametrize("text", ["", " ", "\n\n\t\n"])
def test_a_blank_document_has_no_chunks(name, text):
    assert registry.load("chunkers", name)().chunk(Document(source="x", text=text), HashingSizer(9)) == []


@pytest.mark.parametrize("name", [name for name in CHUNKERS if name != "whole"])
def test_pages_and_other_spans_reach_the_chunks(name):
    text = "alpha one\n\nbeta two\n\ngamma three\n"
    spans = (Span(0, 11, "page", 1), Span(11, 21, "page", 2), Span(21, 33, "page", 3), Span(11, 33, "message", "<m@x>"))
    document = Document(source="x.pdf", text=text, spans=spans)
    chunks = registry.load("chunkers", name)().chunk(document, HashingSizer(3))
    assert [chunk.page for chunk in chunks] == [1, 2, 3]
    assert [dict(chunk.metadata).get("message") for chunk in chunks] == [None, "<m@x>", "<m@x>"]

"""The structured chunker: sections, blocks, sizes, and cuts that stay put."""

import pytest

from embedingest.engine.hashing import HashingSizer
from embedingest.errors import ConfigError
from embedingest.ingest.chunk.structured import create
from embedingest.types import Document, Span


def cut(text, capacity=20, markup="markdown", mime="text/markdown", spans=(), **settings):
    document = Document(source="x", text=text, markup=markup, mime=mime, spans=spans)
    return create(**settings).chunk(document, HashingSizer(capacity))


def words(count, start=0):
    return " ".join(f"w{n}" for n in range(start, start + count))


def test_a_chunk_never_crosses_a_heading():
    chunks = cut("# A\n\none\n\n## B\n\ntwo\n\n# C\n\nthree\n", capacity=200)
    assert [chunk.text for chunk in chunks] == ["# A\n\none", "## B\n\ntwo", "# C\n\nthree"]
    assert [chunk.heading_path for chunk in chunks] == [("A",), ("A", "B"), ("C",)]


def test_a_heading_without_words_stays_with_its_first_section():
    chunks = cut("# A\n\n## B\n\ntwo\n", capacity=200)
    assert [(chunk.text, chunk.heading_path) for chunk in chunks] == [("# A\n\n## B\n\ntwo", ("A", "B"))]


def test_tables_and_fences_stay_whole_where_they_fit():
    table = "| a | b |\n| - | - |\n| 1 | 2 |"
    code = "```\none\n\ntwo\n```"
    chunks = cut(f"# H\n\n{words(12)}\n\n{table}\n\n{words(12, 50)}\n\n{code}\n", capacity=24)
    for whole in (table, code):
        assert sum(whole in chunk.text for chunk in chunks) == 1


def test_a_fence_beyond_the_capacity_is_cut_at_its_lines():
    lines = [f"call_{n} x" for n in range(40)]
    chunks = cut("```\n" + "\n".join(lines) + "\n```\n", capacity=30)
    assert len(chunks) > 3
    assert all(set(chunk.text.splitlines()) <= {*lines, "```"} for chunk in chunks)


def test_a_long_paragraph_is_cut_between_sentences():
    text = " ".join(f"Sentence {n} has just six words." for n in range(30))
    assert all(chunk.text.endswith(".") and chunk.text.startswith("Sentence") for chunk in cut(text, capacity=30))


def test_chinese_and_japanese_are_cut_between_sentences():
    text = "".join(f"これは{n}番目の文です。" for n in range(60))
    chunks = cut(text, capacity=30, markup="text", mime="text/plain")
    assert len(chunks) > 2
    assert all(chunk.text.endswith("。") for chunk in chunks)


def test_lines_and_headings_of_restructured_text():
    text = "Title\n=====\n\nIntro.\n\nPart\n----\n\nWords.\n"
    chunks = cut(text, capacity=100, markup="text", mime="text/x-rst")
    assert [(c.heading_path, c.line_start, c.line_end) for c in chunks] == [
        (("Title",), 1, 4),
        (("Title", "Part"), 6, 9),
    ]


def test_headings_can_come_from_spans():
    text = "Title\nwords\nInner\nmore words\nNext\nlast\n"
    spans = (Span(0, 29, "heading", "Title"), Span(12, 29, "heading", "Inner"), Span(29, 39, "heading", "Next"))
    chunks = cut(text, capacity=100, markup="text", mime="application/pdf", spans=spans)
    assert [(chunk.text, chunk.heading_path) for chunk in chunks] == [
        ("Title\nwords", ("Title",)),
        ("Inner\nmore words", ("Title", "Inner")),
        ("Next\nlast", ("Next",)),
    ]


def test_lines_count_from_where_a_line_span_says():
    text = "one\n\ntwo\n"
    chunks = cut(text, capacity=1, spans=(Span(0, len(text), "line", 10),))
    assert [(chunk.line_start, chunk.line_end) for chunk in chunks] == [(10, 10), (12, 12)]


def test_the_heading_prefix_counts_towards_the_capacity():
    text = f"# Alpha beta\n\n## Gamma\n\n{words(60)}\n"
    chunks = cut(text, capacity=24, heading_prefix=True)
    assert {chunk.prefix for chunk in chunks} == {"Alpha beta > Gamma\n\n"}
    assert all(HashingSizer(0).count(chunk.prefix + chunk.text) <= 24 for chunk in chunks)


def test_overlap_repeats_the_end_of_the_chunk_before_within_its_section():
    text = f"{words(60)}\n\n# Next\n\n{words(30, 100)}\n"
    chunks = cut(text, capacity=20, overlap_tokens=5)
    before, after = chunks[0], chunks[1]
    assert before.start < after.start < before.end
    assert text[after.start : before.end].split() == before.text.split()[-5:]
    first_of_next = next(chunk for chunk in chunks if chunk.heading_path == ("Next",))
    assert first_of_next.text.startswith("# Next")


def test_an_overlap_of_more_than_half_the_maximum_is_refused():
    with pytest.raises(ConfigError, match="overlap_tokens"):
        create(max_tokens=10, overlap_tokens=6)


def test_a_word_of_one_unknown_token_is_not_one_endless_chunk():
    """Tokenizers call a very long word one unknown token; a chunk stays of a size that can be stored and shown."""

    class OneToken(HashingSizer):
        def count(self, text):
            return len(text.split())

        def starts(self, text):
            return [0] if text.strip() else []

    chunks = create().chunk(Document(source="x", text="A" * 100_000), OneToken(16))
    assert max(len(chunk.text) for chunk in chunks) <= 16 * 48
    assert "".join(chunk.text for chunk in chunks) == "A" * 100_000


def test_an_edit_moves_only_the_cuts_beside_it():
    paragraphs = [f"Paragraph {n}. " + words(9 + n * 7 % 23, n * 40) for n in range(80)]
    before = {chunk.text for chunk in cut("\n\n".join(paragraphs), capacity=60)}
    paragraphs.insert(40, "A new paragraph, " + words(20, 9000))
    after = {chunk.text for chunk in cut("\n\n".join(paragraphs), capacity=60)}
    assert len(after - before) <= 3

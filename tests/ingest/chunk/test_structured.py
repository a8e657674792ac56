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


def test_a_section_that_is_not_small_never_shares_a_chunk():
    a, b, c = words(13), words(13, 50), words(13, 100)
    chunks = cut(f"# A\n\n{a}\n\n## B\n\n{b}\n\n# C\n\n{c}\n", capacity=24)
    assert [chunk.text for chunk in chunks] == [f"# A\n\n{a}", f"## B\n\n{b}", f"# C\n\n{c}"]
    assert [chunk.heading_path for chunk in chunks] == [("A",), ("A", "B"), ("C",)]


def test_small_neighbours_under_one_heading_share_a_chunk_up_to_the_size_aimed_at():
    terms = [f"## Term {n}\n\nMeaning {words(8, n * 20)}.\n\n" for n in range(60)]
    chunks = cut("# Glossary\n\nAll terms.\n\n" + "".join(terms), capacity=100)
    assert len(chunks) <= 20
    assert {chunk.heading_path for chunk in chunks} == {("Glossary",)}
    assert all(chunk.text.startswith(("# Glossary", "## Term")) for chunk in chunks)
    assert all(HashingSizer(0).count(chunk.text) <= 100 for chunk in chunks)


def test_small_sections_of_one_parent_stay_together_before_they_join_those_of_the_next():
    release = "## {0}\n\n### Fixed\n\n- {1}\n\n### Added\n\n- {2}\n\n"
    text = "# Changes\n\n" + "".join(release.format(n, words(4, n * 9), words(4, n * 9 + 4)) for n in range(40))
    chunks = cut(text, capacity=80)
    assert len(chunks) < 20
    for chunk in chunks:
        assert chunk.text.startswith(("# Changes", "## "))
        assert chunk.text.count("### Fixed") == chunk.text.count("### Added")


def test_a_section_inserted_among_small_ones_moves_only_the_cuts_beside_it():
    for place in (0, 30, 97):
        terms = [f"## Term {n}\n\n{words(3 + n * 7 % 11, n * 40)}\n\n" for n in range(100)]
        before = {chunk.text for chunk in cut("# G\n\n" + "".join(terms), capacity=60)}
        terms.insert(place, f"## New\n\n{words(9, 9000)}\n\n")
        after = {chunk.text for chunk in cut("# G\n\n" + "".join(terms), capacity=60)}
        assert len(after - before) <= 8, place
        assert len(after) > 20


def test_slides_share_no_chunk():
    text = "# One\n\nfirst\n\n# Two\n\nsecond\n"
    spans = (Span(0, 14, "slide", 1), Span(14, len(text), "slide", 2))
    assert [(chunk.page, chunk.text) for chunk in cut(text, capacity=200, spans=spans)] == [
        (1, "# One\n\nfirst"),
        (2, "# Two\n\nsecond"),
    ]


def test_a_heading_is_never_a_chunk_alone():
    """Whatever follows it: words that fill a chunk, another heading, nothing, a table or listing too large for one."""
    full, sentences = words(40), " ".join(f"Sentence {n} has words." for n in range(20))
    table = "| a | b |\n| - | - |\n" + "".join(f"| {n} | {n * n} |\n" for n in range(30))
    for body in (
        full,
        sentences,
        f"# Next\n\n{full}",
        f"## Deeper\n\n{full}",
        "",
        "### Last",
        table,
        f"```\n{full}\n```",
    ):
        for title in ("# A heading", "A heading\n=========", "# Parent\n\n## A heading"):
            chunks = cut(f"# Before\n\n{full}\n\n{title}\n\n{body}\n\n# After\n\n{full}\n", capacity=40)
            for chunk in chunks:
                lines = [
                    line for line in chunk.text.splitlines() if line and not line.startswith(("#", "A head", "==="))
                ]
                assert lines, (title, body, chunk.text)


def test_a_heading_without_words_stays_with_its_first_section():
    chunks = cut("# A\n\n## B\n\ntwo\n", capacity=200)
    assert [(chunk.text, chunk.heading_path) for chunk in chunks] == [("# A\n\n## B\n\ntwo", ("A", "B"))]


@pytest.mark.parametrize(
    "pair",
    [
        "**How do I do {n}?**\n\n{answer}",
        "**How do I do {n}**\n{answer}",
        "Q: How do I do {n}?\nA: {answer}",
        "**Q{n}:** How do I do it?\n\n**A{n}:** {answer}",
        "Frage: Wie geht {n}?\nAntwort: {answer}",
        "How do I do {n}?\n\n{answer}",
        "{n}. **How do I do it?**\n\n   {answer}",
        "- __How do I do {n}?__\n  {answer}",
    ],
)
@pytest.mark.parametrize("markup", ["markdown", "text"])
def test_a_question_stays_with_its_answer(pair, markup):
    pairs = [pair.format(n=n, answer=f"answer {words(5 + n * 5 % 9, n * 30)}") for n in range(1, 40)]
    chunks = cut("\n\n".join(pairs), capacity=40, markup=markup, mime="text/plain")
    assert len(chunks) > 8
    assert all(
        chunk.text.count("ow do I do") + chunk.text.count("Wie geht") == chunk.text.count("answer") for chunk in chunks
    )
    if "Q: " in pair or "Frage" in pair:  # the same without a blank line between them
        chunks = cut("\n".join(pairs), capacity=40, markup=markup, mime="text/plain")
        assert all(chunk.text.startswith(pair[:3]) for chunk in chunks)


LOGS = {
    "iso": "2024-05-01 10:{m:02}:00,123 INFO [w-{n}] Some words. More words. id={n}",
    "syslog": "May  1 10:{m:02}:11 host sshd[{n}]: Accepted key. Session opened, for user",
    "access": '10.0.0.{n} - - [01/May/2024:10:{m:02}:00 +0000] "GET /a. b HTTP/1.1" 200 {n}',
    "level": "[WARN] worker {n}: something is late. It waits",
    "json": '{{"ts": {n}, "msg": "It is late. It waits."}}',
    "compose": "api-{n}  | 10:{m:02}:01 Some words. More words",
    "build": "compile file{n}. Then link it",
}


@pytest.mark.parametrize("kind", sorted(LOGS))
def test_logs_break_at_lines(kind):
    lines = [LOGS[kind].format(n=n, m=n % 60) for n in range(120)]
    document = Document(source="a.log" if kind == "build" else "a.txt", text="\n".join(lines))
    chunks = create().chunk(document, HashingSizer(80))
    assert len(chunks) > 10
    assert [line for chunk in chunks for line in chunk.text.splitlines()] == lines


def test_a_record_of_several_lines_is_not_cut_where_it_fits():
    record = "2024-05-01 10:{0:02}:00 ERROR failed\n  at one\n\n  at two\n----\n  at three\n"
    document = Document(source="a.txt", text="".join(record.format(n) for n in range(60)))
    assert all(chunk.text.startswith("2024") for chunk in create().chunk(document, HashingSizer(90)))


@pytest.mark.parametrize(
    ("head", "row", "mime"),
    [
        ("| Name | Size |\n| ---- | ---: |\n", "| n{0} | {1} |\n", "text/markdown"),
        ("Name | Size\n---|---\n", "n{0} | {1}\n", "text/markdown"),
        ("+----+----+\n| Name | Size |\n+====+====+\n", "| n{0} | {1} |\n", "text/x-rst"),
        ("|===\n| Name | Size\n\n", "| n{0} | {1}\n", "text/x-asciidoc"),
    ],
)
def test_rows_of_a_table_that_is_cut_are_embedded_with_its_header(head, row, mime):
    text = head + "".join(row.format(n, n * n) for n in range(60)) + ("|===\n" if "asciidoc" in mime else "")
    markup = "markdown" if mime == "text/markdown" else "text"
    chunks = cut(f"{words(6)}\n\n{text}\n{words(6, 70)}\n", capacity=60, markup=markup, mime=mime)
    header = next(line for line in head.splitlines() if "Name" in line) + "\n"
    assert len(chunks) > 4
    for chunk in chunks:
        rows = [line for line in chunk.text.splitlines() if " | " in line and "Name" not in line]
        assert chunk.prefix == (header if rows and "Name" not in chunk.text else "")
        assert HashingSizer(0).count(chunk.prefix + chunk.text) <= 60
    assert not any(chunk.text.rstrip().endswith(head.rstrip()[-4:]) and "n0" not in chunk.text for chunk in chunks[1:])


@pytest.mark.parametrize(
    ("head", "row", "of_two"),
    [
        ("| Region | 2021 |  | 2022 |  |\n| --- | --- | --- | --- | --- |\n| Region | Q1 | Q2 | Q1 | Q2 |\n", "| T{0} | {0} | 1 | 2 | {1} |\n", True),
        ("| | Costs | |\n|---|--:|--:|\n| Name | Net | Gross |\n", "| T{0} | {0} | {1} |\n", True),
        ("| Name | Note | Sum |\n|---|---|---|\n", "| T{0} | good \\| bad | {1} |\n", False),
        ("| Region | 2021 | |\n|---|---|---|\n", "| T{0} | {0} | {1} |\n", False),
    ],
)  # fmt: skip
def test_a_header_of_two_rows_goes_with_every_chunk_of_its_table(head, row, of_two):
    text = head + "".join(row.format(n, n * n) for n in range(60))
    first, _, *second = head.splitlines(keepends=True)
    header = first + "".join(second if of_two else [])
    chunks = cut(f"{words(6)}\n\n{text}", capacity=150, markup="markdown", mime="text/markdown")
    assert len(chunks) > 3
    assert {chunk.prefix for chunk in chunks[2:]} == {header}


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
    chunks = cut(text, capacity=16, markup="text", mime="text/x-rst")
    assert [(c.heading_path, c.line_start, c.line_end) for c in chunks] == [
        (("Title",), 1, 4),
        (("Title", "Part"), 6, 9),
    ]


def test_headings_can_come_from_spans():
    text = "Title\nwords\nInner\nmore words\nNext\nlast\n"
    spans = (Span(0, 29, "heading", "Title"), Span(12, 29, "heading", "Inner"), Span(29, 39, "heading", "Next"))
    chunks = cut(text, capacity=4, markup="text", mime="application/pdf", spans=spans)
    assert [(chunk.text, chunk.heading_path) for chunk in chunks] == [
        ("Title\nwords", ("Title",)),
        ("Inner\nmore words", ("Title", "Inner")),
        ("Next\nlast", ("Next",)),
    ]


def test_headings_nested_without_end_have_a_path_that_ends():
    text = "".join(f"h{n}\n{words(6)}\n" for n in range(300))
    starts = [0, *(place + 1 for place in range(len(text) - 1) if text[place : place + 2] == "\nh")]
    spans = tuple(Span(start, len(text), "heading", f"h{n}") for n, start in enumerate(starts))
    chunks = cut(text, capacity=8, markup="text", mime="application/pdf", spans=spans)
    assert len(chunks) == 300
    assert max(len(chunk.heading_path) for chunk in chunks) == 64
    assert chunks[-1].heading_path[-1] == "h299"


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


def test_a_title_with_a_few_words_opens_the_first_chunk_and_is_none_alone():
    words = "many words here that fill the room. " * 12
    text = f"# Title\n\nBy Ann.\n\n## First\n\n{words}\n\n## Second\n\n{words}\n"
    document = Document("x.md", text, "markdown")
    chunks = create().chunk(document, HashingSizer(60))
    assert chunks[0].text.startswith("# Title\n\nBy Ann.\n\n## First\n\nmany words")
    assert chunks[0].heading_path == ("Title", "First")


@pytest.mark.parametrize(
    ("heading", "words_"),
    [
        ("The **big** [mill](https://example.org/a_b) & `x_y` \\# 1", "The big mill & x_y # 1"),
        ("![The wheel](wheel.png)", "The wheel"),
        ("snake_case_name and 5 > 3", "snake_case_name and 5 > 3"),
        ("A List<String> of *words*", "A List<String> of words"),
        ("1\\. January ~~sold~~ <a id='x'></a>", "1. January ~~sold~~"),
    ],
)
def test_a_heading_path_holds_words_and_no_marks(heading, words_):
    chunks = cut(f"# {heading}\n\n{words(12)}\n", capacity=40)
    assert [chunk.heading_path for chunk in chunks] == [(words_,)]
    assert chunks[0].text.startswith(f"# {heading}")
    plain = cut(f"= {heading}\n\n{words(12)}\n", capacity=40, markup="text", mime="text/x-asciidoc")
    assert plain[0].heading_path == (heading,)


@pytest.mark.parametrize(
    "title", ["1. Introduction", "1.2 Scope of this", "CHAPTER II. The mill", "TERMS OF USE", "§ 4 Rest"]
)
def test_a_numbered_line_alone_of_a_plain_text_stays_with_what_follows(title):
    before = [words(9, n * 10) for n in range(6)]
    for count in range(1, 7):
        text = "\n\n".join([*before[:count], title, words(9, 100), words(9, 110)])
        chunks = cut(text, capacity=20, markup="text", mime="text/plain")
        assert next(chunk.text for chunk in chunks if title in chunk.text).partition(title)[2].strip()


def test_items_and_sentences_are_no_titles():
    text = "\n\n".join(["1. First we grind the corn.", words(9), "2. Then we bake.", words(9, 50)])
    chunks = cut(text, capacity=10, markup="text", mime="text/plain")
    assert [chunk.text for chunk in chunks] == [
        "1. First we grind the corn.",
        words(9),
        "2. Then we bake.",
        words(9, 50),
    ]

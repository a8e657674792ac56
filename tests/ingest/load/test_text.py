"""Text stays word for word; titles, languages and front matter are found."""

import pytest

from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.markdown import create as create_markdown
from embedingest.ingest.load.text import create, create_code
from embedingest.types import Span

YAML_PAGE = b"""---
title: The guide
tags: [a, b]
date: 2024-05-01
---
# Heading

Words.
"""


def test_restructured_text_keeps_its_marks_and_gives_its_title():
    text = "=====\nGuide\n=====\n\nWords.\n"
    document = create().load(text.encode(), "docs/guide.rst.txt")
    assert (document.text, document.mime, document.title) == (text, "text/x-rst", "Guide")


def test_asciidoc_gives_its_title():
    assert create().load(b"= Guide\n\nWords.\n", "guide.adoc").title == "Guide"


def test_an_encoding_other_than_utf8_is_told():
    document = create().load("déjà vu, encore une fois à l'été".encode("utf-16"), "x.txt")
    assert document.metadata == {"encoding": "utf-16-le"}


def test_code_keeps_its_text_and_knows_its_language():
    document = create_code().load(b"fn main() {}\r\n", "src/main.rs")
    assert (document.text, document.markup, document.language) == ("fn main() {}\n", "code", "rust")


def test_yaml_front_matter_becomes_json_metadata():
    document = create_markdown().load(YAML_PAGE, "guide.md")
    assert document.text == "# Heading\n\nWords.\n"
    assert document.metadata == {"title": "The guide", "tags": ["a", "b"], "date": "2024-05-01"}
    assert document.title == "The guide"


def test_lines_after_front_matter_stay_those_of_the_file():
    document = create_markdown().load(YAML_PAGE, "guide.md")
    assert document.spans == (Span(0, len(document.text), "line", 6),)


def test_toml_front_matter_becomes_metadata():
    document = create_markdown().load(b"+++\ntitle = 'T'\nweight = 3\n+++\nWords.\n", "x.md")
    assert (document.text, document.metadata) == ("Words.\n", {"title": "T", "weight": 3})


def test_broken_front_matter_is_read_line_by_line_and_counted():
    document = create_markdown().load(b"---\na: [1\n---\nWords.\n", "x.md")
    assert (document.text, document.metadata) == ("Words.\n", {"a": "[1"})
    assert document.notices == {"front_matter_unreadable": 1}


def test_an_alias_bomb_in_front_matter_is_not_expanded():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    document = create_markdown().load(("---\n" + "\n".join(lines) + "\n---\nWords.\n").encode(), "x.md")
    assert document.notices == {"front_matter_unreadable": 1}


def test_the_title_of_markdown_is_its_first_great_heading():
    assert create_markdown().load(b"words\n\n## Small\n\n# Great #\n", "x.md").title == "Great"
    assert create_markdown().load(b"Great\n=====\n\nwords\n", "x.md").title == "Great"


def test_a_rule_at_the_top_is_not_front_matter():
    document = create_markdown().load(b"---\nwords and more words\n---\n", "x.md")
    assert document.text.startswith("---\nwords")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("otto.txt", "OTTO GmbH, Bestellung\n"),
        ("a.txt", "ID3 is a tag.\n"),
        ("par1.txt", "PAR1 and PAR2\n"),
        ("a.md", "# PDF\n\nbegins with `%PDF-1.7`\n"),
        ("b.log", "BZh is a mark\n"),
        ("c.txt", "wOFF we go\n"),
    ],
)
def test_a_text_that_begins_with_a_magic_word_is_read(name, text):
    assert load_inner(text.encode(), name, name).text == text


def test_colours_and_titles_of_a_terminal_are_no_words():
    log = b"10:01 \x1b[1;31mERROR\x1b[0m db\x1b[K\n\x1b]0;shell\x07next\x1b(B \x08end\n"
    assert load_inner(log, "a.log", "a.log").text == "10:01 ERROR db\nnext end\n"


def test_letters_of_java_properties_are_letters():
    assert load_inner(rb"city=Z\u00fcrich \\u00fc", "a.properties", "a.properties").text == r"city=Zürich \\u00fc"


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("N\bNA\bAM\bME\bE\n   _\bf_\bi_\bl_\be of w\b_o\b_rds\n", "NAME\n   file of words\n"),
        ("b\bb\bbo\bo\bol\bl\bld\bd, +\bo item\n", "bold, o item\n"),
        ("a \b b, done\b\n", "a  b, done\n"),
    ],
)
def test_what_a_printer_was_to_strike_twice_is_there_once(printed, words):
    assert load_inner(printed.encode(), "mill.txt", "mill.txt").text == words

"""Titles of Markdown are headings as CommonMark knows them; front matter that is no YAML is lived with."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from embedingest.ingest.load.common.headings import first_heading
from embedingest.ingest.load.markdown import create

# No pictures and no HTML, whose words no title has.
_PIECES = [
    "# ", "#", "\n", "=", "==\n", "---\n", "a", "b c", "*", "_", "`", "[x]", "[x]: /u\n", "\\*", "&amp;", " ", "\t",
    "> ", "- ", "```\n", "é", "٣", "\u00a0", "\r", "\x0b", "\u2028", "\x00", "## ", "1", "    ", "# Title 1\n", "\u0301",
]  # fmt: skip


def load(text):
    return create().load(text.encode(), "x.md")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('<div align="center">\n  <h1>mill &amp; <img src="a.svg"> wheel</h1>\n</div>\n\n## Install\n', "mill & wheel"),
        ("<!-- <h1>Old</h1> -->\n\n<pre><h1>x</h1></pre>\n\n# Real title\n", "Real title"),
        ("## Install\n\n```bash\n# fetch the code\n```\n\n# Real title\n", "Real title"),
        ("~~~\n# in a listing\n~~~\n\nReal\n====\n", "Real"),
        ("<!--\n# a comment\n-->\n\n# Real\n", "Real"),
        ("<pre>\n# raw\n</pre>\n\n# Real\n", "Real"),
        ("    # indented code\n\n# Real\n", "Real"),
        ("# *The* `mill` & [sea](x.md) #\n", "The mill & sea"),
        ("#hashtag is no heading\n", None),
        ("> # in a quotation\n\n- # in a list\n", None),
        ("# \n\n# Second\n", "Second"),
        ("Words\n\n---\n\nMore\n", None),
    ],
)
def test_the_title_is_the_first_heading_of_the_first_level(text, title):
    assert load(text).title == title


def test_a_colon_in_a_title_breaks_the_yaml_and_not_the_document():
    document = load('---\ntitle: Mills: a history\nauthor: "Ann"\ntags: [a, b]\n---\n\n# Body\n\nWords.\n')
    assert (document.title, document.metadata["author"]) == ("Mills: a history", "Ann")
    assert document.text.startswith("\n# Body")
    assert document.notices == {"front_matter_unreadable": 1}


def test_words_between_two_rules_are_text():
    document = load("---\nSome words: of: no field\nmore\n---\nand text\n")
    assert "and text" in document.text


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_the_title_is_what_a_whole_reading_of_the_text_finds(text):
    tokens = MarkdownIt("commonmark").parse(text)
    headings = [
        " ".join("".join(" " if child.type.endswith("break") else child.content for child in inline.children).split())
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0
    ]
    assert first_heading(text) == next(filter(None, headings), None)

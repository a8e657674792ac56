"""What a document says can do nothing on the page, and reads as it was meant."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.server.render import excerpt, rendered, words_at
from tests.depth import much, only_deep

ALLOWED = {
    "p", "em", "strong", "s", "code", "pre", "mark", "a", "span", "div", "table", "thead", "tbody", "tr", "th", "td",
    "ul", "ol", "li", "blockquote", "hr", "br",
}  # fmt: skip
ATTRIBUTES = {"class", "href", "rel", "target", "tabindex", "role", "aria-label", "start"}


class Tags(HTMLParser):
    def __init__(self, markup):
        super().__init__()
        self.found = []
        self.words = ""
        self.open = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def assert_harmless(markup):
    tags = Tags(markup)
    assert tags.open == []
    for tag, attributes in tags.found:
        assert tag in ALLOWED, tag
        assert set(attributes) <= ATTRIBUTES, attributes
        assert re.match(r"(?i)https?://|mailto:", attributes.get("href", "https://")), attributes
    return tags


PIECES = st.sampled_from(
    ["<script>", "</pre>", "<img src=x onerror=1>", "[a](", "javascript:1", ")", "![p](http://x/y)", "](/x)", "`", "```\n",
     "$", "$$", "\\(", "\\)", "**", "*", "_", "~~", "# ", "> ", "- ", "1. ", "|", "| a | b |\n| :-: | --: |\n", "\n\n", "\n", " ",
     "<https://x.y>", "&lt;", "&#106;", '"', "'", "walrus", "\u202e", "\x00", "\x1b[31m", "{#id .class}", "[^1]", "<!--", "]]>"]
)  # fmt: skip


@pytest.mark.parametrize("mime", ["text/markdown", "text/plain"])
@given(pieces=st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=30))
def test_whatever_is_written_the_markup_is_harmless(mime, pieces):
    assert_harmless(rendered("".join(pieces), mime, {"walrus", "a", "<", "&"}))


def test_links_lead_out_or_nowhere_and_pictures_are_their_words():
    markup = rendered(
        "[in](other.md) [out](https://x.y/?a=1&b=2) [bad](javascript:alert) ![alt *text*](http://x/p.png)",
        "text/markdown",
    )
    tags = assert_harmless(markup)
    assert [attributes["href"] for tag, attributes in tags.found if tag == "a"] == ["https://x.y/?a=1&b=2"]
    assert "in out" in tags.words
    assert "alt text" in tags.words
    assert "img" not in markup


def test_columns_bring_no_styles():
    markup = rendered("| a | b |\n| :-: | --: |\n| 1 | 2 |\n", "text/markdown")
    assert "style" not in markup
    assert "<td>1</td>" in markup


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("so $a_1 * b_2 * c$ holds", "$a_1 * b_2 * c$"),
        ("$$\n\\sum_i x_i\n$$", "$$\n\\sum_i x_i\n$$"),
        ("and \\(x_1 < y_1\\) too", "\\(x_1 &lt; y_1\\)"),
        ("\\[a*b*c\\]", "\\[a*b*c\\]"),
    ],
)
def test_formulas_stay_as_they_are_written(text, formula):
    assert f'<span class="maths">{formula}</span>' in rendered(text, "text/markdown")


@pytest.mark.parametrize("text", ["it costs $5 and *then* $6", "a $ alone", "$ $", "$5"])
def test_prices_are_no_formulas(text):
    assert "maths" not in rendered(text, "text/markdown")


def test_words_are_marked_as_words_and_nowhere_else():
    text = "The mill. `mill` milling [mill](https://mill.example/mill)\n\n    mill"
    markup = rendered(text, "text/markdown", {"mill"})
    assert markup.count("<mark>mill</mark>") == 4
    assert 'href="https://mill.example/mill"' in markup
    assert "milling" in markup
    assert rendered("a < mill", "text/plain", {"mill"}) == "<pre>a &lt; <mark>mill</mark></pre>"


@given(st.text(alphabet="ab \n", max_size=much(3000, 3000)), st.integers(20, 500))
def test_an_excerpt_is_a_stretch_that_holds_a_match_and_is_bounded(text, most):
    ranges = [(at, at + 1) for at in (len(text) // 2,) if at < len(text)]
    start, end = excerpt(text, ranges, most)
    assert 0 <= start <= end <= len(text)
    assert end - start <= most * 1.3 + 600
    if ranges:
        assert start <= ranges[0][0] < end


def test_words_are_those_at_the_ranges():
    assert words_at("a walrus swims", [(2, 8), (9, 14)]) == {"walrus", "swims"}


@only_deep
def test_a_huge_hostile_chunk_is_rendered_all_the_same():
    for piece in ("[" * 3, "*a_", "`", "$a", "> ", "![", "<a ", "- "):
        assert_harmless(rendered(piece * 5_000, "text/markdown", {"a"}))


@pytest.mark.parametrize("mime", ["text/markdown", "text/plain"])
def test_what_controls_others_is_shown_as_a_mark(mime):
    assert "\u2407 \u241b[0m \ufffdgnp.exe \u061cword" in rendered("\x07 \x1b[0m \u202egnp.exe \u061cword", mime)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("| a | b |\n| c | d |\n\nwords", ["a", "b", "c", "d"]),
        ("| a \\| b | c |", ["a | b", "c"]),
        ("| only |", ["only"]),
    ],
)
def test_rows_whose_head_stands_in_a_chunk_before_are_a_table_without_head(text, cells):
    markup = rendered(text, "text/markdown")
    assert re.findall("<td>(.*?)</td>", markup) == cells
    assert "<th" not in markup
    assert_harmless(markup)


def test_a_table_with_its_head_keeps_it_and_words_with_bars_stay_words():
    assert "<th>a</th>" in rendered("| a | b |\n| --- | --- |\n| c | d |", "text/markdown")
    assert "<table" not in rendered("| alone", "text/markdown")

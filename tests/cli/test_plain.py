"""Chunks as text: no mark of Markdown is shown, no word is lost, and the words of the query stay where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.cli._plain import is_markdown, plain

CASES = [
    ("## A *small* **mill**", "A small mill"),
    ("See [the mill](http://x.org/a_b 'T') and <http://y.org>.", "See the mill and http://y.org."),
    ("![a wheel](w.png) turns ~~fast~~ slowly", "a wheel turns fast slowly"),
    ("`a * b` and 2 * 3 * 4, snake_case_name", "a * b and 2 * 3 * 4, snake_case_name"),
    ("one\ntwo  \nthree\n\nfour", "one two three\nfour"),
    ("```python\ndef f(x):\n    return x  # **no**\n```", "def f(x):\n    return x  # **no**"),
    ("> said\n> so", "said so"),
    ("- one\n- two\n\n3. three", "• one\n• two\n3. three"),
    ("a<br>b <b>c</b>", "a b c"),
    ("| Name | Kind |\n|---|:-:|\n| copper | metal |\n| tin | *soft* |", "Name    Kind\ncopper  metal\ntin     soft"),
    ("| copper | metal |\n| tin | soft |", "copper  metal\ntin     soft"),
    ("1 < 2 & 3", "1 < 2 & 3"),
    ("\\*kept\\*", "*kept*"),
    ("[ref]: http://x.org\n\nwords [here][ref]", "words here"),
]


@pytest.mark.parametrize(("markdown", "shown"), CASES)
def test_marks_are_gone_and_words_are_kept(markdown, shown):
    assert plain(markdown, (), markdown=True, width=80).text == shown


def test_a_row_that_is_too_wide_is_read_on_with_dots():
    table = "| Name | Remark |\n|---|---|\n| copper | " + "a long remark " * 4 + "|"
    assert plain(table, (), markdown=True, width=40).text.split("\n")[1].startswith("copper · a long remark")


def test_what_is_no_markdown_is_shown_as_it_is():
    assert plain("a * b * c | d\n# e", (), markdown=False, width=80).text == "a * b * c | d # e"
    assert not is_markdown("text/x-source")
    assert is_markdown("text/html")


@pytest.mark.parametrize("markdown", [text for text, _ in CASES])
def test_words_of_the_query_are_marked_wherever_they_went(markdown):
    words = [word for word in ("mill", "wheel", "return", "copper", "metal", "here", "said") if word in markdown]
    ranges = sorted((markdown.index(word), markdown.index(word) + len(word)) for word in words)
    shown = plain(markdown, ranges, markdown=True, width=80)
    assert [shown.text[first:last] for first, last in shown.highlights] == [markdown[a:b] for a, b in ranges]
    assert shown.text == plain(markdown, (), markdown=True, width=80).text


@given(
    text=st.text(st.sampled_from("ab *_`|[]()#>-+\n~<!\\\ue000\ue001\t1.")) | st.text(),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    markdown=st.booleans(),
    width=st.integers(1, 100),
)
def test_whatever_a_document_holds_it_is_shown_and_ranges_are_of_its_text(text, cuts, markdown, width):
    points = sorted({min(cut, len(text)) for cut in cuts})
    ranges = list(zip(points[::2], points[1::2], strict=False))
    shown = plain(text, ranges, markdown=markdown, width=width)
    assert "\ue000" not in shown.text + "\ue001"
    assert all(0 <= first < last <= len(shown.text) for first, last in shown.highlights)
    assert [*shown.highlights] == sorted(shown.highlights)

"""Chunks as text: no mark of Markdown is shown, no word is lost, and the words of the query stay where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.cli._plain import plain

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
    assert plain(markdown, (), mime="text/markdown", width=80).text == shown


def test_a_row_that_is_too_wide_is_read_on_with_dots():
    table = "| Name | Remark |\n|---|---|\n| copper | " + "a long remark " * 4 + "|"
    assert plain(table, (), mime="text/markdown", width=40).text.split("\n")[1].startswith("copper · a long remark")


def test_what_is_no_markdown_is_shown_as_it_is():
    assert plain("a * b * c | d\n# e", (), mime="text/plain", width=80).text == "a * b * c | d # e"
    assert plain("*a*\n# e", (), mime="text/html", width=80).text == "a\ne"


@pytest.mark.parametrize("mime", ["text/csv", "application/vnd.ms-excel", "application/x-ndjson", "text/x-source"])
def test_rows_stay_rows(mime):
    text = "name,price\n  *nail*,2\n\nscrew,3\n"
    shown = plain(text, [(text.index("screw"), text.index("screw") + 5)], mime=mime, width=80)
    assert shown.text == "name,price\n  *nail*,2\nscrew,3"
    assert [shown.text[first:last] for first, last in shown.highlights] == ["screw"]


def test_the_head_of_a_letter_stays_in_lines():
    text = "From: Ann\nTo: Ben\nSubject: *Nails*\n\nDear Ben,\nhere they are."
    shown = plain(text, (), mime="message/rfc822", width=80).text
    assert shown == "From: Ann\nTo: Ben\nSubject: Nails\nDear Ben,\nhere they are."


@pytest.mark.parametrize("markdown", [text for text, _ in CASES])
def test_words_of_the_query_are_marked_wherever_they_went(markdown):
    words = [word for word in ("mill", "wheel", "return", "copper", "metal", "here", "said") if word in markdown]
    ranges = sorted((markdown.index(word), markdown.index(word) + len(word)) for word in words)
    shown = plain(markdown, ranges, mime="text/markdown", width=80)
    assert [shown.text[first:last] for first, last in shown.highlights] == [markdown[a:b] for a, b in ranges]
    assert shown.text == plain(markdown, (), mime="text/markdown", width=80).text


@given(
    text=st.text(st.sampled_from("ab *_`|[]()#>-+\n~<!\\\ue000\ue001\t1.")) | st.text(),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    mime=st.sampled_from(["text/markdown", "text/plain", "text/csv", "message/rfc822"]),
    width=st.integers(1, 100),
)
def test_whatever_a_document_holds_it_is_shown_and_ranges_are_of_its_text(text, cuts, mime, width):
    points = sorted({min(cut, len(text)) for cut in cuts})
    ranges = list(zip(points[::2], points[1::2], strict=False))
    shown = plain(text, ranges, mime=mime, width=width)
    assert "\ue000" not in shown.text + "\ue001"
    assert all(0 <= first < last <= len(shown.text) for first, last in shown.highlights)
    assert [*shown.highlights] == sorted(shown.highlights)

"""Which stretch of a text is shown."""

from __future__ import annotations

from embedingest.store.search.highlight import snippet


def test_a_snippet_holds_the_most_matches_and_breaks_no_word():
    text = "word " * 100 + "needle in the hay needle " + "word " * 100
    at = text.index("needle")
    start, end = snippet(text, ((0, 4), (at, at + 6), (at + 18, at + 24)))
    assert text[start:end].count("needle") == 2
    assert end - start <= 240
    assert text[start - 1] == " "
    assert text[end] == " "
    assert snippet("short", ()) == (0, 5)

"""Files that end early: what is there is read, and that the rest is missing is told."""

import pytest

from embedingest.ingest.load.inner import load_inner
from tests.depth import few

EVENT = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Grind\nDESCRIPTION:Rye"
MAIL = 'Subject: A\nContent-Type: multipart/mixed; boundary="M"\n\n--M\nContent-Type: text/plain\n\nwords here\n'
CUE = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nfirst\n\n"


@pytest.mark.parametrize(
    ("name", "cut", "rest", "kind"),
    [
        ("a.json", '{"a": [1, 2,\n "words here"', "]}", "invalid_json"),
        ("a.ics", EVENT, "\nEND:VEVENT\nEND:VCALENDAR\n", "cut_off"),
        ("a.rtf", r"{\rtf1\ansi First.\par words here", "}", "cut_off"),
        ("a.eml", MAIL, "--M--\n", "cut_off"),
        ("a.vtt", f"{CUE}00:00:03.0", "00 --> 00:00:04.000\nlast", "cut_off"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nfirst\n\n2\n00:00:03,0", "00 --> 00:00:04,000\n12:30", "cut_off"),
        (
            "a.fb2",
            "<FictionBook><body><p>One</p><binary id='a'>iVBORw0KGgo",
            "</binary></body></FictionBook>",
            "invalid_xml",
        ),
    ],
)
def test_what_ends_early_is_told_and_what_ends_in_order_is_not(name, cut, rest, kind):
    assert load_inner(cut.encode(), name, name).notices[kind] == 1
    assert kind not in load_inner((cut + rest).encode(), name, name).notices


def test_comments_and_last_commas_are_no_damage_of_json():
    assert not load_inner(b'{"a": 1, // of the mill\n "b": ["http://x", ], /* end */ }', "a.json", "a.json").notices


@pytest.mark.parametrize(
    "end", ["</section></body></FictionBook>", "</p></wrong></section>", "", "<p", "<!-- cut", "<binary>iVBO"]
)
def test_xml_that_is_broken_anywhere_has_its_words_without_tags(end):
    cut = "<FictionBook><body><section><title><p>River &amp; mill</p></title><p>Water <i>turns</b> it.</p>"
    assert load_inner((cut + end).encode(), "a.fb2", "a.fb2").text == "# River & mill\n\nWater turns it.\n"


@few(4)
@pytest.mark.parametrize("pump", ["<a>", "</a>", "<!A[", "<a '", '<a "', "<!--", "<a b=c ", "&#1", "<![CDATA[", "<?"])
def test_broken_xml_is_followed_in_time_that_grows_as_it_does(pump):
    load_inner(("<r>" + pump * 20_000).encode(), "a.xml", "a.xml")

"""Subtitles: who speaks, what is said twice, and what rolls up."""

from embedingest.ingest.load.captions import create


def load(text, name="x.srt"):
    return create().load(text.encode(), name)


def srt(*cues):
    return "".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{words}\n\n" for n, words in enumerate(cues, 1))


def test_speakers_stand_in_front_of_their_words():
    text = "WEBVTT\n\nid-1\n00:03.000 --> 00:05.000\n<v Ann Miller>Who signs &amp; when?</v>\n\n"
    text += "00:05.500 --> 00:07.000\n<v.loud Bo Weber>I do.</v> <v Ann Miller>Good.\n"
    assert load(text, "x.vtt").text == "Ann Miller: Who signs & when?\nBo Weber: I do. Ann Miller: Good.\n"


def test_notes_and_styles_of_webvtt_are_no_words():
    text = "WEBVTT\n\nNOTE not said\n\nSTYLE\n::cue {}\n\n00:03.000 --> 00:05.000\nSaid.\n\nNOTE nor this\n"
    assert load(text, "x.vtt").text == "Said.\n"


def test_a_blank_line_ends_no_cue_of_subrip():
    document = load("1\n00:00:01,000 --> 00:00:02,000\nFirst\n\nsecond\n\n2\n00:00:03,000 --> 00:00:04,000\nNext\n")
    assert document.text == "First\nsecond\nNext\n"
    assert [span.value for span in document.spans if span.kind == "line"] == [3, 5, 9]


def test_a_number_that_is_said_is_kept_where_it_is_no_number_of_a_cue():
    assert load(srt("Say a number.\n42", "Thanks")).text == "Say a number.\n42\nThanks\n"


def test_what_is_said_twice_stands_twice():
    assert load(srt("- No.", "- No.", "Yes.")).text == "- No.\n- No.\nYes.\n"


def test_lines_that_roll_up_stand_once_and_are_counted():
    document = load(srt("a one", "a one\nb two", "b two\nc three", "c three\nd four"))
    assert document.text == "a one\nb two\nc three\nd four\n"
    assert document.notices == {"repeated_lines": 3}

"""Subtitles: who speaks, what is said twice, and what rolls up."""

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.captions import create
from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.inner import load_inner


def load(text, name="x.srt"):
    return create().load(text.encode(), name)


def srt(*cues):
    return "".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{words}\n\n" for n, words in enumerate(cues, 1))


def test_speakers_stand_in_front_of_their_words():
    text = "WEBVTT\n\nid-1\n00:03.000 --> 00:05.000\n<v Ann Miller>Who signs &amp; when?</v>\n\n"
    text += "00:05.500 --> 00:07.000\n<v.loud Bo Weber>I do.</v> <v Ann Miller>Good.\n"
    assert load(text, "x.vtt").text == "Ann Miller: Who signs & when?\nBo Weber: I do.\nAnn Miller: Good.\n"


def test_notes_and_styles_of_webvtt_are_no_words():
    text = "WEBVTT\n\nNOTE not said\n\nSTYLE\n::cue {}\n\n00:03.000 --> 00:05.000\nSaid.\n\nNOTE nor this\n"
    assert load(text, "x.vtt").text == "Said.\n"


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        ("First\n\nsecond\n\nname\n00:03.000 --> 00:04.000\nNext\n", "First\nsecond\nNext\n"),
        ("First\n\nNOTE no\nword\n\nlast\n", "First\nlast\n"),
        ("First\n00:03.000 --> 00:04.000\nNext\n", "First\nNext\n"),
        ("First\n\n7\n00:03.000 --> 00:04.000\nNOTE is said\n", "First\nNOTE is said\n"),
    ],
)
def test_what_stands_behind_a_blank_line_of_webvtt_is_read_save_remarks_and_names_of_cues(rest, text):
    assert load(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{rest}", "x.vtt").text == text


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


SUBSTATION = """[Script Info]
Title: The mill
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Fonts]
fontname: a.ttf
!!0&5

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:03.50,Default,Ann Miller,0,0,0,,{\\i1}Who signs{\\i0},\\Nand when?
Comment: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}{\\k20}On {\\k30}Friday\\hnight{aside}.
Dialogue: 0,0:00:06.00,0:00:07.00,Default,,0,0,0,,{\\pos(1,2)\\p2}m 0 0 b 1 2
Dialogue: 0,0:00:08.00,0:00:09.00,Default,,0,0,0,,# 1, a < b
"""


def test_events_of_substation_are_who_speaks_and_what_is_said():
    for end in ("\n", "\r\n"):
        document = load("\ufeff" + SUBSTATION.replace("\n", end), "x.ass")
        assert document.text == "Ann Miller: Who signs,\nand when?\nOn Friday night.\n# 1, a < b\n"
        assert [span.value for span in document.spans] == ["0:00:01", 15, "0:00:01", 15, "0:00:04", 17, "0:00:08", 19]
        assert document.notices == {"encoded_data": 1, "comments_left_out": 1, "drawings": 2}
    assert choose("film.ssa", SUBSTATION.encode()) == "captions"


def test_columns_of_substation_are_those_that_the_file_names():
    text = "[Events]\nFormat: Marked, Start, Actor, Text\nDialogue: Marked=0,0:00:01.00,Bo,One, two\n"
    assert load(text, "x.ssa").text == "Bo: One, two\n"
    assert load("[Events]\nFormat:\nDialogue: x\n", "x.ssa").text == ""


def test_the_first_cue_that_begins_with_blanks_has_its_own_time_and_notes_are_counted():
    film = (
        "WEBVTT\n\nNOTE one\nof two lines\n\nNOTE\ntwo\n\n00:00:01.000 --> 00:00:02.000\n \nhello there\n\n"
        "00:00:02.000 --> 00:00:02.010\nhello there\n \n\n00:00:02.010 --> 00:00:04.000\nhello there\nNOTE welcome\n\n"
        "00:00:04.000 --> 00:00:04.010\nNOTE welcome\n \n\n00:00:04.010 --> 00:00:06.000\nNOTE welcome\ntoday\n"
    )
    document = load(film, "a.vtt")
    assert document.text == "hello there\nNOTE welcome\ntoday\n"
    assert [span.value for span in document.spans[:2]] == ["00:00:01", 11]
    assert document.notices == {"comments_left_out": 2, "repeated_lines": 4}


SBV = "0:00:00.599,0:00:04.160\n>> ANN: Hi, I grind\ncorn.\n\n0:00:04.160,0:01:06.770\n>> BO: I bake[br]bread.\n"
SAMI = (
    "<SAMI><HEAD><TITLE>Film</TITLE><STYLE>P {color:red}</STYLE></HEAD><BODY>\n<SYNC Start=1000><P Class=ENCC>Hello<br>"
    "there\n<SYNC Start=2000><P>&nbsp;\n<SYNC Start=3661000><P>K&ouml;rner\n</BODY></SAMI>\n"
)


@pytest.mark.parametrize(
    ("name", "source", "text", "times"),
    [
        ("a.sbv", SBV, ">> ANN: Hi, I grind\ncorn.\n>> BO: I bake\nbread.\n", ["0:00:00", "0:00:04"]),
        ("a.sub", "{1}{100}First|second\n{120}{200}{y:i}Third\n", "First\nsecond\nThird\n", []),
        ("a.smi", SAMI, "Hello\nthere\nKörner\n", ["0:00:01", "1:01:01"]),
        (
            "a.lrc",
            "[ti:The mill]\n[by:me]\n[00:12.00]It turns\n\n[00:15.30][00:40.00]<00:15.30>and <00:16.00>turns\n",
            "The mill\nIt turns\nand turns\n",
            ["00:12", "00:15"],
        ),
    ],
)
def test_captions_of_other_programs_are_their_words_with_their_times(name, source, text, times):
    document = load_inner(source.encode(), name, name)
    assert document.text == text
    assert list(dict.fromkeys(span.value for span in document.spans if span.kind == "time")) == times
    lines = source.split("\n")
    for span in document.spans:
        if span.kind == "line" and "ö" not in document.text[span.start : span.end]:
            assert document.text[span.start : span.end].split()[-1] in lines[int(span.value) - 1]


def test_what_only_has_such_a_suffix_is_text():
    assert load_inner(b"CCO ethanol\n", "a.smi", "a.smi").text == "CCO ethanol\n"
    assert load_inner(b"Sub routine\n", "a.sub", "a.sub").text == "Sub routine\n"
    with pytest.raises(DocumentError) as refused:
        load_inner(b"no times here\n", "a.lrc", "a.lrc")
    assert refused.value.code == "corrupt"

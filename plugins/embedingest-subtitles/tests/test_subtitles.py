"""Subtitles become what is said, with the time of each cue."""

from __future__ import annotations

import pytest
from embedingest_subtitles import SubtitleLoader

from embedingest import DocumentError

SRT = b"""1\r
00:00:01,000 --> 00:00:02,500\r
<i>Good</i> evening.\r
\r
2\r
00:00:03,000 --> 00:00:04,000 X1:40 X2:600\r
- How are you?\r
- Well.\r
"""

VTT = """WEBVTT Kind: captions

STYLE
::cue { color: red }

NOTE 00:00 is where it begins

intro
00:01.000 --> 00:02.000 align:start
<v.loud Mary Ann>Hello &lt;all&gt;</v>

00:02.000 --> 00:03.000
Grüße
""".encode()


def test_an_srt_file_is_what_is_said() -> None:
    document = SubtitleLoader().load(SRT, "talk.srt")
    assert document.text == "Good evening.\n- How are you? - Well.\n"
    assert [(s.kind, s.value, document.text[s.start : s.end]) for s in document.spans] == [
        ("cue", "00:00:01.000", "Good evening."),
        ("cue", "00:00:03.000", "- How are you? - Well."),
    ]


def test_webvtt_keeps_speakers_and_leaves_styles_and_notes_out() -> None:
    document = SubtitleLoader().load(VTT, "talk.vtt")
    assert document.text == "Mary Ann: Hello <all>\nGrüße\n"
    assert document.mime == "text/vtt"


def test_speakers_can_be_left_out() -> None:
    assert SubtitleLoader(speakers=False).load(VTT, "talk.vtt").text.startswith("Hello")


def test_old_encodings_are_read() -> None:
    assert SubtitleLoader().load(SRT.replace(b"Well", b"Gr\xfc\xdfe"), "a.srt").text.endswith("Grüße.\n")
    assert SubtitleLoader().load(VTT.decode().encode("utf-16"), "a.vtt").text.endswith("Grüße\n")


def test_an_empty_file_is_an_empty_document() -> None:
    assert SubtitleLoader().load(b"", "a.srt").text == ""


def test_a_file_without_any_cue_is_refused_by_name() -> None:
    with pytest.raises(DocumentError, match=r"a\.srt: no cue") as caught:
        SubtitleLoader().load(b"just words", "a.srt")
    assert caught.value.code == "corrupt"

"""Bytes become the text a person would read, and what was lost is counted."""

import codecs

import pytest

from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.common.decode import decode, is_binary

FRENCH = "Été comme hiver, la façade du théâtre reste très éclairée. Où êtes-vous allés hier soir ? " * 8
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 12
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 12
ENGLISH = "The quick brown fox jumps over the lazy dog.\n" * 10


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (ENGLISH, "utf-16-le"),
        (ENGLISH, "utf-16-be"),
        (FRENCH, "utf-16-le"),
    ],
)
def test_text_is_read_in_the_encoding_it_was_written_in(text, encoding):
    decoded = decode(text.encode(encoding), "letter.txt")
    assert (decoded.text, dict(decoded.notices)) == (text, {})


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_left_out(mark, encoding):
    assert decode(mark + JAPANESE.encode(encoding), "x").text == JAPANESE


def test_the_whole_file_decides_not_its_first_bytes():
    """Ten thousand plain letters in front of the accents must not turn a cp1252 file into something else."""
    text = "plain words only, for a long while. " * 3000 + FRENCH
    assert decode(text.encode("cp1252"), "x").text == text


def test_a_few_damaged_bytes_do_not_change_the_encoding_and_are_counted():
    data = (RUSSIAN + "|").encode() + b"\xff\xfe" + RUSSIAN.encode()
    decoded = decode(data, "x")
    assert decoded.text == RUSSIAN + "|��" + RUSSIAN
    assert decoded.notices == {"undecodable": 2}


def test_a_replacement_mark_that_stands_in_the_text_is_not_counted_as_a_loss():
    assert decode("so �, then".encode(), "x").notices == {}
    assert decode((RUSSIAN + "�").encode() + b"\xff", "x").notices == {"undecodable": 1}


def test_lines_end_in_a_line_feed():
    assert decode(b"one\r\ntwo\rthree\n", "x").text == "one\ntwo\nthree\n"


def test_a_zero_byte_late_in_a_text_is_replaced_and_counted():
    decoded = decode(b"words " * 3000 + b"\0 end", "x")
    assert decoded.notices == {"nul_bytes": 1}
    assert "\0" not in decoded.text


@pytest.mark.parametrize("data", [b"\x7fELF\0\0\1\2" * 9, bytes(range(256)) * 40, b"\1\2\3\4\5 words" * 90])
def test_binary_data_is_skipped_with_its_reason(data):
    with pytest.raises(DocumentSkipped) as caught:
        decode(data, "tool.bin")
    assert caught.value.code == "binary"
    assert "tool.bin" in caught.value.message


def test_an_empty_file_is_empty_text():
    assert decode(b"", "x").text == ""
    assert not is_binary(b"")

"""The encoding of texts that show none: windows-1252, or what is configured; a change of it is read at once."""

import pytest
from pydantic import ValidationError

from embedingest.config import LoadConfig
from embedingest.ingest.load.common.decode import decode, fallen_back
from tests.ingest.world import World


@pytest.mark.parametrize(
    ("data", "usual", "cyrillic"),
    [
        (b"\xd1 5\n", "Ñ 5\n", "С 5\n"),
        (b"\xc8 1\n\xc9 2\n", "È 1\nÉ 2\n", "И 1\nЙ 2\n"),
        (b"a \xe9\n", "a é\n", "a й\n"),
    ],
)
def test_a_letter_or_two_are_read_in_the_fallback(data, usual, cyrillic):
    assert decode(data, "a").text == usual
    with fallen_back("windows-1251"):
        assert decode(data, "a").text == cyrillic
    assert decode(data, "a").text == usual


@pytest.mark.parametrize(
    ("words", "codec"), [("Привет", "cp1251"), ("Žluťoučký kůň", "cp1250"), ("Größe, Übung", "cp1252")]
)
@pytest.mark.parametrize("fallback", ["cp1252", "iso-8859-2", "shift_jis"])
def test_words_that_show_their_encoding_are_read_in_it(words, codec, fallback):
    with fallen_back(fallback):
        assert decode(words.encode(codec), "a").text == words


def test_another_fallback_reads_again_what_shows_none(tmp_path):
    world = World(tmp_path)
    world.write("a.txt", b"\xd1 5\n")
    world.run()
    assert {row.text for row, _ in world.contents().values()} == {"Ñ 5"}
    world.settings["load"] = {"fallback_encoding": "windows-1251"}
    world.run()
    assert {row.text for row, _ in world.contents().values()} == {"С 5"}


@pytest.mark.parametrize("name", ["windows-1252", "cp1251", "Shift_JIS", "koi8-r", "latin-1"])
def test_encodings_of_before_unicode_are_taken(name):
    assert LoadConfig(fallback_encoding=name).fallback_encoding == name


@pytest.mark.parametrize("name", ["utf-8", "UTF-16", "ascii", "base64", "klingon", "", "a\0b"])
def test_others_are_refused(name):
    with pytest.raises(ValidationError, match="windows-1251"):
        LoadConfig(fallback_encoding=name)

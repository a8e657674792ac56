"""Bytes become the text a person would read, and what was lost is counted."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.common.decode import decode, is_binary
from tests.depth import only_deep

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


@only_deep
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


@pytest.mark.parametrize(
    ("data", "text", "zeros"),
    [
        (b"Words.\0", "Words.\ufffd", 1),
        (b"12:00 up\n" * 100 + b"\0" * 4096, "12:00 up\n" * 100 + "\ufffd", 4096),
        (b"a,b\n1,\0\n", "a,b\n1,\ufffd\n", 1),
        ("Été\0 et hiver".encode(), "Été\ufffd et hiver", 1),
    ],
)
def test_a_few_zeros_make_no_program_of_a_text(data, text, zeros):
    decoded = decode(data, "log.txt")
    assert (decoded.text, decoded.encoding, decoded.notices) == (text, "utf-8", {"nul_bytes": zeros})


def test_zeros_in_many_places_are_of_binary_data():
    assert is_binary(b"name\0\0\0000644\0001750\0\0end of this")


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\0\0\1\2" * 9, bytes(range(256)) * 40, b"\1\2\3\4\5 words" * 90, b"\0\1\2\3" * 500, b"\3\2\1\0" * 500],
)
def test_binary_data_is_skipped_with_its_reason(data):
    with pytest.raises(DocumentSkipped) as caught:
        decode(data, "tool.bin")
    assert caught.value.code == "binary"
    assert "tool.bin" in caught.value.message


def test_an_empty_file_is_empty_text():
    assert decode(b"", "x").text == ""
    assert not is_binary(b"")


CAPITALS = "".join(f"2024-05-10 10:{n % 60:02}:00 ERROR 0x{n:08X} GERÄT {n} GESTÖRT\n" for n in range(200))
PARTS = "4000\t3,10\tTÜRGRIFF LINKS\n4037\t4,11\tKÖRPER\n4074\t5,12\tGEHÄUSE GROSS\n4111\t6,13\tPRÜFGERÄT\n"
UKRAINIAN = "Їжак їсть ґрунтові ягоди під явором, а є ще й щука.\n"
POLISH = "Zażółć gęślą jaźń, rzekł wąż; świętość życia.\n"
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy.\n"
TURKISH = "Pijamalı hasta yağız şoföre çabucak güvendi.\n"
GREEK = "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία, Άννα.\n"
HEBREW = "דג סקרן שט בים מאוכזב ולפתע מצא חברה נחמדה, שלום לכולם\n"
ARABIC = "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر\n"
LITHUANIAN = "Įlinkdama fechtuotojo špaga sublykčiojusi pragręžė apvalų arbūzą, žąsį.\n"
CHINESE = "我们在这里学习,他们说的话很有意思。天气好的时候去公园走走。\n"
TRADITIONAL = "我們在這裡學習,他們說的話很有意思。天氣好的時候去公園走走。\n"
KOREAN = "우리는 여기에서 공부하고 그들은 재미있는 이야기를 한다.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("0 dacă\n1 natură\n2 totodată\n3 casă, masă\n", "cp1250"),
        ("1. jövő hét\n2. első\n3. erő\n4. eső\n", "cp1250"),
        ("városi\nkarácsonyi\nelőtte\nhasználni\náltal\nmihály\nél\nlegalább\n", "cp1250"),
        ("človek, začetek, čeprav, rečeno\n", "cp1250"),
        ("irmã, manhã, ações, põe, não, mãos\n", "cp1252"),
        ("perché è caffè, città più cioè\n", "cp1252"),
        ("père très après élève scène crème\n", "cp1252"),
        ("".join(f"{one}ré{two}é\n" for one in "bcdfglmpst" for two in "bcdfglmpst") + "un cœur\n", "iso8859-15"),
        (CAPITALS, "cp1252"),
        (PARTS, "cp1252"),
        ("Größe\nÄnderung\n", "cp1252"),
        ("naïve café\n", "cp1252"),
        ("Preis: 5 €, „sofort“ – 20 °C\n", "cp1252"),
        ("ДОБРЫЙ ДЕНЬ, ОШИБКА СИСТЕМЫ\n", "cp1251"),
        ("ошибка;отказ;номер;1,5\n", "koi8-r"),
        (UKRAINIAN, "cp1251"),
        (UKRAINIAN, "koi8-u"),
        (RUSSIAN, "iso8859-5"),
        (RUSSIAN, "cp866"),
        (POLISH, "cp1250"),
        (POLISH, "iso8859-2"),
        (CZECH, "cp1250"),
        (CZECH, "iso8859-2"),
        (TURKISH, "cp1254"),
        (GREEK, "cp1253"),
        (GREEK, "iso8859-7"),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
        (LITHUANIAN, "cp1257"),
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (KOREAN, "cp949"),
        (JAPANESE, "cp932"),
        (JAPANESE, "iso2022_jp"),
        (KOREAN, "iso2022_kr"),
        (CHINESE, "hz"),
        (RUSSIAN, "utf-7"),
        (ENGLISH, "utf-32-le"),
        (RUSSIAN, "utf-32-be"),
    ],
)
def test_what_surrounds_the_words_misleads_nobody(text, encoding):
    decoded = decode(text.encode(encoding), "x")
    assert (decoded.text, dict(decoded.notices)) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        "a + b = c; x+y-z; 1+1=2; C++ and g++; +49 30 1234; base64: QUJD+/x==\n",
        "echo ~{a,b}~ and ~{x~} in a template; shell: ~{user~}\n",
        "colours: \x1b[31mred\x1b[0m and \x1b(B\n",
        "c = a+b+c+d-\n",
    ],
)
def test_plain_ascii_stays_what_it_is(text):
    assert decode(text.encode(), "x").text == text


def test_a_file_half_in_utf8_is_read_line_by_line_and_told():
    """Logs to which two programs write, and lists that were pasted together."""
    ours, theirs = "Überprüfung läuft, né à Zürich\n", "Müller, Jäger & Söhne: façade\n"
    data = ours.encode() * 5 + theirs.encode("cp1252") * 7 + ours.encode() * 2
    decoded = decode(data, "x")
    assert decoded.text == ours * 5 + theirs * 7 + ours * 2
    assert decoded.notices == {"lines_in_other_encoding": 7}


def test_a_damaged_line_of_utf8_keeps_its_good_characters():
    data = RUSSIAN.encode() + b"\n" + "съешь".encode()[:-1] + b"\n" + RUSSIAN.encode()
    decoded = decode(data, "x")
    assert decoded.text.startswith(RUSSIAN)
    assert decoded.text.count("�") == decoded.notices["undecodable"] == 1


@given(st.text(alphabet=st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=200))
def test_whatever_the_guess_every_byte_is_read_or_counted(text):
    decoded = decode(("x" + text).encode("cp1252"), "x")
    assert len(decoded.text) <= len(text) + 1
    assert decoded.text.count("�") == decoded.notices.get("undecodable", 0)


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_a_damaged_or_cut_text_of_two_bytes_a_character_keeps_its_encoding(encoding):
    whole = ("水車は川の流れを利用して、穀物を挽くための装置である。\n" * 4).encode(encoding)
    damaged = bytearray(whole)
    damaged[40] = 0xFF
    cut = decode(whole[:-4], "x")
    assert [decode(bytes(damaged), "x").encoding, cut.encoding] == [encoding] * 2
    assert cut.notices == {"undecodable": 1}
    assert cut.text.startswith("水車は川の流れを利用して、")


def test_a_damaged_text_in_chinese_is_still_read_as_chinese():
    damaged = bytearray(("水磨利用河流的力量来磨碎谷物。\n如今它们作为旅游景点保留下来。\n" * 2).encode("gbk"))
    damaged[31] = 0xFF
    decoded = decode(bytes(damaged), "x")
    assert decoded.encoding == "gb18030"
    assert "如今它们作为旅游景点保留下来。" in decoded.text

"""A page's or a mail's name for its encoding means what browsers take it for."""

import pytest

from embedingest.ingest.load.common.declared import decode_declared
from embedingest.ingest.load.common.labels import codec_of_codepage, web_codec


@pytest.mark.parametrize(
    ("label", "text", "written"),
    [
        ("gb2312", "朱镕基，囍、堃", "gbk"),
        ("Shift_JIS", "①髙橋さん㈱～", "cp932"),
        ("x-sjis", "①髙橋さん㈱～", "cp932"),
        ("euc-kr", "뷁쀍 한글", "cp949"),
        ("ks_c_5601-1987", "뷁쀍 한글", "cp949"),
        ("ISO-8859-1", "„Preis“ 5 € – Œuvre", "cp1252"),
        ("us-ascii", "naïve – café", "cp1252"),
        ("iso-8859-9", "ığdır – şeker €", "cp1254"),
        ("big5", "中文、碁銹", "cp950"),
        ("x-windows-1251", "Глава", "cp1251"),
        ("tis-620", "ภาษาไทย…", "cp874"),
    ],
)
def test_a_label_means_what_browsers_take_it_for(label, text, written):
    assert text.encode(written).decode(web_codec(label)) == text


@pytest.mark.parametrize(
    "label", ["base64", "zip", "rot13", "idna", "unicode_escape", "nobody-knows", "", "\0", "é" * 90]
)
def test_what_is_no_encoding_of_text_is_none(label):
    assert web_codec(label) is None


def test_a_codepage_is_known_by_its_number():
    known = {1251: "cp1251", 936: "gb18030", 65001: "utf-8", 10000: "mac-roman", 20866: "koi8-r", 1: None, 0: None}
    found = {number: codec_of_codepage(number) for number in known}
    assert {number: codec and codec.replace("_", "-") for number, codec in found.items()} == known


def test_a_part_of_a_book_may_name_its_encoding_in_the_xml_declaration():
    page = '<?xml version="1.0" encoding="windows-1251"?><p>Мельница стоит.</p>'
    assert decode_declared(page.encode("cp1251"), "c1").text == page
    assert decode_declared(page.encode("utf-16"), "c1").text == page

"""Fields of Word and rich text that have no result show what stands in their instruction."""

import pytest

from embedingest.ingest.load.rtf import RtfLoader
from embedingest.ingest.load.word import create_docx
from tests import samples


def word(code, result=""):
    shown = f'<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{result}</w:t></w:r>' if result else ""
    body = (
        '<w:p><w:r><w:t xml:space="preserve">Before </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {code} </w:instrText></w:r>{shown}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve"> after.</w:t></w:r></w:p>'
    )
    return create_docx().load(samples.docx(body), "a.docx").text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("MACROBUTTON NoMacro [Click here and type a name]", "[Click here and type a name]"),
        ("GOTOBUTTON Mark the second part", "the second part"),
        ('SYMBOL 183 \\f "Symbol" \\s 12', "•"),
        ("SYMBOL 167", "§"),
        ("SYMBOL 0x20AC \\u", "€"),
        ('QUOTE "as he said"', "as he said"),
    ],
)
def test_a_field_of_word_without_a_result_shows_its_instruction(code, words):
    assert word(code) == f"Before {words} after.\n"
    assert word(code, "shown") == "Before shown after.\n"


@pytest.mark.parametrize("code", ['XE "mill"', "PAGE", 'TC "Chapter"', "MACROBUTTON NoMacro"])
def test_other_fields_without_a_result_show_nothing(code):
    assert word(code) == "Before  after.\n"


def test_the_words_of_a_button_of_rich_text_are_read_and_a_result_once():
    def rich(field):
        return RtfLoader().load(rf"{{\rtf1\ansi Before {field} after.\par}}".encode(), "a.rtf").text

    assert rich(r"{\field{\*\fldinst MACROBUTTON NoMacro [Type a name]}}") == "Before [Type a name] after.\n"
    assert rich(r"{\field{\*\fldinst SYMBOL 167}{\fldrslt \'a7}}") == "Before § after.\n"

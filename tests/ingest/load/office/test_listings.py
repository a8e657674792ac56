"""Lines of Word and OpenDocument files in letters of one width, or in a style for code, are listings with their blanks."""

import pytest

from embedingest.ingest.load.word import create_docx
from tests import samples
from tests.ingest.load.test_opendocument import load as load_odf

W = f'xmlns:w="{samples.W}"'
CODE = ["def turn(wheel):", "    # by water", "", "    return wheel + 1"]
WORDS = "After it come words, enough of them that most of the text is none of the listing above it."
LISTING = "```\ndef turn(wheel):\n    # by water\n\n    return wheel + 1\n```"


def word(*lines, styles=""):
    body = "".join(
        f'<w:p><w:pPr>{f"""<w:pStyle w:val="{style}"/>""" if style else ""}</w:pPr><w:r><w:rPr>{run}</w:rPr>'
        f'<w:t xml:space="preserve">{words}</w:t></w:r></w:p>'
        for words, style, run in lines
    )
    parts = {"word/styles.xml": f"<w:styles {W}>{styles}</w:styles>"} if styles else {}
    return create_docx().load(samples.docx(body, **parts), "a.docx").text


FONT = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/>'
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Quelltext"><w:name w:val="Source Code"/></w:style>'
    f'<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Mine"/><w:rPr>{FONT}</w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Below"><w:name w:val="Mine too"/><w:basedOn w:val="Own"/></w:style>'
    f'<w:style w:type="character" w:styleId="Run"><w:name w:val="Typed"/><w:rPr>{FONT}</w:rPr></w:style>'
)


@pytest.mark.parametrize(
    ("style", "run"), [("Quelltext", ""), ("Own", ""), ("Below", ""), ("", FONT), ("", '<w:rStyle w:val="Run"/>')]
)
def test_a_listing_of_word_keeps_its_lines_and_blanks(style, run):
    text = word(("It begins.", "", ""), *((line, style, run) for line in CODE), (WORDS, "", ""), styles=STYLES)
    assert text == f"It begins.\n\n{LISTING}\n\n{WORDS}\n"


def test_a_text_typed_as_a_whole_holds_no_listing_and_a_typed_word_is_none():
    text = word(("All is typed.", "", FONT), ("# So is this", "", FONT), ("Not this.", "", ""))
    assert text == "All is typed.\n\n\\# So is this\n\nNot this.\n"
    mixed = '</w:t></w:r><w:r><w:t xml:space="preserve"> stays</w:t></w:r><w:r><w:t>'
    assert "```" not in word((f"code{mixed}", "", FONT), (WORDS, "", ""))


def paragraphs(*lines):
    said = ""
    for words, style in lines:
        blanks = len(words) - len(words.lstrip())
        said += f'<text:p text:style-name="{style}"><text:s text:c="{blanks}"/>{words.strip()}</text:p>'
    return said


STYLES_OF_ODF = (
    '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Preformatted_20_Text"/>'
    '<style:style style:name="P2" style:family="paragraph"><style:text-properties style:font-name="Liberation Mono1"/>'
    "</style:style>"
)


@pytest.mark.parametrize("style", ["Preformatted_20_Text", "P1", "P2"])
def test_a_listing_of_opendocument_keeps_its_lines_and_blanks(style):
    body = paragraphs(("It begins.", ""), *((line, style) for line in CODE), (WORDS, ""))
    assert load_odf(body, styles=STYLES_OF_ODF).text == f"It begins.\n\n{LISTING}\n\n{WORDS}\n"
    typed = load_odf(paragraphs(*((line, style) for line in CODE)), styles=STYLES_OF_ODF)
    assert "```" not in typed.text

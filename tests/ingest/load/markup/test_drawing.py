"""Of a drawing what a browser shows is read, and the words of the rest are counted."""

import time

import pytest

from embedingest.ingest.load.xml import create
from tests.depth import only_deep

XHTML = "requiredExtensions='http://www.w3.org/1999/xhtml'"


def load(inner, attributes=""):
    names = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
    return create().load(f"<svg {names} {attributes}>{inner}</svg>".encode(), "a.svg")


@pytest.mark.parametrize(
    ("drawing", "words", "unseen"),
    [
        ("<g display='none'><text>Never seen</text></g><text>Mill</text>", "Mill", 2),
        ("<text visibility='hidden'>Never</text><text style='fill: red; display : none'>seen</text><text>Mill</text>", "Mill", 2),
        ("<g visibility='hidden'><text>Never <tspan visibility='visible'>Mill</tspan> seen</text></g>", "Mill", 2),
        ("<text>Mill <tspan display='none'>never</tspan> wheel</text>", "Mill wheel", 1),
        ("<text display='none' style='display:inline'>Mill</text>", "Mill", 0),
        ("<defs><text id='a'>Never seen</text></defs><symbol><title>x</title></symbol><text>Mill</text>", "Mill", 3),
        ("<text>Mill</text><use href='#a'/><use xlink:href='#a'/><defs><g id='a'><text>Wheel</text></g></defs>", "Mill\n\nWheel", 0),
        ("<symbol id='a'><use href='#b'/></symbol><defs><text id='b'>Mill</text></defs><use href='#a'/>", "Mill", 0),
        ("<defs><g id='a'><text>Mill</text><use href='#b'/></g><g id='b'><use href='#a'/></g></defs><use href='#b'/>", "Mill", 0),
        ("<g id='a'><text>Mill</text><use href='#a'/></g>", "Mill", 0),
        ("<defs><clipPath id='c'><text>Mill</text></clipPath></defs><rect clip-path='url(#c)'/>", "Mill", 0),
        ("<switch><text>Mill</text><text>no mill</text></switch>", "Mill", 2),
        ("<switch><text systemLanguage='de'>Mühle</text><text>Mill</text></switch>", "Mill", 1),
        ("<switch><text systemLanguage='fr, en'>Mill</text><text systemLanguage='de'>Mühle</text></switch>", "Mill", 1),
        ("<switch><title>T</title><g requiredExtensions='http://ns.adobe.com/x'><text>no</text></g><text>Mill</text></switch>", "T\n\nMill", 1),
        (f"<switch><foreignObject {XHTML}><p>Mill</p></foreignObject><text>Mi…</text></switch>", "Mill", 1),
        ("<switch><g requiredFeatures='x'/><text>Text is not SVG</text></switch><text>Mill</text>", "Mill", 4),
    ],
)  # fmt: skip
def test_what_no_browser_shows_is_counted(drawing, words, unseen):
    document = load(drawing)
    assert document.text == f"{words}\n"
    assert document.notices == ({"words_left_out": unseen} if unseen else {})


def test_of_branches_for_languages_that_of_the_drawing_is_taken():
    branches = "<switch><text>Mill</text><text systemLanguage='de-AT'>Mühle</text></switch>"
    assert load(branches, "xml:lang='de'").text == "Mill\n"
    assert load(branches.replace("<text>Mill</text>", "") + "<text>x</text>", "xml:lang='de'").text == "Mühle\n\nx\n"
    assert load("<switch><text systemLanguage='fr'>Moulin</text><text systemLanguage='de'>Mühle</text></switch>", "lang='de-DE'").text == "Mühle\n"  # fmt: skip


@only_deep
def test_drawings_that_use_each_other_take_linear_time():
    def seconds(count):
        nested = "".join(f"<g id='g{at}'><text>x</text><use href='#g{count - at}'/>" for at in range(count))
        drawing = f"<defs>{nested}{'</g>' * count}</defs>" + "".join(f"<use href='#g{at}'/>" for at in range(count))
        begin = time.process_time()
        load(drawing)
        return time.process_time() - begin

    short, long = min(seconds(1000), seconds(1000)), min(seconds(4000), seconds(4000))
    assert long < 0.05 + 9 * short

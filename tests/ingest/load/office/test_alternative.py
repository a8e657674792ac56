"""The words that stand for a picture are read where it stands, in every format; decoration and names of files are not."""

import pytest

from tests import samples
from tests.ingest.load.test_opendocument import load as load_odf
from tests.ingest.load.test_opendocument import par as odf_par
from tests.ingest.load.test_sheets import book, word
from tests.ingest.load.test_sheets import load as load_sheet
from tests.ingest.load.test_slides import load as load_slides
from tests.ingest.load.test_slides import shape
from tests.ingest.load.test_word import load as load_word
from tests.ingest.load.test_word import par, run

DECORATIVE = '<a:extLst><a:ext uri="x"><d:decorative xmlns:d="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/></a:ext></a:extLst>'
A = f'xmlns:a="{samples.A}"'


def drawing(attributes, more=""):
    wp = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    pic = 'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
    named = f'<pic:pic {pic}><pic:nvPicPr><pic:cNvPr id="0" name="a.png"/></pic:nvPicPr><a:blip/></pic:pic>'
    return f"<w:r><w:drawing><wp:inline {wp}><wp:docPr id='1' name='Picture 1' {attributes}>{more}</wp:docPr>{named}</wp:inline></w:drawing></w:r>"


def test_words_for_a_picture_in_word_stand_in_its_sentence_or_alone():
    body = f"<w:p>{run('See ')}{drawing('descr=&quot;the mill&quot;'.replace('&quot;', chr(34)))}{run(' here.')}</w:p><w:p>{drawing('descr=' + chr(34) + 'A wheel # 2' + chr(34))}</w:p>"
    document = load_word(body)
    assert (document.text, document.notices) == ("See the mill here.\n\nA wheel # 2\n", {})


@pytest.mark.parametrize(
    ("attributes", "more"), [("", ""), ("descr='IMG 0001.JPG'", ""), ("descr='flourish'", DECORATIVE)]
)
def test_decoration_and_names_of_files_are_no_words(attributes, more):
    document = load_word(par("Words") + f"<w:p>{drawing(attributes, more)}</w:p>")
    assert (document.text, document.notices) == ("Words\n", {"skipped_images": 1})


def test_words_for_a_picture_of_an_old_word_are_read():
    pict = '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" alt="The old mill"><v:imagedata/></v:shape></w:pict></w:r>'
    assert load_word(f"<w:p>{pict}</w:p>").text == "The old mill\n"


def test_words_for_pictures_on_slides_and_sheets_are_read():
    def pic(prefix, attributes, more=""):
        return f"<{prefix}:pic><{prefix}:nvPicPr><{prefix}:cNvPr id='2' name='Picture' {attributes}>{more}</{prefix}:cNvPr></{prefix}:nvPicPr><{prefix}:blipFill><a:blip/></{prefix}:blipFill></{prefix}:pic>"

    slide = shape("Words") + pic("p", "descr='A mill by the river'") + pic("p", "descr='line'", DECORATIVE)
    document = load_slides(slide)
    assert (document.text, document.notices) == ("Words\n\nA mill by the river\n", {"skipped_images": 1})
    space = f'xmlns:x="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" {A}'
    data = book(
        f'<row r="1">{word("A1", "a")}</row>',
        drawing=f"<x:wsDr {space}>{pic('x', 'descr=' + chr(34) + 'A chart of sacks' + chr(34))}</x:wsDr>",
    )
    assert (load_sheet(data).text, load_sheet(data).notices) == ("a\n\nA chart of sacks\n", {})


def test_words_for_a_picture_in_opendocument_are_read():
    def frame(words, more="", image="<draw:image xlink:href='Pictures/a.png'/>"):
        return f"<draw:frame {more}>{image}<svg:title>Bild</svg:title><svg:desc>{words}</svg:desc></draw:frame>"

    decorative = "xmlns:l='urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0' l:decorative='true'"
    body = odf_par(f"See {frame('the mill')} here.") + odf_par(frame("flourish", decorative))
    document = load_odf(f"<office:text>{body}</office:text>")
    assert (document.text, document.notices) == ("See the mill here.\n", {"skipped_images": 1})
    page = f"<draw:page>{frame('A mill by the river')}</draw:page>"
    assert load_odf(f"<office:presentation>{page}</office:presentation>").text == "A mill by the river\n"

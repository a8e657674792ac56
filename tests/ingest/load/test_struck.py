"""Words that were struck out and what was added in their place: two things, whatever the format."""

from __future__ import annotations

import pytest

from embedingest.ingest.load import html, latex, rtf, xml
from embedingest.ingest.load.markup import org
from embedingest.ingest.load.wiki import mediawiki
from embedingest.ingest.load.word import create_docx
from tests import samples
from tests.ingest.load.test_opendocument import par
from tests.ingest.load.test_opendocument import text as odt
from tests.ingest.load.test_slides import load as load_slides
from tests.ingest.load.test_slides import shape

LOADERS = {
    "html": html.create, "wiki": mediawiki.create, "org": org.create, "rtf": rtf.create, "tex": latex.create
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("a.tei", "<TEI><p>The <del>mill</del><add>wheel</add>, <subst><add>new</add><del rend='x'>old</del></subst>.</p></TEI>",
         "The ~~mill~~ wheel, new ~~old~~."),
        ("a.tei", "<TEI><p>un<del>fort</del>certain a<add>n</add> <s>apple</s><hi rend='strikethrough'>!</hi></p></TEI>",
         "un~~fort~~certain an apple!"),
        ("a.dbk", ("<a><para>Price <emphasis role='strikethrough'>30</emphasis>25</para><para revisionflag='deleted'>All<emphasis>gone</emphasis></para>"
                  "<para><phrase revisionflag='deleted'>old</phrase><phrase revisionflag='added'>new</phrase></para></a>"),
         "Price ~~30~~ 25\n\n~~Allgone~~\n\n~~old~~ new"),
        ("a.xml", "<sec><title>A <strike>b</strike></title><row><c><del>1</del><ins>2</ins></c><c>x</c></row></sec>",
         "# A ~~b~~\n\n| ~~1~~ 2 | x |\n| --- | --- |"),
        ("a.html", "<p>The <del>mill</del><ins>wheel</ins>, <ins>new</ins><s>old</s> at <s>30</s>25, <del>wh</del>ole</p>",
         "The ~~mill~~ wheel, new ~~old~~ at ~~30~~ 25, ~~wh~~ole"),
        ("a.html", "<p>Now <span style='text-decoration: line-through'>30 <del>kr</del></span> 25 kr</p>", "Now ~~30~~ ~~kr~~ 25 kr"),
        ("a.wiki", "Price <s>30</s>25, <del>''old''</del><ins>new</ins>", "Price ~~30~~ 25, ~~old~~ new"),
        ("a.org", "Now +old+ new, a+b+c", "Now ~~old~~ new, a+b+c"),
        ("a.rtf", r"{\rtf1 Price {\strike 30}25, \strike it\'92s {\b old}\strike0  new.\par}", "Price ~~30~~ 25, ~~it’s old~~ new."),
        ("a.tex", r"Price \sout{30}25, \replaced{new}{old}, \textbf{\st{gone}}", "Price ~~30~~ 25, new ~~old~~, ~~gone~~"),
    ],
)  # fmt: skip
def test_what_was_struck_is_marked_and_parted_from_what_was_added(name, source, expected):
    create = LOADERS.get(name.rpartition(".")[2], xml.create)
    assert create().load(source.encode(), name).text.strip() == expected


def test_what_was_struck_in_word_powerpoint_and_opendocument_is_marked():
    def run(words, settings=""):
        return f'<w:r><w:rPr>{settings}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'

    struck = "<w:strike/>"
    words = f"{run('Price ')}{run('30', struck)}{run('25, ')}{run(' it', struck)}{run(' was ', struck)}{run('so', '<w:strike w:val=%s0%s/>')}"
    words = (
        words.replace("%s", '"')
        + f"{run(' H', struck)}{run('2', struck + '<w:vertAlign w:val=%ssubscript%s/>'.replace('%s', chr(34)))}"
    )
    document = create_docx().load(samples.docx(f"<w:p>{words}</w:p>"), "a.docx")
    assert document.text == "Price ~~30~~ 25,  ~~it was~~ so ~~H₂~~\n"
    slide = '<a:p><a:r><a:t>Now </a:t></a:r><a:r><a:rPr strike="sngStrike"/><a:t>old</a:t></a:r><a:r><a:rPr strike="noStrike"/><a:t> new</a:t></a:r></a:p>'
    assert load_slides(shape(slide)).text == "Now ~~old~~ new\n"
    style = "<style:style style:name='S' style:family='text'><style:text-properties style:text-line-through-style='solid'/></style:style>"
    data = par("Now <text:span text:style-name='S'>old</text:span>, <text:span>new</text:span>")
    assert odt(data, **{"styles.xml": style}) == "Now ~~old~~, new\n"


def test_words_of_old_word_art_are_read():
    art = '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textpath string="Grand Opening"/></v:shape></w:pict></w:r>'
    assert create_docx().load(samples.docx(f"<w:p>{art}</w:p>"), "a.docx").text == "Grand Opening\n"


def test_what_an_element_and_its_style_strike_out_has_one_mark():
    page = b"<p><del style='text-decoration: line-through'>old</del> new</p>"
    assert LOADERS["html"]().load(page, "a.html").text == "~~old~~ new\n"

"""Words of XML that stand in attributes: mind maps, diagrams, rows of databases. Pictures and their words once."""

import base64
import urllib.parse
import zlib

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.inner import load_inner

BOXES = (
    '<mxGraphModel><root><mxCell id="0"/><mxCell id="2" value="Grind&lt;br&gt;the corn" vertex="1"><mxGeometry/>'
    '</mxCell><UserObject label="Sell &lt;b&gt;flour&lt;/b&gt;" id="3"><mxCell vertex="1"/></UserObject>'
    '<mxCell id="4" edge="1" value="yes"/></root></mxGraphModel>'
)


def load(source, name="a.xml"):
    return load_inner(source.encode(), name, name)


def packed(source):
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(source.encode()) + packer.flush()).decode()


@pytest.mark.parametrize("inside", [BOXES, packed(urllib.parse.quote(BOXES, safe=""))])
def test_boxes_of_a_diagram_are_read_packed_or_not(inside):
    document = load(f'<mxfile host="x"><diagram name="Trade">{inside}</diagram></mxfile>', "trade.drawio")
    assert document.text.split("\n\n") == ["# Trade", "Grind the corn", "Sell flour", "yes\n"]


def test_a_diagram_that_unpacks_to_very_much_is_refused_and_a_damaged_one_read_as_far_as_it_goes():
    bomb = packed("%20" * (6 << 20))
    with pytest.raises(DocumentError) as refused:
        load(f"<mxfile><diagram>{bomb}</diagram></mxfile>", "a.drawio")
    assert refused.value.code == "bomb"
    cut = load(f'<mxfile><diagram name="Left">{packed(BOXES[:200])}</diagram></mxfile>', "a.drawio")
    assert cut.text.split("\n\n") == ["# Left", "Grind the corn", "Sell flour\n"]
    broken = load('<mxfile><diagram name="Left">AAAA=A</diagram></mxfile>', "a.drawio")
    assert broken.notices == {"encoded_data": 1}


def test_a_mind_map_is_its_nodes_and_their_notes():
    source = (
        '<map version="1.0.1"><node TEXT="Mill"><node TEXT="Water"><node TEXT="Wheel"/><node TEXT="Race"/></node>'
        '<node><richcontent TYPE="NODE"><html><body><p>Stones of France</p></body></html></richcontent></node>'
        "</node></map>"
    )
    assert choose("mill.mm", source.encode()) == "xml"
    text = load(source, "mill.mm").text
    assert text == "# Mill\n\n## Water\n\n- Wheel\n\n- Race\n\nStones of France\n"


def test_suffixes_of_source_code_are_xml_only_where_xml_begins():
    assert choose("de.ts", b'<?xml version="1.0"?><!DOCTYPE TS><TS><context><name>M</name></context></TS>') == "xml"
    assert choose("a.ts", b"<T>(x) => x;\nexport const y = 1;\n") == "code"
    assert choose("a.mm", b"#import <Foundation/Foundation.h>\n") == "code"


def test_xml_whose_words_are_all_in_attributes_is_read_by_them():
    rows = load(
        '<posts><row Id="1" Title="Mills" Body="&lt;p&gt;How does a &lt;em&gt;mill&lt;/em&gt; work?&lt;/p&gt;"/>'
        '<row Id="2" Score="5"/></posts>'
    )
    assert rows.text.split() == ["Id:", "1", "Title:", "Mills", "Body:", "How", "does", "a", "mill", "work?"]
    messages = load('<smses count="1"><sms address="+49170" body="Come at 5, # 7 is late" contact_name="Bo"/></smses>')
    assert messages.text == "address: +49170\nbody: Come at 5, # 7 is late\ncontact_name: Bo\n"
    assert load('<r a="words here"><p>Said.</p></r>').text == "Said.\n"


def test_words_for_a_picture_that_stand_below_it_too_are_there_once():
    figure = (
        "<article><figure><title>{}</title><mediaobject><imageobject><imagedata fileref='a.png'/></imageobject>"
        "<textobject><phrase>A wheel</phrase></textobject></mediaobject></figure></article>"
    )
    assert load(figure.format("A wheel")).text == "A wheel\n"
    assert load(figure.format("The mill")).text == "The mill\n\nA wheel\n"
    fig = "<fig><caption><p>A wheel</p></caption><graphic/><alt-text>A wheel</alt-text></fig>"
    assert load(f"<article><body>{fig}</body></article>").text == "A wheel\n"


def test_a_note_behind_emphasised_words_parts_no_sentence_and_a_date_is_one_line():
    source = "<text><p>It turns <hi>slowly</hi><note><p>By water.</p></note> all day.</p></text>"
    assert load(source).text == "It turns slowly all day.\n\nBy water.\n"
    date = "<article><front><pub-date><day>9</day><month>5</month><year>2024</year></pub-date></front></article>"
    assert load(date).text == "2024-05-09\n"
    season = "<article><front><pub-date><season>Spring</season><year>2024</year></pub-date></front></article>"
    assert load(season).text == "Spring\n\n2024\n"

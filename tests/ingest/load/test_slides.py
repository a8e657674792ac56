"""What a person sees on slides stands in their text, under their own titles, with their numbers."""

import pytest

from embedingest import registry
from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.load.slides import create_pptx
from tests import samples

NAMES = f'xmlns:p="{samples.P}" xmlns:a="{samples.A}" xmlns:r="{samples.R}"'
C = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
DGM = 'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'


def par(words, properties=""):
    return f"<a:p>{properties}<a:r><a:t>{words}</a:t></a:r></a:p>"


def shape(*paragraphs, kind=""):
    place = f'<p:nvPr><p:ph type="{kind}"/></p:nvPr>' if kind else ""
    written = "".join(each if each.startswith("<") else par(each) for each in paragraphs)
    return f"<p:sp><p:nvSpPr>{place}</p:nvSpPr><p:txBody>{written}</p:txBody></p:sp>"


def _held(parts):
    return samples.zipped({name: part for name, part in parts.items() if part is not None})


def load(*slides, options=None, show="1", **parts):
    numbers = range(len(slides))
    listed = "".join(f'<p:sldId r:id="s{n}"/>' for n in numbers)
    return create_pptx(**(options or {})).load(
        _held(
            {
                "ppt/presentation.xml": f"<p:presentation {NAMES}>{listed}</p:presentation>",
                "ppt/_rels/presentation.xml.rels": samples.relations(
                    **{f"s{n}": ("slide", f"slides/slide{n}.xml") for n in numbers}
                ),
                **{f"ppt/slides/slide{n}.xml": f'<p:sld {NAMES} show="{show}">{slides[n]}</p:sld>' for n in numbers},
                **{f"ppt/{name}": part for name, part in parts.items()},
            }
        ),
        "a.pptx",
    )


def test_the_title_comes_first_and_a_slide_without_one_stands_alone():
    document = load(
        shape("Body one", "second line", kind="body") + shape("One", kind="title"),
        shape("Body two") + shape("Two", kind="ctrTitle"),
        shape("Three has no title"),
        f"<p:grpSp><p:grpSp>{shape('grouped words')}</p:grpSp></p:grpSp>" + shape("Four", kind="title"),
    )
    assert document.text == (
        "# One\n\n- Body one\n- second line\n\n# Two\n\nBody two\n\nThree has no title\n\n# Four\n\ngrouped words\n"
    )
    chunks = registry.load("chunkers", "structured")().chunk(document, HashingSizer(500))
    found = {chunk.page: chunk.heading_path for chunk in chunks if "Three" in chunk.text or "grouped" in chunk.text}
    assert found == {3: (), 4: ("Four",)}


def test_what_a_person_put_on_the_page_of_the_notes_beside_them_is_read_and_its_head_and_foot_are_not():
    page = shape("Speak slowly.", kind="body") + shape("Ask Ann.") + shape("Handout", kind="hdr") + shape(kind="sldImg")
    linked = {"slides/_rels/slide0.xml.rels": samples.relations(n=("notesSlide", "../notesSlides/n.xml"))}
    parts = {**linked, "notesSlides/n.xml": f"<p:notes {NAMES}>{page}</p:notes>"}
    assert load(shape("Words"), **parts).text == "Words\n\nNotes: Speak slowly.\n\nAsk Ann.\n"
    assert load(shape("Words"), options={"notes": False}, **parts).text == "Words\n"


def test_numbers_dates_and_feet_of_slides_are_counted():
    document = load(shape("Words") + "".join(shape("4", kind=kind) for kind in ("sldNum", "ftr", "dt")))
    assert (document.text, document.notices) == ("Words\n", {"running_lines": 3})


def test_hidden_slides_are_read_and_told():
    document = load(shape("Words"), show="0")
    assert (document.text, document.notices) == ("Words\n", {"hidden_slides": 1})


def test_smartart_and_charts_say_their_words_once():
    frames = f'<p:graphicFrame><dgm:relIds {DGM} r:dm="d"/></p:graphicFrame><p:graphicFrame><c:chart {C} r:id="c"/></p:graphicFrame>'
    points = "".join(f"<dgm:pt><dgm:t>{par(words)}</dgm:t></dgm:pt>" for words in ("Plan the work", "Do the work"))
    axis = f"<c:valAx><c:title><c:tx><c:rich>{par('EUR')}</c:rich></c:tx></c:title></c:valAx>"
    sales = '<c:ser><c:tx><c:v>Sales</c:v></c:tx><c:cat><c:pt idx="0"><c:v>North</c:v></c:pt></c:cat><c:val><c:pt idx="0"><c:v>7</c:v></c:pt></c:val></c:ser>'
    document = load(
        shape("Process", kind="title") + frames * 2,
        **{
            "slides/_rels/slide0.xml.rels": samples.relations(
                d=("diagramData", "../diagrams/data1.xml"), c=("chart", "../charts/chart1.xml")
            ),
            "diagrams/data1.xml": f'<dgm:dataModel {DGM} xmlns:a="{samples.A}">{points}</dgm:dataModel>',
            "charts/chart1.xml": f'<c:chartSpace {C} xmlns:a="{samples.A}">{axis}{sales}</c:chartSpace>',
        },
    )
    assert document.text == (
        "# Process\n\n- Plan the work\n- Do the work\n\nEUR\n\n|  | Sales |\n| --- | --- |\n| North | 7 |\n"
    )


def test_a_chart_whose_series_have_no_place_in_common_is_lines():
    series = "".join(
        f'<c:ser><c:tx><c:v>s{n}</c:v></c:tx><c:val><c:pt idx="{n}"><c:v>{n}</c:v></c:pt></c:val></c:ser>'
        for n in range(30)
    )
    document = load(
        f'<c:chart {C} r:id="c"/>',
        **{
            "slides/_rels/slide0.xml.rels": samples.relations(c=("chart", "../c.xml")),
            "c.xml": f"<c:chartSpace {C}>{series}</c:chartSpace>",
        },
    )
    assert document.text.startswith("s0:  0\n\ns1:  1\n\n")


def test_paragraphs_show_their_levels_and_numbers():
    def numbered(kind, level=0):
        return f'<a:pPr lvl="{level}"><a:buAutoNum type="{kind}"/></a:pPr>'

    document = load(
        shape(
            par("one", numbered("arabicPeriod")), par("inner", numbered("alphaLcParenR", 1)),
            par("two", numbered("arabicPeriod")), par("IV?", numbered("romanUcParenBoth")), par("# plain"),
        )
    )  # fmt: skip
    assert document.text == "1. one\n   - a) inner\n2. two\n- (I) IV?\n\n\\# plain\n"


def test_paragraphs_without_bullets_are_paragraphs():
    bullet, none = '<a:pPr><a:buChar char="•"/></a:pPr>', "<a:pPr><a:buNone/></a:pPr>"
    deeper = '<a:pPr lvl="1"/>'
    styled = '<a:lstStyle><a:lvl2pPr><a:buAutoNum type="arabicPeriod"/></a:lvl2pPr></a:lstStyle>'
    assert load(shape("Good morning,", "all of you")).text == "Good morning,\n\nall of you\n"
    assert load(shape("We need", par("salt", bullet), par("oil", bullet), "and time")).text == (
        "We need\n\n- salt\n- oil\n\nand time\n"
    )
    assert load(shape(par("First", none), "one", "two", kind="body")).text == "First\n\n- one\n- two\n"
    assert load(shape(styled, "Steps", par("mix", deeper), par("bake", deeper))).text == "Steps\n\n1. mix\n2. bake\n"


@pytest.mark.parametrize(("inner", "outer", "listed"), [("", "", True), ("buNone", "", False), ("", "buNone", False)])
def test_a_place_has_the_bullets_of_its_layout_or_master(inner, outer, listed):
    def styles(bullet):
        return f"<a:lstStyle><a:lvl1pPr>{f'<a:{bullet}/>' if bullet else ''}</a:lvl1pPr></a:lstStyle>"

    def place(bullet):
        return f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="3"/></p:nvPr></p:nvSpPr><p:txBody>{styles(bullet)}</p:txBody></p:sp>'

    document = load(
        shape("red", "blue", kind="body"),
        **{
            "slides/_rels/slide0.xml.rels": samples.relations(l=("slideLayout", "../layout.xml")),
            "layout.xml": f"<p:sldLayout {NAMES}>{place(inner)}</p:sldLayout>",
            "_rels/layout.xml.rels": samples.relations(m=("slideMaster", "master.xml")),
            "master.xml": f"<p:sldMaster {NAMES}>{place('')}<p:txStyles><p:bodyStyle><a:lvl1pPr>{f'<a:{outer}/>' if outer else '<a:buChar/>'}</a:lvl1pPr></p:bodyStyle></p:txStyles></p:sldMaster>",
        },
    )
    assert document.text == ("- red\n- blue\n" if listed else "red\n\nblue\n")


def test_merged_cells_of_a_table_keep_their_columns():
    def cell(words, merge=""):
        return f"<a:tc {merge}><a:txBody>{par(words)}</a:txBody></a:tc>"

    rows = [
        cell("Name", 'rowSpan="2"') + cell("Address", 'gridSpan="2"') + cell("", 'hMerge="1"') + cell("Phone"),
        cell("", 'vMerge="1"') + cell("Street") + cell("Town") + cell("555"),
    ]
    table = "<a:tbl>" + "".join(f"<a:tr>{row}</a:tr>" for row in rows) + "</a:tbl>"
    assert load(table).text.splitlines()[::2] == ["| Name | Address |  | Phone |", "| Name | Street | Town | 555 |"]


@pytest.mark.parametrize("comments", [False, True])
def test_comments_are_told_or_kept(comments):
    part = f"<p:cmLst {NAMES}><p:cm><p:text>Is it so?</p:text></p:cm></p:cmLst>"
    parts = {
        "slides/_rels/slide0.xml.rels": samples.relations(x=("comments", "../comments/c.xml")),
        "comments/c.xml": part,
    }
    document = load(shape("# 1 in the market"), options={"comments": comments}, **parts)
    kept = "\n\nComment: Is it so?" if comments else ""
    assert (document.text, document.notices) == (
        f"\\# 1 in the market{kept}\n",
        {} if comments else {"comments_left_out": 1},
    )


def test_slides_notes_and_charts_that_are_named_and_not_there_are_counted_and_others_keep_their_numbers():
    links = {
        "c": ("chart", "../charts/chart1.xml"),
        "n": ("notesSlide", "../notesSlides/notes1.xml"),
        "i": ("image", "../media/picture.png"),
    }
    drawn = f'<p:graphicFrame><c:chart {C} r:id="c"/></p:graphicFrame>'
    slides = [shape("First"), shape("Second") + drawn, shape("Third")]
    whole = load(*slides)
    parts = {"slides/_rels/slide1.xml.rels": samples.relations(**links)}
    lost = load(*slides, **parts)
    assert (lost.text, whole.notices, lost.notices) == (whole.text, {}, {"missing_parts": 2})
    assert load(*slides, options={"notes": False}, **parts).notices == {"missing_parts": 1}
    without = load(*slides, **{"slides/slide1.xml": None})
    assert [(span.value, without.text[span.start : span.end].strip()) for span in without.spans] == [
        (1, "First"),
        (3, "Third"),
    ]
    assert without.notices == {"missing_parts": 1}
    with pytest.raises(DocumentError, match="holds no slide") as error:
        load(*slides, **{f"slides/slide{number}.xml": None for number in range(3)})
    assert error.value.code == "corrupt"
    assert load().text == ""


def test_what_is_raised_or_lowered_on_a_slide_is_written_on_the_line():
    def part(words, baseline):
        return f'<a:r><a:rPr baseline="{baseline}"/><a:t>{words}</a:t></a:r>'

    paragraph = f"<a:p><a:r><a:t>CO</a:t></a:r>{part('2', -25000)}<a:r><a:t> at 10</a:t></a:r>{part('8', 30000)}{part(' m', 0)}</a:p>"
    assert load(shape(paragraph)).text == "CO₂ at 10^8 m\n"


def test_characters_of_symbol_fonts_on_a_slide_are_what_a_person_sees():
    def set_in(font, words):
        return f'<a:r><a:rPr><a:sym typeface="{font}"/></a:rPr><a:t>{words}</a:t></a:r>'

    arrow, logo = set_in("Wingdings", "\uf0e0"), set_in("Logo", "\uf041")
    document = load(shape(f"<a:p>{arrow}{logo}</a:p>"))
    assert (document.text, document.notices) == ("→\ufffd\n", {"unknown_symbols": 1})

"""What a person reads in a Word document stands in its text: once, in its place, or counted."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.ingest.load.common.counting import roman
from embedingest.ingest.load.word import create_docx
from tests import samples

M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
R = f'xmlns:r="{samples.R}"'
W = f'xmlns:w="{samples.W}"'


def load(body, options=None, **parts):
    parts = {name if "/" in name or "]" in name else f"word/{name}.xml": part for name, part in parts.items()}
    return create_docx(**(options or {})).load(samples.docx(body, **parts), "a.docx")


def text(body, **parts):
    return load(body, **parts).text


def run(words):
    return f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r>'


def par(words, properties=""):
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(words)}</w:p>"


def cell(content, properties=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def table(*rows):
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in rows) + "</w:tbl>"


def listed(words, list_id=1, level=0):
    return par(words, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>')


def numbering(*levels, nums='<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'):
    written = "".join(
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{template}"/></w:lvl>'
        for index, (form, template) in enumerate(levels)
    )
    abstract = f'<w:abstractNum w:abstractNumId="0">{written}</w:abstractNum>'
    return f"<w:numbering {W}>{abstract}{nums}</w:numbering>"


def test_a_table_in_a_table_stands_once_in_its_cell():
    inner = table([cell(par("in1")), cell(par("in2"))], [cell(par("in3")), cell(par("in4"))])
    body = par("Before") + table([cell(par("out1")), cell(par("text") + inner)], [cell(par("out2")), cell(par("last"))])
    assert text(body + par("After")) == (
        "Before\n\n| out1 | text in1 in2 in3 in4 |\n| --- | --- |\n| out2 | last |\n\nAfter\n"
    )


def test_a_table_of_one_cell_frames_what_is_in_it():
    inner = table([cell(par("a")), cell(par("b"))])
    body = table([cell(par("Head", '<w:outlineLvl w:val="0"/>') + listed("item") + inner + par("end"))])
    assert text(body) == "# Head\n\n- item\n\n| a | b |\n| --- | --- |\n\nend\n"


def test_rows_and_cells_in_controls_are_the_tables_own():
    def control(content):
        return f"<w:sdt><w:sdtPr/><w:sdtContent>{content}</w:sdtContent></w:sdt>"

    row = f"<w:tr>{control(cell(par('a')))}{cell(control(par('b')))}</w:tr>"
    assert text(f"<w:tbl>{control(row)}</w:tbl>") == "| a | b |\n| --- | --- |\n"


def test_a_table_of_contents_is_left_out_and_counted_unless_one_wants_it():
    def entry(words, number):
        return f'<w:p><w:pPr><w:pStyle w:val="Verzeichnis1"/></w:pPr>{run(words)}<w:r><w:tab/></w:r>{run(number)}</w:p>'

    styles = f'<w:styles {W}><w:style w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style></w:styles>'
    gallery = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
    entries = entry("Water", "3") + entry("Mill", "7")
    framed = f"<w:sdt><w:sdtPr>{gallery}</w:sdtPr><w:sdtContent>{par('Inhalt')}{entries}</w:sdtContent></w:sdt>"
    chapters = par("Water", '<w:outlineLvl w:val="0"/>') + par("It is wet.") + par("Mill", '<w:outlineLvl w:val="0"/>')
    for contents, count in ((framed, 3), (par("Inhalt") + entries, 2)):
        document = load(contents + chapters, styles=styles)
        assert document.text.removeprefix("Inhalt\n\n") == "# Water\n\nIt is wet.\n\n# Mill\n"
        assert document.notices == {"contents_left_out": count}
        kept = load(contents + chapters, {"contents": True}, styles=styles)
        assert kept.text.startswith("Inhalt\n\nWater\t3\n\nMill\t7\n\n# Water")
        assert kept.notices == {}


def test_merged_cells_keep_their_columns():
    wide, first, goes_on = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    body = table(
        [cell(par("Name")), cell(par("Address"), wide), cell(par("Phone"))],
        [cell(par("Ann")), cell(par("Mill Road")), cell(par("Leeds")), cell(par("555"))],
        [cell(par("Bo"), first), cell(par("a"), wide + first), cell(par("b"))],
        [cell(par(""), goes_on), cell(par(""), wide + goes_on), cell(par("c"))],
        [cell(par("d")), cell(par("e")), cell(par("")), cell(par("f"))],
    )
    assert text(body).splitlines() == [
        "| Name | Address |  | Phone |",
        "| --- | --- | --- | --- |",
        "| Ann | Mill Road | Leeds | 555 |",
        "| Bo | a |  | b |",
        "| Bo | a |  | c |",
        "| d | e |  | f |",
    ]


def test_a_row_that_begins_later_and_one_whose_deletion_is_tracked():
    late = f'<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>{cell(par("z"))}</w:tr>'
    gone = f"<w:tr><w:trPr><w:del/></w:trPr>{cell(par('gone'))}{cell(par('too'))}</w:tr>"
    first = f"<w:tr>{cell(par('a'))}{cell(par('b|c'))}</w:tr>"
    assert text(f"<w:tbl>{first}{late}{gone}</w:tbl>") == "| a | b\\|c |\n| --- | --- |\n|  | z |\n"


def test_moved_and_deleted_text_stands_where_it_is_now():
    body = (
        f"<w:p>{run('A ')}<w:moveFrom>{run('moved ')}</w:moveFrom>{run('b ')}<w:moveTo>{run('moved ')}</w:moveTo>"
        f"<w:del>{run('gone')}</w:del><w:ins>{run('new')}</w:ins></w:p>"
    )
    assert text(body) == "A b moved new\n"


def test_hyphens_and_signs_of_symbol_fonts():
    body = (
        "<w:p><w:r><w:t>COVID</w:t><w:noBreakHyphen/><w:t>19, soft</w:t><w:softHyphen/><w:t>ly, </w:t>"
        '<w:sym w:font="Symbol" w:char="F061"/><w:t> </w:t><w:sym w:font="Wingdings" w:char="F0FC"/>'
        '<w:sym w:font="Webdings" w:char="F0AA"/></w:r></w:p>'
    )
    document = load(body)
    assert document.text == "COVID-19, softly, α ✓\ufffd\n"
    assert document.notices == {"unknown_symbols": 1}


def m(kind, **arguments):
    return (
        f"<m:{kind}>" + "".join(f"<m:{name}>{value}</m:{name}>" for name, value in arguments.items()) + f"</m:{kind}>"
    )


def t(words):
    return f"<m:r><m:t>{words}</m:t></m:r>"


EQUATIONS = {
    t("E=m") + m("sSup", e=t("c"), sup=t("2")): "E=mc^2",
    m("f", num=t("a") + t("b"), den=m("rad", deg="", e=t("x"))): "\\frac{ab}{\\sqrt{x}}",
    m("rad", deg=t("3"), e=t("x")): "\\sqrt[3]{x}",
    m(
        "nary", naryPr='<m:chr m:val="∑"/>', sub=t("i=1"), sup=t("n"), e=m("sSub", e=t("x"), sub=t("i"))
    ): "∑_{i=1}^n x_i",
    m("d", dPr='<m:begChr m:val="["/><m:endChr m:val=""/>', e=t("a")) + t("+b"): "[a+b",
    m("func", fName=t("sin"), e=t("x")): "sin x",
    m("sSub", e=t("a"), sub=t("n")) + m("func", fName=t("cos"), e=t("x")): "a_n cos x",
    "<m:m>" + m("mr", e=t("1")) + m("mr", e=t("2")) + "</m:m>": "\\begin{matrix} 1 \\\\ 2 \\end{matrix}",
    m("sSup", e=m("f", num=t("a"), den=t("b")), sup=t("10")): "{\\frac{a}{b}}^{10}",
}


@pytest.mark.parametrize("omml", EQUATIONS, ids=EQUATIONS.values())
def test_an_equation_is_written_in_line(omml):
    body = f"<w:p>{run('It is ')}<m:oMath {M}>{omml}</m:oMath>{run(' always.')}</w:p>"
    assert text(body) == f"It is {EQUATIONS[omml]} always.\n"


def test_equations_side_by_side_are_parted():
    body = f"<w:p>{run('Both:')}<m:oMath {M}>{t('a=b')}</m:oMath><m:oMath {M}>{t('c=d')}</m:oMath>{run('.')}</w:p>"
    assert text(body) == "Both:a=b c=d.\n"


def test_a_bullet_that_is_a_blank_is_none():
    parts = {"numbering": numbering(("bullet", " "))}
    assert text(listed("More of it."), **parts) == "More of it.\n"


def chunked(name, content):
    links = samples.relations(h=("aFChunk", name))
    return load(
        par("Before") + f'<w:altChunk {R} r:id="h"/>' * 2 + par("after"),
        **{"word/_rels/document.xml.rels": links, f"word/{name}": content},
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mht", "MIME-Version: 1.0\nContent-Type: text/html\n\n<html><body><p>All text is here.</p></body></html>"),
        (
            "b.mht",
            (
                "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html; "
                "charset=windows-1252\nContent-Transfer-Encoding: quoted-printable\n\n<p>All text=20is here.\n--x--\n"
            ),
        ),
        ("a.html", "<p>All text is here."),
        ("a.txt", "All text is here."),
        ("a.docx", samples.docx(par("All text is here."))),
    ],
)
def test_an_alternative_chunk_stands_once_in_its_place(name, content):
    assert chunked(name, content).text == "Before\n\nAll text is here.\n\nafter\n"


def test_an_alternative_chunk_that_cannot_be_read_is_counted():
    assert chunked("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 99).notices == {"inner_binary": 1}


def test_comments_are_told_and_kept_where_that_is_asked_for():
    mark = '<w:r><w:commentReference w:id="0"/></w:r>'
    comments = (
        f'<w:comments {W}><w:comment w:id="0" w:author="Bo">{par("Why?")}{par("Tell me.")}</w:comment></w:comments>'
    )
    body = f"<w:p>{run('Water')}{mark}{run(' turns.')}</w:p>" + par("End.")
    assert load(body, comments=comments).text == "Water turns.\n\nEnd.\n"
    assert load(body, comments=comments).notices == {"comments_left_out": 1}
    kept = load(body, {"comments": True}, comments=comments)
    assert (kept.text, kept.notices) == ("Water turns.\n\nComment by Bo: Why? Tell me.\n\nEnd.\n", {})


def styles(*each):
    return f"<w:styles {W}>" + "".join(each) + "</w:styles>"


def style(name, label, based="", properties=""):
    parent = f'<w:basedOn w:val="{based}"/>' if based else ""
    return f'<w:style w:styleId="{name}"><w:name w:val="{label}"/>{parent}<w:pPr>{properties}</w:pPr></w:style>'


def test_styles_are_headings_by_what_they_are_based_on():
    known = styles(
        style("H1", "heading 1"), style("Corp", "Corp Chapter", "H1"), style("Sub", "Corp Sub", "Corp"),
        style("Toc", "TOC Heading", "H1", '<w:outlineLvl w:val="9"/>'), style("X", "x", "Y"), style("Y", "y", "X"),
    )  # fmt: skip
    body = "".join(par(name, f'<w:pStyle w:val="{name}"/>') for name in ("Corp", "Sub", "Toc", "X", "Heading2"))
    body += par("direct", '<w:outlineLvl w:val="1"/>') + par("none", '<w:pStyle w:val="H1"/><w:outlineLvl w:val="9"/>')
    assert text(body, styles=known) == "# Corp\n\n# Sub\n\nToc\n\nX\n\n## Heading2\n\n## direct\n\nnone\n"


def test_lists_by_style_have_their_numbers_and_bullets():
    known = styles(
        style("Number", "List Number", "", '<w:numPr><w:numId w:val="1"/></w:numPr>'),
        style("Mine", "Mine", "Number"), style("Bullet", "List Bullet", "", '<w:numPr><w:numId w:val="2"/></w:numPr>'),
    )  # fmt: skip
    nums = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    )
    bullets = '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl></w:abstractNum>'
    body = "".join(
        par(words, f'<w:pStyle w:val="{name}"/>')
        for name, words in [
            ("Number", "First duty."),
            ("Mine", "Second duty."),
            ("Bullet", "apples"),
            ("Number", "Third."),
        ]
    )
    out = par("no list", '<w:pStyle w:val="Number"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    parts = {"styles": known, "numbering": numbering(("decimal", "%1."), nums=bullets + nums)}
    assert text(body + out, **parts) == "1. First duty.\n2. Second duty.\n- apples\n3. Third.\n\nno list\n"


def test_lists_of_words_own_styles_for_deeper_levels_stand_in_those_above():
    names = ("List Number", "List Number 2", "List Bullet 3")
    known = styles(
        *(style(f"L{at}", name, "", f'<w:numPr><w:numId w:val="{at}"/></w:numPr>') for at, name in enumerate(names, 1)),
        style("Mine", "Mine", "L2"),
    )
    nums = "".join(f'<w:num w:numId="{at}"><w:abstractNumId w:val="{at // 3}"/></w:num>' for at in (1, 2, 3))
    nums += '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl></w:abstractNum>'
    said = [("L1", "one"), ("Mine", "two"), ("L3", "deep"), ("L1", "three")]
    body = "".join(par(words, f'<w:pStyle w:val="{name}"/>') for name, words in said)
    parts = {"styles": known, "numbering": numbering(("decimal", "%1."), nums=nums)}
    lines = text(body, **parts).splitlines()
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 3, 6, 0]
    assert [line.split()[-1] for line in lines] == ["one", "two", "deep", "three"]


def test_levels_count_on_restart_and_are_written_as_their_template_says():
    parts = {"numbering": numbering(("decimal", "%1."), ("lowerLetter", "(%2)"), ("lowerRoman", "%1.%2.%3"))}
    levels = [0, 1, 1, 2, 2, 0, 1, 2]
    body = "".join(listed(f"w{index}", level=level) for index, level in enumerate(levels))
    assert text(body, **parts).splitlines() == [
        "1. w0", "   - (a) w1", "   - (b) w2", "     - 1.b.i w3", "     - 1.b.ii w4", "2. w5", "   - (a) w6",
        "     - 2.a.i w7",
    ]  # fmt: skip


def test_a_number_starts_anew_where_its_list_says_so():
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    nums = "".join(
        f'<w:num w:numId="{list_id}"><w:abstractNumId w:val="0"/>{override if list_id == 2 else ""}</w:num>'
        for list_id in (1, 2, 3)
    )
    body = "".join(listed(f"w{list_id}", list_id) for list_id in (1, 1, 2, 2, 3))
    lines = text(body, numbering=numbering(("upperRoman", "%1)"), nums=nums)).splitlines()
    assert lines == ["- I) w1", "- II) w1", "- V) w2", "- VI) w2", "- VII) w3"]


def test_an_empty_item_counts_and_one_whose_deletion_is_tracked_does_not():
    gone = par("", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:rPr><w:del/></w:rPr>')
    body = listed("one") + listed("") + gone + listed("three")
    assert text(body, numbering=numbering(("decimal", "%1."))) == "1. one\n3. three\n"


def test_headings_and_cells_show_their_numbers():
    body = par("Scope", '<w:pStyle w:val="Heading2"/><w:numPr><w:numId w:val="1"/></w:numPr>')
    body += table([cell(listed("")), cell(par("a"))], [cell(listed("")), cell(par("b"))])
    document = load(body, numbering=numbering(("decimal", "%1.")), **{"docProps/core.xml": "<x/>"})
    assert document.text == "## 1. Scope\n\n| 2. | a |\n| --- | --- |\n| 3. | b |\n"
    assert document.title == "Scope"


def box(words, fallback=True):
    shape = f"<w:txbxContent>{words}</w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    again = f"<mc:Fallback><w:pict>{shape}</w:pict></mc:Fallback>" if fallback else ""
    return f"<w:r><mc:AlternateContent {mc}><mc:Choice>{shape}</mc:Choice>{again}</mc:AlternateContent></w:r>"


def test_text_boxes_stand_once_and_apart_from_the_sentence():
    body = f"<w:p>{run('Anchor ')}{box(par('Box one') + par('Box two'))}{run('after')}</w:p>" + par("End")
    assert text(body) == "Anchor after\n\nBox one\n\nBox two\n\nEnd\n"


def test_notes_stand_once_below_the_sentence():
    def note(kind, id_, words):
        return f'<w:{kind} w:id="{id_}">{par(words)}</w:{kind}>'

    def mark(kind, id_):
        return f'<w:r><w:{kind}Reference w:id="{id_}"/></w:r>'

    body = f"<w:p>{run('Water turns the mill')}{mark('footnote', 2)}{run(' every')}{mark('endnote', 2)}{run(' day.')}</w:p>"
    body += f"<w:p>{run('More.')}{mark('footnote', 2)}</w:p>"
    footnotes = f"<w:footnotes {W}>{note('footnote', 0, '')}{note('footnote', 2, 'Rain water.')}</w:footnotes>"
    endnotes = f"<w:endnotes {W}>{note('endnote', 2, 'At the end.')}</w:endnotes>"
    assert text(body, footnotes=footnotes, endnotes=endnotes) == (
        "Water turns the mill every day.\n\nRain water.\n\nMore.\n\nAt the end.\n"
    )


@pytest.mark.parametrize("own", ["*", "a", "12"])
def test_the_sign_that_an_author_gave_a_note_stands_in_brackets_in_the_sentence_and_before_the_note(own):
    high = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    mark = f'<w:r>{high}<w:footnoteReference w:id="2" w:customMarkFollows="1"/><w:t>{own}</w:t></w:r>'
    note = f'<w:footnote w:id="2"><w:p><w:r>{high}<w:t>{own}</w:t></w:r>{run(" Rain water.")}</w:p></w:footnote>'
    assert text(
        f"<w:p>{run('It holds 40')}{mark}{run(' tons.')}</w:p>", footnotes=f"<w:footnotes {W}>{note}</w:footnotes>"
    ) == (f"It holds 40[{own}] tons.\n\n[{own}] Rain water.\n")


def test_words_that_look_like_markup_are_words():
    lines = ["# 1 in the market", "~~~", "1. is no item", "- no item", "| no table", "&gt; no quotation"]
    body = "".join(par(line) for line in lines) + listed("# no heading") + par("C #", '<w:pStyle w:val="Heading1"/>')
    assert text(body).split("\n\n") == [
        "\\# 1 in the market", "\\~~~", "1\\. is no item", "\\- no item", "\\| no table", "\\> no quotation",
        "- \\# no heading", "# C \\#\n",
    ]  # fmt: skip


def test_a_chart_in_a_document_says_its_title_and_its_data():
    c = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'

    def cache(kind, *values):
        points = "".join(f'<c:pt idx="{n}"><c:v>{value}</c:v></c:pt>' for n, value in enumerate(values))
        return f"<c:{kind}><c:strRef><c:strCache>{points}</c:strCache></c:strRef></c:{kind}>"

    series = "".join(
        f"<c:ser>{cache('tx', name)}{cache('cat', 'North', 'South')}{cache('val', *values)}</c:ser>"
        for name, values in (("2021", (1, 2)), ("2022", (3, 4)))
    )
    title = (
        f'<c:title><c:tx><c:rich><a:p xmlns:a="{samples.A}"><a:r><a:t>Sales</a:t></a:r></a:p></c:rich></c:tx></c:title>'
    )
    parts = {
        "word/_rels/document.xml.rels": samples.relations(c=("chart", "charts/chart1.xml")),
        "word/charts/chart1.xml": f"<c:chartSpace {c}><c:chart>{title}{series}</c:chart></c:chartSpace>",
    }
    body = f'<w:p>{run("See:")}<w:r><w:drawing><c:chart {c} {R} r:id="c"/></w:drawing></w:r></w:p>'
    assert load(body, **parts).text == (
        "See:\n\nSales\n\n|  | 2021 | 2022 |\n| --- | --- | --- |\n| North | 1 | 3 |\n| South | 2 | 4 |\n"
    )


BLOCKS = st.recursive(
    st.just("P"),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("NMB"), st.lists(inner, max_size=3)),
        st.lists(st.lists(st.lists(inner, max_size=2), min_size=1, max_size=3), min_size=1, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.lists(BLOCKS, max_size=3))
def test_whatever_the_nesting_every_word_stands_once(blocks):
    counter = itertools.count()

    def write(block):
        if block == "P":
            return par(f"w{next(counter)}x")
        if isinstance(block, tuple):
            kind, inner = block
            if kind == "N":
                return listed(f"w{next(counter)}x", level=len(inner)) + "".join(map(write, inner))
            inside = "".join(map(write, inner)) or par("")
            return f"<w:p>{box(inside, fallback=kind == 'B')}{run(f'w{next(counter)}x')}</w:p>"
        return table(*([cell("".join(map(write, each)) + par("")) for each in row] for row in block))

    words = text("".join(map(write, blocks)) + par(f"w{next(counter)}x"))
    for index in range(next(counter)):
        assert words.count(f"w{index}x") == 1


@given(st.integers(1, 3999))
def test_roman_numerals_mean_their_number(value):
    worth = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
    digits = [worth[letter] for letter in roman(value)]
    signed = [-digit if digit < after else digit for digit, after in zip(digits, [*digits[1:], 0], strict=True)]
    assert sum(signed) == value


def raised(words, kind="superscript"):
    return f'<w:r><w:rPr><w:vertAlign w:val="{kind}"/></w:rPr><w:t>{words}</w:t></w:r>'


def test_what_is_raised_or_lowered_is_written_on_the_line():
    body = f"<w:p>{run('H')}{raised('2', 'subscript')}{run('O, 10')}{raised('8')}{run(' m')}{raised('2')}{run(', 1')}{raised('st')}</w:p>"
    body += f"<w:p>{run('x')}{raised('n')}{raised('+1')}</w:p>"
    assert text(body) == "H₂O, 10^8 m², 1st\n\nx^(n+1)\n"
    assert "| m² |" in text(table([cell(f"<w:p>{run('m')}{raised('2')}</w:p>"), cell(par("b"))]))


def bold(words, properties="<w:b/>"):
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{words}</w:t></w:r>"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"<w:p>{bold('Opening ')}{bold('hours')}</w:p>", "**Opening hours**"),
        (f"<w:p>{bold('Note:')}{run(' wet')}</w:p>", "Note: wet"),
        ("<w:p>" + bold("Light", '<w:b w:val="0"/>') + "</w:p>", "Light"),
        (par("Label", '<w:pStyle w:val="L"/>'), "**Label**"),
        ("<w:p>" + bold("Strong", '<w:rStyle w:val="S"/>') + "</w:p>", "**Strong**"),
        (par("word " * 40, '<w:pStyle w:val="L"/>'), ("word " * 40).strip()),
    ],
)
def test_a_paragraph_in_bold_letters_is_a_label(body, words):
    styles = "".join(
        f'<w:style w:styleId="{name}"><w:name w:val="My {name}"/>{based}</w:style>'
        for name, based in (
            ("B", "<w:rPr><w:b/></w:rPr>"),
            ("L", '<w:basedOn w:val="B"/>'),
            ("S", "<w:rPr><w:b/></w:rPr>"),
        )
    )
    assert text(body, styles=f"<w:styles {W}>{styles}</w:styles>") == f"{words}\n"


def test_a_ticked_box_is_told_heads_are_counted_and_hidden_words_too():
    w14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
    box = '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt>'
    body = f"<w:p {w14}>{box.format(1)}{run(' Yes ')}{box.format(0)}{run(' No')}</w:p><w:p>{bold('unseen words', '<w:vanish/>')}</w:p>"
    links = samples.relations(h=("header", "header1.xml"), f=("footer", "footer1.xml"))
    head = f"<w:hdr {W}>{par('My firm')}{par('')}</w:hdr>"
    document = load(body, **{"word/_rels/document.xml.rels": links, "word/header1.xml": head, "word/footer1.xml": head})
    assert document.text == "[x] Yes [ ] No\n\nunseen words\n"
    assert document.notices == {"running_lines": 2, "hidden_words": 2}


@pytest.mark.parametrize(
    ("state", "said"),
    [("", "Mon"), ('<w:result w:val="1"/>', "Tue"), ('<w:default w:val="1"/>', "Tue"), ('<w:result w:val="9"/>', "")],
)
def test_the_choice_of_a_forms_list_is_read(state, said):
    choices = "".join(f'<w:listEntry w:val="{day}"/>' for day in ("Mon", "Tue"))
    field = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList>{state}{choices}</w:ddList></w:ffData></w:fldChar></w:r>'
    ends = f'<w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>{run(".")}'
    assert text(f"<w:p>{run('Day: ')}{field}{ends}</w:p>") == f"Day: {said}.\n"


def test_characters_of_symbol_fonts_in_a_run_are_what_a_person_sees():
    def set_in(font, words):
        return f'<w:r><w:rPr><w:rFonts w:ascii="{font}" w:hAnsi="{font}"/></w:rPr><w:t>{words}</w:t></w:r>'

    tick, ready, logo = set_in("Wingdings", "\uf0fc"), run(" ready for re\u00aduse "), set_in("Logo", "\uf041")
    document = load(f"<w:p>{tick}{ready}{logo}</w:p>")
    assert document.text == "✓ ready for reuse \ufffd\n"
    assert document.notices == {"unknown_symbols": 1}


def test_notes_charts_and_texts_that_are_named_and_not_there_are_counted():
    chart = f'<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" {R} r:id="c"/>'
    mark = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    body = f'<w:p>{run("It turns.")}{mark}<w:r><w:drawing>{chart}</w:drawing></w:r></w:p><w:altChunk {R} r:id="a"/>'
    links = {
        "n": ("footnotes", "footnotes.xml"), "c": ("chart", "charts/chart1.xml"), "a": ("aFChunk", "inner.html"),
        "p": ("image", "media/picture.png"), "h": ("hyperlink", "https://example.org/"),
    }  # fmt: skip
    document = load(body, **{"word/_rels/document.xml.rels": samples.relations(**links)})
    assert (document.text, document.notices) == (text(body), {"missing_parts": 3})

"""What a person reads in an OpenDocument file stands in its text: once, in its place, or counted."""

import pytest

from embedingest.ingest.load.opendocument import create
from tests import samples

KINDS = {
    "office": "office", "text": "text", "table": "table", "draw": "drawing", "presentation": "presentation",
    "style": "style", "svg": "svg-compatible",
}  # fmt: skip
NAMES = " ".join(f'xmlns:{prefix}="{samples.OASIS}:{kind}:1.0"' for prefix, kind in KINDS.items())
NAMES += ' xmlns:xlink="http://www.w3.org/1999/xlink"'


def load(body, styles="", options=None, flat=False, **parts):
    content = f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>{body}</office:body>"
    if flat:
        return create().load(
            f'<?xml version="1.0"?><office:document {NAMES}>{content}</office:document>'.encode(), "a.fodt"
        )
    parts = {name: f"<office:document-styles {NAMES}>{part}</office:document-styles>" for name, part in parts.items()}
    parts["content.xml"] = f"<office:document-content {NAMES}>{content}</office:document-content>"
    return create(**(options or {})).load(samples.zipped(parts), "a.odt")


def text(body, styles="", **parts):
    return load(body, styles, **parts).text


def par(words):
    return f"<text:p>{words}</text:p>"


def listed(*items, style=""):
    name = f' text:style-name="{style}"' if style else ""
    return f"<text:list{name}>" + "".join(f"<text:list-item>{each}</text:list-item>" for each in items) + "</text:list>"


def level(number, form, suffix=".", more=""):
    return f'<text:list-level-style-number text:level="{number}" style:num-format="{form}" style:num-suffix="{suffix}" {more}/>'


def test_notes_and_boxes_stand_apart_from_the_sentence():
    note = "<text:note text:note-class='{}'><text:note-citation>1</text:note-citation><text:note-body>{}</text:note-body></text:note>"
    box = f"<draw:frame><draw:text-box>{par('Box one')}{par('Box two')}</draw:text-box></draw:frame>"
    shape = f"<draw:custom-shape>{par('In a star')}</draw:custom-shape>"
    body = par(
        f"Water turns the mill{note.format('footnote', par('Rain water.') + par('Second.'))} every"
        f"{note.format('endnote', par('At the end.'))} day."
    )
    body += par(f"Anchor {box}<draw:g>{shape}</draw:g>after")
    assert text(body).split("\n\n") == [
        "Water turns the mill every day.", "Rain water.", "Second.", "Anchor after", "Box one", "Box two", "In a star",
        "At the end.\n",
    ]  # fmt: skip


def test_a_table_of_contents_is_left_out_and_counted_unless_one_wants_it():
    title = f"<text:index-title>{par('Contents')}</text:index-title>"
    index = f"<text:index-body>{title}{par('Water<text:tab/>3')}{par('Mill<text:tab/>7')}</text:index-body>"
    body = f"<text:table-of-content>{index}</text:table-of-content><text:h text:outline-level='1'>Water</text:h>"
    assert load(body).text == "# Water\n"
    assert load(body).notices == {"contents_left_out": 3}
    kept = load(body, options={"contents": True})
    assert kept.text == "Contents\n\nWater\t3\n\nMill\t7\n\n# Water\n"
    assert kept.notices == {}


@pytest.mark.parametrize(("label", "said"), [("*", "[*]"), ("a", "[a]"), ("(7)", "(7)")])
def test_the_sign_that_an_author_gave_a_note_stands_in_brackets_in_the_sentence_and_before_the_note(label, said):
    citation = f"<text:note-citation text:label='{label}'>{label}</text:note-citation>"
    note = f"<text:note text:note-class='footnote'>{citation}<text:note-body>{par('Rain water.')}</text:note-body></text:note>"
    assert text(par(f"It holds 40{note} tons.")) == f"It holds 40{said} tons.\n\n{said} Rain water.\n"


def test_headings_in_lists_are_headings():
    head = '<text:h text:outline-level="{}">{}</text:h>'
    body = (
        listed(head.format(1, "Introduction")) + par("Words.") + listed(listed(head.format(2, "Scope"))) + par("More.")
    )
    document = load(body)
    assert document.text == "# Introduction\n\nWords.\n\n## Scope\n\nMore.\n"
    assert document.title == "Introduction"


def test_headings_show_the_numbers_of_their_outline():
    levels = "".join(
        f'<text:outline-level-style text:level="{n}" style:num-format="1" text:display-levels="{n}"/>' for n in (1, 2)
    )
    heads = "".join(f'<text:h text:outline-level="{n}">w{n}</text:h>' for n in (1, 2, 2, 1, 2))
    parts = {"styles.xml": f"<text:outline-style>{levels}</text:outline-style>"}
    assert text(heads, **parts).split("\n\n") == ["# 1 w1", "## 1.1 w2", "## 1.2 w2", "# 2 w1", "## 2.1 w2\n"]


def test_lists_have_their_numbers():
    levels = level(1, "1") + level(2, "a", ")", 'text:start-value="3"')
    style = f'<text:list-style style:name="L">{levels}</text:list-style>'
    body = listed(par("one") + par("more"), par("two") + listed(par("inner"), par("inner")), style="L") + par("between")
    go_on = listed(par("three"), style="L").replace("<text:list ", '<text:list text:continue-numbering="true" ', 1)
    assert text(body + go_on + listed(par("bullet")), style) == (
        "1. one\n\n   more\n2. two\n   - c) inner\n   - d) inner\n\nbetween\n\n3. three\n- bullet\n"
    )


def test_a_level_that_a_style_does_not_describe_is_like_the_one_above_it():
    styles = f'<text:list-style style:name="A">{level(1, "1")}</text:list-style>'
    styles += '<text:list-style style:name="B"><text:list-level-style-bullet text:level="1" text:bullet-char="•"/></text:list-style>'
    inner = listed(par("deep one"), par("deep two"), style="A")
    body = listed(par("one"), par("two") + listed(par("inner") + inner, style="B"), style="A")
    assert text(body, styles) == "1. one\n2. two\n   - inner\n     1. deep one\n     2. deep two\n"


def test_an_item_that_only_holds_a_list_is_not_counted_and_a_blank_is_no_bullet():
    styles = f'<text:list-style style:name="A">{level(1, "1")}{level(2, "a", ")")}</text:list-style>'
    styles += '<text:list-style style:name="B"><text:list-level-style-bullet text:level="1" text:bullet-char=" "/></text:list-style>'
    first = listed(par("one"), par("two"), style="A").replace("<text:list ", '<text:list xml:id="l" ', 1)
    goes_on = listed(listed(par("inner"), style="A"), par("three"), style="A")
    goes_on = goes_on.replace("<text:list ", '<text:list text:continue-list="l" ', 1)
    body = first + listed(par("More of two."), style="B") + goes_on
    assert text(body, styles) == "1. one\n2. two\n\n   More of two.\n   - a) inner\n3. three\n"
    assert text(listed(par("Alone."), style="B"), styles) == "Alone.\n"


def test_a_line_of_a_formula_alone_is_no_label():
    math = '<math:math xmlns:math="http://www.w3.org/1998/Math/MathML"><math:mi>E</math:mi></math:math>'
    assert text(par(f"<draw:frame><draw:object>{math}</draw:object></draw:frame>")) == "E\n"


def test_a_list_of_any_depth_is_read():
    body = "<text:list><text:list-item>" * 5000 + par("deep") + "</text:list-item></text:list>" * 5000
    assert text(body).strip() == "- deep"


def test_spanned_and_repeated_cells_keep_their_columns():
    def cell(words, attributes=""):
        return f"<table:table-cell {attributes}>{par(words)}</table:table-cell>"

    covered = "<table:covered-table-cell/>"
    rows = [
        cell("Name") + cell("Address", 'table:number-columns-spanned="2"') + covered + cell("Phone"),
        cell("Ann", 'table:number-rows-spanned="2"') + cell("a|b") + '<table:table-cell table:number-columns-repeated="1"/>' + cell("555"),
        covered + cell("x", 'table:number-columns-repeated="3"') + '<table:table-cell table:number-columns-repeated="16000"/>',
    ]  # fmt: skip
    table = "<table:table>" + "".join(f"<table:table-row>{row}</table:table-row>" for row in rows) + "</table:table>"
    assert text(table).splitlines() == [
        "| Name | Address |  | Phone |",
        "| --- | --- | --- | --- |",
        "| Ann | a\\|b |  | 555 |",
        "| Ann | x | x | x |",
    ]


def test_a_table_in_a_table_stands_once():
    def table(*cells):
        return (
            "<table:table><table:table-row>"
            + "".join(f"<table:table-cell>{each}</table:table-cell>" for each in cells)
            + "</table:table-row></table:table>"
        )

    assert text(table(par("a") + table(par("b"), par("c")), par("d"))) == "| a b c | d |\n| --- | --- |\n"
    assert text(table(par("framed") + table(par("b"), par("c")))) == "framed\n\n| b | c |\n| --- | --- |\n"


def test_data_of_pictures_in_a_flat_file_are_no_words():
    picture = "<draw:frame><draw:image><office:binary-data>AAAA</office:binary-data></draw:image></draw:frame>"
    document = load(par(f"Before {picture} after.\n   Next."), flat=True)
    assert (document.text, document.notices) == ("Before  after. Next.\n", {"skipped_images": 1})


@pytest.mark.parametrize("comments", [False, True])
def test_comments_are_told_or_kept(comments):
    body = par(f"Water<office:annotation>{par('Why?')}</office:annotation> turns.")
    document = load(body, options={"comments": comments})
    assert document.text == "Water turns.\n" + ("\nComment by somebody: Why?\n" if comments else "")
    assert document.notices == ({} if comments else {"comments_left_out": 1})


def test_an_equation_is_written_in_line_and_words_are_escaped():
    math = '<math:math xmlns:math="http://www.w3.org/1998/Math/MathML"><math:mi>E</math:mi><math:annotation>E = mc^2</math:annotation></math:math>'
    body = par(f"It is <draw:frame><draw:object>{math}</draw:object></draw:frame> always.") + par("# 1 in the market")
    assert text(body) == "It is E = mc^2 always.\n\n\\# 1 in the market\n"


def test_slides_have_their_title_first_and_every_shape_once():
    def frame(words, kind=""):
        named = f'presentation:class="{kind}"' if kind else ""
        return f"<draw:frame {named}><draw:text-box>{par(words)}</draw:text-box></draw:frame>"

    shapes = f"<draw:g><draw:custom-shape>{par('grouped')}</draw:custom-shape></draw:g>"
    notes = f"<presentation:notes>{frame('Speak slowly.', 'notes')}{frame('7', 'page-number')}"
    notes += f"{frame('Ask Ann.')}</presentation:notes>"
    pages = [frame("Body") + shapes + frame("One", "title") + notes, frame("No title") + frame("foot", "footer")]
    hidden = (
        '<style:style style:name="h"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    body = "".join(
        f'<draw:page draw:style-name="{"h" if n else ""}">{page}</draw:page>' for n, page in enumerate(pages)
    )
    document = load(f"<office:presentation>{body}</office:presentation>", hidden)
    assert document.text == "# One\n\nBody\n\ngrouped\n\nNotes: Speak slowly.\n\nAsk Ann.\n\nNo title\n"
    assert document.notices == {"hidden_slides": 1, "running_lines": 1}
    assert [(document.text[each.start : each.end].split()[-1], each.value) for each in document.spans] == [
        ("Ann.", 1), ("title", 2),
    ]  # fmt: skip


FO = 'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'


def style(name, settings, family="text", parent=""):
    based = f' style:parent-style-name="{parent}"' if parent else ""
    return f'<style:style style:name="{name}" style:family="{family}"{based}><style:text-properties {FO} {settings}/></style:style>'


def test_what_is_raised_or_lowered_is_written_on_the_line_and_bold_lines_are_labels():
    styles = style("Up", 'style:text-position="super 58%"') + style("Down", 'style:text-position="-33% 58%"')
    styles += style("B", 'fo:font-weight="bold"') + style("L", 'fo:font-style="italic"', "paragraph", "B2")
    styles += style("B2", 'fo:font-weight="700"', "paragraph")

    def span(name, words):
        return f'<text:span text:style-name="{name}">{words}</text:span>'

    body = par(f"H{span('Down', '2')}O and 10{span('Up', '8')}") + par(span("B", "Opening hours"))
    body += par(f"{span('B', 'Note:')} wet") + '<text:p text:style-name="L">Label</text:p>'
    assert text(body, styles) == "H₂O and 10^8\n\n**Opening hours**\n\nNote: wet\n\n**Label**\n"


def test_heads_of_pages_are_counted():
    master = "<office:master-styles><style:master-page><style:header>{}</style:header></style:master-page></office:master-styles>"
    document = load(par("Words"), **{"styles.xml": master.format(par("My firm") + par(""))})
    assert (document.text, document.notices) == ("Words\n", {"running_lines": 1})


def styled(name, settings, family="text", more=""):
    return f'<style:style style:name="{name}" style:family="{family}" {more}><style:text-properties {settings}/></style:style>'


def test_characters_of_symbol_fonts_are_what_a_person_sees_and_soft_hyphens_are_nothing():
    styles = styled("W", 'style:font-name="Wingdings2"') + styled("S", 'style:font-name="Symbol"')
    body = par(
        '<text:span text:style-name="W">\uf0fc</text:span> done, <text:span text:style-name="S">\uf061</text:span>-ray'
    )
    document = load(body + par("Donau\u00addampf \ue123"), styles)
    assert document.text == "✓ done, α-ray\n\nDonaudampf \ufffd\n"
    assert document.notices == {"unknown_symbols": 1}


def test_what_is_chosen_in_a_form_is_read():
    field = "urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0"
    loext = "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"

    def mark(kind, *told):
        params = "".join(f'<f:param f:name="{name}" f:value="{value}"/>' for name, value in told)
        return f'<f:fieldmark xmlns:f="{field}" f:type="vnd.oasis.opendocument.field.{kind}">{params}</f:fieldmark>'

    def box(state):
        return f'<l:content-control xmlns:l="{loext}" l:checkbox="true" {state}>☐</l:content-control>'

    entries = ("Dropdown_ListEntry", "small"), ("Dropdown_ListEntry", "large")
    body = (
        par(mark("FORMCHECKBOX", ("Checkbox_Checked", "true")) + " paid " + mark("FORMCHECKBOX") + " sent")
        + par(mark("FORMDROPDOWN", *entries, ("Dropdown_Selected", "1")) + " shirt")
        + par(mark("FORMDROPDOWN", *entries, ("Dropdown_Selected", "9")) + "none")
        + par(box('l:checked="true"') + " yes " + box("") + " no")
    )
    assert text(body) == "[x] paid [ ] sent\n\nlarge shirt\n\nnone\n\n[x] yes [ ] no\n"


def test_hidden_words_are_read_and_told():
    styles = styled("H", 'text:display="none"') + styled("I", "", more='style:parent-style-name="H"')
    styles += styled("P", 'text:display="none"', "paragraph")
    body = (
        par('Seen <text:span text:style-name="I">not seen</text:span> seen')
        + '<text:p text:style-name="P">all hidden here</text:p>'
        + f'<text:section text:display="none">{par("closed")}</text:section>'
        + par('<text:hidden-text text:is-hidden="true">kept back</text:hidden-text>.')
    )
    document = load(body, styles)
    assert document.text == "Seen not seen seen\n\nall hidden here\n\nclosed\n\nkept back.\n"
    assert document.notices == {"hidden_words": 8}


def test_a_chart_beside_its_picture_is_read_and_no_skipped_picture():
    spaces = f'xmlns:c="{samples.OASIS}:chart:1.0" xmlns:t="{samples.OASIS}:text:1.0"'
    chart = f"<c:chart {spaces}><c:title><t:p>Sales</t:p></c:title><c:label-separator><t:p>; </t:p></c:label-separator></c:chart>"
    inner = '<loext:p xmlns:loext="urn:x"/>'
    frame = f'<draw:frame><draw:object xlink:href="./Object 1">{inner}</draw:object><draw:image/></draw:frame>'
    content = f"<office:document-content {NAMES}><office:body>{par(frame)}</office:body></office:document-content>"
    data = samples.zipped({"content.xml": content, "Object 1/content.xml": chart})
    document = create().load(data, "a.odt")
    assert (document.text, document.notices) == ("Sales\n", {})


def test_a_paragraph_in_the_style_of_titles_is_the_title():
    styles = style("P1", "", "paragraph", "Title") + style("Subtitle", "", "paragraph", "Title")
    for name in ("Title", "P1"):
        body = f'<text:p text:style-name="{name}">On <text:s/>mills</text:p><text:p text:style-name="Subtitle">And oats</text:p>'
        document = load(body + par("Words"), styles)
        assert (document.title, document.text) == ("On mills", "# On mills\n\nAnd oats\n\nWords\n")


def test_a_gap_in_the_data_of_a_chart_is_an_empty_cell():
    def cell(value):
        return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'

    rows = "".join(
        f"<table:table-row><table:table-cell>{par(town)}</table:table-cell>{cell(value)}</table:table-row>"
        for town, value in (("Leeds", "3"), ("Hull", "NaN"), ("York", "5"))
    )
    frame = f"<draw:frame><draw:object><office:chart><table:table>{rows}</table:table></office:chart></draw:object></draw:frame>"
    assert text(par(frame)) == "| Leeds | 3 |\n| --- | --- |\n| Hull |  |\n| York | 5 |\n"

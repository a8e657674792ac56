"""What a sheet shows besides plain cells: dates, errors, hidden rows, comments, shapes, several tables with their headers."""

import io
import re
import struct
import time
import zipfile

import pytest

from embedingest import registry
from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.load.common.row_text import RowText
from embedingest.ingest.load.office.odf.grid import grid_facts
from embedingest.ingest.load.office.odf.shapes import without_shapes
from embedingest.ingest.load.office.odf.shown import as_shown
from embedingest.ingest.load.office.sheets.raised_strings import raised_on_the_line
from embedingest.ingest.load.office.sheets.workbook import sheet_facts
from embedingest.ingest.load.sheets import create
from embedingest.ingest.load.tables import create as create_csv
from tests import samples
from tests.depth import few

SHEET = f'xmlns="{samples.S}" xmlns:r="{samples.R}"'
NOTES = (
    f"<comments {SHEET}><authors><author>Ann</author></authors><commentList>"
    '<comment ref="B2" authorId="0"><text><r><t>Ann:</t></r><r><t> Check it.</t></r></text></comment>'
    "</commentList></comments>"
)
DRAWING = (
    '<x:wsDr xmlns:x="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    "<x:sp><x:txBody><a:p><a:r><a:t>All in euro</a:t></a:r></a:p></x:txBody></x:sp><a:blip/></x:wsDr>"
)


def book(rows, *, before="", styles="", strings="", **parts):
    """A workbook of one sheet: the XML of its rows, and of parts beside it by their kinds of relation."""
    links = {kind: (kind, f"../{kind}.xml") for kind in parts}
    return samples.zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{samples.PACKAGE}/content-types"/>',
            "_rels/.rels": samples.relations(a=("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook {SHEET}><sheets><sheet name="S" sheetId="1" r:id="s"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": samples.relations(
                s=("worksheet", "worksheets/sheet1.xml"), t=("sharedStrings", "sharedStrings.xml")
            ),
            "xl/styles.xml": f"<styleSheet {SHEET}><numFmts>{styles}</numFmts><cellXfs><xf numFmtId='0'/>"
            "<xf numFmtId='170'/><xf numFmtId='20'/></cellXfs></styleSheet>",
            "xl/sharedStrings.xml": f"<sst {SHEET}>{strings}</sst>",
            "xl/worksheets/sheet1.xml": f"<worksheet {SHEET}>{before}<sheetData>{rows}</sheetData></worksheet>",
            "xl/worksheets/_rels/sheet1.xml.rels": samples.relations(**links),
            **{f"xl/{kind}.xml": content for kind, content in parts.items()},
        }
    )


def word(ref, text):
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def load(data, **settings):
    return create(**settings).load(data, "a.xlsx")


def _two_sheets(first, second):
    """A workbook of two sheets, of which each may be cut short, or None: missing."""
    whole = book(f'<row r="1">{word("A1", "flour")}{word("B1", "sacks")}</row>')
    with zipfile.ZipFile(io.BytesIO(whole)) as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
    sheet, listed = parts["xl/worksheets/sheet1.xml"], '<sheet name="S" sheetId="1" r:id="s"/>'
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        listed, f'{listed}<sheet name="T" sheetId="2" r:id="u"/>'
    )
    parts["xl/_rels/workbook.xml.rels"] = samples.relations(
        s=("worksheet", "worksheets/sheet1.xml"), u=("worksheet", "worksheets/sheet2.xml")
    )
    for number, share in ((1, first), (2, second)):
        parts[f"xl/worksheets/sheet{number}.xml"] = sheet[: int(len(sheet) * (share or 0))]
    return samples.zipped({name: part for name, part in parts.items() if part})


@pytest.mark.parametrize("damage", [0.5, None])
def test_a_workbook_of_which_no_sheet_can_be_read_is_damaged_and_others_have_them_counted(damage):
    assert load(_two_sheets(1, 1)).notices == {}
    for one in (load(_two_sheets(1, damage)), load(_two_sheets(damage, 1))):
        assert (one.text.strip(), one.notices) == ("flour | sacks", {"unread_sheets": 1})
    with pytest.raises(DocumentError, match="none of its sheets") as error:
        load(_two_sheets(damage, damage))
    assert error.value.code == "corrupt"


def test_dates_times_errors_and_truths_are_as_they_are_shown():
    rows = (
        f'<row r="1">{word("A1", "day")}<c r="B1" s="1"><v>45356</v></c></row>'
        f'<row r="2">{word("A2", "time")}<c r="B2" s="2"><v>0.58680555</v></c></row>'
        f'<row r="3">{word("A3", "error")}<c r="B3" t="e"><v>#DIV/0!</v></c></row>'
        f'<row r="4">{word("A4", "truth")}<c r="B4" t="b"><v>1</v></c></row>'
    )
    document = load(book(rows, styles='<numFmt numFmtId="170" formatCode="dd.mm.yyyy"/>'))
    assert document.text == "day | 05.03.2024\ntime | 14:05\nerror | #DIV/0!\ntruth | TRUE\n"


@pytest.mark.parametrize(
    ("code", "text", "hidden"),
    [
        (";;;", "a\n", 3),
        (";;", "a | b\n", 2),
        ("**;**;**;**", "a\n", 3),
        ("0;0;0;", "a |  | 5 | 7 | 0\n", 1),
        ("[Red];;0.0", "a | b |  |  | 0.0\n", 2),
        ("[&lt;6];0", "a | b |  | 7\n", 1),
        ("[White]0", "a | b | 5 | 7 | 0\n", 0),
    ],
)  # fmt: skip
def test_what_a_format_hides_is_left_out_and_counted(code, text, hidden):
    cells = "".join(f'<c r="{place}1" s="1"><v>{value}</v></c>' for place, value in (("C", 5), ("D", 7), ("E", 0)))
    styled = word("B1", "b").replace("<c ", '<c s="1" ')
    styles = f'<numFmt numFmtId="170" formatCode="{code}"/>'
    document = load(book(f'<row r="1">{word("A1", "a")}{styled}{cells}</row>', styles=styles))
    assert document.text == text
    assert document.notices.get("hidden_values", 0) == hidden


def test_columns_between_cells_that_stand_far_apart_are_one_and_few_empty_columns_are_as_many():
    def row(number, *cells):
        return f'<row r="{number}">{"".join(word(f"{column}{number}", said) for column, said in cells)}</row>'

    far = row(1, ("A", "Plot"), ("B", "Holder"), ("KA", "Remark")) + row(2, ("A", "12"), ("B", "Ann"))
    assert load(book(far + row(3, ("A", "13"), ("KA", "wet")))).text == (
        "Plot | Holder |  | Remark\n12 | Ann\n13 |  |  | wet\n"
    )
    assert load(book(row(1, ("A", "a"), ("E", "b"), ("Q", "c")))).text == "a |  |  |  | b" + " | " * 12 + "c\n"


def test_hidden_rows_and_columns_are_read_and_told():
    rows = f'<row r="1">{word("A1", "a")}{word("B1", "b")}</row><row r="2" hidden="1">{word("A2", "c")}</row>'
    rows += '<row r="3" hidden="1"/>'
    document = load(book(rows, before='<cols><col min="2" max="16384" hidden="1" width="9"/></cols>'))
    assert document.text == "a | b\nc\n"
    assert document.notices == {"hidden_rows": 1, "hidden_columns": 1}


def test_comments_on_cells_are_counted_or_kept_and_shapes_are_read():
    data = book(f'<row r="1">{word("A1", "a")}</row>', comments=NOTES, drawing=DRAWING)
    assert load(data).text == "a\n\nAll in euro\n"
    assert load(data).notices == {"comments_left_out": 1, "skipped_images": 1}
    kept = load(data, comments=True)
    assert kept.text == "a\n\nAll in euro\nComment on B2 by Ann: Check it.\n"
    assert kept.notices == {"skipped_images": 1}


def test_comments_in_threads_are_said_once():
    thread = '<ThreadedComments><threadedComment ref="B2" personId="p"><text>Why?</text></threadedComment></ThreadedComments>'
    data = book(f'<row r="1">{word("A1", "a")}</row>', comments=NOTES, threadedComment=thread)
    assert load(data, comments=True).text == "a\n\nComment on B2 by somebody: Why?\n"


def test_what_is_raised_in_a_cell_is_written_on_the_line():
    raised = '<rPr><vertAlign val="superscript"/><sz val="9"/></rPr>'
    strings = f"<si><r><t>10</t></r><r>{raised}<t>8</t></r><r><t xml:space='preserve'> m</t></r></si><si><r><t>x</t></r><r>{raised}<t>n</t></r></si>"
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    assert load(book(rows, strings=strings)).text == "10^8 m | x^n\n"


_ODF = "urn:oasis:names:tc:opendocument:xmlns:"


def ods(tables):
    content = (
        f'<office:document-content xmlns:office="{_ODF}office:1.0" xmlns:table="{_ODF}table:1.0" '
        f'xmlns:text="{_ODF}text:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><office:body><office:spreadsheet>'
        f"{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    return samples.zipped({"mimetype": mimetype, "META-INF/manifest.xml": "<manifest/>", "content.xml": content})


def test_cells_of_opendocument_are_as_they_are_shown():
    def cell(attributes, text):
        return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"

    note = "<office:annotation><dc:creator>Ann</dc:creator><text:p>Check &amp; mend.</text:p></office:annotation>"
    cells = (
        cell('office:value-type="percentage" office:value="0.125"', "12,50 %"),
        cell('office:value-type="date" office:date-value="2024-03-05"', "5. März 24"),
        cell('office:value-type="boolean" office:boolean-value="true"', "WAHR"),
        '<table:table-cell office:value-type="float" office:value="5"/>',
        cell('office:value-type="float" office:value="7"', "7,0").replace("<text:p>", f"{note}<text:p>"),
    )
    row = f"<table:table-row>{''.join(cells)}</table:table-row>"
    hidden = '<table:table-row table:visibility="collapse"><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
    data = ods(f'<table:table table:name="S">{row}{hidden}</table:table>')
    document = create().load(data, "a.ods")
    assert document.text == "12,50 % | 5. März 24 | WAHR | 5 | 7,0\nx\n"
    assert document.notices == {"hidden_rows": 1, "comments_left_out": 1}
    assert create(comments=True).load(data, "a.ods").text.endswith("\nx\nComment by Ann: Check & mend.\n")


def test_values_that_a_format_of_opendocument_hides_are_left_out_and_counted():
    def cell(attributes):
        return f"<table:table-cell {attributes}><text:p/></table:table-cell>"

    cells = (
        '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>',
        cell('office:value-type="float" office:value="45000" table:number-columns-repeated="2"'),
        cell('office:value-type="float" office:value="0"'),
        cell('office:value-type="date" office:date-value="2024-03-05"'),
        cell('table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""'),
        '<table:table-cell office:value-type="string"><text:p/><text:p>b</text:p></table:table-cell>',
    )
    document = create().load(
        ods(f'<table:table table:name="S"><table:table-row>{"".join(cells)}</table:table-row></table:table>'), "a.ods"
    )
    assert document.text == "a |  |  |  |  |  | b\n"
    assert document.notices == {"hidden_values": 3}


def odf_rows(*rows):
    """Cells with a `|` say their attributes before it, the others are texts; an empty one is covered."""

    def cell(said):
        attributes, _, words = said.rpartition("|")
        attributes = attributes or 'office:value-type="string"'
        end = f"><text:p>{words}</text:p></table:table-cell>" if words else "/>"
        return f"<table:table-cell {attributes}{end}" if said else "<table:covered-table-cell/>"

    return "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)


def test_errors_of_opendocument_are_kept_and_formulas_that_nobody_calculated_are_counted():
    wrong = 'office:value-type="string" office:string-value="" table:formula="of:=[.A1]/0"|'
    rows = odf_rows(
        ["rate", f"{wrong}#DIV/0!"],
        ["sum", f"{wrong}Err:502"],
        ["open", 'table:formula="of:=SUM([.A1:.A2])"|'],
        ["twice", 'table:formula="of:=1" table:number-columns-repeated="2"|'],
        ["blank", 'office:value-type="string" office:string-value="" table:formula="of:=&quot;&quot;"|'],
    )
    document = create().load(ods(f'<table:table table:name="A &amp; B">{rows}</table:table>'), "a.ods")
    assert document.text == "rate | #DIV/0!\nsum | Err:502\nopen\ntwice\nblank\n"
    assert document.notices == {"formulas_without_values": 3}


def test_what_is_merged_downwards_in_opendocument_stands_in_every_row():
    down = 'office:value-type="string" table:number-rows-spanned="{}"|'.format
    region = odf_rows(
        ["Where", "Town", "People"], [f"{down(3)}North", "Kiel", "1"], ["", "Husum", "2"], ["", "Plön", "3"]
    )
    shift = odf_rows(["Day", "From"], ["Mon", f"{down(2)}7:00"], ["Tue", ""], ["Wed", "8:00"])
    tables = f'<table:table table:name="a">{region}</table:table><table:table table:name="b">{shift}</table:table>'
    assert create().load(ods(tables), "a.ods").text.split("\n") == [
        "Where | Town | People", "North | Kiel | 1", "North | Husum | 2", "North | Plön | 3",
        "Day | From", "Mon | 7:00", "Tue | 7:00", "Wed | 8:00", "",
    ]  # fmt: skip


def test_rows_of_opendocument_that_were_moved_together_span_no_others():
    far = '<table:table-row table:number-rows-repeated="900000"><table:table-cell/></table:table-row>'
    wide = 'table:number-columns-repeated="300"|'
    rows = odf_rows(['office:value-type="string" table:number-rows-spanned="3"|Head', wide, "a"])
    last = odf_rows(['table:number-columns-repeated="301"|', "b"])
    text = create().load(ods(f'<table:table table:name="a">{rows}{far}{last}</table:table>'), "a.ods").text
    assert text.split() == ["Head", "|", "|", "a", "|", "|", "b"]


SEVERAL = """Fruit,Price
apple,1
pear,2

Table 2: towns
Town,People,Area
Leeds,800,5
York,200,6

Notes
All prices in euro
"""


def chunks(document, room=14):
    return registry.load("chunkers", "rows")().chunk(document, HashingSizer(room))


def test_tables_that_follow_each_other_have_their_own_headers():
    document = create_csv().load(SEVERAL.encode(), "a.csv")
    found = [(chunk.prefix, chunk.text, chunk.metadata["rows"], chunk.line_start) for chunk in chunks(document, 12)]
    headers = {text.split("\n")[0]: prefix for prefix, text, _, _ in found}
    assert headers["Notes"] == ""
    assert all(prefix in {"", "Town | People | Area\n"} for prefix, text, _, _ in found if "York" in text)
    assert any("Table 2: towns\nTown | People | Area" in text for _, text, _, _ in found)
    assert all(int(rows.split("-")[0]) == line for _, _, rows, line in found)
    assert "".join(document.text.split()) == "".join("".join(text.split()) for _, text, _, _ in found)


@pytest.mark.parametrize(
    ("rows", "spans"),
    [
        (["Region,2023,,2024,", ",Q1,Q2,Q1,Q2", "North,1,2,3,4"], ["Region | 2023 |  | 2024\n | Q1 | Q2 | Q1 | Q2"]),
        (["Region,Sales,,", "Region,Q1,Q2,Q3", "North,1,2,3"], ["Region | Sales\nRegion | Q1 | Q2 | Q3"]),
        (["Plan 2024", "", ",Men,,Women,", "Town,2023,2024,2023,2024", "Leeds,1,2,3,4"], [" | Men |  | Women\nTown | 2023 | 2024 | 2023 | 2024"]),
        ([",name,age", "r1,Ann,5", "r2,Bo,6"], [" | name | age"]),
        (["a,b", "x,1", "y,2", "", "z,3", "w,4"], ["a | b"]),
        (["name,town", "Ann,Leeds", "", "Bo,York", "Cy,Hull"], ["name | town"]),
        (["a,b", "x,1", "", "a,b", "y,2"], ["a | b", "a | b"]),
        (["a,b,c", "x,1,2", "", "Total", "Sum,3"], ["a | b | c"]),
    ],
)  # fmt: skip
def test_the_headers_of(rows, spans):
    document = create_csv(delimiter=",").load("\n".join(rows).encode(), "a.csv")
    assert [span.value.strip(" |") for span in document.spans if span.kind == "header"] == [
        span.strip(" |") for span in spans
    ]


def test_both_rows_of_a_header_stand_before_every_chunk():
    rows = ["Region,2023,,2024,", ",Q1,Q2,Q1,Q2", *(f"town {n},{n},2,3,4" for n in range(40))]
    document = create_csv(delimiter=",").load("\n".join(rows).encode(), "a.csv")
    prefixes = {chunk.prefix for chunk in chunks(document, 80)[1:]}
    assert prefixes == {"Region | 2023 |  | 2024\n| Q1 | Q2 | Q1 | Q2\n"} or prefixes == {
        "Region | 2023 |  | 2024\n | Q1 | Q2 | Q1 | Q2\n"
    }


def test_a_row_of_several_lines_ends_on_the_last_of_them():
    text = 'name,text\nAnn,"one\ntwo\nthree"\nBo,short\nCy,"a\nb"\n'
    document = create_csv(delimiter=",").load(text.encode(), "a.csv")
    found = {chunk.text: (chunk.line_start, chunk.line_end) for chunk in chunks(document, 9)}
    assert found["Ann | one two three"] == (2, 4)
    assert found["Cy | a b"] == (6, 7)


def test_a_sheet_far_larger_than_its_cells_is_closed_up():
    class Sheet:
        height, width, start, merged_cell_ranges = 65_536, 256, (0, 0), None

        def iter_rows(self):
            yield ["first", *[""] * 255]
            yield from ([""] * 256 for _ in range(65_534))
            yield [*[""] * 255, 2.5]

    from embedingest.ingest.load.sheets import _written

    builder = RowText()
    rows, numbers = _written(Sheet(), None)
    builder.sheet("S", rows, numbers=numbers)
    assert builder.text == "first\n\n |  | 2.5\n"
    assert [(span.start, span.value) for span in builder.spans if span.kind == "first_row"] == [(0, 1), (7, 65_536)]


@few(4)
@pytest.mark.parametrize(
    ("read", "pump"),
    [
        (as_shown, b"<office:annotation>"),
        (as_shown, b"<office:annotation><text:p>"),
        (as_shown, b'<table:table-cell a="'),
        (lambda content: without_shapes(content, None), b"<draw:frame>"),
        (lambda content: without_shapes(content, None), b"<draw:frame><text:p>a</text:p></draw:frame>"),
        (lambda content: without_shapes(content, None), b'<draw:frame a="'),
        (lambda content: grid_facts(content, "a"), b'<table:table><table:table-row><table:table-cell formula="" a="'),
        (
            lambda content: grid_facts(content, "a"),
            b'<table:table-cell formula="" number-rows-spanned="9" value-type="">',
        ),
        (raised_on_the_line, b'<vertAlign val="superscript"/>'),
        (raised_on_the_line, b'<vertAlign val="superscript"/><t>a</'),
        (lambda content: sheet_facts(content, {}), b'<row hidden="1" '),
    ],
)
def test_no_sheet_takes_quadratic_time(read, pump):
    def seconds(times):
        start = time.process_time()
        read(b"<worksheet>" + pump * times + b"<office:annotation></office:annotation>")
        return time.process_time() - start

    seconds(10)
    assert seconds(16_000) < 16 * seconds(2_000) + 0.2


def test_a_chart_says_its_titles_and_the_names_of_series_that_no_cell_has():
    space = f'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:r="{samples.R}"'
    frame = f"<x:graphicFrame><c:chart {space} r:id='c'/></x:graphicFrame></x:wsDr>"
    series = "<c:ser><c:tx><c:v>Leg count</c:v></c:tx></c:ser><c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>of B1</c:v></c:pt></c:strCache></c:strRef></c:tx></c:ser>"
    buffer = io.BytesIO(book(f'<row r="1">{word("A1", "a")}</row>', drawing=DRAWING.replace("</x:wsDr>", frame)))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/_rels/drawing.xml.rels", samples.relations(c=("chart", "chart.xml")))
        archive.writestr("xl/chart.xml", f"<c:chartSpace {space}>{series}</c:chartSpace>")
    assert load(buffer.getvalue()).text == "a\n\nAll in euro\nLeg count\n"


def test_a_sheet_that_is_a_chart_says_what_the_chart_says():
    space = f'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:r="{samples.R}"'
    frame = f"<x:graphicFrame><c:chart {space} r:id='c'/></x:graphicFrame></x:wsDr>"
    with zipfile.ZipFile(io.BytesIO(book(f'<row r="1">{word("A1", "a")}</row>'))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        "</sheets>", '<sheet name="P" sheetId="2" r:id="p"/></sheets>'
    )
    parts["xl/_rels/workbook.xml.rels"] = samples.relations(
        s=("worksheet", "worksheets/sheet1.xml"), p=("chartsheet", "chartsheets/sheet1.xml")
    )
    parts["xl/chartsheets/sheet1.xml"] = f'<chartsheet {SHEET}><drawing r:id="d"/></chartsheet>'
    parts["xl/chartsheets/_rels/sheet1.xml.rels"] = samples.relations(d=("drawing", "../drawing.xml"))
    parts["xl/drawing.xml"] = DRAWING.replace("<a:blip/></x:wsDr>", frame)
    parts["xl/_rels/drawing.xml.rels"] = samples.relations(c=("chart", "chart.xml"))
    parts["xl/chart.xml"] = f"<c:chartSpace {space}><c:ser><c:tx><c:v>Leg count</c:v></c:tx></c:ser></c:chartSpace>"
    document = load(samples.zipped(parts))
    assert document.text == "a\nAll in euro\nLeg count\n"
    assert [(span.value, span.start) for span in document.spans if span.kind == "sheet"] == [("S", 0), ("P", 2)]
    assert not document.notices


@pytest.mark.parametrize("present", [0, 600, 3588, 4000])
def test_an_old_workbook_that_ends_too_early_is_damaged(present, capfd):
    """Its table of sectors is said to be the ninth of them; calamine panics, which is nobody's to read."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<10I", 0, 1, 9, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 8) + b"\xff" * 432
    with pytest.raises(DocumentError) as caught:
        create().load(head + bytes(present), "a.xls")
    assert caught.value.code == "corrupt"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({1: "near", 1_048_576: "far"}, {"near": "1-1048576"}),
        ({3: "a", 4: "b", 9: "c", 1_000_000: "d"}, {"a": "3-1000000"}),
    ],
)
def test_rows_of_a_sparse_sheet_have_the_numbers_that_they_have_in_it(rows, said):
    cells = "".join(
        f'<row r="{row}"><c r="{"A" if row < 100 else "XFD"}{row}" t="inlineStr"><is><t>{word}</t></is></c></row>'
        for row, word in rows.items()
    )
    with zipfile.ZipFile(io.BytesIO(samples.xlsx())) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    place = "xl/worksheets/sheet1.xml"
    parts[place] = re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>%s</sheetData>" % cells.encode(), parts[place])
    document = create().load(samples.zipped(parts), "a.xlsx")
    found = chunks(document, 100)
    assert {chunk.text.split()[0]: chunk.metadata["rows"] for chunk in found} == said
    firsts = [span.value for span in document.spans if span.kind == "first_row"]
    assert (firsts[0], firsts[-1]) == (min(rows), max(rows))


def test_a_workbook_behind_a_password_is_told_as_such():
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024) + "EncryptedPackage".encode("utf-16-le") + bytes(1024)
    with pytest.raises(DocumentError, match="is encrypted") as caught:
        create().load(data, "a.xlsx")
    assert caught.value.code == "encrypted"

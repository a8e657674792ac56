"""Spreadsheets and CSV as a person sees them: headers below titles, numbers as formatted, far corners, what is missing."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest import registry
from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.office.sheets.number_format import shown
from embedingest.ingest.load.office.sheets.xlsb_sparse import closed_up_binary
from embedingest.ingest.load.sheets import create as create_sheet
from embedingest.ingest.load.tables import create as create_csv
from tests import samples


def name(row, column):
    return (f"{chr(64 + column // 26)}" if column >= 26 else "") + f"{chr(65 + column % 26)}{row + 1}"


def cells(rows):
    """Rows of words, numbers, (number, style) or raw XML as a sheet's data."""
    written = ""
    for at, row in enumerate(rows):
        written += f'<row r="{at + 1}">'
        for column, each in enumerate(row):
            value, number = each if isinstance(each, tuple) else (each, 0)
            ref, style = f'r="{name(at, column)}"', f' s="{number}"'
            if isinstance(value, str) and value.startswith("<"):
                written += value.replace("<c", f"<c {ref}", 1)
            elif isinstance(value, str):
                written += f'<c {ref} t="inlineStr"><is><t>{value}</t></is></c>' if value else ""
            else:
                written += f"<c {ref}{style}><v>{value}</v></c>"
        written += "</row>"
    return written


def load(*sheets, formats=(), states=(), merged=""):
    """A workbook of these sheets: rows, or the XML of a sheet's data."""
    data = [each if isinstance(each, str) else cells(each) for each in sheets]
    states = [*states, *["visible"] * len(sheets)]
    listed = "".join(
        f'<sheet name="S{n}" sheetId="{n + 1}" state="{states[n]}" r:id="s{n}"/>' for n in range(len(sheets))
    )
    own = "".join(f'<numFmt numFmtId="{170 + n}" formatCode="{code}"/>' for n, code in enumerate(formats))
    styled = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{170 + n}"/>' for n in range(len(formats)))
    book = samples.zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{samples.PACKAGE}/content-types"/>',
            "_rels/.rels": samples.relations(a=("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook xmlns="{samples.S}" xmlns:r="{samples.R}"><sheets>{listed}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": samples.relations(
                **{f"s{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in range(len(sheets))}
            ),
            "xl/styles.xml": f'<styleSheet xmlns="{samples.S}"><numFmts>{own}</numFmts><cellXfs>{styled}</cellXfs></styleSheet>',
            **{
                f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{samples.S}"><sheetData>{each}</sheetData>{merged}</worksheet>'
                for n, each in enumerate(data)
            },
        }
    )
    return create_sheet().load(book, "a.xlsx")


def header(document):
    return next((span.value for span in document.spans if span.kind == "header"), None)


HEADERS = {
    "a title and a note": (
        [["Sales 2024"], ["in thousand EUR"], [], ["Region", "Amount", "Share"], ["a", 1, 2], ["b", 3, 4]],
        "Region | Amount | Share",
    ),
    "years": ([["Region", 2021, 2022], ["one", 1, 2], ["two", 3, 4]], "Region | 2021 | 2022"),
    "years over nothing": ([["", 2021, 2022], ["one", 1, 2]], "| 2021 | 2022"),
    "years below a title": ([["Plan"], ["Region", 2023, 2022, 2021], ["one", 1, 2, 3]], "Region | 2023 | 2022 | 2021"),
    "weeks": ([["Week", 1, 2, 3, 4], ["one", 9, 7, 5, 6]], "Week | 1 | 2 | 3 | 4"),
    "months": ([["Item", "2024-01", "2024-02"], ["one", 9, 7]], "Item | 2024-01 | 2024-02"),
    "words": ([["name", "town"], ["Ann", "Leeds"]], "name | town"),
    "numbers alone": ([[1, 2], [3, 4]], None),
    "data with years": ([["Ann", 2001], ["Bo", 1999]], None),
    "data that counts": ([["one", 1, 2, 3], ["two", 2, 3, 4]], None),
    "a title over data": ([["Numbers"], ["a", 1.5, 7], ["b", 3, 4]], None),
    "a form before the table": (
        [["Author", "Bo"], ["Date", "May"], ["Id", "Name", "Town", "Zip", "Tel"], [1, "Ann", "Leeds", 2, 3]],
        "Id | Name | Town | Zip | Tel",
    ),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_the_header_row_of(kind):
    rows, wanted = HEADERS[kind]
    line = wanted.lstrip("| ") if wanted and wanted.startswith("|") else wanted
    found = header(load(rows))
    assert (found.lstrip("| ") if found else found) == line
    csv = "".join(",".join(map(str, row)) + "\n" for row in rows)
    found = header(create_csv(delimiter=",").load(csv.encode(), "a.csv"))
    assert (found.lstrip("| ") if found else found) == line


def test_every_chunk_behind_a_header_below_titles_begins_with_it():
    rows = [["Sales 2024"], ["in thousand EUR"], [], ["Region", "Amount"], *([f"r{n}", n] for n in range(60))]
    document = load(rows)
    chunks = registry.load("chunkers", "rows")().chunk(document, HashingSizer(40))
    assert len(chunks) > 3
    assert chunks[0].text.startswith("Sales 2024\nin thousand EUR\n\nRegion | Amount\nr0 | 0\n")
    assert {chunk.prefix.split("\n")[0] for chunk in chunks[1:]} == {"Region | Amount"}


def test_formulas_without_a_value_and_hidden_sheets_are_told():
    formula, empty, word = "<c><f>A1*2</f><v></v></c>", "<c><f>A1*2</f></c>", '<c t="str"><f>""</f><v></v></c>'
    document = load(
        [["a", formula, empty, word, "<c><f>1</f><v>1</v></c>"]], [["b"]], [], states=("visible", "veryHidden")
    )
    assert document.text == "a |  |  |  | 1\nb\n"
    assert document.notices == {"formulas_without_values": 2, "hidden_sheets": 1}


def test_numbers_are_shown_as_their_cells_show_them():
    codes = ("0.0%", "#,##0.00 &quot;EUR&quot;", "[$€-407] 0", "0.00;(0.00)", "000-0000", "yyyy")
    document = load([["n", (0.125, 1), (1234.5, 2), (7, 3), (-2, 4), (5, 5), 0.07000000000000001]], formats=codes)
    assert document.text == "n | 12.5% | 1,234.50 EUR | € 7 | (2.00) | 000-0005 | 0.07\n"


def test_a_cell_that_fills_rows_stands_in_each():
    document = load(
        [["Day", "Time"], ["Monday", "9"], ["", "10"], ["Tuesday", "11"]],
        merged='<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>',
    )
    assert document.text == "Day | Time\nMonday | 9\nMonday | 10\nTuesday | 11\n"


@pytest.mark.parametrize(
    "far",
    [
        '<row r="1048576"><c r="XFD1048576" s="1"><v>0.5</v></c></row>',
        '<row r="2"><c r="XFD2" t="inlineStr"><is><t>wide</t></is></c></row><row r="1048576"><c s="1"><v>0.5</v></c></row>',
    ],
)
def test_cells_in_far_corners_are_moved_together(far):
    document = load(f'<row r="1"><c r="A1" t="inlineStr"><is><t>first</t></is></c></row>{far}', formats=("0%",))
    assert document.text.split() == ["first", *(["|", "|", "wide"] if "wide" in far else ["|", "|"]), "50%"]


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_decimals_are_those_of_the_format(value, places):
    code = "#,##0" + ("." + "0" * places if places else "")
    number = value / 1000
    assert float(shown(number, code).replace(",", "")) == pytest.approx(number, abs=0.5000001 * 10**-places)
    assert len(shown(number, code).partition(".")[2]) == places


_ODF = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'


def ods(rows):
    """A spreadsheet of OpenDocument: rows of cells, each a text or a number of empty ones."""
    cells = {
        True: '<table:table-cell table:number-columns-repeated="{}"/>',
        False: '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>',
    }
    body = "".join(
        f'<table:table-row table:number-rows-repeated="{times}">'
        + "".join(cells[isinstance(each, int)].format(each) for each in row)
        + "</table:table-row>"
        for times, row in rows
    )
    content = f'<office:document-content {_ODF}><office:body><office:spreadsheet><table:table table:name="S">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    return samples.zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": content,
        }
    )


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([(1, ["first"]), (1048574, [16384]), (1, [16383, "last"])], "first\n\n |  | last\n"),
        (
            [(1, ["a", 99, "b", 16282, "c"]), (900000, [50, 16334]), (1, ["d", 98, 1, "e", 16282, "f"])],
            "a |  | b |  | c\n\nd |  | e |  | f\n",
        ),
        ([(3, ["a", "b"]), (1048573, [16384])], "a | b\n" * 3),
        ([(2, ["a", 3, "b"]), (2, [5]), (1, ["c"])], "a |  |  |  | b\n" * 2 + "\n\nc\n"),
    ],
)
def test_sheets_of_opendocument_are_closed_up_where_their_cells_stand_far_apart(rows, text):
    assert load_inner(ods(rows), "a.ods", "a.ods").text == text


@pytest.mark.parametrize("rows", [[(1048576, ["a"] * 60)], [(9999999, ["a"])], [(1, [40000, "a"])]])
def test_sheets_that_say_they_hold_more_than_any_does_are_refused(rows):
    with pytest.raises(DocumentError) as caught:
        load_inner(ods(rows), "a.ods", "a.ods")
    assert caught.value.code == "bomb"


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def record(kind, body=b""):
    """One record of XLSB: its kind and length in groups of seven bits."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def xlsb(cells):
    """A workbook of one sheet with these cells: row, column, a text or a number."""
    rows, columns = zip(*((row, column) for row, column, _ in cells), strict=True)
    sheet = (
        record(129) + record(148, struct.pack("<4I", min(rows), max(rows), min(columns), max(columns))) + record(145)
    )
    for row in sorted(set(rows)):
        sheet += record(0, struct.pack("<I", row) + bytes(13))
        for _, column, value in [each for each in cells if each[0] == row]:
            place = struct.pack("<II", column, 0)
            sheet += (
                record(6, place + wide(value))
                if isinstance(value, str)
                else record(5, place + struct.pack("<d", value))
            )
    kind = "http://schemas.openxmlformats.org/package/2006/"
    link = (
        '<Relationships xmlns="'
        + kind
        + 'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/></Relationships>'
    )
    return samples.zipped({
        "[Content_Types].xml": f'<Types xmlns="{kind}content-types"/>',
        "_rels/.rels": link.format("officeDocument", "xl/workbook.bin"),
        "xl/_rels/workbook.bin.rels": link.format("worksheet", "worksheets/sheet1.bin"),
        "xl/workbook.bin": record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("r1") + wide("S")) + record(144) + record(132),
        "xl/worksheets/sheet1.bin": sheet + record(146) + record(130),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ([(0, 0, "first"), (2, 3, "last"), (2, 4, 1.5)], "first\n\n |  |  | last | 1.5\n"),
        ([(0, 0, "first"), (1048575, 16383, "last")], "first\n\n |  | last\n"),
        ([(5, 2, "a"), (5, 9000, "b"), (90_000, 2, "c"), (90_001, 9000, 2.0)], "a |  | b\n\nc\n |  | 2\n"),
    ],
)
def test_sheets_of_xlsb_are_closed_up_where_their_cells_stand_far_apart(cells, text):
    read = load_inner(xlsb(cells), "a.xlsb", "a.xlsb")
    assert read.text == text
    rows = sorted({row + 1 for row, _, _ in cells})
    told = [span.value for span in read.spans if span.kind == "first_row"]
    assert told == [row for row in rows if row - 2 not in rows and row - 1 not in rows]


def test_a_sheet_of_xlsb_that_is_cut_off_is_looked_through():
    whole = (
        record(0, bytes(17))
        + record(6, bytes(8) + wide("a"))
        + record(0, b"\xff\xff\x0f\0" + bytes(13))
        + record(6, b"\xff\x3f\0\0" + bytes(4) + wide("b"))
    )
    assert closed_up_binary(whole) is not None
    assert all(closed_up_binary(whole[:at]) is None for at in range(len(whole)))


def test_the_line_that_tells_a_spreadsheet_the_separator_is_no_row():
    text = b"sep=;\nName;Sum\n" + b"".join(b"Ann %d, of Leeds;0,5\n" % n for n in range(4))
    table = load_inner(text, "a.csv", "a.csv")
    assert "sep=" not in table.text
    assert table.text.startswith(load_inner(text[6:], "a.csv", "a.csv").text[:40])
    assert [span.value for span in table.spans if span.kind == "line"][:1] == [2]


def test_a_row_of_few_filled_cells_below_a_blank_line_stays_under_its_header():
    assert [
        s.value for s in load_inner(b"gene\tp\nBRCA1\t1e-5\n\nTP53\t\n", "a.tsv", "a.tsv").spans if s.kind == "header"
    ] == ["gene | p"]
    noted = load_inner(b"gene\tp\nBRCA1\t1e-5\n\nTP53 was not seen\n", "a.tsv", "a.tsv")
    assert len([s for s in noted.spans if s.kind == "header"]) == 2


def test_a_sheet_shows_large_numbers_and_texts_in_their_format():
    row = (
        '<row r="1"><c r="A1" s="1" t="inlineStr"><is><t>tin</t></is></c><c r="B1" s="1"><v>4</v></c>'
        '<c r="C1" s="2"><v>7000000000000000</v></c></row>'
    )
    assert (
        load(row, formats=("0.0;0.0;0.0;&quot;a &quot;@", "#,##0,,&quot;M&quot;")).text
        == "a tin | 4.0 | 7,000,000,000M\n"
    )


@pytest.mark.parametrize(
    ("csv", "text"),
    [
        ("12,5;13,1\n12,7;13,4\n12,9;13,6\n", "12,5 | 13,1\n12,7 | 13,4\n12,9 | 13,6\n"),
        ("Ann;1,5;2,5\nBo;2,5;3,5\n", "Ann | 1,5 | 2,5\nBo | 2,5 | 3,5\n"),
        ("1,5\t2,5\n2,5\t3,5\n", "1,5 | 2,5\n2,5 | 3,5\n"),
        ("Roe, Ann;Leeds\nDoe, Bo;York\n", "Roe, Ann | Leeds\nDoe, Bo | York\n"),
        ('a,"x;y",z\nb,"c;d",e\n', "a | x;y | z\nb | c;d | e\n"),
        ("1,red;blue,2\n2,red;green,5\n", "1 | red;blue | 2\n2 | red;green | 5\n"),
    ],
)
def test_commas_within_cells_do_not_part_them(csv, text):
    assert create_csv().load(csv.encode(), "a.csv").text == text


@pytest.mark.parametrize(
    ("file", "source", "rows"),
    [
        ("a.tsv", 'a\tb\n1\t"open\n2\tx\n3\ty"z\n', ["a | b", '1 | "open', "2 | x", '3 | y"z']),
        ("a.tsv", 'a\tb\n1\t"The Mill" is a film\n2\t"q\tr"\n', ["a | b", '1 | "The Mill" is a film', "2 | q r"]),
        ("a.csv", 'a,b\n1,"open\n2,x\n3,"Smith, Ann"\n', ["a | b", '1 | "open', "2 | x", "3 | Smith, Ann"]),
        ("a.csv", 'a,b\n1,"Smith, Ann" \n2,"two\nlines"\n3,5" pipe\n', ["a | b", "1 | Smith, Ann", "2 | two lines", '3 | 5" pipe']),
    ],
)  # fmt: skip
def test_a_quote_that_nothing_closes_takes_no_other_rows_into_its_cell(file, source, rows):
    assert load_inner(source.encode(), file, file).text.split("\n")[:-1] == rows


def test_lines_of_a_table_are_those_of_the_file_where_quotes_are_not_in_order():
    source = 'a,b\n1,"two\nlines"\n2,"open\n' + "".join(f"{n},x\n" for n in range(3, 40))
    document = load_inner(source.encode(), "a.csv", "a.csv")
    chunks = registry.create("chunkers", "rows").chunk(document, HashingSizer(30))
    lines = source.split("\n")
    for chunk in chunks[1:]:
        assert lines[chunk.line_start - 1].startswith(chunk.text.split(" | ")[0] + ",")

"""Sheets of OpenDocument: where rows stood, the form without a zip, what stands over the cells."""

import io
import zipfile

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.sheets import create
from tests.ingest.load.test_sheets import _ODF as ODF
from tests.ingest.load.test_sheets import chunks, odf_rows, ods


@pytest.mark.parametrize(
    ("before", "gap", "said"),
    [
        (0, 1_000_000, {"near": "1-1", "far": "1000002-1000002"}),
        (41, 900_000, {"near": "42-42", "far": "900043-900043"}),
    ],
)
def test_rows_of_a_sparse_sheet_of_opendocument_have_the_numbers_that_they_have_in_it(before, gap, said):
    blank = '<table:table-row table:number-rows-repeated="{}"><table:table-cell/></table:table-row>'.format
    rows = (blank(before) if before else "") + odf_rows(["near"]) + blank(gap // 2) + blank(gap - gap // 2)
    rows += odf_rows(['table:number-columns-repeated="300"|', "far"])
    document = create().load(ods(f'<table:table table:name="A &amp; B">{rows}</table:table>'), "a.ods")
    found = chunks(document, 4)
    assert {chunk.text.split()[-1]: chunk.metadata["rows"] for chunk in found} == said


def flat(tables, encoding="utf-8"):
    spaces = {
        "office": "office",
        "table": "table",
        "text": "text",
        "draw": "drawing",
        "chart": "chart",
        "svg": "svg-compatible",
    }
    named = " ".join(f'xmlns:{short}="{ODF}{name}:1.0"' for short, name in spaces.items())
    kind = 'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"'
    meta = '<office:meta><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">Sums</dc:title></office:meta>'
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    source = (
        f'<?xml version="1.0" encoding="{encoding}"?><office:document {named} {kind}>{meta}{body}</office:document>'
    )
    return source.encode(encoding)


@pytest.mark.parametrize(("name", "encoding"), [("a.fods", "utf-8"), ("a.xml", "utf-16"), ("a.fods", "iso-8859-1")])
def test_a_flat_sheet_is_read_as_one_in_a_zip(name, encoding):
    rows = odf_rows(
        ["sum", 'table:formula="of:=SUM([.A1:.A2])"|'], ["größe", 'office:value-type="float" office:value="7"|']
    )
    data = flat(f'<table:table table:name="S">{rows}</table:table>', encoding)
    document = load_inner(data, name, name)
    assert (document.title, document.text) == ("Sums", "sum\ngröße | 7\n")
    assert document.notices == {"formulas_without_values": 1}


def test_a_flat_sheet_whose_elements_stand_on_lines_of_their_own_is_read():
    cells = '<table:table-cell office:value-type="string"><text:p>one <text:span>two</text:span> three</text:p></table:table-cell>'
    source = flat(f'<table:table table:name="S"><table:table-row>{cells}</table:table-row></table:table>').decode()
    spaced = (
        source.replace("<table:", "\n    <table:")
        .replace("<text:p>", "\n      <text:p>")
        .replace("</table:", "\n  </table:")
    )
    assert load_inner(spaced.encode(), "a.fods", "a.fods").text == "one two three\n"


def test_words_over_the_cells_of_opendocument_stand_below_their_sheet_and_data_of_charts_is_not_said_twice():
    box = "<draw:frame><draw:text-box><text:p>Boxed</text:p></draw:text-box></draw:frame>"
    drawn = (
        "<draw:g><draw:custom-shape><text:p>All in <text:span>euro</text:span></text:p></draw:custom-shape></draw:g>"
    )
    data = f'<table:table table:name="local-table">{odf_rows(["series"])}</table:table>'
    chart = f"<office:chart><chart:chart><chart:title><text:p>Sales</text:p></chart:title>{data}</chart:chart></office:chart>"
    chart = (
        f"<draw:frame><draw:object><office:document>{chart}</office:document></draw:object><draw:image/></draw:frame>"
    )
    picture = "<draw:frame><draw:image/><svg:desc>A mill</svg:desc></draw:frame><draw:frame><draw:image/></draw:frame>"
    in_cell = f'<table:table-row><table:table-cell office:value-type="string">{box}<text:p>a</text:p></table:table-cell></table:table-row>'
    sheets = f'<table:table table:name="A"><table:shapes>{chart}{drawn}{picture}</table:shapes>{in_cell}</table:table>'
    sheets += f'<table:table table:name="B">{odf_rows(["b"])}</table:table>'
    document = load_inner(flat(sheets), "a.fods", "a.fods")
    assert document.text == "a\n\nSales\nAll in euro\nA mill\nBoxed\nb\n"
    assert document.notices == {"skipped_images": 1}


@pytest.mark.parametrize("inner", ["", "<loext:p xmlns:loext='urn:x'/>"])
def test_the_title_of_a_chart_that_lies_beside_its_sheet_is_read(inner):
    spaces = f'xmlns:draw="{ODF}drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    frame = f'<draw:frame {spaces}><draw:object xlink:href="./Object 1">{inner}</draw:object></draw:frame>'
    buffer = io.BytesIO(
        ods(f'<table:table table:name="S"><table:shapes>{frame}</table:shapes>{odf_rows(["a"])}</table:table>')
    )
    title = "<c:title><t:p>Sales</t:p></c:title>"
    with zipfile.ZipFile(buffer, "a") as archive:
        spaces = f'xmlns:c="{ODF}chart:1.0" xmlns:t="{ODF}text:1.0"'
        archive.writestr("Object 1/content.xml", f"<c:chart {spaces}>{title}</c:chart>")
    assert create().load(buffer.getvalue(), "a.ods").text == "a\n\nSales\n"


def test_a_sheet_of_opendocument_with_a_password_is_told_as_such():
    buffer = io.BytesIO()
    manifest = '<m:manifest xmlns:m="urn:x"><m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>'
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", b"\x93\x01\xfe")
    with pytest.raises(DocumentError, match="is encrypted"):
        create().load(buffer.getvalue(), "a.ods")

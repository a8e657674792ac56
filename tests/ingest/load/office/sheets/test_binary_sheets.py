"""Old and binary workbooks (XLS, XLSB) show what their cells show: formats, errors, what is hidden, what stands beside."""

import datetime as dt
import struct
import time

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.compound import Compound
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.office.sheets.date_format import dated
from embedingest.ingest.load.office.sheets.xls_facts import xls_facts
from embedingest.ingest.load.sheets import create
from tests import samples
from tests.depth import only_deep
from tests.ingest.load.old_files import compound, error, label, number, record, wide, xls
from tests.ingest.load.test_bad_input import damaged
from tests.ingest.load.test_sheets import ods
from tests.ingest.load.test_tables import record as binary
from tests.ingest.load.test_tables import wide as long_wide

CODES = ["General", "0.00%", "dd.mm.yyyy", '#,##0.00 "€"', "h:mm", "[$-407]d. mmmm yyyy", "000"]


def formula(row, column, style, value):
    return record(0x06, struct.pack("<3H", row, column, style) + value + bytes(6) + struct.pack("<H", 0))


def test_cells_of_an_old_workbook_are_as_they_are_shown():
    share = record(0xBD, struct.pack("<2HHIHIH", 6, 1, 6, 7 << 2 | 2, 1, 50 << 2 | 3, 2))
    cells = (
        label(0, 0, "share") + number(0, 1, 1, 0.125) + label(1, 0, "day") + number(1, 1, 2, 45356)
        + label(2, 0, "sum") + number(2, 1, 3, -1234.5) + label(3, 0, "time") + number(3, 1, 4, 0.5875)
        + label(4, 0, "Tag") + number(4, 1, 5, 45356) + label(5, 0, "none") + error(5, 1, 7)
        + label(6, 0, "row") + share + label(7, 0, "result") + formula(7, 1, 1, struct.pack("<d", 0.5))
        + label(8, 0, "wrong") + formula(8, 1, 0, b"\x02\0\x2a\0\0\0\xff\xff")
    )  # fmt: skip
    document = load_inner(xls({"S": cells}, CODES), "a.xls", "a.xls")
    assert document.text.split("\n") == [
        "share | 12.50%", "day | 05.03.2024", "sum | -1,234.50 €", "time | 14:06", "Tag | 5. März 2024", "none | #DIV/0!",
        "row | 007 | 50.00%", "result | 50.00%", "wrong | #N/A", "",
    ]  # fmt: skip
    assert document.notices == {}


def test_texts_of_binary_workbooks_have_what_their_format_adds():
    codes = ["General", '0;0;0;"No. "@']
    styled = record(0x204, struct.pack("<3H", 0, 1, 1) + wide("A7"))
    assert load_inner(xls({"S": label(0, 0, "A7") + styled}, codes), "a.xls", "a.xls").text == "A7 | No. A7\n"
    row = binary(0, struct.pack("<2IH2B", 0, 0, 0, 0, 0) + bytes(5))
    cells = row + cell(6, 0, 0, long_wide("A7")) + cell(6, 1, 1, long_wide("A7"))
    assert create().load(xlsb(cells, codes, binary(636)), "a.xlsb").text == "A7 | No. A7\n"


def test_each_kind_of_workbook_has_its_own_media_type():
    excel = "application/vnd.ms-excel"
    assert load_inner(xls({"S": label(0, 0, "a")}, CODES), "a.xls", "a.xls").mime == excel
    assert create().load(xlsb(b"", CODES[:4]), "a.xlsb").mime == f"{excel}.sheet.binary.macroenabled.12"
    assert (
        create().load(ods('<table:table table:name="S"/>'), "a.ods").mime
        == "application/vnd.oasis.opendocument.spreadsheet"
    )


def test_what_the_format_of_a_cell_hides_is_left_out_and_counted_and_hidden_zeros_are_nothing():
    cells = (
        label(0, 0, "sum") + number(0, 1, 1, 7.0) + label(1, 0, "loss") + number(1, 1, 2, -7.0)
        + label(2, 0, "none") + number(2, 1, 2, 0.0) + label(3, 0, "gain") + number(3, 1, 2, 7.0)
        + record(0x204, struct.pack("<3H", 4, 0, 1) + wide("secret"))
    )  # fmt: skip
    document = load_inner(xls({"S": cells}, ["General", ";;;", "0.0;;"]), "a.xls", "a.xls")
    assert document.text == "sum\nloss\nnone\ngain | 7.0\n"
    assert document.notices == {"hidden_values": 3}


def test_formulas_of_an_old_workbook_are_counted_where_none_of_them_was_calculated():
    """What calculates writes "nothing" only for a formula that gives nothing."""
    nothing, half = b"\x03" + bytes(5) + b"\xff\xff", struct.pack("<d", 0.5)
    open_ = {"A": label(0, 0, "sum") + formula(0, 1, 0, nothing) + formula(0, 2, 0, nothing), "B": label(0, 0, "b")}
    assert load_inner(xls(open_, CODES), "a.xls", "a.xls").notices == {"formulas_without_values": 2}
    done = open_ | {"B": label(0, 0, "b") + formula(0, 1, 0, half)}
    assert load_inner(xls(done, CODES), "a.xls", "a.xls").notices == {}


def test_words_of_shapes_and_comments_of_an_old_workbook_are_read_and_hidden_rows_told():
    def said(kind, id_, text):
        shape = record(0x5D, struct.pack("<4H", 0x15, 0x12, kind, id_) + bytes(18))
        return (
            shape
            + record(0x1B6, bytes(10) + struct.pack("<2H", len(text), 16) + bytes(4))
            + record(0x3C, b"\0" + text.encode())
            + record(0x3C, bytes(16))
        )

    hidden = record(0x208, struct.pack("<6HHH", 1, 0, 1, 0, 0, 0, 0x20, 0)) + record(
        0x7D, struct.pack("<6H", 1, 1, 0, 0, 1, 0)
    )
    note = record(0x1C, struct.pack("<4H", 0, 1, 0, 2) + wide("Ann"))
    cells = (
        hidden
        + label(0, 0, "a")
        + number(0, 1, 0, 2)
        + label(1, 0, "b")
        + said(6, 1, "All in euro")
        + said(0x19, 2, "Ann:\nCheck it.")
        + note
    )
    data = xls({"S": cells, "Other": label(0, 0, "last")}, CODES)
    document = create().load(data, "a.xls")
    assert document.text == "a | 2\nb\n\nAll in euro\nlast\n"
    assert document.notices == {"comments_left_out": 1, "hidden_rows": 1, "hidden_columns": 1}
    assert "Comment on B1 by Ann: Check it.\n" in create(comments=True).load(data, "a.xls").text


@only_deep
def test_cells_of_an_old_workbook_that_stand_far_apart_are_shown_as_they_are_too():
    cells = label(0, 0, "first") + number(0, 1, 1, 0.5) + error(40_000, 9, 7) + number(65_535, 255, 1, 0.25)
    assert (
        load_inner(xls({"S": cells}, CODES), "a.xls", "a.xls").text
        == "first | 50.00%\n\n |  |  | #DIV/0!\n\n |  |  |  |  | 25.00%\n"
    )


def test_an_old_workbook_with_a_password_is_said_to_be_encrypted():
    locked = xls({"S": label(0, 0, "a")}, CODES).replace(record(0x42, struct.pack("<H", 1200)), record(0x2F, bytes(2)))
    with pytest.raises(DocumentError) as refused:
        load_inner(locked, "a.xls", "a.xls")
    assert refused.value.code == "encrypted"


def xlsb(cells, formats, comments=b""):
    """A sheet of these records, whose style n shows numbers by the n-th format."""
    link = f'<Relationships xmlns="{samples.PACKAGE}/relationships">{{}}</Relationships>'
    each = f'<Relationship Id="{{0}}" Type="{samples.R}/{{0}}" Target="{{1}}"/>'
    styles = b"".join(
        binary(44, struct.pack("<H", 164 + place) + long_wide(code)) for place, code in enumerate(formats)
    )
    styles += (
        binary(617, struct.pack("<I", len(formats)))
        + b"".join(binary(47, struct.pack("<2H", 0, 164 + place) + bytes(12)) for place in range(len(formats)))
        + binary(618)
    )
    book = (
        binary(131)
        + binary(143)
        + binary(156, struct.pack("<II", 0, 1) + long_wide("worksheet") + long_wide("S"))
        + binary(144)
        + binary(132)
    )
    return samples.zipped({
        "[Content_Types].xml": f'<Types xmlns="{samples.PACKAGE}/content-types"/>',
        "_rels/.rels": link.format(each.format("officeDocument", "xl/workbook.bin")),
        "xl/_rels/workbook.bin.rels": link.format(each.format("worksheet", "worksheets/sheet1.bin") + each.format("styles", "styles.bin")),
        "xl/worksheets/_rels/sheet1.bin.rels": link.format(each.format("comments", "../comments1.bin")),
        "xl/workbook.bin": book,
        "xl/styles.bin": binary(278) + binary(615, struct.pack("<I", len(formats))) + styles + binary(279),
        "xl/comments1.bin": comments,
        "xl/worksheets/sheet1.bin": binary(129) + binary(148, struct.pack("<4I", 0, 9, 0, 9)) + binary(145) + cells + binary(146) + binary(130),
    })  # fmt: skip


def cell(kind, column, style, body):
    return binary(kind, struct.pack("<2I", column, style) + body)


def test_cells_of_a_binary_workbook_are_as_they_are_shown():
    def row(at, flags=0):
        return binary(0, struct.pack("<2IH2B", at, 0, 0, 0, flags) + bytes(5))

    cells = (
        binary(60, struct.pack("<4IH", 1, 1, 0, 0, 1))
        + row(0) + cell(6, 0, 0, long_wide("share")) + cell(5, 1, 1, struct.pack("<d", 0.125))
        + row(1) + cell(6, 0, 0, long_wide("day")) + cell(2, 1, 2, struct.pack("<I", 45356 << 2 | 2))
        + row(2, 0x10) + cell(6, 0, 0, long_wide("none")) + cell(3, 1, 0, b"\x07")
        + row(3) + cell(6, 0, 0, long_wide("sum")) + cell(9, 1, 3, struct.pack("<d", 3) + bytes(10))
    )  # fmt: skip
    place = struct.pack("<5I", 0, 1, 1, 1, 1) + bytes(16)
    comments = (
        binary(632, long_wide("Ann"))
        + binary(635, place)
        + binary(637, b"\0" + long_wide("Ann: Check it."))
        + binary(636)
    )
    data = xlsb(cells, CODES[:4], comments)
    document = create().load(data, "a.xlsb")
    assert document.text == "share | 12.50%\nday | 05.03.2024\nnone | #DIV/0!\nsum | 3.00 €\n"
    assert document.notices == {"comments_left_out": 1, "hidden_rows": 1, "hidden_columns": 1}
    assert create(comments=True).load(data, "a.xlsb").text.endswith("\nComment on B2 by Ann: Check it.\n")


def test_what_is_merged_downwards_in_a_binary_workbook_stands_in_every_row():
    def row(at, *words):
        filled = (cell(6, column, 0, long_wide(each)) for column, each in enumerate(words) if each)
        return binary(0, struct.pack("<2IH2B", at, 0, 0, 0, 0) + bytes(5)) + b"".join(filled)

    rows = row(0, "Region", "Town") + row(1, "North", "Kiel") + row(2, "", "Husum") + row(3, "South", "Ulm")
    merged = binary(146) + binary(177, struct.pack("<I", 1)) + binary(176, struct.pack("<4I", 1, 2, 0, 0)) + binary(178)
    document = create().load(xlsb(rows + merged, CODES[:4], binary(636)), "a.xlsb")
    assert document.text == "Region | Town\nNorth | Kiel\nNorth | Husum\nSouth | Ulm\n"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("[$-407]d. mmmm yyyy", "5. März 2024"), ("[$-40C]dddd d mmmm yyyy", "mardi 5 mars 2024"),
        ("[$-415]d mmmm yyyy", "5 marca 2024"), ("[$-419]d mmm yyyy", "5 мар 2024"), ("[$-40A]dd-mmm-yy", "05-mar-24"),
        ("[$-809]d mmm", "5 Mar"), ("mmmm", "March"), ("[$-F800]dddd, d. mmmm", None), ("[$-EEEE]mmmm", None),
        ("[$-EEEE]d.m.yy", "5.3.24"),
    ],
)  # fmt: skip
def test_names_of_months_and_days_are_in_the_language_of_the_format(code, shown):
    assert dated(dt.date(2024, 3, 5), code) == shown


def test_a_compound_file_gives_its_streams_whatever_their_size():
    streams = {"Big": bytes(range(256)) * 999, "small": b"x" * 70, "a/b/deep": b"y" * 5000, "a/none": b""}
    read = Compound(compound(streams), "a")
    assert {path: read.read(path) for path in read.paths} == streams
    assert read.has("BIG")
    assert not read.has("a")


def test_a_compound_file_that_leads_in_a_circle_is_damaged():
    data = bytearray(compound({"Big": bytes(5000)}))
    table = data.index(struct.pack("<3I", 1, 2, 3))
    data[table + 16 : table + 20] = struct.pack("<I", 0)
    with pytest.raises(DocumentError, match="circle"):
        Compound(bytes(data), "a").read("Big")


def test_of_a_compound_file_no_more_is_taken_than_a_stream_claims_or_the_file_has():
    big = b"abcd" * 5000
    data = bytearray(compound({"Big": big, "small": b"x" * 70}))
    entry = data.index("Big".encode("utf-16-le"))
    data[entry + 120 : entry + 124] = struct.pack("<I", 5000)
    table = data.index(struct.pack("<3I", 1, 2, 3))
    data[table + 4 * 20 : table + 4 * 21] = struct.pack("<I", 0)  # a circle, behind what is claimed
    assert Compound(bytes(data), "a").read("Big") == big[:5000]
    entry = data.index("small".encode("utf-16-le"))
    data[entry + 120 : entry + 124] = struct.pack("<I", 2**31)
    data[56:60] = struct.pack("<I", 2**32 - 1)  # whatever is smaller is small
    follows = data.index(struct.pack("<3I", 1, 0xFFFFFFFE, 0xFFFFFFFF))
    data[follows : follows + 4] = struct.pack("<I", 0)
    assert len(Compound(bytes(data), "a").read("small")) <= len(data)


@only_deep
def test_four_times_the_cells_of_an_old_workbook_take_about_four_times_as_long():
    def seconds(rows):
        data = xls({"S": b"".join(number(row, 0, 1, row / 7) for row in range(rows))}, CODES)
        begin = time.process_time()
        create().load(data, "a.xls")
        return time.process_time() - begin

    seconds(1000)
    assert min(seconds(16_000) for _ in range(2)) < 0.1 + 9 * min(seconds(4_000) for _ in range(2))


def test_sheets_that_lie_over_each_other_are_looked_at_once():
    begin = record(0x809, struct.pack("<4H", 0x600, 0x10, 0, 0) + bytes(8))
    sheets = {f"S{sheet}": begin + number(0, 0, 1, 0.5) * 1000 for sheet in range(9)}
    data = xls(sheets, CODES)
    listed = [data.index(wide(name, "<B")) - 6 for name in sheets]
    (last,) = struct.unpack_from("<I", data, listed[-1])
    for sheet, at in enumerate(listed):  # in the last or in the part within that
        data = data[:at] + struct.pack("<I", last + sheet % 2 * len(begin)) + data[at + 4 :]
    facts = xls_facts(data, "a.xls")
    assert list(facts) == list(sheets)
    assert sum({id(each): each.cells for each, _ in facts.values()}.values()) == 1000


@pytest.mark.parametrize("name", ["a.xls", "a.xlsb"])
def test_a_damaged_workbook_is_read_in_part_or_refused_with_a_reason(name):
    cells = label(0, 0, "a") + b"".join(number(row, 1, row % 7, row / 7) for row in range(90)) + error(91, 0, 7)
    rows = b"".join(
        binary(0, struct.pack("<I", at) + bytes(13)) + cell(5, at % 9, at % 4, struct.pack("<d", at))
        for at in range(90)
    )
    for data in damaged(xls({"S": cells}, CODES) if name == "a.xls" else xlsb(rows, CODES[:4]), name):
        try:
            load_inner(data, name, name)
        except DocumentError as refused:
            assert refused.message


def test_a_sheet_of_an_old_workbook_that_begins_behind_its_end_is_read_as_far_as_it_goes():
    whole = xls({"A": label(0, 0, "a"), "B": label(0, 0, "b")}, CODES)
    place = whole.index(wide("B", "<B")) - 6  # where the second one is said to begin
    moved = whole[:place] + struct.pack("<I", 10**6) + whole[place + 4 :]
    moved = moved.replace(record(0x0A), record(0x0C))  # nothing ends the first one
    assert list(xls_facts(moved, "a.xls")) == list(xls_facts(whole, "a.xls")) == ["A", "B"]
    with pytest.raises(DocumentError, match="is damaged"):
        load_inner(moved, "a.xls", "a.xls")

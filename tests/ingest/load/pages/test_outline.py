"""The outline of a PDF as headings, whatever its entries are like."""

from embedingest import registry
from tests.samples import pdf_file

LONG = "The mill and its " + "wheels and " * 500 + "stones"


def book(entries):
    """A page of three lines; `entries` are numbered from 10, each a title and what it refers to."""
    drawn = "BT /F1 12 Tf 72 720 Td (Mill) Tj 0 -16 Td (Wheel) Tj 0 -16 Td (Stone) Tj ET"
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 6 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
    )
    objects = {
        1: ("<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>", None),
        2: ("<< /Type /Pages /Kids [5 0 R] /Count 1 >>", None),
        3: ("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", None),
        4: ("<< /First 10 0 R /Last 10 0 R /Count 1 >>", None),
        5: (page, None),
        6: ("<<", drawn.encode()),
    }
    for number, (title, rest) in enumerate(entries, start=10):
        objects[number] = (f"<< /Title ({title}) /Parent 4 0 R {rest} >>", None)
    return pdf_file(objects)


def headings(data):
    document = registry.load("loaders", "pdf")().load(data, "x.pdf")
    return [(span.value, document.text[span.start : span.end].split()) for span in document.spans[1:]]


HERE = "/Dest [5 0 R /Fit]"


def test_entries_below_others_are_headings_below_them_and_an_outline_that_leads_back_ends():
    entries = [("Mill", f"{HERE} /First 11 0 R /Next 12 0 R"), ("Wheel", f"{HERE} /Next 10 0 R"), ("Stone", HERE)]
    assert headings(book(entries)) == [("Mill", ["Mill", "Wheel"]), ("Wheel", ["Wheel"]), ("Stone", ["Stone"])]


def test_entries_that_lead_nowhere_or_say_what_no_line_says_are_passed_over():
    entries = [(LONG, f"{HERE} /Next 11 0 R"), ("Wheel", "/Next 12 0 R"), ("Stone", HERE)]
    assert headings(book(entries)) == [("Stone", ["Stone"])]
    document = registry.load("loaders", "pdf")().load(book(entries), "x.pdf")
    assert document.title == LONG

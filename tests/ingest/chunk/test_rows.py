"""Rows stay whole and keep their header."""

import re
from itertools import pairwise

from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.chunk.rows import create
from embedingest.types import Document, Span

ROWS = "name | sacks\n" + "".join(f"miller {n} | {n}\n" for n in range(1, 21))


def document(text=ROWS, spans=None):
    spans = (Span(0, len(text), "sheet", "Mills"), Span(0, 13, "header", "name | sacks")) if spans is None else spans
    return Document("x.csv", text, "rows", spans=spans)


def test_rows_are_never_cut_where_they_fit_and_carry_the_header():
    chunks = create().chunk(document(), HashingSizer(24))
    assert len(chunks) > 3
    assert all(line.startswith(("miller", "name")) for chunk in chunks for line in chunk.text.splitlines())
    assert chunks[0].prefix == ""
    assert {chunk.prefix for chunk in chunks[1:]} == {"name | sacks\n"}


def test_each_chunk_says_its_sheet_and_rows():
    chunks = create().chunk(document(), HashingSizer(24))
    rows = [chunk.metadata["rows"].split("-") for chunk in chunks]
    assert rows[0][0] == "1"
    assert rows[-1][1] == "21"
    assert all(int(after[0]) == int(before[1]) + 1 for before, after in pairwise(rows))
    assert {chunk.metadata["sheet"] for chunk in chunks} == {"Mills"}


def test_a_chunk_never_crosses_a_sheet():
    text = "a | b\n1 | 2\nc | d\n3 | 4\n"
    spans = (Span(0, 12, "sheet", "One"), Span(12, 24, "sheet", "Two"), Span(12, 18, "header", "c | d"))
    chunks = create().chunk(document(text, spans), HashingSizer(100))
    assert [(chunk.text, chunk.heading_path) for chunk in chunks] == [
        ("a | b\n1 | 2", ("One",)),
        ("c | d\n3 | 4", ("Two",)),
    ]


def test_the_header_can_be_left_out():
    chunks = create(header_prefix=False).chunk(document(), HashingSizer(24))
    assert {chunk.prefix for chunk in chunks} == {""}


def test_a_header_is_never_a_chunk_alone_and_rows_that_are_too_large_are_cut_between_cells():
    cells = [f"cell {n} of {n}" for n in range(20)]
    text = "a | b | c\n" + " | ".join(cells) + "\nx | y | z\n"
    spans = (Span(0, len(text), "sheet", "S"), Span(0, 10, "header", "a | b | c"))
    chunks = create().chunk(document(text, spans), HashingSizer(32))
    assert chunks[0].text.startswith("a | b | c\ncell 0 of 0 |")
    assert all(chunk.text.split(" | ")[0].startswith(("a", "cell", "x")) for chunk in chunks)
    record = "{" + ", ".join(f'"key {n}": "some words {n}"' for n in range(20)) + "}"
    chunks = create().chunk(Document("x.jsonl", record, "rows"), HashingSizer(32))
    assert all(chunk.text.startswith(('{"key', '"key')) for chunk in chunks)


def test_a_row_of_thousands_of_cells_is_cut_at_few_of_them_and_an_edit_moves_few_cuts():
    cells = [f"{n * 7919 % 10_007}" for n in range(6000)]

    def chunked(cells):
        text = "a | b\n" + " | ".join(cells) + "\n"
        return create().chunk(Document("x.csv", text, "rows"), HashingSizer(256))

    before, after = chunked(cells), chunked([*cells[:3000], "inserted", *cells[3000:]])
    sizes = [HashingSizer(256).count(chunk.text) for chunk in before]
    assert max(sizes) <= 256
    assert sum(sizes) / len(sizes) > 0.36 * 256
    assert all(chunk.text[0].isdigit() for chunk in before[1:])
    assert len({chunk.text for chunk in after} - {chunk.text for chunk in before}) <= 3


def test_small_tables_of_a_sheet_share_a_chunk():
    text = "a | b\n1 | 2\n\nc | d | e\n3 | 4 | 5\n"
    spans = (Span(0, 6, "header", "a | b"), Span(13, 23, "header", "c | d | e"))
    assert [chunk.text for chunk in create().chunk(document(text, spans), HashingSizer(100))] == [text.strip()]
    cut = [(chunk.prefix, chunk.text) for chunk in create().chunk(document(text, spans), HashingSizer(10))]
    assert cut == [("", "a | b\n1 | 2"), ("", "c | d | e\n3 | 4 | 5")]


class LongestCounted:
    """A sizer of words that knows the longest text that it was asked to count."""

    capacity = 24
    longest = 0

    def count(self, text):
        self.longest = max(self.longest, len(text))
        return len(self.starts(text))

    def starts(self, text):
        return [match.start() for match in re.finditer(r"\S+", text)]


def test_a_header_that_no_chunk_has_room_for_is_not_counted_again():
    header, row = (" | ".join(f"{kind}{n}" for n in range(4000)) for kind in ("name", "value"))
    text = f"{header}\n{row}\n"
    spans = (Span(0, len(text), "sheet", "S"), Span(0, len(header), "header", header))
    sizer = LongestCounted()
    chunks = create().chunk(document(text, spans), sizer)
    assert sizer.longest < len(header) / 10
    assert {chunk.prefix for chunk in chunks} == {""}
    assert " ".join(chunk.text for chunk in chunks).split() == text.split()


def test_rows_are_counted_on_from_each_place_where_a_number_is_told():
    text = "".join(f"row {number} | of | words\n" for number in range(6))
    spans = (Span(0, len(text), "first_row", 5), Span(text.index("row 2"), len(text), "first_row", 900))
    cut = create().chunk(Document("x.xlsx", text, "rows", spans=spans, has_lines=False), HashingSizer(14))
    assert cut[0].metadata["rows"].startswith("5-")
    assert cut[-1].metadata["rows"].endswith("-903")
    each = {chunk.text[:5]: chunk.metadata["rows"].partition("-")[0] for chunk in cut}
    numbers = {"row 0": "5", "row 1": "6", "row 2": "900", "row 3": "901", "row 4": "902", "row 5": "903"}
    assert each.items() <= numbers.items()

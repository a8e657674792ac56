"""Lines of Hebrew and Arabic: their words in the order in which they are read, however a program drew them."""

import pytest

from embedingest import registry
from embedingest.ingest.load.pages.bidi import in_reading_order, reading_order
from embedingest.ingest.load.pages.page import Box, Line
from tests.ingest.load.sheets import LETTER
from tests.samples import pdf_file

STEP = 6


def load(data):
    return registry.load("loaders", "pdf")().load(data, "x.pdf")


def drawn(rows, *, backwards=False, blanks=True):
    """A file of rows of letters as they stand from left to right, of one width; drawn from the other side too."""
    letters = sorted({letter for row in rows for letter in row})
    codes = {letter: number for number, letter in enumerate(letters, start=1)}
    content = []
    for number, row in enumerate(rows):
        placed = [(place, letter) for place, letter in enumerate(row) if blanks or letter != " "]
        placed = placed[::-1] if backwards else placed
        after = [place for place, _ in placed[1:]] + [0]
        moved = [1000 - 1000 * (next_one - place) for (place, _), next_one in zip(placed, after, strict=True)]
        shown = " ".join(f"<{codes[letter]:02x}> {move * 0.6}" for (_, letter), move in zip(placed, moved, strict=True))
        content.append(f"BT /F1 10 Tf {72 + STEP * placed[0][0]} {700 - 20 * number} Td [{shown}] TJ ET")
    said = "\n".join(f"<{code:02x}> <{letter.encode('utf-16-be').hex()}>" for letter, code in codes.items())
    cmap = (
        f"begincmap 1 begincodespacerange <00> <ff> endcodespacerange {len(codes)} beginbfchar {said} endbfchar endcmap"
    )
    last = len(codes)
    names = " ".join(f"/g{code}" for code in codes.values())
    glyphs = " ".join(f"/g{code} {7 if letter == ' ' else 6} 0 R" for letter, code in codes.items())
    font = (f"/FontBBox [0 -200 600 800] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 1 /LastChar {last}"
            f" /Widths [{'600 ' * last}] /Encoding << /Type /Encoding /Differences [1 {names}] >>"
            f" /CharProcs << {glyphs} >> /ToUnicode 8 0 R")  # fmt: skip
    page = f"/MediaBox [0 0 {LETTER[0]} {LETTER[1]}] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >>"
    return pdf_file({
        1: ("<< /Type /Catalog /Pages 2 0 R >>", None),
        2: ("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", None),
        3: (f"<< /Type /Page /Parent 2 0 R {page} >>", None),
        4: ("<<", "\n".join(content).encode()),
        5: (f"<< /Type /Font /Subtype /Type3 {font} >>", None),
        6: ("<<", b"600 0 20 0 580 700 d1 20 0 560 700 re f"),
        7: ("<<", b"600 0 0 0 0 0 d1"),
        8: ("<<", cmap.encode()),
    })  # fmt: skip


READ = [
    "הדוח השנתי (2023) מוכן.",
    "גרסה 7.5: תוכנת Open Office חינם",
    "המחיר 40% פחות, בין 10-20 שקל",
    "وصل القطار في الساعة 10:45، وفيه 300 راكب.",
    "اسم الملف Read Me هنا",
]
SEEN = [
    ".ןכומ (2023) יתנשה חודה",
    "םניח Open Office תנכות :7.5 הסרג",
    "לקש 10-20 ןיב ,תוחפ 40% ריחמה",
    ".بكار 300 هيفو ،10:45 ةعاسلا يف راطقلا لصو",
    "انه Read Me فلملا مسا",
]


@pytest.mark.parametrize("blanks", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
def test_lines_from_right_to_left_are_read_by_where_their_letters_stand(backwards, blanks):
    assert load(drawn(SEEN, backwards=backwards, blanks=blanks)).text.split() == " ".join(READ).split()


def test_brackets_that_were_written_as_the_other_half_are_those_that_are_seen():
    swapped = [row.translate(str.maketrans("()", ")(")) for row in SEEN[:1]]
    assert load(drawn(swapped)).text.strip() == READ[0]


def test_a_line_from_left_to_right_in_a_page_that_is_read_from_the_right():
    rows = [*SEEN, "A word, םולש, is said."]
    assert load(drawn(rows)).text.rstrip().endswith(f"{READ[-1]}\nA word, שלום, is said.")


def test_words_from_right_to_left_in_a_page_that_is_read_from_the_left():
    rows = ["He wrote םולש םלוע on the wall, in 1950.", "That is all that was ever found of him."]
    assert load(drawn(rows)).text.split("\n")[:2] == ["He wrote עולם שלום on the wall, in 1950.", rows[1]]


@pytest.mark.parametrize(
    ("seen", "read"),
    [
        ("םע English (2024) אובמ", "מבוא English (2024) עם"),
        ("10 םעפ 20", "20 פעם 10"),
        ("20 10 םעפ", "פעם 10 20"),
        ("٢٠ لصف", "فصل ٢٠"),
    ],
)
def test_numbers_and_names_keep_their_direction(seen, read):
    assert "".join(seen[place] for place in reading_order(seen, rtl=True)) == read


def test_a_line_without_end_is_let_be():
    line = Line("אָ" * 50_000, Box(0, 0, 10, 10))
    read, _ = in_reading_order(line, [(0.0, 0.0, 10.0, 10.0)] * 100_000, rtl=True)
    assert read == line


def test_shapes_of_letters_are_the_letters_and_lam_stands_before_alef():
    assert load(drawn(["ﻡﻼﺳ ﺍﺬﻫ"])).text.strip() == "هذا سلام"

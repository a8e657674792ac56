"""PDF files as people have them: every word once, in its place, or counted."""

import base64
import math
import random
import time
import zlib
from collections import Counter

import pytest

from embedingest import registry
from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.chunk.choose import chunker_for
from embedingest.ingest.load import pdf
from embedingest.ingest.load.pages.page import Box, Grid, Line, Page, Word
from embedingest.ingest.load.pages.tables import set_tables
from embedingest.ingest.load.pages.text import joined
from embedingest.ingest.load.pages.whole import touches, whole_lines
from tests.ingest.load.sheets import LETTER, SLIDE, at, body, book, field, note, rule

WORDS = ["water", "mill", "wheel", "corn", "stone", "river", "weir", "miller", "flour", "sack", "grain", "beam", "cog"]


def load(data, **settings):
    return registry.load("loaders", "pdf")(**settings).load(data, "x.pdf")


def lines(data, **settings):
    return [line for line in load(data, **settings).text.split("\n") if line]


def prose(seed, count=12, words=9):
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=words)) for _ in range(count)]


def test_filled_fields_stand_beside_their_labels():
    drawn = [at(60, 720, "Name:"), at(340, 720, "City"), at(60, 690, "Country"), at(300, 690, "Pay by"),
             at(140, 660, "I agree"), at(240, 660, "Send news"), at(60, 630, "Yes"), at(130, 630, "No")]  # fmt: skip
    data = book([drawn], marks=(
        field("Tx", "n", (120, 715, 300, 732), "/V (Ann Miller)"),
        field("Tx", "c", (380, 715, 500, 732), "/V (Leeds)"),
        field("Ch", "l", (120, 685, 250, 702), "/Ff 131072 /Opt [[(gb) (United Kingdom)] [(fr) (France)]] /V (gb)"),
        field("Ch", "p", (350, 685, 450, 702), "/Opt [(card) (cash)] /V (cash) /I [1]"),
        field("Btn", "a", (120, 657, 132, 669), "/V /Yes /AS /Yes /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>"),
        field("Btn", "s", (220, 657, 232, 669), "/V /Off /AS /Off /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>"),
        field("Btn", "y", (82, 627, 94, 639), "/V /Yes /AS /Yes /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>"),
        field("Btn", "z", (150, 627, 162, 639), "/V /Off /AS /Off /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>"),
    ))  # fmt: skip
    assert lines(data) == [
        "Name: Ann Miller City: Leeds",
        "Country: United Kingdom Pay by: cash",
        "[x] I agree [ ] Send news",
        "[x] Yes [ ] No",
    ]


def test_fields_below_their_labels_and_without_any():
    drawn = [at(60, 720, "First name"), at(260, 720, "Last name"), at(60, 600, "Thank you.")]
    data = book([drawn], marks=(
        field("Tx", "page[0].first[0]", (60, 695, 240, 712), "/V (Ann)"),
        field("Tx", "last", (260, 695, 440, 712), "/V (Miller)"),
        field("Tx", "remarks", (60, 620, 440, 660), "/V (Ring twice.\\nThe dog is kind.)"),
        field("Tx", "pin", (60, 560, 440, 580), "/Ff 8192 /V (4711)"),
        field("Tx", "empty", (60, 520, 440, 540)),
    ))  # fmt: skip
    document = load(data)
    assert document.text.split("\n")[:3] == [
        "First name: Ann Last name: Miller",
        "remarks: Ring twice. The dog is kind.",
        "Thank you.",
    ]
    assert document.notices == {"passwords_left_out": 1}


def test_a_form_without_print_is_read_by_the_names_of_its_fields():
    marks = [field("Tx", name, (60, 700 - n * 30, 200, 720 - n * 30), f"/V ({value})")
             for n, (name, value) in enumerate([("title", "Dr."), ("name", "Ann")])]  # fmt: skip
    assert lines(book([[]], marks=marks)) == ["title: Dr.", "name: Ann"]


def test_texts_written_on_a_page_are_read_and_comments_by_setting():
    marks = (
        note("FreeText", "Paid on 3 May", (300, 675, 400, 690)),
        note("Highlight", "Is this so?", (72, 670, 200, 682), "/T (Bo)"),
        note("Text", "Hidden", (72, 670, 90, 690), "/F 2"),
        "/Subtype /Link /Rect [72 670 90 690] /A << /S /URI /URI (https://example.org) >>",
    )
    data = book([body(["The bill.", "Forty sacks", "of flour"], step=20)], marks=marks)
    assert lines(data) == ["The bill.", "Forty sacks", "Paid on 3 May", "of flour"]
    assert load(data).notices == {"comments_left_out": 1}
    assert lines(data, comments=True)[2:4] == ["Paid on 3 May", "Comment by Bo: Is this so?"]


@pytest.mark.parametrize("links", [3, 40])
@pytest.mark.parametrize("place", [0, 1, 2, -1, 40])
def test_a_text_written_on_a_page_is_read_wherever_it_stands_among_links(links, place):
    marks = ["/Subtype /Link /Rect [72 670 90 690] /A << /S /URI /URI (https://example.org) >>"] * links
    marks.insert(place, note("FreeText", "Paid on 3 May", (300, 675, 400, 690)))
    assert lines(book([body(["Forty sacks"])], marks=marks)) == ["Forty sacks", "Paid on 3 May"]


def test_running_lines_of_left_and_right_pages_go_whatever_order_they_are_written_in():
    pages = []
    for number in range(8):
        head = at(72, 750, "The Mill Book") if number % 2 else at(400, 750, "Chapter of water")
        foot = at(300, 40, f"Page {number + 3} of 90")
        pages.append([*body(prose(number)), head, foot] if number % 3 else [foot, head, *body(prose(number))])
    document = load(book(pages))
    text = [line for number in range(8) for line in prose(number)]
    said_once = ["Chapter of water", *text[:12], "The Mill Book", *text[12:]]
    assert document.text.split() == " ".join(said_once).split()
    assert document.notices == {"running_lines": 14}


ACROSS = "A title that goes across both of the columns of the page, and so above either of them."
PAGES = range(5)


@pytest.mark.parametrize(
    ("heads", "kept"),
    [
        (["Invoice 4701"] * 5, ["Invoice 4701"]),
        ([f"Invoice 4701, page {n + 1} of 5" for n in PAGES], ["Invoice 4701, page 1 of 5"]),
        ([f"Invoice {n + 4701}" for n in PAGES], [f"Invoice {n + 4701}" for n in PAGES]),
        ([f"Ticket No. {n + 1}" for n in PAGES], [f"Ticket No. {n + 1}" for n in PAGES]),
        ([f"{n + 1} May 2024" for n in PAGES], [f"{n + 1} May 2024" for n in PAGES]),
        ([f"Chapter {n // 3 + 1}" for n in range(9)], ["Chapter 1", "Chapter 2", "Chapter 3"]),
        ([f"Dear {word}," for word in WORDS[:5]], [f"Dear {word}," for word in WORDS[:5]]),
        ([f"Seite {n + 1} von 5" for n in PAGES], []),
        ([f"{n + 1} / 5" for n in PAGES], []),
        ([f"- {n + 1} -" for n in PAGES], []),
        (["Patient: Ann Miller, born 3 May 1960"] * 5, ["Patient: Ann Miller, born 3 May 1960"]),
    ],
)
def test_what_a_head_says_of_the_document_is_kept_where_it_stands_first(heads, kept):
    text = [line for number in range(len(heads)) for line in prose(number)]
    found = lines(book([[at(72, 750, head), *body(prose(number))] for number, head in enumerate(heads)]))
    assert ([line for line in found if line not in text], [line for line in found if line in text]) == (kept, text)


def test_a_head_that_the_title_page_says_is_left_out_everywhere():
    title = [at(100, 500, "The Mill Report", 30), *body(["by Ann", "Leeds", "2024", "Draft"], top=450)]
    pages = [[at(72, 750, "The Mill Report"), *body(prose(n)), at(300, 30, str(n + 2))] for n in range(7)]
    document = load(book([title, *pages]))
    assert (document.text.count("The Mill Report"), document.notices) == (1, {"running_lines": 14})


def test_a_foot_with_the_page_is_kept_once_and_its_number_is_the_pages():
    document = load(book([[*body(prose(n)), at(72, 40, f"Mill Ltd., Leeds {n + 7}")] for n in range(5)]))
    assert (document.text.count("Mill Ltd., Leeds"), document.notices) == (1, {"running_lines": 4})


def test_feet_with_the_page_and_a_title_that_stands_elsewhere_go():
    titles = ["Of water", "Of corn", "Of stones", "Of wheels"]
    pages = [
        [*body([titles[number // 2] if number % 2 == 0 else f"So it goes: {WORDS[number]}", *prose(number)]),
         at(72, 40, f"{number // 2 + 1}. {titles[number // 2]} {number + 5}")]
        for number in range(8)
    ]  # fmt: skip
    pages[3][-1] = at(72, 40, "9. Never said elsewhere 8")
    document = load(book(pages))
    assert document.notices == {"running_lines": 7}
    assert [document.text.count(title) for title in titles] == [1] * 4
    assert "Never said elsewhere" in document.text


def test_titles_of_slides_stay():
    titles = ["Agenda", "Results (1/3)", "Results (2/3)", "Results (3/3)", "Budget 2023", "Budget 2024", "Budget 2025"]
    slides = [
        [at(60, 500, title, 28), *body(prose(n, 5, 4), top=440, step=40, size=16), at(60, 30, f"Mill Ltd. {n + 1}", 8)]
        for n, title in enumerate(titles)
    ]
    document = load(book(slides, size=SLIDE))
    assert [line for line in document.text.split("\n") if line in titles] == titles
    headings = [span for span in document.spans if span.kind == "heading"]
    assert [(span.value, document.text[span.start :].startswith(span.value)) for span in headings] == [
        (title, True) for title in titles
    ]
    assert document.notices == {"running_lines": 6}
    same = [[at(60, 500, "The mill", 28), *body(prose(n, 5, 4), top=440, step=40, size=16)] for n in range(6)]
    assert load(book(same, size=SLIDE)).text.count("The mill") == 6


NIGHTS = [1, 2, 3, 4, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("said", "top", "step", "size"),
    [
        (["Guest {w}", "Room {n}", "Nights: {x}", "Breakfast", "Paid: {w} euro", "With thanks"], 640, 40, LETTER),
        (["{w}", "Costs", "Sales", "Staff of the mill", "Total: {w} euro"], 430, 70, SLIDE),
        (["{w}", *(f"- Point {k} on the matter {{n}}" for k in range(5))], 450, 60, SLIDE),
        (["Payslip", "Name: {w}", *(f"Part {k}: {k * 7}" for k in range(9)), "Leave: {x}", "Signed: Bo"], 760, 60, LETTER),
        (["Rent of {w}", *prose(3, 5), "Paid", "Weeks: {x}", "Score {x}/5"], 300, 36, LETTER),
        (["{w}", *prose(3, 5), "Shelf {x}"], 300, 50, LETTER),
    ],
)  # fmt: skip
def test_lines_of_sparse_pages_stay_on_every_page(said, top, step, size):
    pages = [[line.format(w=WORDS[n], n=n + 1, x=x) for line in said] for n, x in enumerate(NIGHTS)]
    assert lines(book([body(page, top=top, step=step) for page in pages], size=size)) == [
        line for page in pages for line in page
    ]


@pytest.mark.parametrize(
    ("foot", "kept"),
    [
        ("Shelf {x}", 8), ("Score {x}/5", 8), ("{x}", 8), ("7", 8), ("Weight {w} kg", 8), ("Mill 1.2, Leeds", 1),
        ("Mill Ltd., 3 May 2024, 10:05, page {n} of 8", 1), ("CONFIDENTIAL {n}", 1), ("{n}", 0), ("Page {n}", 0),
    ],
)  # fmt: skip
def test_a_foot_runs_where_its_number_is_the_pages(foot, kept):
    weights = [3, 9, 4, 4, 2, 8, 8, 1]
    feet = [
        foot.format(x=x, n=n + 1, w=w) for n, (x, w) in enumerate(zip([2, 5, 3, 1, 4, 2, 2, 3], weights, strict=True))
    ]
    data = book([[*body(prose(n)), at(72, 40, line)] for n, line in enumerate(feet)])
    text = [line for n in range(8) for line in prose(n)]
    assert [line for line in lines(data) if line not in text] == feet[:kept]


def test_heads_of_left_and_right_pages_go_and_a_larger_title_of_each_page_stays():
    heads = [["The Book of the Mill"], ["Chapter 2. Of the weir"]]
    pages = [[*(at(72, 750, line) for line in heads[n % 2]), *body(prose(n))] for n in range(12)]
    assert load(book(pages)).notices == {"running_lines": 10}
    certificates = [
        [at(200, 740, "Certificate", 30), *body([word, *prose(n, 5)], top=600)] for n, word in enumerate(WORDS)
    ]
    assert lines(book(certificates)).count("Certificate") == len(WORDS)


def test_an_edge_of_the_page_is_that_of_what_is_shown():
    pages = [[at(72, 560, "The Mill Book"), *body(prose(n), top=520)] for n in range(6)]
    shown = book(pages).replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792]/CropBox [0 100 612 590]")
    assert load(shown).notices == {"running_lines": 5}


def test_slides_are_chunks_of_their_own_and_their_titles_headings_whatever_the_outline():
    titles = ["Review", "Costs and page 1", "Ease", "Trip (1/2)"]
    slides = [
        [at(60, 540, title, 28), *body(prose(n, 4, 4), top=460, step=60, size=20)] for n, title in enumerate(titles)
    ]
    document = load(book([*slides, [at(300, 300, "The end", 40)]], size=SLIDE))
    assert [span.value for span in document.spans if span.kind == "heading"] == titles
    chunks = registry.load("chunkers", chunker_for(document))().chunk(document, HashingSizer(200))
    assert [chunk.page for chunk in chunks] == [1, 2, 3, 4, 5]
    cards = [[at(60, 560, title, 28), *body(prose(n, 45, 4), top=540, step=11)] for n, title in enumerate(titles)]
    assert {span.kind for span in load(book(cards, size=SLIDE)).spans} == {"page"}


def test_what_a_program_writes_for_nobody_is_no_title():
    info = b"5 0 obj\n<< /Title (untitled) /Author (Ann) /Subject (\\(unspecified\\)) >>\nendobj\n1 0 obj"
    data = book([body(TEXT)]).replace(b"1 0 obj", info, 1).replace(b"/Root", b"/Info 5 0 R /Root")
    document = load(data)
    assert (document.title, document.metadata) == (None, {"author": "Ann", "pages": 1})


@pytest.mark.parametrize("header", [None, "Dep Arr Stop No"])
def test_rows_of_a_long_table_stay(header):
    chance = random.Random(4)
    rows = [f"{chance.randrange(5, 23):02}:{chance.randrange(60):02} {n % 24:02}:15 {n % 3} {n}" for n in range(400)]
    pages = [body([*([header] if header else []), *rows[n : n + 40]], top=780, step=18) for n in range(0, 400, 40)]
    found = lines(book(pages))
    assert [line for line in found if line != header] == rows
    assert found.count(header) == (10 if header else 0)


def test_entries_of_a_contents_are_left_out_and_a_price_list_keeps_its_prices():
    titles = [f"{n} Of the {word}" for n, word in enumerate(WORDS[:8], start=1)]
    contents = body(["Contents", *(f"{title} {'. ' * 30}{n * 3}" for n, title in enumerate(titles, start=1))])
    chapters = [body([title, *prose(title, 6)]) for title in titles]
    prices = body([f"{word} {'.' * 20} {n + 4}" for n, word in enumerate(WORDS)])
    document = load(book([contents, *chapters, prices]))
    assert document.text.split("\n")[0] == "Contents"
    assert Counter(document.text.split("\n")) & Counter(titles * 2) == Counter(titles)
    assert document.notices == {"dot_leaders": len(WORDS), "contents_left_out": 8}
    assert document.text.strip().split("\n")[-len(WORDS) :] == [f"{word} … {n + 4}" for n, word in enumerate(WORDS)]


def test_a_contents_with_an_entry_of_dots_alone_beside_a_page_without_lines_is_read():
    titles = [f"{n} Of the {word}" for n, word in enumerate(WORDS[:6], start=1)]
    entries = [f"{title} {'. ' * 30}{n * 3}" for n, title in enumerate(titles, start=1)]
    contents = body([*entries[:3], f"{'. ' * 30}10", *entries[3:]])
    document = load(book([contents, [], *(body([title, *prose(title, 6)]) for title in titles)]))
    assert Counter(document.text.split("\n")) & Counter(titles * 2) == Counter(titles)
    assert document.notices == {"dot_leaders": 1, "contents_left_out": 6, "pages_without_text": 1}


def test_an_entry_of_a_contents_whose_title_stands_nowhere_else_stays_without_its_dots_and_one_over_two_lines_goes_whole():
    titles = [f"{n} Of the {word}" for n, word in enumerate(WORDS[:6], start=1)]
    entries = [f"{title} {'. ' * 30}{n * 3}" for n, title in enumerate(titles, start=1)]
    entries[3:3] = ["4 Of all that is done", f"by all the men {'. ' * 30}10"]
    entries[6] = f"5 Of what was lost {'. ' * 30}13"
    chapters = [*titles[:3], "4 Of all that is done by all the men", *titles[3:4], *titles[5:]]
    document = load(book([body(entries), *(body([title, *prose(title, 6)]) for title in chapters)]))
    lines = document.text.split("\n")
    assert lines[0] == "5 Of what was lost"
    assert [line for line in lines if line in chapters] == chapters
    assert document.notices == {"dot_leaders": 1, "contents_left_out": 7}


def test_words_parted_at_the_end_of_a_line_are_joined_as_they_are_written_elsewhere():
    data = book([body(["The mill is run by a non-", "resident miller, and the good appren-", "tice is a resident.",
                       "A non-resident sleeps well."])])  # fmt: skip
    assert lines(data)[:3] == ["The mill is run by a non-resident", "miller, and the good apprentice", "is a resident."]


def _columns(*columns, offset=0.0, lefts=(60, 320, 470)):
    """Columns whose lines are written by turns, each a little below the line beside it."""
    rows = max(map(len, columns))
    return [
        at(left, 700 - 14 * row - offset * place, column[row])
        for row in range(rows)
        for place, (left, column) in enumerate(zip(lefts, columns, strict=False))
        if row < len(column)
    ]


@pytest.mark.parametrize("offset", [0.0, 5.0])
@pytest.mark.parametrize("count", [2, 3])
def test_columns_that_are_written_row_by_row_are_read_down(offset, count):
    columns = [prose(n, 20 - n, 6 if count == 2 else 4) for n in range(count)]
    title, end = at(60, 730, "A title that goes across both of the columns and a little further, as titles do."), at(
        60, 300, "And a line that goes across both of the columns at the end of all, where nothing else is said.")  # fmt: skip
    lefts = (60, 320) if count == 2 else (60, 230, 400)
    found = lines(book([[title, *_columns(*columns, offset=offset, lefts=lefts), end]]))
    assert found[1:-1] == [line for column in columns for line in column]


@pytest.mark.parametrize("count", [2, 3])
def test_columns_of_which_the_right_one_was_drawn_first_are_read_from_the_left(count):
    columns = [prose(n, 20 - n, 6 if count == 2 else 4) for n in range(count)]
    lefts = (60, 320) if count == 2 else (60, 230, 400)
    pairs = [*zip(columns, lefts, strict=True)]
    drawn = [each for column, left in reversed(pairs) for each in body(column, x=left)]
    assert lines(book([[at(60, 730, ACROSS), *drawn]])) == [ACROSS, *(line for column in columns for line in column)]


def test_columns_in_their_order_and_rows_of_tables_stay():
    columns = [prose(n, 20, 6) for n in range(2)]
    ordered = [*body(columns[0], x=60), *body(columns[1], x=320)]
    assert lines(book([ordered])) == columns[0] + columns[1]
    cells = [[f"part {n}", f"{n * 7} EUR in all"] for n in range(12)]
    assert lines(book([_columns(*zip(*cells, strict=True))])) == [" ".join(row) for row in cells]
    rows, top = [], 700
    for n in range(6):  # a table of long cells, each of two or three lines
        rows += [body(prose(n + side, 2 + (n + side) % 2, 6), x=60 + 260 * side, top=top) for side in (0, 1)]
        top -= 70
    drawn = [at for pair in zip(rows[::2], rows[1::2], strict=True) for cell in pair for at in cell]
    written = [line for n in range(6) for side in (0, 1) for line in prose(n + side, 2 + (n + side) % 2, 6)]
    assert lines(book([drawn])) == written


def test_a_line_goes_on_behind_what_stands_raised_or_lowered():
    drawn = [at(72, 700, "Water is H"), at(119, 697, "2", 6), at(122, 700, "O, as he says"), at(181, 704, "1", 6),
             at(188, 700, "of the river."), at(72, 686, "The mill."),
             at(72, 100, "1", 6), at(80, 96, "In a letter.")]  # fmt: skip
    assert lines(book([drawn])) == ["Water is H₂O, as he says¹ of the river.", "The mill.", "1 In a letter."]


def test_a_foot_that_was_drawn_first_stands_below_what_is_short_at_the_left_too():
    first = [at(72, 760, "Mill Company"), at(300, 30, "Page 1 of 3"), at(500, 30, "Draft")]
    below = [*body(["Wheel 3", "Stone 4"], x=280, top=600), *body(["Ask Ann.", "Oil it."], top=560)]
    assert lines(book([[*first, at(72, 700, ACROSS), *below]])) == [
        "Mill Company", ACROSS, "Wheel 3", "Stone 4", "Ask Ann.", "Oil it.", "Page 1 of 3 Draft",
    ]  # fmt: skip


@pytest.mark.parametrize("drawn_last", [False, True])
@pytest.mark.parametrize("deep", [2, 3])
@pytest.mark.parametrize(
    ("letter", "first", "read"),
    [("T", "he", "The"), ("I", "t", "It"), ("A", "mill", "A mill"), ("A", "fter", "After"), ("W", "HEN", "WHEN")],
)
def test_a_large_first_letter_is_a_part_of_its_word(letter, first, read, deep, drawn_last):
    side = [
        f"{first} stands by the river and the",
        "water turns its wheel all day long",
        "below the weir of the river",
    ][:deep]
    size = (14 * (deep - 1) + 7) / 0.72
    large = [at(72, 700 - 14 * (deep - 1), letter, size)]
    beside = body(side, x=74 + size * {"T": 0.61, "I": 0.28, "A": 0.67, "W": 0.94}[letter])
    below = ["A mill needs water, says the miller", "and grinds the corn."]
    drawn = [*beside, *body(below, top=700 - 14 * deep)]
    assert lines(book([drawn + large if drawn_last else large + drawn])) == [
        f"{read} stands by the river and the", *side[1:], *below
    ]  # fmt: skip


def test_letters_beside_words_of_their_size_and_far_away_stay():
    drawn = [at(72, 700, "A", 12), at(140, 700, "the first", 10), at(72, 660, "B", 30), at(160, 674, "the second", 10)]
    assert lines(book([drawn])) == ["A the first", "B", "the second"]


def _set(*parts):
    """A line of parts in Courier's even width: words, and what is raised or lowered behind them."""
    x, drawn = 72.0, []
    for text, raised in parts:
        size = 7 if raised else 10
        drawn.append(at(x, 700 + raised, text, size))
        x += 0.6 * size * len(text)
    return drawn


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        ([("E = mc", 0), ("2", 4), (", he said", 0)], "E = mc², he said"),
        ([("up to 2", 0), ("64", 4), (" and 10", 0), ("-8", 4), (" of it", 0)], "up to 2^64 and 10^-8 of it"),
        ([("H", 0), ("2", -2), ("SO", 0), ("4", -2), (" burns", 0)], "H₂SO₄ burns"),
        ([("as he says.", 0), ("12", 4), (" So it is", 0)], "as he says.¹² So it is"),
        ([("log", 0), ("2", -2), (" of 1024 is 10", 0)], "log₂ of 1024 is 10"),
        ([("in 2024 of 300", 0), (" and 12", 0), ("a", 4)], "in 2024 of 300 and 12a"),
        ([("", 0), ("7", 3), ("So it is written.", 0)], "⁷ So it is written."),
        ([("", 0), ("14", 3), ("C is older.", 0)], "¹⁴C is older."),
        ([("7", 0), ("So it is written.", 0)], "7So it is written."),
        ([("A", 0), ("PART 9", 0), (" OF 12", 0)], "APART 9 OF 12"),
    ],
)
def test_raised_and_lowered_numbers_are_written_as_such(parts, read):
    even = book([[*_set(*parts), at(72, 660, "The mill.")]]).replace(b"Helvetica", b"Courier  ")
    assert lines(even)[0] == read


@pytest.mark.parametrize(
    ("raised", "size", "read"),
    [(3.6, 7, "It held 2^64 litres"), (0, 10, "It held 264 litres"), (0, 7, "It held 264 litres")],
)
def test_numbers_that_were_drawn_letter_by_letter_are_raised_only_where_they_stand_so(raised, size, read):
    wide = 0.556  # a digit of Helvetica
    drawn = [at(72, 700, "It held"), at(108, 700, "2"), at(108 + 10 * wide, 700 + raised, "64", size)]
    drawn.append(at(108 + 10 * wide + 2 * size * wide, 700, " litres"))
    assert lines(book([[*drawn, at(72, 660, "The mill.")]]))[0] == read


def _noted(column, x):
    """A column of words that goes on elsewhere, with two notes below it."""
    left = at(x, 700 - 14 * len(column), column[-1] + "-")
    notes = [(1, "Said by the miller"), (2, "Seen on a Sunday")]
    small = [part for number, said in notes for y in [520 - 10 * number]
             for part in (at(x, y + 3, str(number), 5), at(x + 0.556 * 5, y, said, 8))]  # fmt: skip
    return [*body(column[:-1], x=x, top=700 - 14), left, *small]


def test_a_sentence_goes_on_in_the_next_column_before_the_notes_below_the_first():
    first, second = ["The mill stood by", "the river and its", "wheel turned day", "and night with wa"], prose(4, 4, 3)
    data = book([[*_noted(first, 72), *body(["ter of it", *second], x=320, top=686)], body(prose(5))])
    read = lines(data)
    assert read[3:5] == ["and night with water", "of it"]
    assert read[5:11] == [*second, "¹ Said by the miller", "² Seen on a Sunday"]


def test_a_word_parted_at_the_end_of_a_page_keeps_its_hyphen():
    text, _ = joined([Page(lines=[Line("by the wa", Box(72, 90, 200, 100), hyphen=True)]),
                      Page(lines=[Line("ter of it", Box(72, 700, 200, 710))])])  # fmt: skip
    assert text.split("\n\n")[:2] == ["by the wa-", "ter of it"]


def test_a_word_parted_above_the_notes_of_a_page_is_not_joined_to_a_note():
    read = lines(book([_noted(["The mill stood by", "the river with wa"], 72), body(prose(5))]))
    assert read[1:4] == ["the river with wa-", "¹ Said by the miller", "² Seen on a Sunday"]


def test_a_number_on_the_shoulder_of_a_low_letter_goes_on_behind_it():
    low, raised = Line("x", Box(90.2, 397, 96.2, 402.7)), Line("²", Box(96.7, 401.3, 99.7, 406))
    assert touches(low, raised._replace(text="2"))
    parted = [low, raised, Line("and so on", Box(104.4, 396.9, 137, 405.4))]
    assert [line.text for line in whole_lines(parted)] == ["x² and so on"]


def test_what_stands_a_column_away_is_no_part_of_the_line():
    drawn = [at(72, 700, "Water"), at(72, 686, "Mill"), at(140, 700, "of the Aire"), at(140, 686, "of the Miller")]
    assert lines(book([drawn])) == ["Water", "Mill", "of the Aire", "of the Miller"]


@pytest.mark.parametrize(
    "matrix", ["1 0 0 1 0 0", "0 1 -1 0 792 0", "-1 0 0 -1 612 792", "0 -1 1 0 -90 700"], ids=["0", "90", "180", "270"]
)
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_turned_text_is_read_in_its_own_direction(matrix, rotate):
    text = prose(4, 9)
    assert lines(book([[f"q {matrix} cm", *body(text), "Q"]], rotate=rotate, size=(800, 800))) == text


TEXT = prose(1, 14)


@pytest.mark.parametrize(
    "order",
    [
        [*range(13, -1, -1)], [*range(1, 14), 0], [13, *range(13)], [*range(7, 14), *range(7)],
        [0, 1, 2, 3, 6, 7, 8, 4, 5, *range(9, 14)], [*range(0, 14, 2), *range(1, 14, 2)],
        random.Random(2).sample(range(14), 14),
    ],
)  # fmt: skip
def test_lines_are_read_downwards_whatever_order_they_were_drawn_in(order):
    drawn = body(TEXT)
    assert lines(book([[drawn[place] for place in order]])) == TEXT


def test_what_was_drawn_last_above_columns_stands_first_and_columns_and_notes_at_the_side_keep_their_order():
    columns = [prose(n, 12, 5) for n in range(2)]
    left, right = body(columns[0], x=60), body(columns[1], x=320)
    read = [ACROSS, *columns[0], *columns[1]]
    assert lines(book([[*left, *right, at(60, 740, ACROSS)]])) == read
    assert lines(book([[*left[::-1], at(60, 740, ACROSS), *right[::-1]]])) == read
    assert lines(book([[at(60, 40, ACROSS), *left, *right]])) == [*read[1:], ACROSS]
    note = body(["See below", "and above"], x=450, top=660, size=7)
    assert lines(book([[*body(TEXT), *note]])) == [*TEXT, "See below", "and above"]


def _stamp(x, y, text, angle, size=60):
    """Words that rise along an angle."""
    turn = math.radians(angle)
    a, b = math.cos(turn), math.sin(turn)
    return f"BT /F1 {size} Tf {a:.5f} {b:.5f} {-b:.5f} {a:.5f} {x} {y} Tm ({text}) Tj ET"


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("x", "y", "text", "angle", "rotate"),
    [
        (250, 430, "COPY", 45, 0), (150, 420, "CONFIDENTIAL", 45, 0), (100, 300, "CONFIDENTIAL", 30, 0),
        (100, 600, "CONFIDENTIAL", -35, 0), (250, 430, "COPY", 45, 90), (300, 560, "DRAFT", 20, 270),
    ],
)  # fmt: skip
def test_a_stamp_across_columns_stands_behind_them(x, y, text, angle, rotate, last):
    columns = [prose(n, 30, 6) for n in range(2)]
    drawn = [each for column, left in zip(columns, (60, 320), strict=True) for each in body(column, x=left)]
    stamp = _stamp(x, y, text, angle)
    data = book([[*drawn, stamp] if last else [stamp, *drawn]], rotate=rotate)
    assert lines(data) == [*columns[0], *columns[1], text]


@pytest.mark.parametrize("last", [False, True])
def test_a_stamp_over_a_line_a_table_or_a_form_is_no_part_of_it(last):
    def stamped(drawn, stamp, **more):
        return lines(book([[*drawn, stamp] if last else [stamp, *drawn]], **more))

    text = prose(3, 12, 6)
    assert stamped(body(text), _stamp(250, 640, "DRAFT", 45)) == [*text, "DRAFT"]
    table = _ruled(SALES)
    assert stamped(table, _stamp(90, 560, "VOID", 45, 30)) == [*lines(book([table])), "VOID"]
    ticks = [field("Btn", "a", (100, 495, 115, 510), "/V /Yes /AS /Yes /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>"),
             field("Btn", "b", (280, 495, 295, 510), "/V /Off /AS /Off /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>")]  # fmt: skip
    form = [at(100, 700, "Order form"), at(120, 500, "I agree"), at(300, 500, "I refuse")]
    read = ["Order form", "[x] I agree [ ] I refuse", "DRAFT"]
    assert stamped(form, _stamp(150, 420, "DRAFT", 45), marks=ticks) == read


@pytest.mark.parametrize("rotate", [90, 180, 270])
@pytest.mark.parametrize("stamp", [[], [_stamp(150, 320, "DRAFT", 45)]])
def test_fields_of_a_page_that_is_shown_turned_keep_their_labels(rotate, stamp):
    ticked = "/V /Yes /AS /Yes /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>"
    marks = [field("Btn", "a", (100, 495, 115, 510), ticked), field("Tx", "n", (150, 445, 250, 463), "/V (Smith)"),
             field("Btn", "b", (100, 465, 115, 480), ticked.replace("V /Yes /AS /Yes", "V /Off /AS /Off")),
             field("Btn", "c", (400, 595, 415, 610), ticked)]  # fmt: skip
    form = [at(100, 700, "Order form"), at(120, 500, "I agree"), at(120, 470, "I refuse"), at(100, 450, "Name")]
    read = ["Order form", "c: [x]", "[x] I agree", "[ ] I refuse", "Name: Smith", *["DRAFT"] * len(stamp)]
    assert lines(book([[*stamp, *form]], marks=marks, rotate=rotate, size=(800, 800))) == read


def test_a_page_of_nothing_but_words_at_an_angle_is_read_as_it_was_drawn_and_what_lies_askew_as_if_it_did_not():
    assert lines(book([[_stamp(100, 600, "Gone fishing", 30)]])) == ["Gone fishing"]
    text = prose(4, 9)
    askew = [_stamp(72, 700 - 14 * number, line, 2, 10) for number, line in enumerate(text)]
    slanted = [f"BT /F1 10 Tf 1 0 .33 1 72 {700 - 14 * n} Tm ({line}) Tj ET" for n, line in enumerate(["Mill", *text])]
    assert load(book([askew])).text.split() == " ".join(text).split()
    assert lines(book([[slanted[0], _stamp(250, 640, "DRAFT", 45), *slanted[1:]]])) == ["Mill", *text, "DRAFT"]


def _ruled(rows, *, top=600, lefts=(72, 200, 330, 460), step=20, cells=False):
    """A table with its lines: each drawn through, or a box around each cell."""
    down, across = len(rows), len(rows[0])
    words = [
        at(lefts[c] + 4, top - step * r - 14, row[c]) for r, row in enumerate(rows) for c in range(across) if row[c]
    ]
    if cells:
        boxes = [f"{lefts[c]} {top - step * (r + 1)} {lefts[c + 1] - lefts[c]} {step} re S"
                 for r in range(down) for c in range(across)]  # fmt: skip
        return [*boxes, *words]
    lines = [rule(lefts[0], top - step * r, lefts[across], top - step * r) for r in range(down + 1)]
    return [*words, *lines, *(rule(lefts[c], top, lefts[c], top - step * down) for c in range(across + 1))]


SALES = [["Region", "Sales", "Share"], ["North", "4711", "12.5 %"], ["", "90", "a|b"], ["South-east", "", "3 %"]]
SALES_ROWS = [
    "| Region | Sales | Share |", "| --- | --- | --- |", "| North | 4711 | 12.5 % |", "|  | 90 | a\\|b |",
    "| South-east |  | 3 % |",
]  # fmt: skip


@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("rotate", [0, 90])
def test_ruled_tables_are_tables_between_their_neighbours(cells, rotate):
    drawn = [at(72, 640, "Sales of flour:"), *_ruled(SALES, cells=cells), at(72, 480, "So it went.")]
    if rotate:  # what is shown upright was written upwards
        drawn = ["q 0 1 -1 0 792 0 cm", *drawn, "Q"]
    text = load(book([drawn], rotate=rotate, size=(792, 612) if rotate else (612, 792))).text
    assert text == "\n".join(["Sales of flour:", "", *SALES_ROWS, "", "So it went.", "", ""])


@pytest.mark.parametrize("count", [9, 10, 11])
def test_tables_are_found_beside_as_many_words_that_were_drawn_within_something_else(count):
    inner = [at(72, 300 - 14 * number, f"remark{number}") for number in range(count)]
    data = book([[*_ruled(SALES), "/X Do"]], inner=inner)
    assert lines(data)[: len(SALES_ROWS)] == SALES_ROWS
    assert [f"remark{number}" for number in range(count)] == lines(data)[-count:]


def _ruled_at_the_header(rows, *, groups=1):
    """A table with lines around it, below its header, between its columns, and between groups of its rows."""
    lefts = (72, 200, 330, 460)[: len(rows[0]) + 1]
    feet = [600, 580, *(580 - 14 * (len(rows) - 1) * number // groups for number in range(1, groups + 1))]
    words = [at(lefts[c] + 4, (586 if not r else 584 - 14 * r) + 2, cell) for r, row in enumerate(rows)
             for c, cell in enumerate(row) if cell]  # fmt: skip
    lying = [rule(lefts[0], y, lefts[-1], y) for y in feet]
    return [*words, *lying, *(rule(x, 600, x, feet[-1]) for x in lefts)]


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        ([["Mill", "Sacks", "Price"], ["Upper", "12", "3.50"], ["Lower one", "9", "4.10"], ["Old", "-", "1.00"]], 1),
        ([["Mill", "Miller"], ["Upper", "Ann Lee"], ["Lower", "Bo"]], 1),
        ([["Mill", "Sacks"], ["Upper", "12"], ["Lower", "9"], ["Old mill", "8"], ["New", "7 t"]], 2),
    ],
)
def test_rows_without_lines_between_them_are_rows(rows, groups):
    text = load(book([[at(72, 640, "Sales of flour:"), *_ruled_at_the_header(rows, groups=groups)]])).text
    written = [f"| {' | '.join(row)} |" for row in rows]
    assert text.split("\n\n")[1].split("\n") == [written[0], "|" + " --- |" * len(rows[0]), *written[1:]]


def test_a_box_above_others_beside_one_another_is_no_table():
    boxes = ["72 560 400 40 re S", "72 530 200 30 re S", "272 530 200 30 re S"]
    words = [at(76, 580, "How to pay:"), at(76, 540, "Card, at once"), at(276, 540, "Cash, in May")]
    assert "|" not in load(book([[*boxes, *words, at(72, 500, "So it went.")]])).text


@pytest.mark.parametrize(
    "rows",
    [
        [
            ["Mill", "What is said"],
            ["The mill above", "It stands by the river and"],
            ["the bridge, old", "stood since anybody knows"],
        ],
        [["Mill", "Sacks"], ["The mill above", "12"], ["the bridge", ""]],
    ],
)
def test_lines_of_one_cell_are_no_rows(rows):
    text = load(book([[at(72, 640, "Sales of flour:"), *_ruled_at_the_header(rows)]])).text
    joined = [" ".join(filter(None, column)) for column in zip(*rows[1:], strict=True)]
    assert text.split("\n\n")[1].split("\n")[2:] == [f"| {' | '.join(joined)} |"]


def _any_table(seed):
    chance = random.Random(seed)
    across = chance.randint(2, 5)
    lefts = [60 + 480 * column // across for column in range(across + 1)]
    kinds = [lambda: "", lambda: str(chance.randrange(10**5)), lambda: f"{chance.random():.1%}",
             lambda: " ".join(chance.sample(WORDS, 2)), lambda: chance.choice(WORDS).title()]  # fmt: skip
    rows = [[chance.choice(kinds)() for _ in range(across)] for _ in range(chance.randint(2, 14))]
    rows = [[f"{chance.choice(WORDS)} {column}" for column in range(across)], *rows]
    drawn = _ruled(rows, lefts=lefts, step=chance.choice([16, 20, 26]), cells=chance.random() < 0.5)
    words, rules = [each for each in drawn if "Tj" in each], [each for each in drawn if "Tj" not in each]
    if chance.random() < 0.5:
        chance.shuffle(words)
    return rows, [*_prose_above(seed), *(words + rules if chance.random() < 0.5 else rules + words)]


def _prose_above(seed):
    return body(prose(seed, 3), top=680)


def _cells(text):
    rows = [line.strip("| ").split(" | ") for line in text.split("\n") if line.startswith("|") and "---" not in line]
    return Counter(cell.strip(" |") for row in rows for cell in row) - Counter({"": 10**6})


def test_cells_of_forty_ruled_tables_are_found():
    found = wanted = common = 0
    for seed in range(40):
        rows, drawn = _any_table(seed)
        ours = _cells(load(book([drawn])).text)
        theirs = Counter(cell for row in rows for cell in row if cell)
        found, wanted, common = found + ours.total(), wanted + theirs.total(), common + (ours & theirs).total()
    assert 2 * common / (found + wanted) >= 0.98


def test_cells_of_several_lines_and_merged_ones_are_one_cell_each():
    rules = [rule(72, y, 400, y) for y in (600, 570, 500)] + [rule(72, 540, 250, 540)]
    rules += [rule(x, 500, x, 600) for x in (72, 400)] + [rule(250, 500, 250, 570)]
    words = [at(80, 580, "A title over both"), at(80, 552, "one"), at(80, 515, "two"),
             *body(["words that go on in", "the next line of the", "same cell"], x=256, top=555, step=14)]  # fmt: skip
    assert lines(book([rules + words])) == [
        "| A title over both |  |",
        "| --- | --- |",
        "| one | words that go on in the next line of the same cell |",
        "| two |  |",
    ]


def test_lines_of_a_cell_are_joined_without_a_blank_where_the_script_has_none():
    def said(text, left, bottom):
        box = Box(left, bottom, left + 40, bottom + 10)
        return Line(text, box, words=(Word(0, len(text), *box),))

    rules = [Box(x, 0, x, 80) for x in (0, 100, 200)] + [Box(0, y, 200, y) for y in (0, 40, 80)]
    words = [said("水車", 5, 65), said("小屋", 5, 50), said("mill", 105, 65), said("house", 105, 50),
             said("川", 5, 20), said("river", 105, 20)]  # fmt: skip
    page = Page(lines=words, grids=[Grid([0, 100, 200], [80, 40, 0], rules)])
    set_tables(page)
    assert [line.text.strip() for line in page.lines] == [
        "| 水車小屋 | mill house |",
        "| --- | --- |",
        "| 川 | river |",
    ]


def test_frames_lines_and_plots_are_no_tables():
    frame = [rule(60, 710, 500, 710), rule(60, 500, 500, 500), rule(60, 500, 60, 710), rule(500, 500, 500, 710)]
    text = prose(3, 14)
    assert lines(book([[*frame, *body(text)]])) == text
    plot = [rule(72, y, 400, y) for y in range(300, 500, 40)] + [rule(x, 300, x, 460) for x in range(72, 420, 41)]
    assert lines(book([[*plot, at(80, 310, "none"), at(90, 350, "many"), at(380, 290, "May")]])) == [
        "many",
        "none",
        "May",
    ]


def test_a_damaged_form_is_read_in_part_or_refused_with_a_reason():
    marks = [field("Tx", f"f{n}", (120, 700 - n * 14, 200, 712 - n * 14), f"/V (value {n})") for n in range(9)]
    data = book(
        [body(prose(1)), [*body(prose(2, 4)), *_ruled(SALES)]],
        marks=[*marks, note("FreeText", "words", (72, 500, 200, 520))],
    )
    damaged = [data[: len(data) * tenth // 10] for tenth in range(10)]
    for seed in range(20):
        chance, bent = random.Random(seed), bytearray(data)
        for _ in range(len(data) // 100):
            bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        damaged.append(bytes(bent))
    for bent in damaged:
        try:
            assert load(bytes(bent)).text.strip()
        except DocumentError as error:
            assert error.message


@pytest.mark.parametrize("marks", [(), (field("Tx", "n", (120, 715, 300, 732), "/V (Ann Miller)"),)])
def test_a_page_whose_drawing_is_lost_is_unreadable_whatever_its_fields_say(marks):
    data = book([body(prose(1)), body(prose(2))], marks=marks)
    lost = data.replace(b"12 0 obj", b"12 0 obk", 1)
    assert lost != data
    assert load(data).notices == {}
    read = load(lost)
    assert (read.notices, "Ann Miller" in read.text) == ({"unreadable_pages": 1}, bool(marks))
    assert prose(2)[-1] in read.text


def _packed(pages, damaged, *, ascii85=False):
    """A file whose pages are packed; in the streams of the `damaged` ones some bytes are others."""
    data = book(pages)
    for number, drawn in enumerate(pages):
        written = "\n".join(drawn).encode()
        packed = zlib.compress(written)
        packed, names = (base64.a85encode(packed) + b"~>", b"/ASCII85Decode ") if ascii85 else (packed, b"")
        if number in damaged:
            packed = packed[:5] + b"\x7f" * 35 + packed[40:]
        whole = b"/Length %d >>\nstream\n%s\nendstream" % (len(written), written)
        assert whole in data
        head = b"/Filter [%s/FlateDecode] /Length %d >>\nstream\n" % (names, len(packed))
        data = data.replace(whole, head + packed + b"\nendstream")
    return data


@pytest.mark.parametrize("ascii85", [False, True])
def test_pages_whose_commands_do_not_unpack_are_unreadable_and_empty_ones_are_not(ascii85):
    pages = [body(prose(n)) for n in range(3)] + [["q", "Q"], []]
    whole = load(_packed(pages, (), ascii85=ascii85))
    assert (whole.metadata["pages"], whole.notices) == (5, {"pages_without_text": 2})
    one = load(_packed(pages, (1,), ascii85=ascii85))
    assert one.notices == {"pages_without_text": 2, "unreadable_pages": 1}
    assert prose(2)[-1] in one.text
    with pytest.raises(DocumentError, match="none of its pages") as error:
        load(_packed(pages, (0, 1, 2), ascii85=ascii85))
    assert error.value.code == "corrupt"
    with pytest.raises(DocumentError) as empty:
        load(_packed(pages[3:], ()))
    assert empty.value.code == "empty"


def test_a_comment_that_is_written_elsewhere_makes_no_empty_page_unreadable():
    data = book([[], body(prose(2))], marks=["/Subtype /Text /Contents 6 0 R /Rect [9 9 30 30]"])
    data = data.replace(b"10 0 obj", b"6 0 obj\n(Why?)\nendobj\n10 0 obj", 1)
    assert load(data).notices == {"pages_without_text": 1, "comments_left_out": 1}


@pytest.mark.parametrize(
    ("written", "damaged"), [(b"/FlateDecode]", b"/FlbteDecode]"), (b"/Contents 12 0 R", b"/Contents 3 0 R")]
)
def test_a_page_whose_commands_are_packed_in_no_known_way_or_are_none_is_unreadable(written, damaged):
    data = _packed([body(prose(1)), body(prose(2))], ())
    assert written in data
    assert load(data.replace(written, damaged, 1)).notices == {"unreadable_pages": 1}


def test_fields_on_a_page_without_print_are_read_and_the_page_is_told():
    marks = [field("Tx", "n", (120, 715, 300, 732), "/V (Ann Miller)")]
    assert load(book([[], body(prose(2))], marks=marks)).notices == {"pages_without_text": 1}


def test_lines_that_stand_in_paragraphs_of_every_page_stay():
    def page(number):
        rows = [f"{WORDS[number]} {n} is about valves and pumps with" for n in range(4)]
        return [line for row in rows for line in (row, "pressure and flow values.", f"Value {number + 1}.5 bar.")]

    pages = [[at(72, 750, "The Mill Report"), *body(page(n)), at(300, 30, str(n + 1))] for n in PAGES]
    document = load(book(pages))
    assert document.text.count("pressure and flow values.") == 4 * len(PAGES)
    assert document.text.count("bar.") == 4 * len(PAGES)
    assert document.notices == {"running_lines": 2 * len(PAGES) - 1}


def test_lines_that_end_as_a_heading_does_are_looked_through_in_linear_time():
    def seconds(lines):
        begun = time.process_time()
        assert pdf._PageLines("one word\n" * lines, 0, 9 * lines).find("another word", 0) is None
        return time.process_time() - begun

    assert seconds(40_000) < 0.5 + 20 * seconds(5_000)


def test_marks_of_items_that_were_drawn_after_them_stand_before_them():
    items = [
        at(86, 700 - 14 * number, words) for number, words in enumerate(["Buy wheels", "Hire millers", "Open gates"])
    ]
    marks = [at(72, 700, "1."), at(72, 686, "2."), at(72, 672, "c)")]
    text = load(book([[at(72, 730, "What is to be done:"), *items, *marks]])).text
    assert " ".join(text.split()) == "What is to be done: 1. Buy wheels 2. Hire millers c) Open gates"


def test_what_stands_raised_in_a_line_is_no_mark_of_an_item():
    text = load(
        book([[at(72, 730, "of tokens w"), at(130, 734, "(i)", 6), at(138, 730, "and"), *body(["More."] * 3)]])
    ).text
    assert "w(i)" in text.replace(" ", "")


def test_boxes_among_the_words_of_a_form_are_no_table():
    boxes = ["100 690 80 16 re S", "180 690 80 16 re S", "100 674 80 16 re S", "180 674 80 16 re S"]
    words = [at(70, 694, "I agree to all of it"), at(190, 694, "Green"), at(110, 678, "Ann"), at(190, 678, "Free")]
    text = load(book([[*boxes, *words]])).text
    assert "I agree to all of it" in text
    assert "|" not in text


def test_a_word_that_goes_on_behind_its_own_hyphen_in_a_cell_has_no_blank():
    boxes = [f"{x} {y} 100 40 re S" for x in (72, 172) for y in (640, 680)]
    words = [at(80, 700, "Day"), at(180, 700, "Time"), at(80, 660, "Monday"), at(180, 665, "10-"), at(180, 650, "11")]
    assert "| Monday | 10-11 |" in load(book([[*boxes, *words]])).text


def test_numbers_are_raised_whatever_makes_their_font_as_large_as_it_is():
    def drawn(x, y, size, words):
        return f"BT /F1 1 Tf {size} 0 0 {size} {x} {y} Tm ({words}) Tj ET"

    text = load(
        book([[drawn(72, 700, 10, "It has 10"), drawn(110.5, 704, 6, "8"), drawn(116.5, 700, 10, "grains.")]])
    ).text
    assert text.split() == ["It", "has", "10^8", "grains."]

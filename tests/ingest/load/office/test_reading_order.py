"""What stands on a slide is read by rows and columns, wherever it was drawn; an order that a person may read stays."""

import random
import time

import pytest

from embedingest.ingest.load.office.reading_order import Box, reading_order
from tests import samples
from tests.ingest.load.test_opendocument import load as load_odf
from tests.ingest.load.test_opendocument import par as odf_par
from tests.ingest.load.test_slides import load, par, shape


def order(*places, silent=()):
    """Names of boxes, drawn as they are listed: name, left, top, width, height."""
    boxes = [Box(left, top, left + width, top + height) for _, left, top, width, height in places]
    numbers = reading_order(boxes, [name in silent for name, *_ in places])
    return " ".join(places[number][0] for number in numbers if places[number][0] not in silent)


GRID = [(f"{row}{column}", column * 30, row * 20, 25, 10) for row in range(3) for column in range(3)]


def test_rows_are_read_from_the_top_and_each_from_the_left():
    drawn = [GRID[number] for number in (8, 7, 6, 2, 1, 0, 5, 4, 3)]
    assert order(*drawn) == "00 01 02 10 11 12 20 21 22"
    assert (
        order(("foot", 0, 90, 50, 5), ("right", 30, 20, 20, 60), ("left", 0, 20, 20, 60), ("top", 0, 0, 50, 10))
        == "top left right foot"
    )


def test_the_order_of_drawing_stays_where_a_person_may_read_so():
    by_columns = sorted(GRID, key=lambda place: place[0][::-1])
    assert order(*by_columns) == "00 10 20 01 11 21 02 12 22"
    assert order(*GRID) == "00 01 02 10 11 12 20 21 22"
    stairs = [("first", 0, 40, 20, 10), ("second", 25, 20, 20, 10), ("third", 50, 0, 20, 10)]
    assert order(*stairs) == "first second third"


def test_columns_below_a_title_are_read_as_they_were_drawn():
    title, foot = ("title", 0, 0, 90, 8), ("foot", 0, 90, 90, 5)
    left, right = [("A", 0, 15, 40, 8), ("a", 0, 25, 40, 50)], [("B", 50, 15, 40, 8), ("b", 50, 25, 40, 50)]
    assert order(title, *left, *right) == "title A a B b"
    assert order(title, *left, *right, foot) == "title A a B b foot"
    assert order(foot, *right, *left, title) == "title A a B b foot"
    assert order(title, left[0], right[0], left[1], right[1]) == "title A B a b"
    by_columns = sorted(GRID, key=lambda place: place[0][::-1])
    assert order(("title", 0, -20, 90, 10), *by_columns) == "title 00 10 20 01 11 21 02 12 22"


def test_heads_stand_over_their_texts_where_neither_rows_nor_columns_were_drawn():
    heads, texts = [("B", 50, 0, 40, 8), ("A", 0, 0, 40, 8)], [("b", 50, 10, 40, 50), ("a", 0, 10, 40, 50)]
    assert order(*texts, *heads) == "A a B b"
    assert order(texts[0], *heads, texts[1]) == "A a B b"


def test_what_stands_in_a_frame_stays_together_also_where_the_frame_says_nothing():
    cards = [("left", 0, 0, 40, 50), ("right", 50, 0, 40, 50)]
    words = [("r2", 52, 25, 36, 20), ("l2", 2, 25, 36, 20), ("r1", 52, 2, 36, 20), ("l1", 2, 2, 36, 20)]
    assert order(*cards, *words, silent=("left", "right")) == "l1 l2 r1 r2"
    assert order(*cards, *words) == "left l1 l2 right r1 r2"


def test_what_overlaps_or_has_no_place_follows_the_drawing():
    pinwheel = [("d", 0, 10, 10, 30), ("c", 10, 30, 30, 10), ("b", 30, 0, 10, 30), ("a", 0, 0, 30, 10)]
    assert order(*pinwheel).split()[0] == "a"
    assert reading_order([None, Box(0, 50, 9, 60), None, Box(0, 0, 9, 9), None], [False] * 5) == [0, 3, 4, 1, 2]


def test_every_place_is_read_once_and_a_crowded_slide_takes_no_minutes():
    chance = random.Random(7)
    for count in (1, 5, 40, 250, 3000):
        places = [(chance.randrange(900), chance.randrange(700)) for _ in range(count)]
        boxes = [Box(x, y, x + chance.randrange(1, 300), y + chance.randrange(1, 80)) for x, y in places]
        begin = time.process_time()
        assert sorted(reading_order(boxes, [chance.random() < 0.3 for _ in boxes])) == list(range(count))
        assert time.process_time() - begin < 5


def at(drawn, left, top, width=300, height=100, tag="p:spPr"):
    place = f'<a:xfrm><a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
    return drawn.replace("<p:txBody>", f"<{tag}>{place}</{tag}><p:txBody>", 1)


def test_slides_of_powerpoint_are_read_in_this_order_groups_together():
    place = '<a:xfrm><a:off x="0" y="300"/><a:ext cx="900" cy="200"/><a:chOff x="0" y="0"/><a:chExt cx="9" cy="9"/></a:xfrm>'
    group = f"<p:grpSp><p:grpSpPr>{place}</p:grpSpPr>{at(shape('inner two'), 5, 0, 4, 9)}{at(shape('inner one'), 0, 0, 4, 9)}</p:grpSp>"
    table = f'<p:graphicFrame><p:xfrm><a:off x="0" y="150"/><a:ext cx="900" cy="100"/></p:xfrm><a:tbl><a:tr><a:tc>{par("cell")}</a:tc></a:tr></a:tbl></p:graphicFrame>'
    slide = (
        at(shape("last"), 0, 600)
        + group
        + table
        + at(shape("right"), 400, 0)
        + at(shape("left"), 0, 0)
        + at(shape("Head", kind="title"), 0, 700)
    )
    document = load(slide)
    assert (
        document.text.replace("| --- |\n", "")
        == "# Head\n\nleft\n\nright\n\n| cell |\n\ninner one\n\ninner two\n\nlast\n"
    )


def test_a_place_that_only_the_layout_tells_counts_and_arabic_is_read_from_the_right():
    def place(kind, number, words):
        return f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}" idx="{number}"/></p:nvPr></p:nvSpPr><p:txBody>{par(words)}</p:txBody></p:sp>'

    layout = at(place("body", 11, ""), 0, 300) + at(place("body", 12, ""), 0, 0)
    parts = {
        "slides/_rels/slide0.xml.rels": samples.relations(l=("slideLayout", "../slideLayouts/slideLayout1.xml")),
        "slideLayouts/slideLayout1.xml": f'<p:sldLayout xmlns:p="{samples.P}" xmlns:a="{samples.A}">{layout}</p:sldLayout>',
    }
    assert load(place("body", 11, "below") + place("body", 12, "above"), **parts).text == "above\n\nbelow\n"
    rtl = '<a:pPr rtl="1"/>'
    slide = at(shape(par("ثاني", rtl)), 0, 0) + at(shape(par("أول", rtl)), 400, 0)
    assert load(slide).text == "أول\n\nثاني\n"


@pytest.mark.parametrize("grouped", [False, True])
def test_slides_of_opendocument_are_read_in_this_order(grouped):
    def frame(words, x, y, more=""):
        return f'<draw:frame svg:x="{x}cm" svg:y="{y}cm" svg:width="8cm" svg:height="2cm" {more}><draw:text-box>{odf_par(words)}</draw:text-box></draw:frame>'

    pair = (
        frame("right", 12, 5)
        + f'<draw:custom-shape svg:x="20mm" svg:y="50mm" svg:width="8cm" svg:height="2cm">{odf_par("left")}</draw:custom-shape>'
    )
    shapes = frame("last", 2, 12) + (f"<draw:g>{pair}</draw:g>" if grouped else pair) + frame("first", 2, 2)
    notes = f'<presentation:notes><draw:frame presentation:class="notes" svg:x="0cm" svg:y="0cm">{odf_par("Slowly.")}</draw:frame></presentation:notes>'
    page = f"<draw:page>{shapes}{frame('Head', 2, 15, 'presentation:class=' + chr(34) + 'title' + chr(34))}{notes}</draw:page>"
    assert (
        load_odf(f"<office:presentation>{page}</office:presentation>").text
        == "# Head\n\nfirst\n\nleft\n\nright\n\nlast\n\nNotes: Slowly.\n"
    )

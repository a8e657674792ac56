"""Words are asked for where a table or columns may need them, with all parts of their lines."""

from embedingest.ingest.load.pages.page import Box, Grid, Line
from embedingest.ingest.load.pages.wanted import words_wanted

TABLE = [Grid([100, 200, 300], [420, 400, 380], [])]
ABOVE = Line("A sentence above the table", Box(100, 500, 400, 510))
CELL = Line("1 cubic metre is 10 cm", Box(110, 405, 299, 413))
RAISED = Line("3", Box(302, 409, 305, 414))
BELOW = Line("and one below it", Box(100, 300, 400, 310))


def test_only_lines_in_a_ruled_table_are_asked_for_their_words():
    assert words_wanted([ABOVE, CELL, RAISED, BELOW], TABLE, parted=False) == [1]


def test_what_may_be_a_part_of_a_line_in_a_ruled_table_is_asked_too():
    assert words_wanted([ABOVE, CELL, RAISED, BELOW], TABLE, parted=True) == [1, 2]


def test_all_lines_are_asked_beside_a_table_where_a_large_first_letter_may_belong_to_any():
    initial = Line("W", Box(100, 290, 120, 312))
    assert words_wanted([ABOVE, CELL, initial, BELOW], TABLE, parted=True) == [0, 1, 2, 3]


GAPS = [ABOVE._replace(box=Box(100, y, 400, y + 10), gap=y != 460) for y in (500, 480, 460, 440)]


def test_only_lines_with_gaps_are_asked_where_columns_may_be_and_no_table():
    assert words_wanted(GAPS, [], parted=False) == [0, 1, 3]


def test_what_may_be_a_part_of_a_line_with_a_gap_is_asked_too():
    rest = Line("3", Box(402, 462, 410, 472))
    lines = [*GAPS[:2], GAPS[2]._replace(gap=True), rest, GAPS[3]]
    assert words_wanted(lines, [], parted=False) == [0, 1, 2, 4]
    assert words_wanted(lines, [], parted=True) == [0, 1, 2, 3, 4]


def test_all_lines_of_a_page_that_runs_from_right_to_left_are_asked_around_gaps():
    assert words_wanted(GAPS, [], parted=False, mirrored=True) == [0, 1, 2, 3]

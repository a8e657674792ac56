"""The headings of a document, and the part of it that stands below one, within a budget of tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from embedingest.documents import Part, outline_of, read_part
from embedingest.errors import ConfigError
from embedingest.outline import MOST_HEADINGS, below, headings, section_name
from tests.store.doubles import row

TEXTS = [
    ((), "before any heading"),
    (("Farm",), "# Farm\n\nall about it\n"),
    (("Farm", "Animals"), "## Animals\n\ncows and\n"),
    (("Farm", "Animals", "Geese"), "### Geese\n\nloud birds\n"),
    (("Farm", "Fields"), "## Fields\n\nwheat and rye\n"),
    (("Town",), "# Town\n\nstreets of it\n"),
    (("Town", "Animals"), "## Animals\n\ndogs and cats " * 40),
]


def rows_of(texts):
    rows, start = [], 0
    for n, (path, text) in enumerate(texts):
        one = row("docs/a.md", text=text, chunk_index=n, chunk_count=len(texts))
        rows.append(
            replace(one, id=f"{n:032}", heading_path=path, start=start, end=start + len(text), line_start=n + 1)
        )
        start += len(text)
    return [replace(one, line_end=one.line_start) for one in rows]


ROWS = rows_of(TEXTS)


def test_each_heading_is_told_once_with_all_that_stands_below_it():
    told = outline_of(ROWS, {})
    assert [(each["section"], each["chunks"]) for each in told["outline"]] == [
        (["Farm"], [1, 4]),
        (["Farm", "Animals"], [2, 3]),
        (["Farm", "Animals", "Geese"], [3, 3]),
        (["Farm", "Fields"], [4, 4]),
        (["Town"], [5, 6]),
        (["Town", "Animals"], [6, 6]),
    ]
    assert told["outline"][0]["lines"] == [2, 5]
    assert told["document"]["chunks"] == [0, 6]
    farm = sum(len(text) for path, text in TEXTS if path[:1] == ("Farm",))
    assert farm / 4 <= told["outline"][0]["tokens"] <= farm / 4 + 4
    assert "left_out" not in told


def test_what_two_chunks_share_counts_once():
    overlapping = [
        replace(ROWS[6]),
        replace(ROWS[6], id="x", chunk_index=7, start=ROWS[6].start + 8, end=ROWS[6].end + 8),
    ]
    (_, [*_, both]) = "", headings([*ROWS[:6], *overlapping])
    assert both.tokens == headings(ROWS)[-1].tokens + 2


def test_of_very_many_headings_the_deepest_are_left_out_and_counted():
    many = rows_of([(("Top", f"Part {n % 20}", f"Note {n}"), "words") for n in range(2 * MOST_HEADINGS)])
    told = outline_of(many, {})
    assert [each["section"] for each in told["outline"]] == [["Top"], *(["Top", f"Part {n}"] for n in range(20))]
    assert told["left_out"] == 2 * MOST_HEADINGS
    flat = outline_of(rows_of([((f"Note {n}",), "words") for n in range(MOST_HEADINGS + 3)]), {})
    assert (len(flat["outline"]), flat["left_out"]) == (MOST_HEADINGS, 3)


@pytest.mark.parametrize(
    ("section", "chunks"),
    [
        ("Farm", [1, 2, 3, 4]),
        ("fields", [4]),
        ("Farm > Animals", [2, 3]),
        ("Animals > Geese", [3]),
        (["Town", "Animals"], [6]),
        (" town ", [5, 6]),
    ],
)
def test_a_section_is_named_by_its_heading_and_by_those_above_it_where_that_is_needed(section, chunks):
    assert [one.chunk_index for one in below(ROWS, section_name(section))] == chunks


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("animals", "has 2 sections called `animals`: `Farm > Animals`, `Town > Animals`"),
        ("Animols", "has no section `Animols`: did you mean `Farm > Animals`, `Town > Animals`?"),
        ("Geology", "it has `Farm`, `Farm > Animals`, `Farm > Animals > Geese`"),
        ("", "has no section ``"),
    ],
)
def test_a_name_that_means_none_or_several_is_refused_with_those_there_are(section, said):
    with pytest.raises(ConfigError) as refused:
        below(ROWS, section)
    assert said in refused.value.message


def test_of_a_document_without_headings_that_is_said():
    with pytest.raises(ConfigError, match="it has no headings"):
        below(ROWS[:1], "Farm")


def test_a_section_is_read_piece_by_piece_within_a_budget_and_nothing_else_is():
    part, pieces = Part(section="Town > Animals", budget=16), []
    while True:
        shown = read_part(ROWS, part)
        assert 0 < len(shown.text) <= 64
        pieces.append(shown.text)
        if not shown.left:
            break
        part = replace(part, start_character=shown.end)
    assert "".join(pieces) == TEXTS[6][1]
    assert len(pieces) > 8
    with pytest.raises(ConfigError, match="has nothing there: it has chunks 5 to 6"):
        read_part(ROWS, Part(section="Town", start_line=2, end_line=3))


def test_a_budget_is_of_tokens_and_characters_bound_the_text_too():
    wide = rows_of([((), "漢" * 4000)])
    assert len(read_part(wide, Part(budget=300)).text) == 400  # three bytes each, four a token
    assert len(read_part(wide, Part(budget=300, max_characters=100)).text) == 100
    assert len(read_part(wide, Part(budget=100_000)).text) == 4000
    assert len(read_part(rows_of([((), "x" * 50_000)]), Part()).text) == 20_000

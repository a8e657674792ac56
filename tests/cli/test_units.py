"""`search --as section` and `--document`: a person reads what a hit stands in, with what was found marked."""

from __future__ import annotations

import pytest

from tests.cli.test_live import living
from tests.depth import few, only_deep

FARM = """# Farm

Everything about the farm.

## Geese

Geese guard the yard.

They are louder than any dog, and awake at night.

## Wheat

Wheat grows on the northern field.
"""


@pytest.fixture
def farm(shell):
    shell.write("docs/farm.md", FARM)
    shell.write("docs/prices.csv", "name,price\nnail,2\nscrew,3\n")
    assert shell.ingest("--max-tokens", "16").code == 0
    return shell


def test_a_section_is_printed_whole_below_its_headings(farm):
    ran = farm.run("search", "louder than a dog", "--mode", "text", "--as", "section")
    assert ran.code == 0
    lines = [line.strip() for line in ran.out.splitlines() if line.strip()]
    assert lines[0].startswith("docs/farm.md:")
    assert lines[1:] == [
        "Farm › Geese", "Geese", "Geese guard the yard.", "They are louder than any dog, and awake at night.",
    ]  # fmt: skip


@pytest.mark.parametrize("options", [["--as", "document"], ["--document"]])
def test_a_document_is_one_result_and_says_where_its_hits_stand(farm, options):
    ran = farm.run("search", "geese or wheat", "--mode", "text", "--json", *options)
    assert (ran.json["as"], ran.json["budget"], ran.json["tokens_by"]) == ("document", 1000, "estimate")
    [hit] = ran.json["results"]
    assert hit["text"] == FARM.strip()
    assert {hit["text"][mark["start"] : mark["end"]].split()[1] for mark in hit["hits"]} == {"Geese", "Wheat"}
    assert (hit["unit"], hit["truncated"], hit["shown"]["lines"]) == ("document", False, [1, 13])


def test_what_has_no_room_in_the_budget_is_told(farm):
    ran = farm.run("search", "louder than a dog", "--mode", "text", "--document", "--budget", "20")
    assert "louder" in ran.out
    assert "Everything" not in ran.out
    assert "(part of the document: " in ran.out


@only_deep
def test_a_program_that_has_the_table_open_answers_the_same(farm):
    question = ["search", "geese", "--as", "section", "--mode", "text", "--json"]
    alone = farm.run(*question).json
    with living(farm):
        asked = farm.run(*question).json
    assert alone["results"] == asked["results"]
    assert asked["results"][0]["unit"] == "section"


@only_deep
def test_a_snapshot_answers_with_what_it_had(farm):
    farm.run("tag", "before")
    farm.write("docs/farm.md", FARM.replace("louder", "quieter"))
    farm.ingest("--max-tokens", "16")
    question = ["search", "awake at night", "--mode", "text", "--as", "section"]
    assert "louder" in farm.run(*question, "--at", "before").out
    assert "quieter" in farm.run(*question).out


def test_neighbours_go_with_chunks_alone(farm):
    ran = farm.run("search", "geese", "--as", "section", "--context", "1")
    assert ran.code == 2
    assert "a section has no `context`" in ran.err


@few(2)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--as", "section", "--document"), "`--as section` and `--document` contradict each other"),
        (("--as", "chunk", "--document"), "`--as chunk` and `--document` contradict each other"),
        (("--budget", "100"), "a chunk has no `budget` of 100 tokens"),
        (("--rerank", "judge", "--no-rerank"), "`--rerank judge` and `--no-rerank` contradict each other"),
        (("--rerank", "--no-rerank"), "`--rerank` and `--no-rerank` contradict each other"),
        (("--rerank-candidates", "5"), "nothing reranks the 5 hits"),
        (("--rerank-candidates", "5", "--no-rerank"), "nothing reranks the 5 hits"),
    ],
)
def test_what_contradicts_or_has_no_effect_is_refused(farm, options, said):
    ran = farm.run("search", "geese", *options)
    assert ran.code == 2
    assert said in ran.err


@only_deep
def test_a_document_without_headings_has_no_sections(farm):
    rows = "".join(f"bolt number {number},{number}\n" for number in range(400))
    farm.write("docs/bolts.csv", "name,price\n" + rows)
    farm.ingest("--max-tokens", "64")
    ran = farm.run("search", "bolt number 77", "--mode", "text", "--as", "section", "--budget", "40", "-n", "1")
    assert "(part of the document: " in ran.out


def test_rows_of_a_table_are_lines(farm):
    ran = farm.run("search", "screw", "--mode", "text")
    assert [line.strip() for line in ran.out.splitlines()][1:-1] == ["name | price", "nail | 2", "screw | 3"]

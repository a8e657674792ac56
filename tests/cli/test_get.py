"""`embedingest get`: a person reads what was extracted of a document, all of it or the part that they name."""

from __future__ import annotations

import pytest

from tests import samples
from tests.depth import few, only_deep

WORDS = "\n\n".join(f"## Part {n}\n\nParagraph {n} says this and that of its own." for n in range(40))


@pytest.fixture
def read(shell):
    shell.write("docs/sub/notes.md", f"# Notes\n\n{WORDS}\n")
    shell.write("docs/other.txt", "Another document.")
    shell.write("docs/broken.pdf", b"%PDF-1.4\nnothing of a PDF")
    assert shell.ingest("--max-tokens", "32").code == 1
    return shell


@few(1)
@pytest.mark.parametrize("name", ["docs/sub/notes.md", "sub/notes.md", "notes.md", "notes"])
def test_all_of_a_document_by_its_name_or_the_end_of_it(read, name):
    ran = read.run("get", name)
    assert ran.code == 0
    assert ran.out.strip().split() == f"# Notes {WORDS}".split()


def test_the_chunks_at_some_lines(read):
    ran = read.run("get", "notes.md", "--lines", "5-5", "--json")
    assert "Paragraph 0" in ran.json["text"]
    assert "Paragraph 39" not in ran.json["text"]
    assert ran.json["document"]["lines"][1] > ran.json["shown"]["lines"][1]


@only_deep
def test_what_stands_around_a_hit(read):
    [hit] = read.run("search", "Paragraph 31", "--mode", "text", "-n", "1", "--json").json["results"]
    ran = read.run("get", hit["source"], "--around", hit["id"], "--max-characters", "300", "--json")
    assert hit["text"].strip() in ran.json["text"]
    assert len(ran.json["text"]) <= 300
    assert hit["id"] in [chunk["id"] for chunk in ran.json["chunks"]]


@only_deep
def test_a_long_document_is_told_whole_in_one_piece(read):
    text = "\n\n".join(f"Sentence {n} of a document that is longer than one answer may be." for n in range(2500))
    read.write("docs/long.txt", text)
    read.ingest("--max-tokens", "32")
    ran = read.run("get", "long.txt", "--json")
    assert ran.json["text"].split() == text.split()
    assert ran.json["more"] is None
    numbers = [chunk["chunk_index"] for chunk in ran.json["chunks"]]
    assert numbers == list(range(len(numbers)))


def test_the_headings_and_what_stands_below_one(read):
    outline = read.run("get", "notes.md", "--outline")
    assert outline.code == 0
    first, second, *_ = outline.out.splitlines()
    assert first.startswith("Notes  (lines 1-")
    assert second.startswith("  Part 0  (lines 1-")
    found = read.run("get", "notes.md", "--outline", "--json").json
    assert [each["section"] for each in found["outline"]][:2] == [["Notes"], ["Notes", "Part 0"]]
    assert "text" not in found
    ran = read.run("get", "notes.md", "--section", "part 31")
    assert ran.out.strip() == "## Part 31\n\nParagraph 31 says this and that of its own."
    assert read.run("get", "notes.md", "--section", "Notes > Part 31").out == ran.out


@only_deep
def test_a_section_that_is_not_there_is_refused_with_one_that_is(read):
    ran = read.run("get", "notes.md", "--section", "Prat 31")
    assert ran.code == 2
    assert "has no section `Prat 31`: did you mean `Notes > Part 31`?" in " ".join(ran.err.split())
    ran = read.run("get", "notes.md", "--outline", "--lines", "3-9")
    assert ran.code == 2
    assert "leave out --lines" in " ".join(ran.err.split())


def test_less_than_all_says_what_follows(read):
    ran = read.run("get", "notes.md", "--max-characters", "100")
    assert len(ran.out) <= 101
    assert "more characters follow" in ran.err


@only_deep
@pytest.mark.parametrize("name", ["docs/broken.pdf", "broken.pdf", "broken"])
def test_why_a_document_has_no_text(read, name):
    ran = read.run("get", name, "--json")
    assert (ran.code, ran.json["text"], ran.json["failure"]["source"]) == (0, "", "docs/broken.pdf")
    assert "could not be read the last time" in read.run("get", "docs/broken.pdf").err


def test_a_document_that_is_not_there_is_named_with_one_that_is(read):
    ran = read.run("get", "docs/otter.txt")
    assert (ran.code, "did you mean `docs/other.txt`?" in ran.err) == (2, True)
    assert "search again" in read.run("get", "notes.md", "--around", "0" * 32).err


def test_what_are_no_lines_is_told(read):
    ran = read.run("get", "notes.md", "--lines", "9-3")
    assert (ran.code, "write 12, 12-40 or 12-" in ran.err) == (2, True)


@only_deep
def test_a_document_that_broke_and_left_the_table_says_so(read):
    read.write("docs/mill.pdf", samples.pdf())
    assert read.ingest("--max-tokens", "32").json["files"]["new"] == 1
    read.write("docs/mill.pdf", b"%PDF-1.4\nnothing of a PDF any more")
    read.ingest("--max-tokens", "32")
    ran = read.run("get", "mill.pdf")
    assert ran.code == 0
    assert "the file could not be read the last time" in ran.err
    assert ran.err.rstrip().endswith("; nothing of it is in the table")

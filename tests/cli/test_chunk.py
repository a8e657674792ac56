"""`chunk`: a person sees what would be stored, before anything is."""

from __future__ import annotations

import re

import pytest

GUIDE = "# Guide\n\nWords of the guide.\n\n## Part <one>\n\nMore words & signs.\n"


@pytest.fixture
def chunked(shell):
    def run(*args, name="guide.md", text=GUIDE):
        shell.write(name, text)
        return shell.run("chunk", name, "--model", "hashing", *args)

    return run


def test_every_chunk_shows_its_tokens_lines_offsets_and_headings(chunked):
    ran = chunked("--max-tokens", "16")
    assert ran.code == 0
    assert "read by markdown, cut by structured" in ran.out
    assert re.search(r"#1  \d+ tokens  lines 5-7  characters 30-64  Guide > Part <one>", ran.out)


def test_json_is_one_document_with_everything(chunked):
    document = chunked("--json", "--max-tokens", "16").json
    part = document["documents"][0]
    assert (document["source"], document["loader"], part["title"]) == ("guide.md", "markdown", "Guide")
    assert [each["heading_path"] for each in part["chunks"]] == [["Guide"], ["Guide", "Part <one>"]]
    assert all(GUIDE[each["start"] : each["end"]] == each["text"] for each in part["chunks"])
    assert all(0 < each["tokens"] <= document["capacity"] for each in part["chunks"])


def test_the_page_holds_the_whole_text_and_asks_no_other_host(chunked, shell):
    ran = chunked("--html", "page.html", "--max-tokens", "16")
    page = (shell.folder / "page.html").read_text("utf-8")
    assert ran.out == ""
    assert page.count("<mark class=") == 2
    assert "More words &amp; signs." in page
    assert "Part &lt;one&gt;" in page
    assert "http://" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_settings_of_cutting_are_those_of_ingest(chunked):
    text = "# Guide\n\n" + " ".join(f"word{n}" for n in range(200)) + "\n"
    chunks = chunked("--json", "--max-tokens", "24", "--heading-prefix", text=text).json["documents"][0]["chunks"]
    assert all(each["tokens"] <= 24 for each in chunks)
    assert {each["prefix"] for each in chunks} == {"Guide\n\n"}


def test_attachments_are_documents_of_their_own(chunked):
    from tests import samples

    documents = chunked("--json", name="mill.eml", text=samples.good()["mill.eml"]).json["documents"]
    assert [each["source"] for each in documents] == ["mill.eml", "mill.eml!/notes.md"]


def test_a_file_that_cannot_be_read_says_why(chunked):
    ran = chunked(name="book.pdf", text=b"%PDF-1.4 broken")
    assert ran.code == 1
    assert "book.pdf is damaged" in ran.err

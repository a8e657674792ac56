"""Each document of `data/documents` shows the words that a person reads in it, all of them, in their order and structure.

The door is the command that shows what would be stored: `embedingest chunk FILE --model hashing`.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Shell
from tests.ingest.load.shown import blocks

DATA = Path(__file__).parents[2] / "data"
DOCUMENTS = DATA / "documents"
EXPECTED = yaml.safe_load((DATA / "documents.yaml").read_text("utf-8"))
KNOWN = {
    "title", "metadata", "notices", "children", "blocks", "lines", "text", "chunks", "chunk_count",
    "every_chunk_begins", "every_chunk_has",
}  # fmt: skip


@pytest.fixture
def chunk(tmp_path, monkeypatch, capfd):
    """The documents that one file is stored as, by their names below the file's."""
    monkeypatch.chdir(tmp_path)

    def run(name):
        ran = Shell(tmp_path, capfd).run("chunk", str(DOCUMENTS / name), "--model", "hashing", "--json")
        assert ran.code == 0, ran.err
        return {each["source"].partition("!/")[2]: each for each in ran.json["documents"]}

    return run


def test_every_document_has_an_answer_and_every_answer_is_compared():
    truths = {lines["of_the_file"] for each in EXPECTED.values() if isinstance(lines := each.get("lines"), dict)}
    assert {file.name for file in DOCUMENTS.iterdir()} == set(EXPECTED) | {"timetable.truth"}
    assert "timetable.truth" in truths
    for expected in EXPECTED.values():
        for each in [expected, *expected.get("children", {}).values()]:
            assert set(each) <= KNOWN
            assert len({"blocks", "lines", "text"} & set(each)) == 1


@pytest.mark.parametrize("name", EXPECTED)
def test_a_document_shows_what_a_person_reads_in_it(name, chunk):
    documents, expected = chunk(name), EXPECTED[name]
    wanted = {"": expected, **expected.get("children", {})}
    assert list(documents) == list(wanted)
    for inner, document in documents.items():
        assert_words(document, wanted[inner], name)
        assert document["title"] == wanted[inner].get("title")
        assert document["notices"] == wanted[inner].get("notices", {})
        assert document["metadata"].items() >= wanted[inner].get("metadata", {}).items()
        assert_chunks(document["chunks"], wanted[inner])


def assert_words(document, expected, name):
    """Chunks overlap nowhere and what lies between them is blank, so all of them are the whole text."""
    texts = [chunk["text"] for chunk in document["chunks"]]
    if "blocks" in expected:
        assert document["markup"] == "markdown"
        assert blocks("\n\n".join(texts)) == [as_shown(block) for block in expected["blocks"]]
    elif "text" in expected:
        assert "\n\n".join(texts) == expected["text"].rstrip("\n")
    else:
        assert words_by_line("\n".join(texts)) == wanted_lines(expected["lines"], name)


def as_shown(block):
    return " ".join(block.split()) if isinstance(block, str) else block


def words_by_line(text):
    return [words for line in text.split("\n") if (words := line.split())]


def wanted_lines(lines, name):
    """The words of each line, as they are told or as the file, or another one, has them."""
    if isinstance(lines, list):
        return words_by_line("\n".join(lines))
    other = DOCUMENTS / lines["of_the_file"]
    data = (other if other.exists() else DOCUMENTS / name).read_bytes()
    data = gzip.decompress(data) if name.endswith(".gz") else data
    found = words_by_line(data.decode("ascii" if other.exists() else lines["of_the_file"]))
    assert len(found) == lines["count"]
    assert "first" not in lines or found[0] == lines["first"].split()
    return found


def assert_chunks(chunks, expected):
    for chunk in chunks:
        assert re.match(expected.get("every_chunk_begins", ""), chunk["text"])
        assert expected.get("every_chunk_has", "") in chunk["prefix"] + chunk["text"]
    fewest, most = expected.get("chunk_count", [1, len(chunks)])
    assert fewest <= len(chunks) <= most
    if "chunks" in expected:
        found = [place(chunk, wanted) for chunk, wanted in zip(chunks, expected["chunks"], strict=True)]
        assert found == expected["chunks"]


def place(chunk, wanted):
    """Of a chunk what `wanted` tells: its page, lines of the file, headings, spans and first words."""
    told = {
        **chunk["metadata"],
        "page": chunk["page"],
        "lines": [chunk["line_start"], chunk["line_end"]],
        "headings": chunk["heading_path"],
        "begins": chunk["text"][: len(wanted["begins"])],
    }
    return {key: told.get(key) for key in wanted}

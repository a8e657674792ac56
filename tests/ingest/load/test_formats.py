"""One sound file of every format becomes the text a person would write down, with what lineage it has."""

import gzip
import re

import pytest

from embedingest import registry
from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.chunk.choose import chunker_for
from embedingest.ingest.load.inner import load_inner
from embedingest.types import Span
from tests import samples
from tests.ingest.load.sheets import at, body, book

GOOD = samples.good()


def load(name, loader=None, **settings):
    if loader is None:
        return load_inner(GOOD[name], name, name)
    return registry.load("loaders", loader)(**settings).load(GOOD[name], name)


TEXTS = {
    "mill.docx": "# Opening the gate\n\nLift the gate by one hand’s breadth.\n\n- one\n- two\n\n## Tools\n\n"
    "| tool | count |\n| --- | --- |\n| rake | 1 |\n\nkept\n",
    "mill.pptx": "# First\n\n- water\n- wheel\n\nNotes: Speak slowly.\n\n# Second\n\nonly line\n",
    "mill.xlsx": "miller | sacks\nAnn | 3\n\nBo | 2.5\n",
    "mill.odt": "# Gate\n\nLift  it slowly.\n\n- one\n\n| a | b |\n| --- | --- |\n",
    "mill.epub": "# One\n\nWater.\n\n# Two\n\nWheel.\n",
    "mill.ipynb": "# Mill\n\nWords.\n\n```python\nprint(1)\n```\n",
    "mill.pdf": "The mill\nWater turns the wheel.\n\n",
    "mill.tex": "# The mill\n\nHenrik\n\n## Opening\n\nLift the gate by 50% as [x] says: café, Müller.\n\n- one\n- two\n\n### Listing\n\n"
    "```\nx = {1} % kept\n```\n\n$e = mc^2$ stays.\n",
    "mill.srt": "Water turns\nthe wheel.\nThe wheel.\n",
    "mill.vtt": "Water turns.\n",
    "mill.csv": "miller | sacks\nAnn | 3\nBo, the younger | 2\n",
    "mill.tsv": "miller | sacks\nAnn | 3\n",
    "mill.json": '{"mill": {"wheels": 2}}\n',
    "mill.jsonl": '{"a":1}\n{"b":"ü"}\n',
    "mill.yaml": "mill:\n  wheels: 2  # two\n",
    "mill.txt.gz": "Water turns the wheel.\n",
}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_text_of(name):
    assert load(name).text == TEXTS[name]


@pytest.mark.parametrize(
    ("name", "title"),
    [("mill.docx", "The mill"), ("mill.pptx", "The mill"), ("mill.odt", "Gate"), ("mill.epub", "The mill"),
     ("mill.ipynb", "Mill"), ("mill.tex", "The mill"), ("mill.eml", "The mühle")],
)  # fmt: skip
def test_the_title_of(name, title):
    assert load(name).title == title


def test_slides_count_from_one_in_the_order_of_the_show():
    assert [(span.kind, span.value) for span in load("mill.pptx").spans] == [("slide", 1), ("slide", 2)]
    assert "Speak" not in load("mill.pptx", "pptx", notes=False).text


def test_a_sheet_knows_its_name_its_header_and_its_first_row():
    assert load("mill.xlsx").spans == (
        Span(0, 15, "header", "miller | sacks"),
        Span(0, 33, "sheet", "Mills"),
        Span(0, 33, "first_row", 2),
    )


def test_a_header_is_words_only():
    rows = registry.load("loaders", "csv")().load(b"1,2\n3,4\n", "x.csv")
    assert [span.kind for span in rows.spans] == ["first_row"]


def test_semicolons_and_bars_are_found():
    load_csv = registry.load("loaders", "csv")().load
    assert load_csv(b"a;b\n1,5;2\n2,5;3\n", "x.csv").text == "a | b\n1,5 | 2\n2,5 | 3\n"


def test_chapters_say_their_file():
    spans = load("mill.epub").spans
    assert [(span.kind, span.value) for span in spans] == [
        ("chapter", "OEBPS/one.xhtml"),
        ("chapter", "OEBPS/two b.xhtml"),
    ]


def test_outputs_of_a_notebook_are_counted_or_kept():
    assert load("mill.ipynb").notices == {"outputs_left_out": 2}
    assert "```output\n1\n```" in load("mill.ipynb", "notebook", outputs=True).text


def test_cells_count_from_one():
    assert [span.value for span in load("mill.ipynb").spans] == [1, 2]


def test_a_message_gives_its_headers_and_its_attachments():
    document = load("mill.eml")
    assert document.text.endswith("Date: Mon, 01 Apr 2024 10:00:00 +0000\n\nWater is über all.\n")
    assert document.metadata["message_id"] == "<m1@example.org>"
    assert [(child.source, child.text) for child in document.children] == [
        ("mill.eml!/notes.md", "# Attached\n\nwords")
    ]
    assert document.notices == {"inner_binary": 1}
    assert load("mill.eml", "mail", attachments=False).notices == {"attachments_left_out": 2}


def test_a_mailbox_has_a_section_for_each_message():
    document = load("mill.mbox")
    assert document.metadata == {"messages": 3}
    assert [span.value for span in document.spans if span.kind == "message"] == [
        f"<l{number}@example.org>" for number in (1, 2, 3)
    ]
    assert "\nFrom here on it is quoted." in document.text


def test_cues_know_their_time():
    spans = load("mill.srt").spans
    assert [span.value for span in spans if span.kind == "time"] == ["00:00:01", "00:00:01", "00:01:02"]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_chunk_names_a_line_of_the_file_or_none(name):
    document = load(name)
    chunks = registry.load("chunkers", chunker_for(document))().chunk(document, HashingSizer(12))
    suffix = name.rpartition(".")[2]
    assert document.has_lines is (suffix in {"srt", "vtt", "csv", "tsv", "json", "jsonl", "yaml", "gz"})
    if not document.has_lines:
        assert {(chunk.line_start, chunk.line_end) for chunk in chunks} == {(None, None)}
        return
    lines = (gzip.decompress(GOOD[name]) if suffix == "gz" else GOOD[name]).decode().splitlines()
    for chunk in chunks:
        word = re.search(r"\w+", chunk.text)
        assert word is None or word[0] in lines[chunk.line_start - 1]
        assert chunk.line_start <= chunk.line_end <= len(lines)


def test_rows_below_a_cell_of_several_lines_keep_their_line():
    document = registry.load("loaders", "csv")().load(b'\na,b\n1,"x\ny\nz"\n2,w\n3,"p\nq"\n', "x.csv")
    chunks = registry.load("chunkers", "rows")().chunk(document, HashingSizer(6))
    assert [(chunk.text, chunk.line_start) for chunk in chunks][-3:] == [("1 | x y z", 3), ("2 | w", 6), ("3 | p q", 7)]


def test_json_that_is_indented_here_has_no_lines():
    assert not registry.load("loaders", "json")().load(b'{"a": "' + b"x" * 9000 + b'"}', "x.json").has_lines


def test_pdf_pages_and_outline():
    pages = [["Opening", "words on the first page."], ["more words.", "1.2  Closing", "last words."]]
    data = samples.pdf(pages, outline=[("Opening", 0), ("Closing", 1)])
    document = registry.load("loaders", "pdf")().load(data, "x.pdf")
    assert [(span.start, span.kind, span.value) for span in document.spans] == [
        (0, "page", 1),
        (34, "page", 2),
        (0, "heading", "Opening"),
        (document.text.index("1.2"), "heading", "Closing"),
    ]


def test_running_heads_of_a_pdf_are_left_out_and_counted():
    texts = [[f"{chr(97 + p) * (n + 3)} words" for n in range(6)] for p in range(1, 9)]
    pages = [
        [at(72, 750, "The Mill Book"), *body(text), at(72, 40, f"Page {p}")] for p, text in enumerate(texts, start=1)
    ]
    load_pdf = registry.load("loaders", "pdf")
    document = load_pdf().load(book(pages), "x.pdf")
    assert document.text.count("The Mill Book") == 1
    assert document.notices == {"running_lines": 15}
    assert load_pdf(running_lines=True).load(book(pages), "x.pdf").text.count("The Mill Book") == 8


def test_a_pdf_opens_with_its_password():
    document = registry.load("loaders", "pdf")(password="secret").load(samples.pdf(encrypt=True), "x.pdf")
    assert document.text == TEXTS["mill.pdf"]


def test_archives_are_folders_where_a_setting_says_so():
    document = load("mill.zip", "archive")
    assert [(child.source, child.text) for child in document.children] == [
        ("mill.zip!/a/notes.md", "# Notes\n\nwords\n"),
        ("mill.zip!/b.txt", "words\n"),
    ]


def test_unsafe_members_of_archives_are_left_out_and_counted():
    archive = registry.load("loaders", "archive")()
    document = archive.load(samples.tar(**{"ok.txt": b"ok", "../../evil.txt": b"no", "/etc/x.txt": b"no"}), "x.tar")
    assert [child.source for child in document.children] == ["x.tar!/ok.txt"]
    assert document.notices == {"unsafe_names": 2, "special_members": 1}


def test_members_of_one_name_are_told_apart():
    data = samples.zipped({"a.txt": "one"})
    with pytest.warns(UserWarning, match="Duplicate"):
        data = samples.appended(data, "a.txt", "two")
    document = registry.load("loaders", "archive")().load(data, "x.zip")
    assert [child.source for child in document.children] == ["x.zip!/a.txt", "x.zip!/a.txt (2)"]


def test_json_on_one_endless_line_is_indented():
    data = b'{"mills": [' + b", ".join(b'{"name": "mill %d"}' % n for n in range(500)) + b"]}"
    text = registry.load("loaders", "json")().load(data, "x.json").text
    assert text.startswith('{\n  "mills": [\n    {\n      "name": "mill 0"\n')

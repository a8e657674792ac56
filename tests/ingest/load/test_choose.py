"""Each file finds its loader by settings, by unmistakable content, by suffix, in this order."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from embedingest import registry
from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.choose import HEAD_BYTES, REFUSED, SUFFIXES, choose


@pytest.mark.parametrize(
    ("name", "head", "loader"),
    [
        ("docs/guide.md", b"# Guide", "markdown"),
        ("docs/GUIDE.MD", b"# Guide", "markdown"),
        ("docs/index.rst", b"Title\n=====\n", "text"),
        ("page.html", b"<p>", "html"),
        ("src/main.rs", b"fn main() {}", "code"),
        ("src/Makefile", b"all:", "code"),
        ("README", b"words", "text"),
        ("notes.unknown", b"words", "text"),
        ("page", b"\n<!DOCTYPE html><html>", "html"),
        ("run", b"#!/bin/sh\necho", "code"),
        ("empty.txt", b"", "text"),
    ],
)
def test_names_and_first_bytes_pick_the_loader(name, head, loader):
    assert choose(name, head) == loader


DITA = (
    b'<!DOCTYPE concept PUBLIC "-//OASIS//DTD DITA Concept//EN" "concept.dtd">\n<concept id="a">' + b"<p>a</p>" * 2000
)


@pytest.mark.parametrize(
    ("name", "head", "loader"),
    [
        ("mill.dita", b"<concept/>", "xml"),
        ("mill", DITA, "xml"),
        ("mill.unknown", b"<!-- ours --><order><line>Corn</line></order>\n", "xml"),
        ("mill.unknown", "<order><line>K\xf6rner</line></order>".encode("utf-16"), "xml"),
        ("mill.unknown", b"<order><line>Corn</line>" + b"<line>Rye</line>" * 500, "xml"),
        ("notes", b"<b>Two</b> elements and <i>words</i>", "text"),
        ("notes", b"<mill> is what stands at the river", "text"),
        ("notes", b"<!DOCTYPE html SYSTEM 'about:legacy-compat'><title>a</title>", "html"),
    ],
)
def test_xml_is_known_without_a_declaration_and_what_only_looks_so_is_text(name, head, loader):
    assert choose(name, head[:HEAD_BYTES]) == loader


def test_settings_come_first_and_the_first_match_wins():
    loaders = {"*/notes/*.md": "text", "*.md": "html"}
    assert choose("root/notes/a.md", b"", loaders) == "text"
    assert choose("root/b.md", b"", loaders) == "html"


@pytest.mark.parametrize(
    ("name", "head", "word"),
    [
        ("photo.txt", b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        ("tool", b"\x7fELF\2\1\1\0", "ELF"),
        ("blob.dat", b"\0\1\2\3", "binary"),
        ("film.mov", b"\0\0\0\x18ftypqt  ", "film"),
    ],
)
def test_what_nothing_here_reads_is_skipped_by_name_and_reason(name, head, word):
    with pytest.raises(DocumentSkipped, match=word) as caught:
        choose(name, head)
    assert caught.value.code == "binary"
    assert name in caught.value.message


def test_the_table_of_suffixes_says_what_the_loaders_say():
    by_loader = {}
    for suffix, loader in SUFFIXES.items():
        by_loader.setdefault(loader, set()).add(suffix)
    assert by_loader == {name: set(registry.load("loaders", name)().suffixes) for name in by_loader}


@pytest.mark.parametrize(
    ("name", "data", "loader"),
    [
        ("otto.txt", b"OTTO GmbH, Bestellung vom 3. Mai\nEin Stuhl.\n", "text"),
        ("ids.txt", b"ID3 and ID4 are columns.\n", "text"),
        ("par.csv", b"PAR1,PAR2\n1,2\n", "csv"),
        ("gif.md", b"GIF89a is a format.\n", "markdown"),
        ("arrow.txt", b"ARROW1 points left.\n", "text"),
        ("ogg.txt", "OggS; größer\n".encode("cp1252"), "text"),
        ("bz.log", b"BZh91AY started\n", "text"),
        ("notes.md", b"# PDF\n\nEvery file begins with `%PDF-1.7`.\n", "markdown"),
        ("mail.txt", b"The head is %PDF-1.4\n", "text"),
        ("mail.log", b"%PDF-1.4 is what the file began with\nGiven up.\n", "text"),
        ("noname", b"%PDF- is its mark", "text"),
        ("noname", b"%PDF-1.4 %\n1 0 obj\n<< >>", "pdf"),
        ("noname", b"<?xml is how XML begins, words", "text"),
        ("noname", b"<?xml version='1.0'?>\n<r>words</r>", "xml"),
        ("mp4.txt", b"MP4 ftyp boxes come first.\n", "text"),
        ("note.txt", b"{\\rtf1 is how RTF begins. This is a note.\nNothing else.\n", "text"),
        ("note.md", b"{\\rtf1\\ansi is the head that a reader looks for.\n", "markdown"),
        ("noname", b"{\\rtf is its mark", "text"),
        ("short.txt", b"{\\rtf1 Hello}\r\n", "rtf"),
        ("cut.doc", b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0\\fswiss Arial;}}\\pard Water", "rtf"),
        ("cut.rtf", b"{\\rtf1 Wat", "rtf"),
        ("tar.txt", b"x" * 257 + b"ustar is a format of tar.\n", "text"),
        ("late.pdf", b"X-Header: 1\n%PDF-1.4\n", "pdf"),
        ("noname", b"\xef\xbb\xbf%PDF-1.4\n", "pdf"),
        ("a.slk", b"ID;P is how such a table begins.\n", "text"),
        ("noname", b"\0\1junk%PDF-1.4\n", "pdf"),
    ],
)
def test_a_magic_word_at_the_beginning_of_a_text_is_a_word(name, data, loader):
    assert choose(name, data) == loader


@pytest.mark.parametrize(
    "data",
    [
        b"OTTO\0\x0b\0\x80\0\x03",
        b"ID3\3\0\0\0\0\0\0",
        b"PAR1\x15\4\x15\x10",
        b"GIF89a\x10\0\x10\0",
        b"OggS\0\2\0\0",
        b"\0\0\0\x18ftypmp42",
        b"RIFF\x24\0\0\0WAVEfmt ",
    ],
)
def test_the_same_word_before_bytes_of_no_text_is_refused(data):
    with pytest.raises(DocumentSkipped):
        choose("file.txt", data)


@pytest.mark.parametrize(
    ("name", "head", "what", "remedy"),
    [
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Word document", "DOCX"),
        ("a.PPT", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "PowerPoint", "PPTX"),
        ("a.mpp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office 97-2003", "current format"),
        ("a.pages", b"PK\x03\x04Index/Document.iwa", "Apple iWork", "DOCX"),
        ("a.slk", b'ID;PSCALC3\r\nC;X1;Y1;K"Mill"\r\nE\r\n', "control words", "CSV"),
        ("a.dif", b'TABLE\n0,1\n"a"\nVECTORS\n', "control words", "CSV"),
    ],
)
def test_a_format_that_is_not_read_is_named_with_the_way_out(name, head, what, remedy):
    with pytest.raises(DocumentSkipped, match=what) as caught:
        choose(name, head)
    assert caught.value.code == "unsupported"
    assert remedy in caught.value.remedy


def test_the_page_of_formats_has_every_suffix_that_is_taken_or_refused():
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = page.partition("| Suffix | Loader |")[2].partition("<!-- end -->")[0].split("\n")[2:]
    told = {
        name: row.split("|")[2].strip(" `")
        for row in rows
        for name in re.findall(r"`([^`]+)`", row.split("|")[1] if row else "")
    }
    assert told == SUFFIXES | dict.fromkeys(REFUSED, "")


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_that_holds_an_office_file_is_an_archive(packing):
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with zipfile.ZipFile(outer, "w", packing) as archive:
        archive.writestr("notes.txt", "words")
        archive.writestr("letters/may.docx", inner.getvalue())
    assert choose("may", inner.getvalue()) == "docx"
    with pytest.raises(DocumentSkipped) as skipped:
        choose("letters.zip", outer.getvalue())
    assert skipped.value.code == "archive"

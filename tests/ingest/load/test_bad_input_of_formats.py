"""Documents after every kind of fault, and small files of formats with parts in parts, cut short or with bytes changed."""

import io
import zipfile

import pytest

from embedingest.ingest.load.inner import load_inner
from tests.depth import few, only_deep
from tests.ingest.load.markup.test_rtf_lists import FONTS, LISTS
from tests.ingest.load.test_bad_input import damaged, read_or_refuse
from tests.ingest.load.test_choose import DITA
from tests.ingest.load.test_epub import archive_with_contents
from tests.ingest.load.test_handed import DOCUMENTS
from tests.ingest.load.test_sheets import odf_rows
from tests.ingest.load.test_sheets_of_opendocument import flat

BOX = "<table:shapes><draw:frame><draw:text-box><text:p>Boxed</text:p></draw:text-box></draw:frame></table:shapes>"
FORM = r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1}}}{\fldrslt}}{\mmath{\*\moMath{\mr x}}}"
NOTES = r"A\footnote[7]{Seven \textbf{b}.} c\footnotemark[2] d\footnotetext[2]{Two.}\begin{thebibliography}{9}\bibitem{k} K.\end{thebibliography}"
FILES = {
    "lists.rtf": rf"{{\rtf1\ansi{LISTS}{FONTS}\pard\ls1 Corn\par\pard\ls2\ilvl1 Rye\par\pard\f1 a\line b\par\pard 4{{\super a}}{{\footnote{{\super a}} N.}}{FORM}\par}}".encode(
        "latin-1"
    ),
    "flat.fods": flat(f'<table:table table:name="A">{BOX}{odf_rows(["a", "b"], ["1", "2"])}</table:table>'),
    "named.epub": archive_with_contents("ncx", [("c0.xhtml", "One"), ("c1.xhtml#a", "Two")], "<p>First.</p>", "<p id='a'>Second.</p>"),
    "mill.dita": DITA[:1500],
    "notes.tex": NOTES.encode(),
    "gap.vtt": b"WEBVTT\n\n1\n00:01.000 --> 00:02.000\n<v Ann>a</v> <v Bo>b</v>\n\nmore\n\nNOTE x\n\n00:03.000 --> 00:04.000\nc\n",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_damaged_file_is_read_in_part_or_refused_with_a_reason(name):
    assert load_inner(FILES[name], name, name).text
    for data in damaged(FILES[name], name):
        read_or_refuse(data, name)


@few(30)
@pytest.mark.parametrize("file", sorted(DOCUMENTS.iterdir()), ids=lambda file: file.name)
def test_a_damaged_document_is_read_in_part_or_refused_with_a_reason(file):
    for data in damaged(file.read_bytes(), file.name):
        read_or_refuse(data, file.name)


@only_deep
@pytest.mark.parametrize("file", sorted(filter(zipfile.is_zipfile, DOCUMENTS.iterdir())), ids=lambda file: file.name)
def test_a_document_with_a_damaged_part_is_read_in_part_or_refused_with_a_reason(file):
    """A damaged archive is mostly refused before its parts are read, so each part is damaged and packed anew."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, part in parts.items():
        for bent in damaged(part, f"{file.name} {name}"):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for each, data in (parts | {name: bent}).items():
                    archive.writestr(each, data)
            read_or_refuse(packed.getvalue(), file.name)

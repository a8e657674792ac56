"""Pictures of old and new kinds and files within Office files are counted, since nothing here reads them."""

import pytest

from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.opendocument import create as create_odf
from embedingest.ingest.load.rtf import RtfLoader
from embedingest.ingest.load.word import create_docx
from tests import samples
from tests.ingest.load.test_opendocument import NAMES

W = f'xmlns:w="{samples.W}"'
V = 'xmlns:v="urn:schemas-microsoft-com:vml"'
OLD = "<w:r><w:pict><v:shape {}><v:imagedata/></v:shape></w:pict></w:r>"
OBJECT = "<w:r><w:object><v:shape><v:imagedata/></v:shape></w:object></w:r>"


def word(runs, **links):
    body = f"<w:p {W} {V}><w:r><w:t>Host.</w:t></w:r>{runs}</w:p>"
    parts = {"word/_rels/document.xml.rels": samples.relations(**links)} if links else {}
    return create_docx().load(samples.docx(body, **parts), "a.docx")


def test_old_pictures_of_word_are_counted_unless_words_stand_for_them():
    assert word(OLD.format("")).notices == {"skipped_images": 1}
    said = word(OLD.format('alt="A wheel"'))
    assert (said.notices, "A wheel" in said.text) == ({}, True)


def test_files_within_a_word_document_are_told_and_their_pictures_are_no_others():
    links = {
        "a": ("package", "embeddings/a.xlsx"),
        "b": ("oleObject", "embeddings/b.bin"),
        "c": ("image", "media/c.emf"),
    }
    assert word(OBJECT * 2, **links).notices == {"embedded_files": 2}


def test_files_within_other_documents_are_told():
    rich = RtfLoader().load(
        rb"{\rtf1\ansi Host {\object\objemb{\*\objclass Excel.Sheet.12}{\*\objdata 0105}{\result }}.\par}", "a.rtf"
    )
    assert rich.notices == {"embedded_files": 1}
    body = "<text:p>Host.<draw:frame><draw:object-ole/></draw:frame></text:p>"
    content = f"<office:document-content {NAMES}><office:body>{body}</office:body></office:document-content>"
    open_ = create_odf().load(samples.zipped({"content.xml": content}), "a.odt")
    assert (open_.text, open_.notices) == ("Host.\n", {"embedded_files": 1})


@pytest.mark.parametrize("name", ["a.pptx", "a.xlsx"])
def test_files_within_slides_and_sheets_are_told(name):
    make, path = {
        "a.pptx": (samples.pptx, "ppt/slides/_rels/slide1.xml.rels"),
        "a.xlsx": (samples.xlsx, "xl/worksheets/_rels/sheet1.xml.rels"),
    }[name]
    data = samples.appended(make(), path, samples.relations(a=("oleObject", "../embeddings/a.bin")))
    assert load_inner(data, name, name).notices["embedded_files"] == 1

"""What lies in a file, at whatever depth, shares one budget of bytes and of members; XML entities are refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.budget import MAX_MEMBERS, Budget, shared
from embedingest.ingest.load.common.zipped import refuse_entities, xml_root
from embedingest.ingest.load.compressed import ArchiveLoader, GzipLoader
from embedingest.ingest.load.epub import EpubLoader
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.mail import MailLoader
from embedingest.ingest.load.opendocument import OpenDocumentLoader
from embedingest.ingest.load.sheets import SheetLoader
from embedingest.ingest.load.word import create_docx
from tests import samples
from tests.depth import only_deep

ENTITIES = {
    "general": '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    "parameter": '<!DOCTYPE r [<!ENTITY % p "<!ELEMENT r ANY>"> %p;]>',
    "external": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "external parameter": '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://example.invalid/x.dtd"> %x;]>',
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "cp1252", "cp037"]


def declared(declaration, encoding, body="<r>words</r>"):
    name = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(encoding, encoding)
    return f'<?xml version="1.0" encoding="{name}"?>{declaration}{body}'.encode(encoding)


def code_of(load, *arguments):
    with pytest.raises(DocumentError) as failed:
        load(*arguments)
    return failed.value.code


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ENTITIES)
def test_entities_are_refused_in_any_encoding(kind, encoding):
    data = declared(ENTITIES[kind], encoding)
    # What the parser does not understand it does not expand either.
    assert code_of(xml_root, data, "a") in ({"bomb"} if encoding != "cp037" else {"bomb", "corrupt"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_xml_without_entities_is_read_in_the_encoding_it_names(encoding):
    assert (
        xml_root(declared("<!DOCTYPE r>", encoding, "<r>Mühle &amp; &lt;!ENTITY</r>"), "a").text == "Mühle & <!ENTITY"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_every_container_of_xml_refuses_them(encoding):
    bad = declared(ENTITIES["general"], encoding)
    assert code_of(create_docx().load, samples.zipped({"word/document.xml": bad}), "a.docx") == "bomb"
    assert code_of(OpenDocumentLoader().load, samples.zipped({"content.xml": bad}), "a.odt") == "bomb"
    assert code_of(OpenDocumentLoader().load, bad, "a.fodt") == "bomb"
    assert code_of(load_inner, bad, "a.fodt", "a.fodt") == "bomb"
    assert code_of(EpubLoader().load, samples.zipped({"META-INF/container.xml": bad}), "a.epub") == "bomb"
    assert code_of(SheetLoader().load, samples.zipped({"xl/workbook.xml": bad}), "a.xlsx") == "bomb"


def test_what_is_no_xml_is_left_to_its_reader():
    refuse_entities(b"<r", "a")
    refuse_entities(b"\xff\xfe\0", "a")


def test_a_budget_inside_another_draws_on_both():
    with pytest.raises(DocumentError, match="outer unpacks to more"), shared("outer", 100):  # noqa: PT012 -- two claims
        Budget("inner", 1000).take(60)
        with pytest.raises(DocumentError, match="outer unpacks to more"):
            Budget("inner", 1000).take(60)
    with pytest.raises(DocumentError, match="holds more than 65,536 parts"), shared("outer") as outer:  # noqa: PT012
        outer.count(MAX_MEMBERS - 1)
        Budget("inner").count(2)
    Budget("another").take(1000)


def test_archives_in_archives_in_mail_share_one_budget():
    words = f"<r>{'a ' * 300_000}</r>"
    book = samples.zipped({"content.xml": words})
    archive = samples.zipped({"a.odt": book, "b.odt": book})
    assert len(ArchiveLoader(max_unpacked_bytes=2 * 10**6).load(archive, "a.zip").children) == 2
    assert code_of(ArchiveLoader(max_unpacked_bytes=10**6).load, archive, "a.zip") == "bomb"
    for load, data in [(ArchiveLoader().load, archive), (GzipLoader().load, gzip.compress(b"a " * 10**6))]:
        with pytest.raises(DocumentError, match="mail unpacks to more"), shared("mail", 10**6):
            load(data, "a.txt.gz")


def test_gzip_within_gzip_ends_at_some_depth():
    data = b"words"
    for _ in range(50):
        data = gzip.compress(data)
    assert code_of(GzipLoader().load, data, "a.txt" + ".gz" * 50) == "nested"
    assert GzipLoader().load(gzip.compress(gzip.compress(b"words")), "a.txt.gz.gz").text == "words"


def test_members_of_an_archive_are_bounded_whatever_holds_it():
    folder = tarfile.TarInfo("folder")
    folder.type = tarfile.DIRTYPE
    tar = gzip.compress(folder.tobuf() * 51 + bytes(1024), 1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(51):
            archive.writestr(zipfile.ZipInfo(str(number)), b"")
    for data, name in ((tar, "a.tgz"), (packed.getvalue(), "a.zip")):
        with shared("outer", members=51):
            assert ArchiveLoader().load(data, name).notices == {}
        with pytest.raises(DocumentError, match="outer holds more than 50 parts"), shared("outer", members=50):
            ArchiveLoader().load(data, name)


@only_deep
def test_attachments_beyond_a_number_are_counted():
    part = "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=x.txt\n\nhi\n"
    mail = "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + part * 2010 + "--b--\n"
    document = MailLoader().load(mail.encode(), "a.eml")
    assert len(document.children) == 2000
    assert document.notices["attachments_left_out"] == 10

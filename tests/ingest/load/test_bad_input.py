"""Files that are broken, hostile or mislabelled: each is read right, or refused alone with its reason."""

import random
import sys
import time

import pytest

from embedingest import registry
from embedingest.errors import DocumentError
from embedingest.ingest.chunk.choose import chunker_for
from embedingest.ingest.extract.bounds import bounded_document
from embedingest.ingest.load.choose import SUFFIXES
from embedingest.ingest.load.inner import each_document, load_inner
from tests import samples
from tests.depth import few, only_deep
from tests.ingest.load.pumps import WordSizer

BAD = samples.bad()
ODD = samples.odd()
LIMIT_SECONDS = 10


@few(12)
@pytest.mark.parametrize("name", sorted(BAD))
def test_refused_with_its_reason(name):
    data, code = BAD[name]
    data = data() if callable(data) else data
    start = time.process_time()
    with pytest.raises(DocumentError) as caught:
        load_inner(data, f"folder/{name}", name)
    assert caught.value.code == code
    assert caught.value.source == f"folder/{name}"
    assert name in caught.value.message
    assert time.process_time() - start < LIMIT_SECONDS


@pytest.mark.parametrize("name", sorted(ODD))
def test_read_all_the_same(name):
    data, words = ODD[name]
    start = time.process_time()
    assert words in load_inner(data, name, name).text
    assert time.process_time() - start < LIMIT_SECONDS


@only_deep
def test_ten_thousand_pages_are_read_each_with_its_number():
    data = samples.pdf(pages=[[f"page {n} of the mill book"] for n in range(1, 10_001)])
    start = time.process_time()
    document = load_inner(data, "long.pdf", "long.pdf")
    assert time.process_time() - start < 6 * LIMIT_SECONDS
    pages = [span for span in document.spans if span.kind == "page"]
    assert [span.value for span in pages] == list(range(1, 10_001))
    last = pages[-1]
    assert document.text[last.start : last.end].strip() == "page 10000 of the mill book"


@pytest.mark.parametrize(
    ("name", "module", "command"),
    [
        ("mill.pdf", "pypdfium2", "pip install 'pypdfium2'"),
        ("mill.xlsx", "python_calamine", "pip install 'python-calamine'"),
    ],
)
def test_a_missing_library_is_told_with_the_command_that_installs_it(name, module, command, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DocumentError) as caught:
        load_inner(samples.good()[name], name, name)
    assert caught.value.code == "missing_extra"
    assert caught.value.remedy.startswith(command)


PARTS = sorted({suffix for suffix in SUFFIXES if suffix.startswith(".")})


@few(60)
@pytest.mark.parametrize("suffix", PARTS)
def test_any_bytes_under_any_suffix_fail_alone_or_are_read(suffix):
    """Halves of sound files and noise under every suffix: a document or a DocumentError, nothing else."""
    noise = bytes((n * 37 + n // 7) % 256 for n in range(900))
    pieces = [b"", b"\0", b"\xff\xfe", b"<", b"{", b"PK\x03\x04", b"%PDF-1.7", b"words " * 40, noise]
    pieces += [data[: len(data) // 2] for name, data in samples.good().items() if name.endswith(suffix)]
    for data in pieces:
        assert _code(data, f"x{suffix}") in {"", "binary", "corrupt", "archive", "empty", "unsupported", "encrypted"}


def damaged(data, name):
    """Cut at each tenth, with one byte of a hundred changed, and with a few."""
    yield from (data[: len(data) * tenth // 10] for tenth in range(10))
    for seed, share in enumerate((100, 100, 1000, 1000, 1000)):
        chance, bent = random.Random(f"{name} {seed}"), bytearray(data)
        for _ in range(1 + len(data) // share):
            bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        yield bytes(bent)


def read_or_refuse(data, name):
    """Loads and cuts a file and what is in it, or finds a reason; what else is raised fails the test."""
    try:
        documents = list(map(bounded_document, each_document(load_inner(data, name, name), name)))
    except DocumentError as error:
        assert error.message
        return
    for document in documents:
        registry.load("chunkers", chunker_for(document))().chunk(document, WordSizer())


@pytest.mark.parametrize("name", sorted(name for name, data in samples.good().items() if len(data) < 100_000))
def test_a_damaged_file_is_read_in_part_or_refused_with_a_reason(name):
    for data in damaged(samples.good()[name], name):
        read_or_refuse(data, name)


def test_what_zip_says_of_its_parts_is_told_apart():
    """A password, a way of packing that is not known, a place that lies before the file."""
    data = samples.good()["mill.docx"]
    entry = b"PK\x01\x02\x14\x03\x14\0"  # flags and packing follow
    locked = data.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\x01\0").replace(entry + b"\0", entry + b"\x01")
    unknown = data.replace(entry + b"\0\0\x08", entry + b"\0\0\x63")
    end = data.rindex(b"PK\x05\x06") + 16
    before = data[:end] + b"\xff\xff\0\0" + data[end + 4 :]
    assert [_code(bent, "a.docx") for bent in (locked, unknown, before)] == ["encrypted", "corrupt", "corrupt"]


def _code(data, name):
    try:
        load_inner(data, name, name)
    except DocumentError as error:
        return error.code
    return ""

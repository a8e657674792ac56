"""Files compressed by gzip, bzip2, xz and zstd: read as what they hold, within bounds."""

import bz2
import gzip
import lzma
import tarfile
import time

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DocumentError
from embedingest.ingest.load.compressed import ArchiveLoader, Bzip2Loader, GzipLoader, XzLoader, ZstdLoader
from embedingest.ingest.load.inner import load_inner
from tests.depth import few

SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0skip"


@pytest.mark.parametrize(
    ("packed", "name"),
    [
        (bz2.compress, "a.txt.bz2"),
        (lzma.compress, "a.txt.xz"),
        (bz2.compress, "a"),
        (zstandard.compress, "a.txt.zst"),
        (zstandard.compress, "a"),
        (zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress, "a.log.zstd"),
        (lambda data: SKIPPED + zstandard.compress(data) + SKIPPED, "a.zst"),
    ],
)
def test_what_is_compressed_is_read_all_its_streams(packed, name):
    document = load_inner(packed(b"One.\n") + packed(b"Two.\n"), name, name)
    assert (document.text, document.source) == ("One.\nTwo.\n", name)


@pytest.mark.parametrize(
    ("packed", "name"), [(bz2.compress, "a.txt.bz2"), (lzma.compress, "a.xz"), (zstandard.compress, "a.md.zst")]
)
def test_what_is_compressed_and_damaged_is_refused(packed, name):
    whole = packed(b"".join(b"word %d " % n for n in range(2_000)))
    for data in (whole[:-9], whole[:12] + b"xxxxxxxx" + whole[20:], whole + b"more"):
        with pytest.raises(DocumentError) as caught:
            load_inner(data, name, name)
        assert caught.value.code == "corrupt"


@pytest.mark.parametrize(
    ("packed", "loader"),
    [
        (bz2.compress, Bzip2Loader),
        (lzma.compress, XzLoader),
        (zstandard.compress, ZstdLoader),
        (zstandard.ZstdCompressor(write_content_size=False).compress, ZstdLoader),
    ],
)
def test_a_small_file_that_unpacks_to_much_is_stopped(packed, loader):
    with pytest.raises(DocumentError) as caught:
        loader(max_unpacked_bytes=2**22).load(packed(bytes(2**23)) * 3, "a.x")
    assert caught.value.code == "bomb"


def test_a_zstd_file_that_wants_more_memory_than_it_may_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=28, compression_level=1)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = stream.compress(b"words") + stream.flush()
    with pytest.raises(DocumentError) as caught:
        load_inner(data, "a.zst", "a.zst")
    assert (caught.value.code, "memory" in caught.value.message) == ("corrupt", True)


def test_a_tape_that_is_compressed_is_named_as_an_archive():
    with pytest.raises(DocumentError) as caught:
        load_inner(zstandard.compress(b"\0" * 257 + b"ustar" + b"\0" * 250), "a.tzst", "a.tzst")
    assert caught.value.code in {"archive", "binary"}


def taped(*members):
    """A tar file of these kinds and contents, each under a name of its own."""
    packed = b""
    for number, (kind, data) in enumerate(members):
        info = tarfile.TarInfo(f"{number}.txt")
        info.type, info.size = kind, len(data)
        packed += info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    return packed + bytes(1024)


PLAIN = (tarfile.REGTYPE, b"words")


def test_records_of_a_tar_are_read():
    title = "12 path=b.txt\n".replace("12", "14").encode()
    document = ArchiveLoader().load(taped((tarfile.XHDTYPE, title), PLAIN), "a.tar")
    assert [child.source for child in document.children] == ["a.tar!/b.txt"]


@pytest.mark.parametrize(
    "members",
    [
        ((tarfile.XHDTYPE, b"9" * 500_000), PLAIN),
        ((tarfile.XHDTYPE, b"500012 a=" + b"9" * 500_000 + b"\n"), PLAIN),
        ((tarfile.XGLTYPE, b"9" * 500_000), PLAIN),
        *(((kind, b""),) * 2000 for kind in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE)),
    ],
)
def test_records_without_end_are_refused_soon(members):
    """An hour of the processor each, once, or more calls within calls than there may be."""
    with pytest.raises(DocumentError) as caught:
        ArchiveLoader().load(taped(*members), "a.tar")
    assert caught.value.code == "corrupt"


PACKED = {
    "a.txt.gz": (gzip.compress, GzipLoader()),
    "a.txt.bz2": (bz2.compress, Bzip2Loader()),
    "a.txt.xz": (lzma.compress, XzLoader()),
    "a.txt.zst": (zstandard.compress, ZstdLoader()),
}
WORDS = st.builds(lambda word, times: f"{word} " * times, st.text("abc", min_size=1, max_size=9), st.integers(1, 3000))


@pytest.mark.parametrize("name", PACKED)
@given(parts=st.lists(WORDS, min_size=1, max_size=4), padding=st.integers(0, 9))
def test_all_streams_are_read_whatever_their_lengths(name, parts, padding):
    pack, loader = PACKED[name]
    data = b"".join(pack(part.encode()) for part in parts) + b"\0" * (0 if name.endswith("zst") else padding)
    assert loader.load(data, name).text.strip() == "".join(parts).strip()


@few(2)
@pytest.mark.parametrize("name", PACKED)
def test_streams_without_end_are_read_in_linear_time(name):
    """By the processor's own time, the least of some tries, at eight times the length; a square would be sixty-four."""
    pack, loader = PACKED[name]
    stream = pack(b"a ")

    def seconds(count):
        began = time.process_time()
        loader.load(stream * count, name)
        return time.process_time() - began

    short = min(seconds(4000) for _ in range(3))
    for _ in range(4):
        long = seconds(32_000)
        if long < 0.05 + 20 * short:
            break
    assert long < 0.05 + 20 * short, (short, long)

"""One file gives its chunks, or one error that names it."""

from __future__ import annotations

import os

import pytest
from blake3 import blake3

from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError, DocumentSkipped, PluginError
from embedingest.ingest.extract.extractor import ExtractionSettings, Extractor, Job
from embedingest.ingest.extract.weight import CHUNK_BYTES
from tests.ingest.strangers import installed

SIZER = HashingSizer(64)


@pytest.fixture(scope="module")
def moody(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("site")):
        yield Extractor(ExtractionSettings(SIZER, loaders={"*.moody": "moody"}))


def job(root, relative, **more):
    return Job(str(root), relative, f"notes/{relative}", **more)


def test_a_file_gives_its_hash_its_facts_and_chunks_that_slice_it(tmp_path):
    text = "# Title\n\n" + "Some words in a row. " * 60
    (tmp_path / "a.md").write_text(text)
    result = Extractor(ExtractionSettings(SIZER)).extract(job(tmp_path, "a.md"), keep_text=True)
    st = (tmp_path / "a.md").stat()
    (part,) = result.parts
    assert result.content_hash == blake3(text.encode()).hexdigest() == part.document.content_hash
    assert (result.before.mtime_ns, result.before.size, result.moved) == (st.st_mtime_ns, len(text), False)
    assert (result.loader, part.chunker, part.document.modified_at_ns) == ("markdown", "structured", st.st_mtime_ns)
    assert len(part.chunks) > 1
    assert all(part.document.text[chunk.start : chunk.end] == chunk.text for chunk in part.chunks)
    assert set(result.seconds) == {"read", "load", "chunk"}


def test_the_text_stays_behind_unless_it_is_asked_for(tmp_path):
    (tmp_path / "a.md").write_text("some words")
    (part,) = Extractor(ExtractionSettings(SIZER)).extract(job(tmp_path, "a.md")).parts
    assert (part.document.text, part.characters) == ("", 10)


def test_bytes_of_a_known_hash_are_only_read(tmp_path):
    (tmp_path / "a.md").write_text("some words")
    known = blake3(b"some words").hexdigest()
    result = Extractor(ExtractionSettings(SIZER)).extract(job(tmp_path, "a.md", known_hash=known))
    assert (result.content_hash, result.parts) == (known, ())


def test_a_file_written_a_moment_ago_is_read_so_that_its_next_change_shows(tmp_path):
    extractor = Extractor(ExtractionSettings(SIZER))
    for number in range(10):
        (tmp_path / "a.md").write_text(f"version {number}")
        assert extractor.extract(job(tmp_path, "a.md")).settled
    os.utime(tmp_path / "a.md", (2**32, 2**32))
    assert extractor.extract(job(tmp_path, "a.md")).settled, "its next change has the time of the clock"


def test_an_empty_file_gives_no_chunks(tmp_path):
    (tmp_path / "a.md").touch()
    (part,) = Extractor(ExtractionSettings(SIZER)).extract(job(tmp_path, "a.md")).parts
    assert part.chunks == ()


def test_documents_inside_a_document_are_parts_of_their_own(tmp_path, moody):
    (tmp_path / "a.moody").write_text("inner")
    outer, inner = moody.extract(job(tmp_path, "a.moody")).parts
    assert (outer.document.source, inner.document.source) == ("notes/a.moody", "notes/a.moody!/part.txt")
    assert inner.document.content_hash == outer.document.content_hash


def test_a_file_of_more_chunks_than_fit_fails_with_their_number(tmp_path):
    (tmp_path / "a.md").write_text("".join(f"# h{number}\n\n{'x ' * 50}\n\n" for number in range(21)))
    several = ExtractionSettings(SIZER, max_chunks=20)
    with pytest.raises(DocumentError, match=r"(?m)is too large: 21 chunks, and a file may have 20$") as failed:
        Extractor(several).extract(job(tmp_path, "a.md"))
    assert (failed.value.code, failed.value.kind, "max_chunks" in failed.value.remedy) == (
        "too_large",
        "permanent",
        True,
    )
    result = Extractor(ExtractionSettings(SIZER, max_chunks=21)).extract(job(tmp_path, "a.md"))
    assert len(result.parts[0].chunks) == 21
    assert 21 * 3000 < result.weight < 21 * CHUNK_BYTES


def test_large_chunks_count_for_more(tmp_path):
    (tmp_path / "a.txt").write_text("word " * 6000)
    with pytest.raises(DocumentError, match=r"too large: \d+ chunks of [\d,]+ bytes, and a file may have"):
        Extractor(ExtractionSettings(HashingSizer(2000), max_chunks=6)).extract(job(tmp_path, "a.txt"))


def test_headings_that_every_row_repeats_count_too(tmp_path):
    weights = []
    for heading in ("h", "h" * 450):
        (tmp_path / "a.md").write_text(
            f"# {heading}\n\n" + "".join(f"## n{number}\n\n{'x ' * 50}\n\n" for number in range(50))
        )
        weights.append(Extractor(ExtractionSettings(SIZER)).extract(job(tmp_path, "a.md")).weight)
    assert weights[1] - weights[0] > 50 * 449


def test_a_root_that_is_one_file_is_read(tmp_path):
    (tmp_path / "a.md").write_text("some words")
    result = Extractor(ExtractionSettings(SIZER)).extract(Job(str(tmp_path / "a.md"), "", "a.md"))
    assert result.parts[0].characters == 10


class TestFailures:
    def failure(self, extractor, job):
        with pytest.raises(DocumentError) as caught:
            extractor.extract(job)
        assert caught.value.source == job.source
        assert job.source in caught.value.message
        return caught.value

    def test_a_file_that_vanished_is_worth_another_look(self, tmp_path):
        error = self.failure(Extractor(ExtractionSettings(SIZER)), job(tmp_path, "gone.md"))
        assert (error.kind, error.code) == ("transient", "vanished")

    def test_a_folder_in_its_place_too(self, tmp_path):
        (tmp_path / "a.md").mkdir()
        error = self.failure(Extractor(ExtractionSettings(SIZER)), job(tmp_path, "a.md"))
        assert error.code in {"vanished", "special"}

    def test_a_link_that_took_its_place_is_not_followed(self, tmp_path):
        (tmp_path / "secret").write_text("secret")
        (tmp_path / "a.md").symlink_to("secret")
        assert self.failure(Extractor(ExtractionSettings(SIZER)), job(tmp_path, "a.md")).code == "unreadable"
        assert Extractor(ExtractionSettings(SIZER)).extract(job(tmp_path, "a.md", link=True)).parts

    def test_a_fifo_is_skipped_without_waiting_for_a_writer(self, tmp_path):
        os.mkfifo(tmp_path / "a.md")
        error = self.failure(Extractor(ExtractionSettings(SIZER)), job(tmp_path, "a.md"))
        assert (type(error), error.code) == (DocumentSkipped, "special")

    @pytest.mark.parametrize(("name", "size"), [("a.txt", 10 * 2**30), ("a.csv", 2**30), ("a.csv.gz", 2**30)])
    def test_a_sparse_file_of_gigabytes_is_skipped_unread(self, tmp_path, name, size):
        with (tmp_path / name).open("wb") as file:
            file.write(b"mill,wheels\n")
            file.truncate(size)
        error = self.failure(Extractor(ExtractionSettings(SIZER)), job(tmp_path, name))
        assert (type(error), error.code) == (DocumentSkipped, "too_large")
        assert f"{size:,} bytes, more than the 268,435,456" in error.message
        assert "load.max_bytes" in error.remedy

    def test_a_table_over_the_limit_that_was_set_is_skipped_and_at_it_is_read(self, tmp_path):
        (tmp_path / "a.csv").write_text("mill,wheels\nLower,2\n")
        size = (tmp_path / "a.csv").stat().st_size
        assert Extractor(ExtractionSettings(SIZER, max_bytes=size)).extract(job(tmp_path, "a.csv")).parts[0].chunks
        error = self.failure(Extractor(ExtractionSettings(SIZER, max_bytes=size - 1)), job(tmp_path, "a.csv"))
        assert (error.code, error.kind) == ("too_large", "permanent")

    def test_binary_content_is_skipped(self, tmp_path):
        (tmp_path / "a.md").write_bytes(b"\x7fELF\0\0\0")
        assert self.failure(Extractor(ExtractionSettings(SIZER)), job(tmp_path, "a.md")).code == "binary"

    def test_whatever_a_loader_raises_is_this_files_failure(self, tmp_path, moody):
        (tmp_path / "a.moody").write_text("raise")
        error = self.failure(moody, job(tmp_path, "a.moody"))
        assert (error.kind, error.code) == ("permanent", "corrupt")
        assert "ValueError: no such cell" in error.message

    def test_an_unknown_loader_is_the_settings_failure_not_the_files(self, tmp_path):
        (tmp_path / "a.md").write_text("words")
        with pytest.raises(PluginError, match="unknown loader `nobody`"):
            Extractor(ExtractionSettings(SIZER, loaders={"*": "nobody"})).extract(job(tmp_path, "a.md"))

    def test_settings_of_a_loader_are_checked(self, tmp_path):
        (tmp_path / "a.md").write_text("words")
        with pytest.raises(PluginError, match="volume"):
            Extractor(ExtractionSettings(SIZER, loader_options={"markdown": {"volume": 3}})).extract(
                job(tmp_path, "a.md")
            )


def test_a_file_that_grows_while_it_is_read_is_said_to_have_moved(tmp_path, monkeypatch):
    path = tmp_path / "log.txt"
    path.write_text("one line\n")
    real = os.read

    def slow(descriptor, count):
        data = real(descriptor, count)
        with path.open("a") as log:
            log.write("another line\n")
        return data

    monkeypatch.setattr("embedingest.ingest.extract.reading.os.read", slow)
    result = Extractor(ExtractionSettings(SIZER)).extract(job(tmp_path, "log.txt"), keep_text=True)
    assert result.moved
    assert result.parts[0].document.text == "one line\n"


def test_patterns_choose_the_chunker(tmp_path):
    (tmp_path / "a.md").write_text("some words")
    setup = ExtractionSettings(SIZER, chunkers={"*.md": "structured"}, chunker="nobody")
    assert Extractor(setup).extract(job(tmp_path, "a.md")).parts[0].chunker == "structured"

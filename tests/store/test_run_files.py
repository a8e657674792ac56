"""Small files beside a table, on this machine and in a bucket: whole or not there, and never written over."""

from __future__ import annotations

import threading

import pytest

from embedingest.errors import StoreError
from embedingest.store.run_files import open_run_files
from tests.store.bucket import served


@pytest.fixture(params=["disk", "bucket"])
def database(request, tmp_path, monkeypatch):
    """Where a database lies."""
    if request.param == "disk":
        yield tmp_path / "db ä"
        return
    with served(monkeypatch):
        yield "s3://lake/deep/db"


def test_a_file_is_written_once_and_read_whole(database):
    files = open_run_files(database, "chunks__run/one")
    assert (files.names(), files.read("part.json")) == ([], None)
    assert files.put_if_absent("part.json", b"first")
    assert not files.put_if_absent("part.json", b"second")
    assert files.put_if_absent("empty.json", b"")
    again = open_run_files(database, "chunks__run/one")
    assert (again.names(), again.read("part.json"), again.read("empty.json")) == (
        ["empty.json", "part.json"], b"first", b"",
    )  # fmt: skip
    assert open_run_files(database, "chunks__run/two").names() == []


def test_runs_are_found_by_their_folders_as_long_as_they_hold_files(database):
    above = open_run_files(database, "chunks__run")
    assert above.folders() == []
    for run in ("two", "one"):
        open_run_files(database, f"chunks__run/{run}").put_if_absent("manifest.json", b"{}")
    above.put_if_absent("note.json", b"{}")
    assert (above.folders(), above.names()) == (["one", "two"], ["note.json"])
    open_run_files(database, "chunks__run/two").delete("manifest.json")
    assert above.folders() == ["one"]


def test_a_file_is_removed(database):
    files = open_run_files(database, "run")
    files.put_if_absent("part.json", b"first")
    for _ in range(2):
        files.delete("part.json")
    assert files.names() == []
    assert files.put_if_absent("part.json", b"second")
    assert files.read("part.json") == b"second"


def test_of_many_that_write_one_file_what_one_wrote_stays(database):
    start, written = threading.Barrier(8), []

    def write(number):
        files = open_run_files(database, "run")
        start.wait()
        if files.put_if_absent("part.json", bytes([number]) * 5_000):
            written.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = open_run_files(database, "run")
    assert files.names() == ["part.json"]
    stays = files.read("part.json")
    assert stays in [bytes([number]) * 5_000 for number in written]
    if not isinstance(database, str):
        assert len(written) == 1


def test_a_place_that_cannot_be_reached_is_named(tmp_path, monkeypatch):
    with served(monkeypatch), monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
        with pytest.raises(StoreError, match=r"cannot list s3://lake/db/run/: .*error sending request"):
            open_run_files("s3://lake/db", "run").names()
    (tmp_path / "db").write_text("no folder")
    with pytest.raises(StoreError, match=r"cannot write .*part\.json"):
        open_run_files(tmp_path / "db", "run").put_if_absent("part.json", b"")

"""Whole or nothing: files and folders that appear in one step."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from embedingest.atomic import new_file, new_folder, temporary_path, write_bytes
from embedingest.ingest.scan.excluded import exclusion_of


def test_a_file_is_written_with_its_folders_and_leaves_nothing_beside(tmp_path):
    write_bytes(tmp_path / "deep" / "note", b"first")
    write_bytes(tmp_path / "deep" / "note", b"second", modified_at_ns=1_700_000_000_123_456_000)
    (only,) = (tmp_path / "deep").iterdir()
    assert only.read_bytes() == b"second"
    assert only.stat().st_mtime_ns == 1_700_000_000_123_456_000


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    (tmp_path / "note").mkdir()
    with pytest.raises(OSError, match="note"):
        write_bytes(tmp_path / "note", b"more")
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_new_file_is_written_where_nothing_is_and_never_over_another(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links here")))
    assert new_file(tmp_path / "deep" / "note", b"first")
    assert not new_file(tmp_path / "deep" / "note", b"second")
    (only,) = (tmp_path / "deep").iterdir()
    assert only.read_bytes() == b"first"


def test_a_name_of_the_greatest_length_can_be_written(tmp_path):
    name = "ü" * 127
    write_bytes(tmp_path / name, b"whole")
    assert os.listdir(tmp_path) == [name]


def test_no_scan_takes_a_temporary_file_for_a_document(tmp_path):
    assert exclusion_of(temporary_path(tmp_path / "owl.md").name) is not None


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with suppress(ZeroDivisionError), new_folder(tmp_path / "model") as folder:
        (folder / "half").write_bytes(b"")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
    with new_folder(tmp_path / "model") as folder:
        (folder / "whole").write_bytes(b"")
        assert not (tmp_path / "model").exists()
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["whole"]


def test_the_folder_of_whoever_was_first_stays(tmp_path):
    with new_folder(tmp_path / "model") as folder:
        (folder / "second").write_bytes(b"")
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "first").write_bytes(b"")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["first"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]

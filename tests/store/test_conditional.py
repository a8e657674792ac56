"""A store that puts over what it was told to leave is refused before anything of a user's is written to it."""

from __future__ import annotations

import json

import pytest

from embedingest.errors import StoreError
from embedingest.store.conditional import check_once, check_store
from embedingest.store.writer import writer_lock
from tests.store.bucket import served

pytestmark = pytest.mark.slow

URI = "s3://lake/deep/db"


def test_a_store_that_honours_conditional_puts_is_written_to(monkeypatch, tmp_path):
    with served(monkeypatch) as bucket:
        check_store(URI)
        check_store(str(tmp_path / "db"))
        assert not bucket.objects, "the probe is left"


def test_a_store_that_ignores_them_is_refused_with_the_way_out(monkeypatch):
    with served(monkeypatch, honours=False) as bucket:
        with pytest.raises(StoreError, match=r"ignores `If-None-Match`: of \d rows .* at once \d were lost") as refused:
            check_store(URI)
        assert "keep the database on a disk" in str(refused.value.remedy)
        assert not bucket.objects, "the probe is left"


def test_a_store_that_cannot_be_written_is_named(monkeypatch):
    with served(monkeypatch) as bucket, monkeypatch.context() as patched:
        patched.setattr(bucket, "put", lambda key, body, if_absent: False)
        with pytest.raises(StoreError, match=f"cannot try to write to {URI}: "):
            check_store(URI)


def test_a_place_is_checked_once(monkeypatch, tmp_path):
    remembered = tmp_path / "state" / "checked.json"
    with served(monkeypatch) as bucket:
        check_once(URI, remembered)
        asked = len(bucket.asked)
        check_once(URI, remembered)
        assert len(bucket.asked) == asked
        check_once(f"{URI}2", remembered)
        assert len(bucket.asked) > asked
    assert [place["uri"] for place in json.loads(remembered.read_bytes())] == [URI, f"{URI}2"]
    with served(monkeypatch, honours=False), pytest.raises(StoreError):  # at another address
        check_once(URI, remembered)
    remembered.write_bytes(b'{"not": "ours"')
    with served(monkeypatch) as bucket:
        check_once(URI, remembered)
        assert bucket.asked


def test_who_would_write_a_table_is_refused_before_anything_is_written(monkeypatch, tmp_path):
    with served(monkeypatch, honours=False) as bucket:
        lock = writer_lock(URI, "chunks", state=tmp_path)
        for _ in range(2):
            with pytest.raises(StoreError, match="ignores `If-None-Match`"):
                lock.acquire()
            assert not lock.held
        assert not bucket.objects
        assert not any("chunks" in key for key in bucket.asked)
        bucket.honours = True
        with lock.acquire():  # the gateway was mended
            assert lock.held
        asked = len(bucket.asked)
        with lock:
            assert not any("probe" in key for key in bucket.asked[asked:])

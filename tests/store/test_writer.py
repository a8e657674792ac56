"""Which lock a table has."""

from __future__ import annotations

from embedingest.store.lease import LeaseLock
from embedingest.store.lock import WriterLock
from embedingest.store.writer import writer_lock


def test_object_stores_have_leases_and_folders_have_files(tmp_path):
    assert isinstance(writer_lock("s3://bucket/db", "chunks", state=tmp_path), LeaseLock)
    assert isinstance(writer_lock(tmp_path / "db", "chunks", state=tmp_path), WriterLock)

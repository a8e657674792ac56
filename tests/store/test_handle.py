"""What one open table says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedingest.errors import DamagedTableError, FingerprintError, StoreError
from embedingest.store.handle import check_fingerprint
from embedingest.store.values import SearchQuery, TableIdentity
from tests.store.doubles import DIMENSIONS, MODEL, adding, row


def test_an_older_version_is_read_beside_the_newest_and_cannot_be_written(table):
    table.commit(adding(row("a.md")))
    handle = table.handle
    before = handle.reopened(int(handle.lance.version))
    table.commit(adding(row("b.md")))
    assert (before.count_rows(), handle.count()) == (1, 2)
    with pytest.raises(StoreError, match="cannot write to table `chunks`"), handle.translated("write to"):
        before.delete("true")


def test_what_lancedb_raises_names_the_action_and_the_table(table):
    with pytest.raises(StoreError, match="cannot read table `chunks`"), table.handle.translated("read"):
        table.handle.lance.search().select(["no such column"]).to_arrow()


def test_a_fingerprint_or_a_length_that_nobody_named_is_not_compared():
    identity = TableIdentity(MODEL, DIMENSIONS)
    check_fingerprint(identity, "chunks", fingerprint=None, dimensions=None)
    check_fingerprint(identity, "chunks", fingerprint=MODEL, dimensions=None)
    with pytest.raises(FingerprintError, match="9 dimensions"):
        check_fingerprint(identity, "chunks", fingerprint=None, dimensions=9)


def test_a_table_that_was_taken_away_is_told_in_our_own_words_and_read_again_once_it_is_back(table):
    table.commit(adding(row("a.md")))
    folder = Path(table.handle.uri) / "chunks.lance"
    folder.rename(folder.with_name("aside"))
    with pytest.raises(DamagedTableError) as told:
        table.search(SearchQuery("a", mode="text"))
    assert told.value.message == "table `chunks` is not in its database any more"
    folder.with_name("aside").rename(folder)
    assert table.count() == 1

"""A table that was filled beside takes another's place in one version."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest.errors import StoreError, TableMissingError
from embedingest.store import snapshots
from embedingest.store.switch import switch_table
from embedingest.store.table import open_table
from embedingest.store.values import Changes, SearchQuery
from tests.store.doubles import DIMENSIONS, MODEL, adding, row


def test_a_rebuild_switches_rows_and_model_in_one_version(table, opened, tmp_path):
    table.commit(adding(row("old.md", text="old words")))
    table.maintain()
    snapshots.tag(table, "before")
    version = table.handle.lance.version
    with open_table(tmp_path / "db", "chunks__next", fingerprint="model-two", dimensions=4, create=True) as new:
        new.commit(Changes(add=[row("new.md", fingerprint="model-two")], vectors=np.ones((1, 4), np.float32) / 2))
    switch_table(tmp_path / "db", "chunks__next", "chunks")
    switched = opened(create=False, fingerprint="model-two", dimensions=4)
    assert (switched.identity.fingerprint, switched.identity.dimensions) == ("model-two", 4)
    assert list(table.source_states()) == ["new.md"]  # an open handle follows
    assert table.handle.lance.version == version + 1
    assert switched.search(SearchQuery(text="q", vector=np.ones(4, np.float32))).mode == "vector"
    switched.maintain()
    assert switched.search(SearchQuery(text="chunk", mode="text")).hits
    with snapshots.at(table, "before") as then:
        assert list(then.source_states()) == ["old.md"]
        assert then.identity.fingerprint == MODEL
    with pytest.raises(TableMissingError):
        open_table(tmp_path / "db", "chunks__next")


def test_a_switch_with_nothing_aside_changes_nothing(table, tmp_path):
    table.commit(adding(row("a.md")))
    with pytest.raises(StoreError, match="chunks__next"):
        switch_table(tmp_path / "db", "chunks__next", "chunks")
    assert table.count() == 1
    assert table.identity.dimensions == DIMENSIONS

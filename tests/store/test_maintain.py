"""Upkeep: what the figures ask for, that it is done, and that readers come through it."""

from __future__ import annotations

import dataclasses
import time

import pytest

from embedingest.store.key_index import KEY_COLUMNS, KEY_INDICES
from embedingest.store.maintain import Needs, needs
from embedingest.store.table import open_table
from embedingest.store.values import Changes, SearchQuery, TableStats, TextSettings, Upkeep, VectorIndex
from tests.depth import only_deep
from tests.store.doubles import DIMENSIONS, MODEL, adding, row

QUIET = TableStats(rows=5_000, fragments=3, small_fragments=3, bytes=1, versions=9, indices={"text_idx": (5_000, 0)})
KEYS = {f"{name}_idx": (1, 0) for name in ("text", "vector", *KEY_COLUMNS)}
OLDER = {name: covered for name, covered in KEYS.items() if name != "mime_idx"}
LARGE = VectorIndex("IVF_RQ", 200_000, 20, 10, 0.98, 64)


@pytest.mark.parametrize(
    ("figures", "asked"),
    [
        ({}, Needs()),
        ({"rows": 0, "indices": {}}, Needs()),
        ({"indices": {}}, Needs(text_index=True)),
        ({"small_fragments": 32}, Needs()),
        ({"small_fragments": 33}, Needs(compact=True)),
        ({"rows": 99_000, "small_fragments": 63}, Needs()),
        ({"rows": 99_000, "small_fragments": 64}, Needs(compact=True)),
        ({"indices": {"text_idx": (4_500, 501)}}, Needs(compact=True)),
        ({"versions": 201}, Needs(clean=True)),
        ({"rows": 100_000}, Needs(key_indices=KEY_INDICES, vector_index=True)),
        ({"rows": 400_000, "indices": KEYS, "vector_index": LARGE}, Needs()),
        ({"rows": 400_000, "indices": OLDER, "vector_index": LARGE}, Needs(key_indices=frozenset({"mime_idx"}))),
        ({"rows": 400_001, "indices": KEYS, "vector_index": LARGE}, Needs(vector_index=True)),
    ],
)
def test_figures_decide(figures, asked):
    assert needs(dataclasses.replace(QUIET, **figures), Upkeep()) == asked


def test_the_first_rows_are_indexed_for_text_and_then_nothing_is_asked(table):
    assert table.maintain() == Needs()
    table.commit(adding(row("a.md")))
    assert table.maintain() == Needs(text_index=True)
    assert table.maintain() == Needs()
    assert table.stats().indices == {"text_idx": (1, 0)}


@only_deep
def test_many_small_commits_are_compacted_folded_and_cleaned(table, tmp_path):
    upkeep = Upkeep(max_fragments=8, max_versions=10, retention_seconds=0.3)
    for number in range(40):
        table.commit(adding(row(f"{number}.md")))
        table.maintain(upkeep)
    time.sleep(0.4)
    table.commit(adding(row("last.md")))
    table.maintain(upkeep)
    stats = table.stats()
    assert stats.rows == 41
    assert stats.fragments <= 9
    assert stats.versions <= 12
    assert len(list((tmp_path / "db").glob("chunks.lance/data/*.lance"))) < 25


def files(folder):
    found = [path for path in folder.rglob("*") if path.is_file()]
    return len(found), sum(path.stat().st_size for path in found)


@only_deep
def test_after_the_retention_a_much_changed_table_is_as_small_as_a_new_one(opened, tmp_path):
    rows = [row(f"{number}.md", text="words " * 40) for number in range(300)]
    used = opened(upkeep=Upkeep(max_fragments=8, retention_seconds=0.3))
    for number in range(40):
        used.commit(adding(*rows[number * 7 :]) if number == 0 else adding(rows[number * 7]))
        used.maintain()
    used.commit(adding(*rows))
    used.optimize()
    time.sleep(0.4)
    used.optimize()
    with open_table(tmp_path / "new", "chunks", fingerprint=MODEL, dimensions=DIMENSIONS, create=True) as new:
        new.commit(adding(*rows))
        new.maintain()
    (count, size), (fresh_count, fresh_size) = files(tmp_path / "db"), files(tmp_path / "new")
    assert count <= fresh_count
    assert size <= 1.1 * fresh_size


def test_a_table_at_rest_is_cleaned_once_and_then_left_alone(table):
    upkeep = Upkeep(retention_seconds=0.2)
    for number in range(3):
        table.commit(adding(row(f"{number}.md")))
    table.maintain(upkeep)
    done = []
    for _ in range(4):
        table.maintain(upkeep)  # sees the version that the time before may have left
        time.sleep(0.25)
        done.append(table.maintain(upkeep).clean)
    assert done[0]
    assert not done[-1]
    assert (table.stats().versions, table.stats().fragments) == (1, 1)


def test_an_empty_tables_retention_spares_what_a_reader_still_reads(table, opened):
    table.commit(adding(row("a.md")))
    reader = opened(create=False, read_consistency_seconds=3_600)
    assert reader.count() == 1
    for number in range(5):
        table.commit(Changes(delete=[row("a.md").id]) if number == 0 else adding(row(f"{number}.md")))
    table.optimize(Upkeep(retention_seconds=60))
    assert list(reader.source_states()) == ["a.md"]


def test_other_language_settings_make_the_text_index_anew(table):
    table.commit(adding(row("a.md", text="les chevaux mangent")))
    table.maintain()
    french = Upkeep(text=TextSettings(language="French"))
    assert table.maintain(french) == Needs(text_index=True)
    assert table.maintain(french) == Needs()
    assert table.search(SearchQuery(text="cheval", mode="text")).hits

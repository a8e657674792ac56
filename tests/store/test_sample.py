"""A sample of the table: the same rows while they are there, within what one may see, of any table."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest.errors import ConfigError
from embedingest.store.sample import sample, vectors_of
from embedingest.store.values import Changes
from tests.store.doubles import adding, row, vector_of


def rows_of(count, folder="docs", first=0):
    return [row(f"{folder}/{first + i}.md", text=f"text {first + i} of {folder}") for i in range(count)]


def ids(taken):
    return [one.id for one in taken.rows]


def test_a_small_table_is_taken_whole_with_each_vector_at_its_row(table):
    rows = rows_of(20)
    table.commit(adding(*rows))
    taken = sample(table, 50)
    assert ids(taken) == sorted(r.id for r in rows)
    assert taken.total == 20
    text = {r.id: r.text for r in rows}
    for one, vector in zip(taken.rows, taken.vectors, strict=True):
        assert one.words == text[one.id]
        np.testing.assert_allclose(vector, vector_of(text[one.id]), atol=1e-6)


def test_of_a_large_table_so_many_are_taken_and_others_that_come_change_it_by_as_many(table):
    table.commit(adding(*rows_of(900)))
    before = sample(table, 100)
    assert (len(before.rows), len(before.vectors), before.total) == (100, 100, 900)
    assert ids(sample(table, 100)) == ids(before)
    table.commit(adding(*rows_of(90, first=900)))
    after = sample(table, 100)
    assert len(after.rows) == 100
    assert len(set(ids(before)) - set(ids(after))) < 30  # a tenth came, and so many leave in their favour; a lot: 80


def test_a_sample_lies_all_over_the_table(table):
    for folder in ("a", "b", "c", "d"):
        table.commit(adding(*rows_of(250, folder)))
    taken = sample(table, 200)
    counts = {name: sum(one.source.startswith(f"{name}/") for one in taken.rows) for name in "abcd"}
    assert min(counts.values()) > 25, counts


def test_nothing_is_taken_that_one_may_not_see(table):
    table.commit(adding(*rows_of(300, "ours"), *rows_of(300, "theirs")))
    taken = sample(table, 100, within="source startswith 'ours/'")
    assert (len(taken.rows), taken.total) == (100, 300)
    assert {one.source.partition("/")[0] for one in taken.rows} == {"ours"}
    foreign = rows_of(1, "theirs")[0].id
    assert list(vectors_of(table, [foreign])) == [foreign]
    assert vectors_of(table, [foreign], within="source startswith 'ours/'") == {}
    with pytest.raises(ConfigError):
        sample(table, 100, within="source startswith")


def test_ids_that_are_no_hashes_are_sampled_too(table):
    rows = [row(f"docs/{i}.md", text=f"text {i}", id=f"zz-{i:04}") for i in range(500)]
    table.commit(adding(*rows))
    taken = sample(table, 100)
    assert (len(taken.rows), taken.total) == (100, 500)


def test_an_empty_table_gives_an_empty_sample(table):
    taken = sample(table, 100)
    assert (taken.rows, taken.vectors.shape, taken.total) == ((), (0, 8), 0)
    assert sample(table, 100, within="source = 'x'").total == 0


def test_a_vector_of_what_is_no_number_is_left_out(table):
    rows = rows_of(3)
    table.commit(adding(*rows))
    broken = rows[0].id
    # A commit refuses it, and LanceDB what is NaN: this number is infinite in 32 bits.
    table.handle.lance.update(where=f"id = '{broken}'", values={"vector": [1e39] * 8})
    assert table.count() == 3
    taken = sample(table, 100)
    assert sorted(ids(taken)) == sorted(r.id for r in rows[1:])
    assert np.isfinite(taken.vectors).all()
    assert broken not in vectors_of(table, [r.id for r in rows])


def test_long_texts_are_told_by_their_first_words(table):
    table.commit(
        Changes(add=[row("docs/a.md", text="one\n\ntwo  " + "x " * 900)], vectors=np.eye(1, 8, dtype=np.float32))
    )
    words = sample(table, 10).rows[0].words
    assert words.startswith("one two x x")
    assert len(words) <= 200

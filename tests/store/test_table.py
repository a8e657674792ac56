"""What the table keeps, refuses and never loses."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedingest.errors import FingerprintError, StoreError, TableMissingError
from embedingest.store.schema import COLUMNS
from embedingest.store.table import open_table
from embedingest.store.values import Changes, SourceState
from tests.depth import only_deep
from tests.store.doubles import DIMENSIONS, MODEL, adding, row, vector_of

ROOT = Path(__file__).parents[2]
HOSTILE = ["x' OR 'a'='a", 'quote"back`tick', "back\\slash", "nul\x00byte", "line\nbreak", "%_", "", "é😀\u202e", "--;"]


def test_columns_are_those_of_the_design_in_their_order(table):
    named = "id source title text vector text_hash content_hash chunk_index chunk_count start end line_start line_end"
    named += " page heading_path mime modified_at ingested_at metadata fingerprint config_hash"
    assert table.schema.names == named.split() == list(COLUMNS)
    assert str(table.schema.field("vector").type) == f"fixed_size_list<item: float>[{DIMENSIONS}]"
    assert str(table.schema.field("modified_at").type) == "timestamp[us, tz=UTC]"


def test_rows_come_back_as_they_went_in(table):
    rows = [row("a.md", 1, count=2, title="A", page=3, metadata='{"k":1}'), row("a.md", 0, count=2), row("b.md")]
    table.commit(adding(*rows))
    assert table.rows(["a.md", "b.md", "none.md"]) == {"a.md": [rows[1], rows[0]], "b.md": [rows[2]], "none.md": []}


def test_times_keep_microseconds(table):
    table.commit(adding(row("a.md", modified_at_ns=1_234_567_890_123_456_789)))
    assert table.rows(["a.md"])["a.md"][0].modified_at_ns == 1_234_567_890_123_456_000


def test_vectors_are_found_by_text_hash_in_whatever_source(table):
    first, second = row("a.md", text="same words"), row("b.md", text="same words")
    table.commit(adding(first, second, row("c.md", text="others")))
    found = table.vectors([first.text_hash, "unknown"])
    assert list(found) == [first.text_hash]
    np.testing.assert_array_equal(found[first.text_hash], vector_of("same words"))


def test_an_id_given_twice_is_stored_once(table):
    table.commit(adding(row("a.md"), row("a.md")))
    assert table.count() == 1


def test_the_same_commit_twice_ends_in_the_same_table(table):
    """A run stopped between its steps asks for the same again."""
    kept, gone = row("a.md", 0, "kept"), row("a.md", 1, "gone")
    table.commit(adding(kept, gone))
    moved = dataclasses.replace(kept, start=7)
    again = Changes(add=[row("a.md", 2, "new")], vectors=vector_of("new")[None], refresh=[moved], delete=[gone.id])
    for _ in range(2):
        table.commit(again)
    assert [(r.text, r.start) for r in table.rows(["a.md"])["a.md"]] == [("kept", 7), ("new", 200)]


def test_adding_a_known_id_writes_its_vector_over(table):
    table.commit(adding(row("a.md", text="words")))
    table.commit(Changes(add=[row("a.md", text="words", title="T")], vectors=vector_of("other")[None]))
    found = table.rows(["a.md"])["a.md"]
    assert [r.title for r in found] == ["T"]
    np.testing.assert_array_equal(table.vectors([found[0].text_hash])[found[0].text_hash], vector_of("other"))


def test_refreshing_keeps_the_vector_and_the_time_of_ingest(table):
    before = row("a.md", text="words")
    table.commit(adding(before))
    entered = table.handle.lance.to_arrow().column("ingested_at").to_pylist()
    table.commit(Changes(refresh=[dataclasses.replace(before, line_start=9, heading_path=(), title="T")]))
    after = table.rows(["a.md"])["a.md"]
    assert [(r.line_start, r.heading_path, r.title) for r in after] == [(9, (), "T")]
    assert table.handle.lance.to_arrow().column("ingested_at").to_pylist() == entered
    np.testing.assert_array_equal(table.vectors([before.text_hash])[before.text_hash], vector_of("words"))


def test_refreshing_a_row_that_is_gone_adds_nothing(table):
    table.commit(Changes(refresh=[row("a.md")]))
    assert table.count() == 0


def test_an_empty_commit_makes_no_version(table):
    version = table.handle.lance.version
    table.commit(Changes())
    assert not Changes()
    assert table.handle.lance.version == version


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_made_to_break_filters_touches_its_own_rows_only(table, name):
    table.commit(adding(row("bystander"), row(name), row(name + "x")))
    assert [r.source for r in table.rows([name])[name]] == [name]
    table.commit(Changes(refresh=[row(name, line_end=5)]))
    table.commit(Changes(delete=[row(name).id]))
    assert sorted(table.source_states()) == sorted(["bystander", name + "x"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=2, max_size=6, unique=True)
)
def test_any_unicode_name_finds_itself_and_nothing_else(table, names):
    table.commit(adding(*(row(name) for name in names)))
    found = table.rows(names[:-1])
    assert {name: [r.source for r in rows] for name, rows in found.items()} == {n: [n] for n in names[:-1]}
    table.commit(Changes(delete=[row(names[0]).id]))
    assert set(table.source_states()) == set(names[1:])
    table.commit(Changes(delete=[row(name).id for name in names]))
    assert table.count() == 0


def test_source_states_say_which_sources_are_whole(table):
    other = {"content_hash": "d" * 64, "modified_at_ns": 1_800_000_000_000_000_000}
    rows = [row("whole", 0, count=2), row("whole", 1, count=2), row("part", 0, count=2)]
    table.commit(adding(*rows, row("mixed", 0, count=2), row("mixed", 1, count=2, **other)))
    states = table.source_states()
    assert {name: state.whole for name, state in states.items()} == {"whole": True, "part": False, "mixed": False}
    assert states["whole"] == SourceState("c" * 64, "f" * 32, MODEL, 2, 2, 1_700_000_000_123_456_000)
    assert states["mixed"].content_hash == "d" * 64


@only_deep
def test_many_sources_are_read_in_one_go(table):
    rows = [row(f"{i}.md", text=f"words {i % 7}") for i in range(7_000)]
    table.commit(adding(*rows))
    assert sum(map(len, table.rows([r.source for r in rows]).values())) == 7_000
    table.commit(Changes(delete=[r.id for r in rows[:6_000]]))
    assert table.count() == 1_000


def test_ids_are_told_by_source_and_twice_where_a_stranger_stored_them_twice(table):
    rows = [row("a.md", 0, count=2), row("a.md", 1, count=2), row("b.md")]
    table.commit(adding(*rows))
    table.handle.lance.add(table.handle.lance.search().where("source = 'b.md'").to_arrow())
    found = {source: sorted(keys) for source, keys in table.ids(["a.md", "b.md", "none.md"]).items()}
    assert found == {"a.md": sorted(r.id for r in rows[:2]), "b.md": [rows[2].id] * 2, "none.md": []}


def test_a_vector_with_nan_is_refused_by_name_and_nothing_is_written(table):
    bad = np.stack([vector_of("a"), np.full(DIMENSIONS, np.nan, np.float32)])
    with pytest.raises(StoreError, match=r"bad\.md"):
        table.commit(Changes(add=[row("good.md"), row("bad.md")], vectors=bad))
    assert table.count() == 0


def test_vectors_of_another_width_are_refused(table):
    with pytest.raises(StoreError, match="8 dimensions"):
        table.commit(Changes(add=[row("a.md")], vectors=np.ones((1, 9), np.float32)))


def test_a_table_of_another_model_is_refused_with_both_fingerprints(table, opened):
    with pytest.raises(FingerprintError, match="model-one") as raised:
        opened(fingerprint="model-two")
    assert "model-two" in str(raised.value)
    assert "embedingest rebuild" in str(raised.value)
    with pytest.raises(FingerprintError, match="9 dimensions"):
        opened(dimensions=9)


def test_a_missing_table_names_the_command_that_makes_it(opened, tmp_path):
    with pytest.raises(TableMissingError, match="embedingest ingest"):
        opened(create=False)
    assert not (tmp_path / "db").exists()
    opened()
    with pytest.raises(TableMissingError, match="`others`"):
        open_table(tmp_path / "db", "others")


def test_a_table_that_is_not_ours_is_left_alone(tmp_path):
    import lancedb

    lancedb.connect(tmp_path / "db").create_table("chunks", [{"vector": [1.0, 2.0], "text": "theirs"}])
    with pytest.raises(StoreError, match="not made by embedingest"):
        open_table(tmp_path / "db", "chunks", fingerprint=MODEL, dimensions=2, create=True)


def test_a_table_remembers_its_making(opened):
    opened(model="all-minilm", document_prompt="passage: ")
    again = opened(create=False, fingerprint=None, dimensions=None).identity
    assert (again.model, again.document_prompt, again.fingerprint, again.dimensions) == (
        "all-minilm", "passage: ", MODEL, DIMENSIONS,
    )  # fmt: skip


def test_half_precision_halves_the_vectors_and_reads_as_float32(opened):
    table = opened(float16=True)
    table.commit(adding(row("a.md", text="two words")))
    assert str(table.schema.field("vector").type.value_type) == "halffloat"
    found = table.vectors([row("a.md", text="two words").text_hash])
    assert next(iter(found.values())).dtype == np.float32
    np.testing.assert_allclose(next(iter(found.values())), vector_of("two words"), atol=1e-3)


def test_another_handle_sees_a_commit_at_once_with_interval_zero(table, opened):
    reader = opened(create=False)
    table.commit(adding(row("a.md")))
    assert reader.count() == 1


@only_deep
def test_a_full_disk_is_told_and_what_was_stored_stays(table, opened, tmp_path):
    """The limit on file size stands for the full disk: the write fails in the same place, for a whole process."""
    table.commit(adding(row("before.md")))
    code = f"""
        import resource, signal, sys
        sys.path[:0] = {[str(ROOT), *sys.path]!r}
        import numpy as np
        from embedingest.errors import StoreError
        from embedingest.store.table import open_table
        from embedingest.store.values import Changes
        from tests.store.doubles import row
        table = open_table({str(tmp_path / "db")!r}, "chunks", fingerprint={MODEL!r}, dimensions=8)
        rows = [row(f"{{i}}.md", text="words " * 500 + str(i)) for i in range(500)]
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            table.commit(Changes(add=rows, vectors=np.ones((500, 8), np.float32)))
        except StoreError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60)
    assert "cannot write to table `chunks`" in done.stdout, done.stderr
    assert "make room on the disk" in done.stdout
    assert sorted(opened(create=False).source_states()) == ["before.md"]

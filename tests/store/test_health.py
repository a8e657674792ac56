"""Files of a table that are missing, cut, zeroed or changed: what a quick look tells, what reading tells, what mends."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DamagedTableError, StoreError, TableMissingError
from embedingest.store import snapshots
from embedingest.store.health import damage
from embedingest.store.manifest import ManifestError, listed
from embedingest.store.switch import switch_table
from embedingest.store.table import open_table
from embedingest.store.token import newest_manifest
from embedingest.store.values import Changes, SearchQuery
from tests.depth import few
from tests.store.doubles import DIMENSIONS, MODEL, adding, row

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 40


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A database whose table has two fragments, a deletion, an index over words, older versions and a snapshot."""
    db = tmp_path_factory.mktemp("sound") / "db"
    with filled(db, "chunks") as table:
        table.commit(adding(row("docs/late.md", text="latecomers arrive after everybody else")))
        (gone,) = (found.id for found in table.rows(["docs/late.md"])["docs/late.md"])
        table.commit(adding(row("docs/last.md", text="nobody follows after this sentence")))
        table.commit(Changes(delete=[gone]))
        (gone,) = (found.id for found in table.rows(["docs/0.md"])["docs/0.md"])
        table.commit(Changes(delete=[gone]))
        snapshots.tag(table, "before")
    return db


def filled(db, name):
    table = open_table(db, name, fingerprint=MODEL, dimensions=DIMENSIONS, create=True, read_consistency_seconds=0)
    table.commit(adding(*[row(f"docs/{n}.md", text=text_of(n)) for n in range(ROWS)]))
    table.optimize()
    return table


def text_of(number):
    return f"walrus{'abcdefghij'[number % 10]} sleeps quietly beside penguins number {number}"


@pytest.fixture
def db(sound, tmp_path):
    """A copy of it that a test may damage."""
    shutil.copytree(sound, tmp_path / "db")
    return tmp_path / "db"


def pick(db, kind):
    folder = db / "chunks.lance"
    newest = newest_manifest(folder)
    places = {
        "manifest": lambda: newest,
        "older manifest": lambda: max(path for path in (folder / "_versions").glob("*.manifest") if path != newest),
        "snapshot": lambda: next((folder / "_refs/branches").iterdir()),
    }
    if kind in places:
        return places[kind]()
    part, _, name = kind.partition(" ")
    files = [folder / file.path for file in listed(newest.read_bytes()) if file.part == part]
    return max((path for path in files if path.is_file() and name in path.name), key=lambda path: path.stat().st_size)


def miss(path):
    path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def change(path):
    content = bytearray(path.read_bytes())
    # Of an index's documents, those that the words lead to: the lengths behind them only change the order a little.
    first = 0 if path.name.endswith("_docs.lance") else len(content) // 2 - 24
    for place in range(first, first + 48):
        content[place] ^= 0xFF
    path.write_bytes(content)


KINDS = {
    "manifest": "rows",
    "data": "rows",
    "deletion": "rows",
    "index docs": "index",
    "index invert": "index",
    "index tokens": "index",
    "index metadata": "index",
    "older manifest": "history",
    "snapshot": "history",
}


@few(12)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deed", [miss, cut, zero, change])
def test_what_is_damaged_is_found_by_a_look_or_by_reading(db, kind, deed):
    deed(pick(db, kind))
    found = damage(db, "chunks")
    if deed is miss and kind in {"older manifest", "snapshot"}:
        assert found == []  # as if it had been cleaned up
        return
    if deed is change and not found:
        with open_table(db, "chunks", read_consistency_seconds=0) as table:
            found = table.damage() or table.wrong_vectors()
            if not found and kind in {"data", "index metadata"}:
                # Readable and of the right length: `verify` compares every column with the folders. And of the
                # metadata of an index most bytes are asked by nobody.
                return
    assert found, "neither a look nor reading tells"
    if deed is not change:
        expected = "history" if (kind, deed) == ("manifest", miss) else KINDS[kind]
        assert {item.part for item in found} == {expected}
        assert ("rebuild" in found[0].remedy) == (expected != "index")


def test_a_sound_table_has_nothing_wrong_however_it_is_looked_at(db):
    assert damage(db, "chunks", thorough=True) == []
    with open_table(db, "chunks", read_consistency_seconds=0) as table:
        assert table.damage() == []
        assert table.wrong_vectors() == []


def test_there_is_nothing_to_say_of_a_table_that_is_not_there_or_in_an_object_store(tmp_path):
    assert damage(tmp_path, "chunks") == []
    assert damage("s3://bucket/path", "chunks") == []


@pytest.mark.parametrize("kind", ["manifest", "data", "deletion", "index tokens"])
def test_who_opens_or_reads_a_damaged_table_is_told_the_file_and_the_way(db, kind):
    path = pick(db, kind)
    cut(path)
    with pytest.raises(DamagedTableError) as told, open_table(db, "chunks", read_consistency_seconds=0) as table:
        table.search(SearchQuery("walrusa sleeps", mode="text"))
    assert path.name in told.value.message
    assert ("optimize" in str(told.value.remedy)) == kind.startswith("index")


INDEX_DEEDS = [
    (kind, deed)
    for kind in KINDS
    for deed in (miss, cut, zero, change)
    if kind.startswith("index") and (kind, deed) != ("index metadata", change)
]


@few(4)
@pytest.mark.parametrize(("kind", "deed"), INDEX_DEEDS)
def test_an_index_over_words_is_made_again(db, kind, deed):
    deed(pick(db, kind))
    with open_table(db, "chunks", read_consistency_seconds=0) as table:
        names = {item.index for item in table.damage()}
        assert names == {"text_idx"}
        if deed is change:
            table.remake_indices(names)
        else:
            table.optimize()
        assert table.damage() == []
        assert len(table.search(SearchQuery("penguins", mode="text", limit=100)).hits) == ROWS - 1


def spoil(kind, deed):
    return lambda db: deed(pick(db, kind))


def remove(name):
    return lambda db: shutil.rmtree(db / "chunks.lance" / name)


def empty(db):
    shutil.rmtree(db / "chunks.lance")
    (db / "chunks.lance").mkdir()


REBUILT = {
    "manifest cut": spoil("manifest", cut),
    "manifest changed": spoil("manifest", change),
    "older manifest changed": spoil("older manifest", change),
    "snapshot zeroed": spoil("snapshot", zero),
    "data missing": spoil("data", miss),
    "deletion cut": spoil("deletion", cut),
    "no versions": remove("_versions"),
    "no data": remove("data"),
    "nothing": remove(""),
    "an empty folder": empty,
}


@few(3)
@pytest.mark.parametrize("deed", REBUILT.values(), ids=REBUILT)
def test_a_table_that_was_filled_beside_takes_the_place_of_a_damaged_one(db, deed):
    # Opened before, as a server has it: what this process remembers of the old files is in nobody's way.
    with open_table(db, "chunks", read_consistency_seconds=0) as before:
        assert before.count() == ROWS
    deed(db)
    filled(db, "chunks__next").close()
    switch_table(db, "chunks__next", "chunks")
    with open_table(db, "chunks", create=True, fingerprint=MODEL, dimensions=DIMENSIONS) as table:
        assert table.count() == ROWS
        table.optimize()
        assert table.damage() == []
        assert len(table.source_states()) == ROWS


def test_what_is_put_aside_is_whole_and_no_table_any_more(db):
    cut(pick(db, "manifest"))
    left = {path.name for path in (db / "chunks.lance").rglob("*")}
    filled(db, "chunks__next").close()
    switch_table(db, "chunks__next", "chunks")
    assert {path.name for path in (db / "chunks.lance.damaged-1").rglob("*")} == left
    with pytest.raises(TableMissingError):
        open_table(db, "chunks.lance.damaged-1")


def test_a_writer_that_finds_no_version_puts_what_is_left_aside_and_begins_anew(db):
    remove("_versions")(db)
    with open_table(db, "chunks", create=True, fingerprint=MODEL, dimensions=DIMENSIONS) as table:
        assert table.count() == 0
    assert list((db / "chunks.lance.damaged-1/data").iterdir())


def test_a_vector_that_was_changed_is_found_by_its_length(db):
    with open_table(db, "chunks", read_consistency_seconds=0) as table:
        table.handle.lance.update(where="source = 'docs/7.md'", values={"vector": [3.0] * DIMENSIONS})
        (wrong,) = table.wrong_vectors()
        assert (wrong.source, len(wrong.id)) == ("docs/7.md", 32)


def test_a_version_is_read_again_where_it_changed_meanwhile(db, monkeypatch):
    """A commit beside the look: the first manifest is gone with its files, the next one is sound."""
    newest = newest_manifest(db / "chunks.lance")
    asked = []

    def first_an_old_one(folder):
        asked.append(folder)
        return folder / "_versions/00000000000000000001.manifest" if len(asked) == 1 else newest

    monkeypatch.setattr("embedingest.store.health.newest_manifest", first_an_old_one)
    assert damage(db, "chunks") == []
    assert len(asked) > 2


@given(st.binary(max_size=200), st.integers(0, 300))
def test_no_bytes_make_reading_a_manifest_fail_in_another_way(content, position):
    framed = content + position.to_bytes(8, "little") + b"\0\0\2\0LANC"
    for manifest in (content, framed):
        with contextlib.suppress(ManifestError):
            list(listed(manifest))


def test_any_changed_byte_of_a_real_manifest_is_read_or_refused(sound):
    content = newest_manifest(sound / "chunks.lance").read_bytes()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        with contextlib.suppress(ManifestError):
            list(listed(bytes(changed)))


def test_a_look_imports_no_lancedb(db):
    code = f"from embedingest.store.health import damage; damage({str(db)!r}, 'chunks')"
    code += "; import sys; print('lancedb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_error_that_has_another_cause_stays_what_it_was(db):
    with open_table(db, "chunks", read_consistency_seconds=0) as table:
        with pytest.raises(StoreError) as told, table.handle.translated("do something to"):
            raise RuntimeError("quite another thing")
        assert type(told.value) is StoreError


def test_a_table_that_is_being_made_or_whose_making_was_cut_short_is_not_damaged(tmp_path):
    folder = tmp_path / "chunks.lance"
    for part in ("_versions", "_transactions", "data"):
        (folder / part).mkdir(parents=True)
        assert damage(tmp_path, "chunks") == []
    (folder / "data" / "abc.lance").write_bytes(b"rows come first")
    assert damage(tmp_path, "chunks") == []
    (folder / "_transactions" / ".tmpAbCdEf").write_bytes(b"")
    assert not damage(tmp_path, "chunks"), "a transaction is written before it has its name"
    (folder / "_transactions" / "0-abc.txn").write_bytes(b"begun")
    assert damage(tmp_path, "chunks") == []
    (folder / "_transactions" / "1-abc.txn").write_bytes(b"rows")
    assert [str(item) for item in damage(tmp_path, "chunks")] == ["_versions holds no version of the table"]

"""Whatever happens to the disk and the table, a run says so, loses nothing that was stored, and the next one mends."""

from __future__ import annotations

import contextlib
import shutil
import threading

import lancedb
import pytest

from embedingest.errors import StoreError
from tests.depth import only_deep
from tests.faults.elsewhere import as_nobody, with_tiny_disk

pytestmark = pytest.mark.slow


class Interfered:
    """The real table, and somebody else who does something to it just before the n-th commit."""

    def __init__(self, table, before, at=1):
        self._table, self._before, self._at, self._commits = table, before, at, 0

    def commit(self, changes):
        self._commits += 1
        if self._commits == self._at:
            self._before()
        return self._table.commit(changes)

    def __getattr__(self, name):
        return getattr(self._table, name)


def stranger(world):
    """The table as another program opens it, which knows nothing of our lock."""
    return lancedb.connect(world.db).open_table("chunks")


def test_a_table_deleted_between_two_runs_is_filled_again_from_the_vector_cache(world):
    world.run()
    shutil.rmtree(world.db)
    report = world.run()
    assert report.embedded.texts == 0
    assert report.chunks.new > 0
    world.assert_like_fresh()


def test_a_table_deleted_while_running_is_an_error_of_the_store_and_the_next_run_mends_it(world):
    world.run()
    world.write("new.md", "a new document")
    world.wrap = lambda table: Interfered(table, lambda: shutil.rmtree(world.db / "chunks.lance"))
    with contextlib.suppress(StoreError):
        world.run()
    world.wrap = lambda table: table
    world.run()
    world.assert_like_fresh()


@only_deep
def test_another_writers_commits_in_between_do_no_harm(world):
    world.run()

    def interfere():
        other = stranger(world)
        other.update(where="chunk_index >= 0", values={"title": "changed by a stranger"})
        other.optimize()

    world.write("new.md", "a new document")
    world.write("part0/doc0.md", "another text for the first document")
    world.wrap = lambda table: Interfered(table, interfere)
    world.run()
    world.wrap = lambda table: table
    assert {"docs/new.md", "docs/part0/doc0.md"} <= world.sources_in_table()


@only_deep
def test_rows_that_a_stranger_deleted_come_back_without_embedding(world):
    world.run()
    stranger(world).delete("source = 'docs/part0/doc0.md'")
    report = world.run()
    assert report.embedded.texts == 0
    world.assert_like_fresh()


@only_deep
def test_rows_that_a_stranger_doubled_are_found_and_mended_without_embedding(world):
    world.run()
    other = stranger(world)
    other.add(other.to_arrow().slice(0, 5))
    world.engine.texts.clear()
    with world.pipeline() as pipeline:
        assert pipeline.verify().problems
        pipeline.verify(repair=True)
        assert not pipeline.verify().problems
    assert world.engine.texts == []
    world.assert_like_fresh()


@only_deep
def test_strangers_that_write_all_the_time_cannot_stop_a_run(world):
    world.run()
    stop = threading.Event()

    def write():
        while not stop.is_set():
            other = stranger(world)
            other.update(where="chunk_index = 0", values={"title": "noise"})

    for number in range(40):
        world.write(f"more/m{number}.md", f"more and more, {number} times")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        with contextlib.suppress(StoreError):
            world.run()
    finally:
        stop.set()
        writer.join()
    world.run()
    assert len([name for name in world.sources_in_table() if "/more/" in name]) == 40


def test_a_full_disk_is_named_and_what_was_stored_stays(tmp_path):
    said = with_tiny_disk(
        """
        world = World(base)
        world.db = world.state = base / "tiny"
        world.db = world.state / "lancedb"
        world.write("a.md", "a small document")
        world.run()
        before = world.contents()
        for number in range(1500):
            text = " ".join(f"word{number}x{n}" for n in range(60))
            world.write(f"many/m{number}.md", text)
        try:
            world.run()
        except StoreError as error:
            print("store:", str(error).splitlines()[0])
        print("kept:", before.items() <= world.contents().items())
        free = os.statvfs(base / "tiny")
        import shutil
        shutil.rmtree(base / "docs/many")
        try:
            print("after:", world.run(allow_deletes=True).files.failed, world.contents().keys() == before.keys())
        except StoreError as error:
            print("still full:", str(error).splitlines()[0])
        """,
        tmp_path,
    )
    assert said[0].startswith("store:")
    assert "No space left" in said[0] or "disk is full" in said[0]
    assert said[1] == "kept: True"


def test_a_disk_without_room_is_told_by_status_whatever_the_writer_could_note(tmp_path):
    said = with_tiny_disk(
        """
        from embedingest.cli._commands import cli
        from embedingest.cli._main import run_command
        os.chdir(base)
        Path("docs").mkdir()
        Path("docs/a.md").write_text("a small document")
        places = ["--state", "tiny", "--db", "tiny/lancedb"]
        assert run_command(cli, ["-q", "ingest", "docs", "--model", "hashing", *places]) == 0
        with contextlib.suppress(OSError):
            Path("tiny/filler").write_bytes(bytes(4 * 2**20))
        run_command(cli, ["status", *places])
        """,
        tmp_path,
    )
    assert any(line.startswith("nearly no room: 0.") and "/tiny; make room there" in line for line in said), said


def test_a_read_only_table_is_named_and_left_as_it_is(open_path):
    from tests.ingest.world import World

    world = World(open_path)
    world.write("a.md", "one document")
    world.run()
    before = world.contents()
    world.write("b.md", "another document")
    said = as_nobody(
        """
        world = World.__new__(World)
        World.__init__(world, base)
        try:
            world.run()
            print("wrote")
        except EmbedingestError as error:
            print(type(error).__name__, str(error).replace(chr(10), " "))
        """,
        open_path,
    )
    assert said[0].split()[0] in {"StoreError", "ConfigError"}, said
    assert "ermission denied" in said[0] or "read-only" in said[0]
    assert str(world.state) in said[0]
    assert world.contents() == before


@pytest.mark.parametrize("folder", ["docs", "docs/part0"])
def test_a_folder_that_may_not_be_read_deletes_nothing(open_world, folder):
    world = open_world
    world.state.mkdir(exist_ok=True)
    world.state.chmod(0o777)
    code = """
        world = World(base)
        report = world.run()
        print(report.files.new, report.files.failed, len(world.sources_in_table()))
    """
    assert as_nobody(code, world.base) == ["12 0 12"]
    (world.base / folder).chmod(0o000)
    try:
        code = """
            world = World(base)
            report = world.run()
            print(report.files.deleted, len(world.sources_in_table()), len(report.failures) > 0)
        """
        (said,) = as_nobody(code, world.base)
        assert said.startswith("0 12")
    finally:
        (world.base / folder).chmod(0o755)

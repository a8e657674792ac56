"""A run over several nodes ends in what a run of one process ends in, whatever befalls nodes and driver meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from embedingest.cluster import commits
from embedingest.cluster.values import Part
from embedingest.cluster.walk import ClusterWalk
from embedingest.errors import EngineError, LockedError, StoreError
from embedingest.ingest.run.progress import Standing
from embedingest.ingest.run.resources import Resources
from tests.cluster.threads import Dies, Threads, run_clustered
from tests.depth import few, only_deep
from tests.ingest.sources.shelf import MarkedShelf, ShelfWorld
from tests.ingest.world import HoldingEngine, World
from tests.waiting import HANGS_SECONDS, rest, until

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for number in range(20):
        world.write(f"{number}.md", f"# Note {number}\n\nwords of note {number}\n\nand some more of {number}\n")
    rest()
    return world


def holds(part: Part, name: str) -> bool:
    return any(file.candidate.source.endswith(name) for file in part.files)


def test_a_run_over_nodes_gives_the_table_of_one_process_with_one_commit(world: World) -> None:
    report = run_clustered(world)
    assert report.exit_code == 0
    assert (report.files.seen, report.files.new, report.nodes) == (20, 20, 2)
    assert report.chunks.new == len(world.contents()) == report.embedded.texts
    with world.table() as table:
        assert table.version <= 4  # made, one commit, upkeep
    world.assert_like_fresh()


@only_deep
def test_items_of_a_source_that_is_no_folder_are_read_by_the_nodes(tmp_path: Path) -> None:
    shelf = MarkedShelf(**{f"{number}.md": f"# Item {number}\n\nwords of item {number}\n" for number in range(10)})
    world, other = ShelfWorld(tmp_path / "nodes", shelf), ShelfWorld(tmp_path / "one", shelf)
    assert run_clustered(world).files.new == 10
    shelf.texts |= {"3.md": "other words", "10.md": "an item more"}
    del shelf.texts["4.md"]
    shelf.read_keys.clear()
    report = run_clustered(world)
    assert (report.files.changed, report.files.new, report.files.deleted) == (1, 1, 1)
    assert sorted(shelf.read_keys) == ["10.md", "3.md"]
    other.run()
    assert world.contents() == other.contents()


@only_deep
def test_one_process_finds_everything_known_afterwards_and_nodes_what_one_process_did(world: World) -> None:
    run_clustered(world)
    launched: list[Threads] = []
    assert not world.run().did_anything()
    again = run_clustered(world, launched=launched)
    assert not again.did_anything()
    assert again.files.unchanged == 20
    assert not launched  # nothing is started for nothing
    world.write("20.md", "one more")
    rest()
    world.run()
    assert run_clustered(world).files.unchanged == 21


@only_deep
def test_changes_of_every_kind_are_counted_as_one_process_counts_them(world: World, tmp_path: Path) -> None:
    world.write("twice.md", "the same words")
    rest()
    run_clustered(world)
    other = world.fresh("other")
    other.run()
    world.write("0.md", "# Note 0\n\nother words\n\nand some more of 0\n")
    (world.folder / "1.md").unlink()
    (world.folder / "2.md").rename(world.folder / "moved.md")
    world.write("broken.pdf", b"%PDF-1.4 broken")
    world.write("empty.md", "")
    world.write("copy.md", "the same words")
    rest()
    report, wanted = run_clustered(world), other.run()
    assert report.files == wanted.files
    assert report.chunks == wanted.chunks
    assert [failure.source for failure in report.failures] == [failure.source for failure in wanted.failures]
    assert report.exit_code == wanted.exit_code == 1
    assert (report.embedded.texts, report.embedded.reused) == (wanted.embedded.texts, wanted.embedded.reused)
    assert report.files.moved == 1
    assert report.files.deleted == 1
    assert world.contents() == other.contents()


@only_deep
def test_texts_that_many_files_share_are_embedded_once_and_files_that_wait_for_them_are_counted_once(
    world: World,
) -> None:
    for number in range(30):
        world.write(f"dup{number}.md", f"# Copy\n\nthe same words\n\nthe same again\n\nof its own {number % 3}\n")
    rest()
    walks: list[ClusterWalk] = []
    stood: list[Standing] = []
    worked: list[int] = []
    report = run_clustered(
        world,
        nodes=3,
        far=True,
        walks=walks,
        befall=lambda part, _: worked.append(len(part.files)),
        guard=lambda: stood.append(walks[-1].standing()),
    )
    assert sum(worked) > 50, "no file waited for another"
    size = sum(path.stat().st_size for path in world.folder.glob("*.md"))
    assert {(each.total, each.work.bytes_total) for each in (*stood, walks[-1].standing())} == {(50, size)}
    assert (walks[-1].standing().done, walks[-1].standing().bytes_done) == (50, size)
    assert not [text for text, times in Counter(world.engine.texts).items() if times > 1]
    assert report.embedded.texts == len(world.engine.texts)
    assert report.files.new == 50
    world.assert_like_fresh()


@only_deep
def test_a_text_that_every_document_has_does_not_make_all_of_them_be_read_twice(world: World) -> None:
    for number in range(600):
        world.write(
            f"with/{number}.md", f"# Footer\n\nwords of {number} {'more ' * 20}\n\n# End\n\nthe same {'end ' * 25}\n"
        )
    rest()
    worked: list[int] = []
    report = run_clustered(
        world, befall=lambda part, _: worked.append(len(part.files)), part_files=10_000, part_bytes=2**28, far=True
    )
    assert report.files.new == 620
    assert max(Counter(world.engine.texts).values()) == 1
    assert 620 < sum(worked) < 1100  # 1240 where all are; how many depends on how quick nodes are
    world.assert_like_fresh()


def test_a_node_that_dies_costs_its_part_and_nothing_else(world: World) -> None:
    def once(part: Part, attempt: int) -> None:
        if attempt == 1 and part.number % 2 == 0:
            raise Dies

    report = run_clustered(world, befall=once)
    assert report.exit_code == 0
    assert report.files.new == 20
    world.assert_like_fresh()


@only_deep
def test_what_a_node_has_kept_before_it_died_is_not_computed_again(world: World) -> None:
    def after(part: Part, attempt: int) -> None:
        if attempt == 1:
            raise Dies(after=True)

    report = run_clustered(world, befall=after)
    assert report.files.new == 20
    assert max(Counter(world.engine.texts).values()) == 1
    world.assert_like_fresh()


def test_a_document_that_fells_its_node_fails_alone_and_for_good(world: World) -> None:
    def poisoned(part: Part, attempt: int) -> None:
        if holds(part, "/7.md"):
            raise Dies

    report = run_clustered(world, befall=poisoned, part_files=20, part_bytes=10_000)
    assert [failure.source for failure in report.failures] == ["docs/7.md"]
    assert report.failures[0].kind == "permanent"
    assert "took its node down" in report.failures[0].error
    assert (report.files.new, report.files.failed, report.exit_code) == (19, 1, 1)
    assert world.sources_in_table() == {f"docs/{number}.md" for number in range(20) if number != 7}


def test_a_file_that_waits_for_a_text_of_a_part_that_is_halved_is_not_forgotten(tmp_path: Path) -> None:
    world = World(tmp_path)
    for name in ("a0", "a1", "b0", "b1"):
        world.write(f"{name}.md", "the same words" if name != "a1" else "words of its own")
    rest()
    launched: list[Threads] = []
    died: list[int] = []

    def claimed(part: int) -> None:
        if part == 0 and not died:
            died.append(part)
            until(lambda: launched[0].under_way == 1)  # the other part is back: its files wait for this one
            raise Dies

    report = run_clustered(
        world, claimed=claimed, launched=launched, part_files=2, part_bytes=10_000, attempts=1, far=True
    )
    assert died
    assert (report.files.new, report.exit_code) == (4, 0)
    world.assert_like_fresh()


@only_deep
def test_a_document_is_not_given_up_before_its_node_died_with_nothing_else_at_work(world: World) -> None:
    def once(part: Part, attempt: int) -> None:
        if attempt == 1:
            raise Dies

    report = run_clustered(world, befall=once, part_files=1, attempts=1)
    assert (report.files.new, report.files.failed, report.exit_code) == (20, 0, 0)
    world.assert_like_fresh()


@only_deep
def test_a_document_whose_old_rows_are_stored_loses_them_when_it_fells_its_node(world: World) -> None:
    run_clustered(world)
    world.write("7.md", "something new that nobody can embed")
    rest()

    def poisoned(part: Part, attempt: int) -> None:
        raise Dies

    assert run_clustered(world, befall=poisoned).files.failed == 1
    assert "docs/7.md" not in world.sources_in_table()


@only_deep
def test_nodes_that_are_ended_from_outside_cost_a_document_twice_as_many_and_it_is_tried_again(world: World) -> None:
    tries: list[int] = []

    def killed(part: Part, attempt: int) -> None:
        if holds(part, "/7.md"):
            tries.append(len(part.files))
            raise Dies(outside=True)

    report = run_clustered(world, befall=killed, part_files=1)
    assert tries == [1, 1, 1, 1]
    assert report.failures[0].kind == "transient"
    world.now += 3600
    assert run_clustered(world).files.new == 1
    world.assert_like_fresh()


def test_an_engine_that_fails_ends_the_run_and_what_was_whole_by_then_stays(world: World) -> None:
    def broken(part: Part, attempt: int) -> None:
        if part.number == 3:
            raise EngineError("the engine is gone")

    with pytest.raises(EngineError, match="the engine is gone"):
        run_clustered(world, befall=broken, nodes=1)
    stored = world.sources_in_table()
    assert stored
    assert run_clustered(world).files.new == 20 - len(stored)
    world.assert_like_fresh()


@only_deep
def test_a_store_that_fails_once_is_asked_again_and_one_that_goes_on_failing_ends_the_run(world: World) -> None:
    def once(part: Part, attempt: int) -> None:
        if attempt == 1:
            raise StoreError("503")

    assert run_clustered(world, befall=once).files.new == 20
    world.assert_like_fresh()
    world.write("20.md", "one more")
    rest()

    def always(part: Part, attempt: int) -> None:
        raise StoreError("507")

    with pytest.raises(StoreError, match="507"):
        run_clustered(world, befall=always)


def test_a_part_that_fails_for_a_full_disk_is_not_tried_again(world: World) -> None:
    tried: list[int] = []

    def full(part: Part, attempt: int) -> None:
        tried.append(attempt)
        raise StoreError("cannot write to table `chunks`: No space left on device")

    with pytest.raises(StoreError, match="No space left"):
        run_clustered(world, befall=full, attempts=5)
    assert set(tried) == {1}


@only_deep
def test_files_and_bytes_of_parts_that_have_ended_are_told_together_before_they_are_committed(world: World) -> None:
    walks: list[ClusterWalk] = []
    told: list[Standing] = []
    run_clustered(world, walks=walks, guard=lambda: told.append(walks[-1].standing()))
    size = sum(path.stat().st_size for path in world.folder.glob("*.md"))
    (before, *_) = told
    assert (before.done, before.total) == (20, 20)
    assert (before.bytes_done, before.bytes_ready) == (0, size)
    assert (walks[-1].standing().done, walks[-1].standing().bytes_done) == (20, size)


def test_what_is_whole_of_a_part_is_told_before_the_part_has_ended(tmp_path: Path) -> None:
    world = World(tmp_path)
    texts = {f"{number}.md": f"words of note {number}\n" for number in range(20)}
    for name, text in texts.items():
        world.write(name, text)
    rest()
    run_clustered(world)
    for name, text in texts.items():
        world.write(name, text + "\n")  # is read again, and has nothing new
    world.write("slow.md", "slow words")
    rest()
    world.engine = engine = HoldingEngine()
    walks: list[ClusterWalk] = []
    how = {"nodes": 1, "walks": walks, "part_files": 100, "part_bytes": 2**20}
    run = threading.Thread(target=run_clustered, args=(world,), kwargs=how)
    run.start()
    try:
        assert engine.begun.wait(HANGS_SECONDS)
        until(lambda: walks[-1].standing().done == 20)
        assert walks[-1].standing().bytes_ready == sum(len(text) + 1 for text in texts.values())
    finally:
        engine.go_on.set()
        run.join(HANGS_SECONDS)
    assert (walks[-1].standing().done, walks[-1].standing().tokens_ready) == (21, 0)
    world.assert_like_fresh()


def test_a_run_that_is_stopped_writes_what_ends_within_the_grace_and_the_next_does_the_rest(world: World) -> None:
    def stopping(part: Part, attempt: int) -> None:
        if part.number == 2:
            world.stop.set()

    report = run_clustered(world, befall=stopping, nodes=1)
    assert report.stopped
    assert 0 < len(world.sources_in_table()) < 20
    world.stop.clear()
    texts = set(world.engine.texts)
    assert run_clustered(world, far=True).files.new == 20 - report.files.new
    assert not texts.intersection(world.engine.texts)
    world.assert_like_fresh()


class Crash(BaseException):
    """The driver ends here."""


@few(1)
@pytest.mark.parametrize("point", ["before the commit", "after the commit", "before the journal"])
def test_a_driver_that_is_killed_loses_and_doubles_nothing_and_nothing_is_computed_again(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    commit_parts, record = commits.commit_parts, Resources.record

    def commit(*args: Any, **how: Any) -> int:
        if point == "before the commit":
            raise Crash
        version = commit_parts(*args, **how)
        if point == "after the commit":
            raise Crash
        return version

    def recorded(self: Resources, states: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(commits, "commit_parts", commit)
        if point == "before the journal":
            patch.setattr(Resources, "record", recorded)
        with pytest.raises(Crash):
            run_clustered(world, far=True)
    assert Resources.record is record
    before = list(world.engine.texts)
    assert len(before) == 20
    report = run_clustered(world, far=True)
    assert not world.engine.texts
    assert report.embedded.texts == 0
    assert report.files.seen == 20
    assert not (Path(world.db) / "chunks__run").exists()
    world.assert_like_fresh()


@only_deep
def test_files_that_changed_since_a_run_was_broken_off_are_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit(*args: Any, **how: Any) -> int:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(commits, "commit_parts", commit)
        with pytest.raises(Crash):
            run_clustered(world, far=True)
    world.write("5.md", "# Note 5\n\nquite other words\n")
    (world.folder / "6.md").unlink()
    rest()
    report = run_clustered(world, far=True)
    assert report.files.new == 19
    world.assert_like_fresh()


@only_deep
def test_parts_of_a_run_with_other_settings_or_before_another_writer_are_not_taken_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commit(*args: Any, **how: Any) -> int:
        raise Crash

    def broken_off() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(commits, "commit_parts", commit)
            with pytest.raises(Crash):
                run_clustered(world, far=True)

    broken_off()
    world.settings["chunk"] = {"max_tokens": 16}
    assert run_clustered(world, far=True).embedded.texts == len(world.engine.texts) > 0
    world.assert_like_fresh()
    for number in range(20):
        world.write(f"{number}.md", f"# Second {number}\n\nother words of note {number}\n")
    rest()
    broken_off()
    world.run()  # by one process
    world.write("0.md", "third words of all")
    rest()
    report = run_clustered(world, far=True)
    assert report.files.changed == 1
    world.assert_like_fresh()


@only_deep
def test_a_driver_that_may_not_write_any_more_writes_nothing(world: World) -> None:
    def taken() -> None:
        raise LockedError("another writes this table now")

    with pytest.raises(LockedError, match="another writes"):
        run_clustered(world, guard=taken, far=True)
    assert world.sources_in_table() == set()
    run_clustered(world, far=True)
    assert not world.engine.texts  # what was computed by then is of use
    world.assert_like_fresh()

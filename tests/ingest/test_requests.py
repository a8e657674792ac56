"""What other processes ask of a writer: each verb does its work once, and is answered."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.config import SourceConfig
from embedingest.errors import ConfigError
from embedingest.ingest.pipeline import Pipeline
from embedingest.ingest.requests import VERBS, changing, restoring
from embedingest.ingest.state.journal import Journal
from embedingest.ingest.state.requests import REQUEST_SECONDS
from tests.depth import few
from tests.faults.following import Following
from tests.ingest.world import World
from tests.waiting import rest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write("a.md", "The walrus sleeps.")
    world.write("b.md", "The llama spits.")
    rest()
    return world


@pytest.fixture
def asking(world: World) -> Iterator[Journal]:
    """The journal as another process opens it."""
    world.run()
    with contextlib.closing(Journal(world.state / "chunks.sqlite")) as journal:
        yield journal


@pytest.fixture
def writer(world: World, asking: Journal) -> Iterator[Pipeline]:
    """Who writes the table, and began before anything was asked."""
    with Pipeline(world.config, world.opener(), stop=world.stop, now=lambda: world.now) as pipeline:
        yield pipeline


def served(writer: Pipeline) -> list[dict[str, Any]]:
    return [report.to_json() for report in writer.serve_requests()]


def state_of(journal: Journal, key: int) -> str:
    request = journal.request(key)
    return "" if request is None else request.state


def test_every_request_is_answered_once_in_the_order_it_was_made(
    world: World, writer: Pipeline, asking: Journal
) -> None:
    world.write("c.md", "The otter swims.")
    keys = [asking.ask(verb, {}, world.now) for verb in ("sweep", "retry", "optimize", "confirm")]
    reports = served(writer)
    assert [report["files"]["new"] for report in reports] == [1, 0, 0, 0]
    requests = [asking.request(key) for key in keys]
    assert [request.state for request in requests if request is not None] == ["done"] * 4
    assert [request.answer for request in requests if request is not None] == reports
    assert served(writer) == []


def test_a_request_that_fails_is_answered_with_its_error_and_the_next_is_done(
    world: World, writer: Pipeline, asking: Journal
) -> None:
    unknown, known = asking.ask("juggle", {}, world.now), asking.ask("sweep", {}, world.now)
    assert len(served(writer)) == 1
    failed, done = asking.request(unknown), asking.request(known)
    assert failed is not None
    assert done is not None
    assert (failed.state, done.state) == ("failed", "done")
    assert "does not know how to `juggle`" in failed.answer["error"]
    assert f"it knows {', '.join(VERBS)}" in failed.answer["error"]
    assert failed.answer["kind"] == "ConfigError"


# -- requests that were given up


@few(2)
@pytest.mark.parametrize("verb", sorted(VERBS))
def test_what_was_asked_before_a_writer_began_is_not_for_it(world: World, asking: Journal, verb: str) -> None:
    key = asking.ask(verb, {"root": "docs"}, world.now)
    with world.pipeline() as pipeline:
        assert served(pipeline) == []
    assert state_of(asking, key) == "withdrawn"


def test_what_the_killed_writer_had_begun_is_not_for_the_next(world: World, asking: Journal) -> None:
    key = asking.ask("sweep", {}, world.now)
    assert asking.take(key)
    with world.pipeline() as pipeline:
        assert served(pipeline) == []
    assert state_of(asking, key) == "withdrawn"


def test_the_request_of_a_process_that_is_gone_is_not_carried_out(
    world: World, writer: Pipeline, asking: Journal
) -> None:
    code = (
        "import sys; sys.path[:0] = eval(sys.argv[1]); from pathlib import Path; "
        "from embedingest.ingest.state.journal import Journal; "
        "print(Journal(Path(sys.argv[2])).ask('sweep', {}, float(sys.argv[3])))"
    )
    command = [sys.executable, "-c", code, repr([path for path in sys.path if path]), str(asking.path), str(world.now)]
    key = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert served(writer) == []
    assert state_of(asking, key) == "withdrawn"


def test_a_request_runs_out_unless_its_asker_renews_it(world: World, writer: Pipeline, asking: Journal) -> None:
    left, renewed = asking.ask("sweep", {}, world.now), asking.ask("sweep", {}, world.now)
    world.now += REQUEST_SECONDS
    asking.renew(renewed, world.now)
    world.now += 1
    assert len(served(writer)) == 1
    assert (state_of(asking, left), state_of(asking, renewed)) == ("withdrawn", "done")


def test_a_request_is_withdrawn_by_who_asked_until_the_writer_takes_it(
    world: World, writer: Pipeline, asking: Journal
) -> None:
    withdrawn, taken = asking.ask("sweep", {}, world.now), asking.ask("sweep", {}, world.now)
    assert asking.withdraw(withdrawn)
    assert writer.journal.take(taken)
    assert not asking.withdraw(taken)
    assert served(writer) == []


def test_a_writer_that_is_stopped_gives_back_what_it_did_not_finish(
    world: World, writer: Pipeline, asking: Journal
) -> None:
    keys = [asking.ask(verb, {"root": "docs"}, world.now) for verb in ("sweep", "forget")]
    world.stop.set()
    served(writer)
    assert [state_of(asking, key) for key in keys] == ["withdrawn", "withdrawn"]
    assert world.sources_in_table() == {"docs/a.md", "docs/b.md"}


def emptied(world: World, *names: str) -> None:
    """These files of twelve are gone, and wait for a person."""
    for name in names:
        (world.folder / name).unlink()


@pytest.fixture
def twelve(world: World) -> World:
    for number in range(10):
        world.write(f"f{number}.md", f"Document number {number}.")
    rest()
    world.run()
    return world


def test_a_yes_is_to_the_documents_that_it_names_and_to_no_others(twelve: World) -> None:
    emptied(twelve, *(f"f{number}.md" for number in range(8)))
    with twelve.pipeline() as pipeline:
        assert pipeline.converge().files.pending_deletes == 8
        for named in ([], ["docs/f0.md"], ["docs/f1.md", "docs/a.md", "docs/none.md"]):
            before = set(pipeline.journal.pending())
            report = pipeline.perform("confirm", {"sources": named})
            gone = before & set(named)
            assert (report.files.deleted, report.files.pending_deletes) == (len(gone), len(before - gone))


def test_a_request_that_names_no_documents_confirms_none(twelve: World) -> None:
    emptied(twelve, *(f"f{number}.md" for number in range(8)))
    with twelve.pipeline() as pipeline, contextlib.closing(Journal(pipeline.journal.path)) as asking:
        pipeline.converge()
        for arguments in ({}, {"sources": list[str]()}):
            asking.ask("confirm", arguments, twelve.now)
            (report,) = pipeline.serve_requests()
            assert (report.files.deleted, report.files.pending_deletes) == (0, 8)
        assert pipeline.perform("confirm", {}).files.deleted == 8


def test_a_yes_that_was_not_carried_out_to_its_end_is_no_yes_to_a_later_run(twelve: World) -> None:
    emptied(twelve, *(f"f{number}.md" for number in range(8)))
    assert twelve.run().files.pending_deletes == 8
    waiting = [f"docs/f{number}.md" for number in range(8)]
    with twelve.pipeline() as pipeline:
        twelve.stop.set()  # Ctrl-C
        pipeline.perform("confirm", {"sources": waiting})
        twelve.stop.clear()
        assert pipeline.converge().files.pending_deletes == 8
        pipeline.journal.confirm(waiting)  # and then it is killed
    assert (twelve.run().files.pending_deletes, len(twelve.sources_in_table())) == (8, 12)


def test_a_verb_of_the_table_changes_it_and_the_journal_agrees_with_what_it_became(world: World) -> None:
    world.run()
    names: list[str] = []

    def name(table: Any, arguments: Mapping[str, Any]) -> None:
        names.append(f"{arguments['name']}: {table.count()}")

    with Pipeline(world.config, world.opener(), verbs={"name": changing(name)}) as pipeline:
        pipeline.perform("name", {"name": "monday"})
    assert names == ["monday: 2"]
    opened = world.tables_opened
    assert world.run().files.unchanged == 2
    assert world.tables_opened == opened, "nothing is compared again"


def test_a_restored_table_is_not_followed_until_it_is_asked_to_resume(world: World) -> None:
    world.run()
    verbs = {"restore": restoring(lambda table, arguments: None)}
    with Pipeline(world.config, world.opener(), verbs=verbs, stop=world.stop) as pipeline:
        pipeline.perform("restore", {"name": "monday"})
        assert "monday" in pipeline.paused
        world.write("c.md", "The otter swims.")
        assert pipeline.perform("resume", {}).files.new == 1
        assert pipeline.paused == ""


def test_an_ingest_of_all_folders_ends_the_pause_and_one_of_some_does_not(world: World) -> None:
    other = world.base / "other"
    other.mkdir()
    (other / "d.md").write_text("The eel swims.")
    both = [*world.sources, SourceConfig(path=other)]
    world.sources = both
    world.run()
    verbs = {"restore": restoring(lambda table, arguments: None)}
    with Pipeline(world.config, world.opener(), verbs=verbs, stop=world.stop) as pipeline:
        pipeline.perform("restore", {"name": "monday"})
    world.sources = both[:1]
    world.run()
    with world.pipeline() as pipeline:
        assert "monday" in pipeline.paused
    world.sources = both
    world.run()
    with world.pipeline() as pipeline:
        assert pipeline.paused == ""


def test_an_unknown_verb_is_refused(world: World) -> None:
    with world.pipeline() as pipeline, pytest.raises(ConfigError, match="does not know how to `juggle`"):
        pipeline.perform("juggle", {})


def test_only_the_root_that_is_named_is_forgotten(world: World, tmp_path: Path) -> None:
    other = tmp_path / "notes"
    other.mkdir()
    (other / "n.md").write_text("A note.")
    world.sources.append(SourceConfig(path=other))
    world.run()
    with world.pipeline() as pipeline:
        with pytest.raises(ConfigError, match="is followed"):
            pipeline.perform("forget", {"root": os.fspath(tmp_path / "elsewhere")})
        pipeline.perform("forget", {"root": os.fspath(other)})
    assert world.sources_in_table() == {"docs/a.md", "docs/b.md"}


# -- roots that are forgotten while they are followed


@pytest.fixture
def two_roots(world: World, tmp_path: Path) -> World:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "n.md").write_text("A note.")
    world.sources.append(SourceConfig(path=tmp_path / "notes"))
    rest()
    return world


@few(1)
@pytest.mark.parametrize("root", ["notes", "path"])
def test_a_followed_root_that_is_forgotten_is_not_followed_any_more(two_roots: World, root: str) -> None:
    world, notes = two_roots, two_roots.base / "notes"
    with Following(world, sweep_seconds=1) as following:
        following.until(lambda: "notes/n.md" in following.sources())
        following.ask("forget", root=os.fspath(notes) if root == "path" else root)
        assert following.sources() == {"docs/a.md", "docs/b.md"}
        (notes / "n.md").write_text("It was edited.")
        (notes / "m.md").write_text("Another note.")
        following.ask("sweep")
        following.until_quiet()
        assert following.sources() == {"docs/a.md", "docs/b.md"}
        assert following.pipeline.roots[0].alias == "docs"
        # What is made anew from the settings does not bring it back.
        (world.state / "chunks.sqlite").unlink()
        following.until((world.state / "chunks.sqlite").exists)
        following.ask("sweep")
        assert following.sources() == {"docs/a.md", "docs/b.md"}


def test_a_watch_whose_last_root_is_forgotten_goes_on_and_writes_nothing(world: World) -> None:
    with Following(world) as following:
        following.ask("forget", root="docs")
        world.write("c.md", "The otter swims.")
        following.ask("sweep")
        assert following.sources() == set()

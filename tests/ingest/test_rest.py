"""A person pauses a pipeline: what is under way ends in the table, nothing more is taken up until it is resumed."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.errors import ConfigError, StoreError
from embedingest.ingest.audit.status import journal_status
from embedingest.ingest.run.rest import paused_since
from embedingest.ingest.state.journal import Journal
from tests.depth import only_deep
from tests.ingest.world import CountingEngine, World
from tests.waiting import rest, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

FILES = 260
TEXT = "\n\n".join(f"Paragraph {n} has some words of its own, number {n * n}, and more of them." for n in range(12))


class GatedEngine(CountingEngine):
    """An engine whose calls wait until the test lets them through."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def embed(self, texts: Any, **options: Any) -> Any:
        if texts:
            assert self.gate.wait(60)
        return super().embed(texts, **options)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@contextlib.contextmanager
def following(world: World) -> Iterator[None]:
    """A watch on a thread of its own."""
    world.stop.clear()

    def follow() -> None:
        with world.pipeline() as pipeline:
            for _ in pipeline.follow():
                pass

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        world.stop.set()
        thread.join()


@contextlib.contextmanager
def asking(world: World) -> Iterator[Journal]:
    """The journal as another process opens it, once the watch has made it."""

    def opened() -> Journal | None:
        with contextlib.suppress(StoreError):
            return Journal(world.state / "chunks.sqlite", mend=False)
        return None

    with contextlib.closing(until(opened, "a journal")) as journal:
        yield journal


def ask(journal: Journal, verb: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    key = journal.ask(verb, arguments, time.time())
    return answer(journal, key)


def answer(journal: Journal, key: int) -> tuple[str, dict[str, Any]]:
    def answered() -> tuple[str, dict[str, Any]] | None:
        request = journal.request(key)
        assert request is not None
        return None if request.state in {"waiting", "taken"} else (request.state, request.answer)

    return until(answered, "an answer")


@only_deep
def test_a_long_run_ends_what_is_under_way_and_rests_until_it_is_resumed(world: World) -> None:
    engine = world.engine = GatedEngine()
    for number in range(FILES):
        world.write(f"f{number:03}.md", TEXT.replace("words", f"words{number}"))
    rest()
    with following(world), asking(world) as journal:
        until(lambda: journal.meta("progress"), "a run under way")
        key = journal.ask("pause", {}, time.time())
        until(lambda: paused_since(journal), "the walk to notice")
        engine.gate.set()
        assert answer(journal, key)[0] == "done"
        counts = journal.counts()
        assert 0 < counts["done"] < FILES
        assert len(world.sources_in_table()) == counts["done"]
        world.write("later.md", "The lighthouse keeper sleeps.")
        assert ask(journal, "optimize")[0] == "done"
        assert journal.counts() == counts
        assert ask(journal, "resume")[0] == "done"
        until(lambda: journal.counts().get("done") == FILES + 1, "all files")
    world.assert_like_fresh()


def test_what_goes_away_during_a_pause_is_deleted_once_it_is_resumed(world: World) -> None:
    for name in ("a", "b", "c"):
        world.write(f"{name}.md", f"The {name} sleeps.")
    rest()
    with following(world), asking(world) as journal:
        until(lambda: journal.counts() == {"done": 3}, "all files")
        assert ask(journal, "pause")[0] == "done"
        (world.folder / "a.md").unlink()
        (world.folder / "b.md").rename(world.folder / "d.md")
        assert ask(journal, "optimize")[0] == "done"
        assert journal.counts() == {"done": 3}
        assert ask(journal, "resume")[0] == "done"
    world.assert_like_fresh()


def test_a_pause_outlives_the_watch_and_is_told(world: World) -> None:
    world.write("a.md", "The walrus sleeps.")
    rest()
    with following(world), asking(world) as journal:
        until(lambda: journal.counts() == {"done": 1}, "all files")
        assert ask(journal, "pause")[0] == "done"
    world.write("b.md", "The llama spits.")
    rest()
    with following(world), asking(world) as journal:
        assert ask(journal, "optimize")[0] == "done"
        status = journal_status(world.state / "chunks.sqlite", now=time.time())
        assert (status["paused"], status["paused_since"]) == (None, paused_since(journal))
        assert journal.counts() == {"done": 1}
        assert ask(journal, "resume")[0] == "done"
        assert journal.counts() == {"done": 2}
        assert paused_since(journal) is None


@pytest.mark.parametrize("verb", ["retry", "confirm", "sweep"])
def test_what_would_follow_the_folders_is_refused_during_a_pause_with_the_way_out(world: World, verb: str) -> None:
    world.write("a.md", "The walrus sleeps.")
    with world.pipeline() as pipeline:
        pipeline.converge()
        pipeline.perform("pause", {})
        with pytest.raises(ConfigError, match="paused") as refused:
            pipeline.perform(verb, {"sources": ["docs/a.md"]})
    assert "embedingest restore --resume" in (refused.value.remedy or "")


def test_a_pause_that_nobody_waits_for_any_more_is_none(world: World) -> None:
    world.write("a.md", "The walrus sleeps.")
    rest()
    with following(world), asking(world) as journal:
        until(lambda: journal.counts() == {"done": 1}, "all files")
        journal.ask("pause", {}, 0.0)
        assert ask(journal, "optimize")[0] == "done"
        assert paused_since(journal) is None


def test_a_run_by_hand_does_not_heed_what_is_asked_of_who_follows(world: World) -> None:
    engine = world.engine = GatedEngine()
    for number in range(FILES):
        world.write(f"f{number:03}.md", TEXT.replace("words", f"words{number}"))
    rest()
    reports: list[Any] = []
    running = threading.Thread(target=lambda: reports.append(world.run()))
    running.start()
    with asking(world) as journal:
        until(lambda: journal.meta("progress"), "a run under way")
        journal.ask("pause", {}, time.time())
        engine.gate.set()
        running.join()
        assert paused_since(journal) is None
    assert reports[0].files.new == FILES


def test_whoever_runs_by_hand_is_not_kept_from_it(world: World) -> None:
    world.write("a.md", "The walrus sleeps.")
    with world.pipeline() as pipeline:
        pipeline.perform("pause", {})
        assert pipeline.converge().files.new == 1
        assert pipeline.paused

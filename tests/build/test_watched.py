"""Pipelines as a server shows and steers them: followed in this process, in another, or by nobody."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from embedingest.build.journals import journal_path
from embedingest.build.remembered import remember
from embedingest.build.session import Session
from embedingest.build.watched import Fault, Watched, WatchedPipelines
from embedingest.config import Config, PipelineConfig, SourceConfig
from embedingest.errors import ConfigError, LockedError, StoreError
from embedingest.ingest.figures import Figures
from embedingest.ingest.state.journal import Journal
from embedingest.server.pipelines import PipelineRefusalError
from tests import samples
from tests.depth import only_deep
from tests.waiting import rest, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from embedingest.build.watched import _Deed

FILES = 12


class Place:
    """A folder that is followed, and where its table lies."""

    def __init__(self, base: Path) -> None:
        self.docs = base / "docs"
        self.docs.mkdir()
        for number in range(FILES):
            (self.docs / f"f{number:02}.md").write_text(f"The walrus sleeps {number} hours.\n")
        rest()
        self.settings = PipelineConfig(
            sources=(SourceConfig(path=self.docs),), model="hashing", db=str(base / "lancedb"),
            watch={"settle_ms": 50, "poll_ms": 50},
        )  # fmt: skip
        self.config = Config(state=base / "state", pipelines={"default": self.settings})

    @property
    def table(self) -> tuple[Path, str, str]:
        return self.config.state, self.settings.db, self.settings.table

    @contextlib.contextmanager
    def followed(self) -> Iterator[WatchedPipelines]:
        """As `watch --serve` does it."""
        stop, figures = threading.Event(), Figures()
        pipelines = WatchedPipelines({"docs": Watched(*self.table, figures)})

        def follow() -> None:
            with Session(self.config) as session:
                pipeline = session.pipeline(progress=figures, stop=stop)
                remember(pipeline, self.config)
                for _ in pipeline.follow():
                    pass

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield pipelines
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def done(pipelines: WatchedPipelines, count: int, name: str = "docs") -> Mapping[str, Any]:
    """What is told once so many files are in the table and nothing is under way."""
    return until(
        lambda: (told := pipelines.status(name))["files"]["done"] == count and not told["run"] and told,
        f"{count} files",
    )


def answered(deed: _Deed) -> Mapping[str, Any]:
    try:
        return until(deed.look, "an answer")
    finally:
        deed.withdraw()


def test_a_followed_pipeline_tells_its_files_its_table_and_the_last_save(place: Place) -> None:
    with place.followed() as pipelines:
        told = done(pipelines, FILES)
        assert (told["state"], told["is_followed"], told["error"], told["freshness"]) == ("at rest", True, None, None)
        assert told["table"]["rows"] == FILES
        (place.docs / "new.md").write_text("The seal swims.\n")
        told = done(pipelines, FILES + 1)
        assert told["freshness"]["source"] == "docs/new.md"
        assert 0 <= told["freshness"]["seconds"] < 60
        figures = pipelines.figures("docs")
        assert figures.counted["files_new"] == figures.files["done"] == FILES + 1
        assert figures.freshness is not None
        assert sum(figures.freshness.counts) == 1
        assert figures.commits is not None
        assert figures.commits.seconds > 0
        assert figures.table["rows"] == FILES + 1
        assert (figures.state, figures.waiting, figures.chunks_per_second) == ("at rest", 0, 0.0)
        until(lambda: (pipelines.figures("docs").silent or 0) < 5)


@only_deep
def test_at_rest_the_same_is_told_and_the_journal_is_not_read(place: Place) -> None:
    with place.followed() as pipelines:
        done(pipelines, FILES)
        glances = pipelines._pipelines["docs"].glances

        def twice() -> bool:
            looks, told = glances.looks, [pipelines.status("docs") for _ in range(200)]
            return glances.looks == looks and all(one == told[0] for one in told)

        until(twice, "rest")


@only_deep
def test_who_follows_nothing_tells_and_asks_the_same_through_the_journal(place: Place) -> None:
    served = WatchedPipelines({"chunks": Watched(*place.table)})
    assert served.status("chunks")["state"] == "not followed"
    with place.followed() as own:
        done(own, FILES)
        (place.docs / "new.md").write_text("The seal swims.\n")
        told = done(served, FILES + 1, "chunks")
        assert (told["state"], told["is_followed"]) == ("at rest", True)
        assert told["freshness"] == until(lambda: own.status("docs")["freshness"])
        assert answered(served.act("chunks", "pause"))["files"]["failed"] == 0
        assert until(lambda: served.status("chunks")["paused_since"])
        assert own.status("docs")["state"] == "paused"
        answered(served.act("chunks", "resume"))
        assert until(lambda: served.status("chunks")["state"] == "at rest")
    assert until(lambda: served.status("chunks")["state"] == "not followed")
    with pytest.raises(PipelineRefusalError, match="nobody follows"):
        served.act("chunks", "retry")


@only_deep
def test_a_failure_is_told_and_tried_again_by_name(place: Place) -> None:
    (place.docs / "gate.docx").write_bytes(samples.docx()[:300])
    with place.followed() as pipelines:
        told = done(pipelines, FILES)
        (failure,) = until(lambda: pipelines.status("docs")["failures"])
        assert (failure["source"], failure["next_try"]) == ("docs/gate.docx", None)
        assert pipelines.status("docs")["files"]["failed"] == 1
        answer = answered(pipelines.act("docs", "retry", sources=["docs/gate.docx"]))
        assert answer["files"]["failed"] == 1
        assert [one["source"] for one in answer["failures"]] == ["docs/gate.docx"]
        with pytest.raises(ConfigError, match="named"):
            pipelines.act("docs", "retry", sources=["docs/x.md"] * 20_000)
        assert told["extras"] == {}


def test_a_yes_is_to_exactly_what_was_shown(place: Place) -> None:
    with place.followed() as pipelines:
        done(pipelines, FILES)
        for number in range(10):
            (place.docs / f"f{number:02}.md").unlink()
        shown = until(lambda: (p := pipelines.status("docs")["pending_deletes"])["count"] == 10 and p)
        (place.docs / "f10.md").unlink()
        until(lambda: pipelines.status("docs")["pending_deletes"]["count"] == 11)
        with pytest.raises(PipelineRefusalError, match="now 11 deletions"):
            pipelines.act("docs", "confirm", pending=shown["name"])
        shown = pipelines.status("docs")["pending_deletes"]
        assert answered(pipelines.act("docs", "confirm", pending=shown["name"]))["files"]["deleted"] == 11
        assert done(pipelines, 1)["pending_deletes"] == {"count": 0, "sources": [], "name": ""}


@only_deep
def test_what_nobody_waits_for_any_more_is_not_done(place: Place) -> None:
    with place.followed() as pipelines:
        done(pipelines, FILES)
        with contextlib.closing(Journal(journal_path(*place.table), mend=False)) as journal:
            deed = pipelines.act("docs", "pause")
            deed.withdraw()
            assert journal.waiting() == []
        assert answered(pipelines.act("docs", "retry"))["files"]["failed"] == 0
        assert pipelines.status("docs")["paused_since"] is None


def test_an_error_that_ended_a_pipeline_is_told_with_its_way_out(place: Place) -> None:
    watched = Watched(*place.table, Figures())
    pipelines = WatchedPipelines({"docs": watched})
    watched.fault = Fault.of(LockedError("another process writes it", remedy="end it"))
    told = pipelines.status("docs")
    assert (told["state"], told["is_followed"]) == ("failed", False)
    assert told["error"] == {"message": "another process writes it", "remedy": "end it", "next_try": None}
    with pytest.raises(PipelineRefusalError, match="has ended: another process writes it"):
        pipelines.act("docs", "pause")
    watched.fault = Fault.of(StoreError("the disk is full", remedy="make room"), again=True)
    assert pipelines.status("docs")["is_followed"]
    assert pipelines.figures("docs").error == "the disk is full"


def test_pipelines_come_and_go_and_keep_the_order_of_the_configuration(place: Place) -> None:
    pipelines = WatchedPipelines()
    for name in ("c", "a", "b"):
        pipelines.put(name, Watched(*place.table), order=("a", "b", "c"))
    assert pipelines.names() == ("a", "b", "c")
    pipelines.drop("b")
    assert pipelines.names() == ("a", "c")
    for ask in (pipelines.status, pipelines.figures):
        with pytest.raises(KeyError):
            ask("b")
    with pytest.raises(ConfigError, match="cannot be asked to `drop`"):
        pipelines.act("a", "drop")


def test_a_journal_that_is_damaged_is_told_as_such(place: Place) -> None:
    path = journal_path(*place.table)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"SQLite format 3\0" + os.urandom(4000))
    told = WatchedPipelines({"docs": Watched(*place.table)}).status("docs")
    assert str(path) in told["journal_fault"]
    assert json.dumps(told)

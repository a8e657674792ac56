"""`tag`, `restore`, `search --at`: going back, and forward again."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from embedingest.build.pipelines import open_pipeline
from embedingest.build.remembered import remember
from embedingest.build.session import Session
from embedingest.config import Config, PipelineConfig, SourceConfig, WatchConfig
from tests.waiting import until


def sources(chair, *args):
    return [
        hit["text"] for hit in chair.run("search", "animals", "--model", "hashing", "--json", *args).json["results"]
    ]


def test_a_snapshot_is_searched_restored_and_left_again(chair):
    chair.write("docs/a.md", "penguins are animals")
    assert chair.ingest().code == 0
    assert chair.run("tag", "v1").code == 0
    chair.write("docs/a.md", "lions are animals")
    assert chair.ingest().code == 0
    assert sources(chair) == ["lions are animals"]
    assert sources(chair, "--at", "v1") == ["penguins are animals"]
    assert [snapshot["name"] for snapshot in chair.run("tag", "--json").json] == ["v1"]
    assert chair.run("restore", "v1").code == 0
    assert sources(chair) == ["penguins are animals"]
    # The folder is newer than what was restored; going on brings it back, and embeds nothing twice.
    resumed = chair.run("restore", "--resume", "--json")
    assert (resumed.code, resumed.json["embedded"]["texts"]) == (0, 0)
    assert sources(chair) == ["lions are animals"]
    assert chair.run("tag", "v1", "--drop").code == 0
    assert chair.run("tag", "--json").json == []


@contextlib.contextmanager
def followed(folder):
    """A watch over `docs`, as `embedingest watch` runs it, from its first report on."""
    settings = PipelineConfig(
        sources=(SourceConfig(path=folder / "docs"),),
        model="hashing",
        db=".embedingest/lancedb",
        watch=WatchConfig(settle_ms=20, settle_max_ms=100),
    )
    config = Config(state=Path(".embedingest"), pipelines={"default": settings})
    session, stop, first = Session(config), threading.Event(), threading.Event()

    def follow():
        with open_pipeline(session, stop=stop) as pipeline:
            for _ in pipeline.follow():
                remember(pipeline, config)
                first.set()

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        assert first.wait(60)
        yield
    finally:
        stop.set()
        thread.join(60)
        session.close()


def test_restoring_pauses_a_watch_until_it_is_told_to_go_on(chair):
    chair.write("docs/a.md", "penguins are animals")
    with followed(chair.folder):
        assert chair.run("tag", "v1").code == 0
        chair.write("docs/a.md", "lions are animals")
        until(lambda: sources(chair) == ["lions are animals"])
        assert chair.run("restore", "v1").code == 0
        chair.write("docs/b.md", "owls are animals")
        time.sleep(0.6)  # six times what the watch may wait for a file to settle
        assert sources(chair) == ["penguins are animals"]
        assert chair.run("status", "--json").json["paused"] == "v1"
        assert chair.run("restore", "--resume").code == 0
        assert set(sources(chair)) == {"lions are animals", "owls are animals"}
        chair.write("docs/c.md", "eels are animals")
        until(lambda: "eels are animals" in sources(chair))
        assert chair.run("status", "--json").json["paused"] is None


def test_an_unknown_snapshot_names_the_known_ones(chair):
    chair.write("docs/a.md", "penguins are animals")
    chair.ingest()
    chair.run("tag", "v1")
    ran = chair.run("restore", "v2")
    assert ran.code == 3
    assert "known snapshots: v1" in ran.err


def test_restore_needs_a_name_or_resume(chair):
    assert chair.run("restore").code == 2
    assert chair.run("tag", "--drop").code == 2

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
from tests.depth import only_deep
from tests.waiting import until


def sources(shell, *args):
    return [
        hit["text"] for hit in shell.run("search", "animals", "--model", "hashing", "--json", *args).json["results"]
    ]


def test_a_snapshot_is_searched_restored_and_left_again(shell):
    shell.write("docs/a.md", "penguins are animals")
    assert shell.ingest().code == 0
    assert shell.run("tag", "v1").code == 0
    shell.write("docs/a.md", "lions are animals")
    assert shell.ingest().code == 0
    assert sources(shell) == ["lions are animals"]
    assert sources(shell, "--at", "v1") == ["penguins are animals"]
    assert [snapshot["name"] for snapshot in shell.run("tag", "--json").json] == ["v1"]
    assert shell.run("restore", "v1").code == 0
    assert sources(shell) == ["penguins are animals"]
    # The folder is newer than what was restored; going on brings it back, and embeds nothing twice.
    resumed = shell.run("restore", "--resume", "--json")
    assert (resumed.code, resumed.json["embedded"]["texts"]) == (0, 0)
    assert sources(shell) == ["lions are animals"]
    assert shell.run("tag", "v1", "--drop").code == 0
    assert shell.run("tag", "--json").json == []


@contextlib.contextmanager
def followed(folder, *names):
    """A watch over `docs`, or over `names`, as `embedingest watch` runs it, from its first report on."""
    settings = PipelineConfig(
        sources=tuple(SourceConfig(path=folder / name) for name in names or ("docs",)),
        model="hashing",
        db=".embedingest/lancedb",
        watch=WatchConfig(settle_ms=20, settle_max_ms=100),
    )
    config = Config(state=Path(".embedingest"), pipelines={"default": settings})
    session, stop, first = Session(config), threading.Event(), threading.Event()

    def follow():
        with open_pipeline(session, stop=stop) as pipeline:
            pipeline.open()
            remember(pipeline, config)
            for _ in pipeline.follow():
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


def told_of_snapshots(shell):
    """What is said of a snapshot that is made, restored and dropped, in words and as JSON."""
    told = []
    for args in (("tag", "v1"), ("restore", "v1"), ("restore", "--resume"), ("tag", "--drop", "v1")):
        ran = shell.run(*args)
        assert (args, ran.code) == (args, 0)
        told.append(ran.err.splitlines()[-1])
    del told[2]  # counts of files
    asked = (("tag", "v2"), ("restore", "v2"), ("restore", "--resume"), ("tag", "--drop", "v2"))
    return told + [shell.run(*args, "--json").json.get("snapshot") for args in asked]


SNAPSHOTS_TOLD = [
    "snapshot `v1` was made: 1 row; `embedingest restore v1` brings it back",
    "the table is what it was at snapshot `v1`, 1 row; nothing is followed until `embedingest restore --resume`",
    "snapshot `v1` (1 row) was dropped; its files go with the next clean-up",
    {"did": "made", "name": "v2", "rows": 1},
    {"did": "restored", "name": "v2", "rows": 1},
    None,
    {"did": "dropped", "name": "v2", "rows": 1},
]


@only_deep
def test_what_became_of_a_snapshot_is_told(shell):
    shell.write("docs/a.md", "penguins are animals")
    assert shell.ingest().code == 0
    assert told_of_snapshots(shell) == SNAPSHOTS_TOLD


@only_deep
def test_what_became_of_a_snapshot_is_told_alike_under_a_watch(shell):
    shell.write("docs/a.md", "penguins are animals")
    with followed(shell.folder):
        assert told_of_snapshots(shell) == SNAPSHOTS_TOLD


@only_deep
def test_restoring_pauses_a_watch_until_it_is_told_to_go_on(shell):
    shell.write("docs/a.md", "penguins are animals")
    with followed(shell.folder):
        assert shell.run("tag", "v1").code == 0
        shell.write("docs/a.md", "lions are animals")
        until(lambda: sources(shell) == ["lions are animals"])
        assert shell.run("restore", "v1").code == 0
        shell.write("docs/b.md", "owls are animals")
        time.sleep(0.6)  # six times what the watch may wait for a file to settle
        assert sources(shell) == ["penguins are animals"]
        assert shell.run("status", "--json").json["paused"] == "v1"
        assert shell.run("restore", "--resume").code == 0
        assert set(sources(shell)) == {"lions are animals", "owls are animals"}
        shell.write("docs/c.md", "eels are animals")
        until(lambda: "eels are animals" in sources(shell))
        assert shell.run("status", "--json").json["paused"] is None


REQUESTS = [("retry",), ("retry", "docs/new.md"), ("confirm",), ("confirm", "docs/b.md"), ("verify", "--repair")]
OWN_PART = [("optimize",), ("tag", "v2"), ("tag", "--drop", "v2"), ("forget", "other")]


def assert_that_nothing_undoes_a_restore(shell, requests):
    """Whatever is asked while a snapshot stays: it is refused with the way out, or does its own part alone."""
    before = shell.run("search", "animals", "--model", "hashing", "--json", "--limit", "50").json["results"]
    for args in requests:
        ran = shell.run(*args)
        assert (args, ran.code) == (args, 2)
        assert "snapshot v1 was restored: nothing is followed" in ran.err
        assert "restore --resume" in ran.err
    for args in OWN_PART:
        assert (args, shell.run(*args).code) == (args, 0)
    after = shell.run("search", "animals", "--model", "hashing", "--json", "--limit", "50").json["results"]
    kept = [hit["source"] for hit in before if not hit["source"].startswith("other/")]
    assert [hit["source"] for hit in after] == kept
    assert "docs/new.md" not in kept
    assert shell.run("status", "--json").json["paused"] == "v1"


def write_two_roots(shell):
    for name in ("docs/a.md", "docs/b.md", "other/c.md"):
        shell.write(name, f"{name} is about animals")


@only_deep
def test_no_request_undoes_a_restore_under_a_watch(shell):
    write_two_roots(shell)
    with followed(shell.folder, "docs", "other"):
        assert shell.run("tag", "v1").code == 0
        shell.write("docs/new.md", "newts are animals")
        until(lambda: "newts are animals" in sources(shell))
        assert shell.run("restore", "v1").code == 0
        # While it is watched, `verify --repair` is refused for the lock.
        assert_that_nothing_undoes_a_restore(shell, REQUESTS[:-1])
        assert shell.run("restore", "--resume").code == 0
        assert "newts are animals" in sources(shell)


@only_deep
def test_no_command_undoes_a_restore_where_nobody_watches(shell):
    write_two_roots(shell)
    assert shell.run("ingest", "docs", "other", "--model", "hashing").code == 0
    assert shell.run("tag", "v1").code == 0
    shell.write("docs/new.md", "newts are animals")
    assert shell.run("ingest", "docs", "other", "--model", "hashing").code == 0
    assert shell.run("restore", "v1").code == 0
    assert_that_nothing_undoes_a_restore(shell, REQUESTS)


@only_deep
def test_after_a_restore_status_counts_what_the_table_has(shell):
    for name in ("a", "b"):
        shell.write(f"docs/{name}.md", f"{name} is about animals")
    with followed(shell.folder):
        assert shell.run("tag", "v1").code == 0
        shell.write("docs/new.md", "newts are animals")
        until(lambda: "newts are animals" in sources(shell))
        assert shell.run("restore", "v1").code == 0
        document = shell.run("status", "--json").json
        assert (document["table"]["rows"], document["files"]["done"], document["behind"]["to_read"]) == (2, 2, 1)
        assert (document["in_sync"], document["table_differs"]) == (False, False)
        assert shell.run("restore", "--resume").code == 0
        document = shell.run("status", "--json").json
        assert (document["table"]["rows"], document["files"], document["table_differs"]) == (3, {"done": 3}, False)


def test_an_unknown_snapshot_names_the_known_ones(shell):
    shell.write("docs/a.md", "penguins are animals")
    shell.ingest()
    shell.run("tag", "v1")
    ran = shell.run("restore", "v2")
    assert ran.code == 3
    assert "known snapshots: v1" in ran.err


def test_restore_needs_a_name_or_resume(shell):
    assert shell.run("restore").code == 2
    assert shell.run("tag", "--drop").code == 2

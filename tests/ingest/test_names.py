"""Documents whose names hold what sources are spelled with keep their rows, whatever is lost and made again."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from embedingest.ingest.identity import Source
from embedingest.store import snapshots
from embedingest.store.values import Changes
from tests.depth import only_deep
from tests.ingest.world import World

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "Yahoo!/news.md",
    "Yahoo!/deeper!/news.md",
    "Yahoo%21/news.md",
    "Yahoo%2521/news.md",
    "Yahoo/news.md",
    "a!/b!/c!",
    "a!!/b",
    "!/!/!",
    "%21",
    "%2521",
    "%",
    "100%.md",
    "100%25.md",
    "100%FF.md",
    "hooray!",
    "hooray!.md",
    "x' OR 'a'='a",
    "caf\udce9!/caf\udce9.md",
    "caf%E9!/caf%E9.md",
    "%uD800.md",
)
MEMBERS = ("plain.md", "a!/b.md", "a%21/b.md", "a%2521/b.md", "end!", "%21", "my%20file.md", "x.zip!/y.md")


def archive(names: tuple[str, ...], mark: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            file.writestr(name, f"the {mark} member {name}\n")
    return stream.getvalue()


def tar(names: tuple[str, ...]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        for name in names:
            data = f"the tarred member {name!a}\n".encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return stream.getvalue()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A folder, itself of such a name, of files and archives of such names."""
    world = World(tmp_path, load={"loaders": {"*.zip": "archive", "*.tar": "archive"}})
    world.folder.rmdir()
    world.folder = tmp_path / "Docs!"
    world.sources = [world.sources[0].model_copy(update={"path": world.folder})]
    undecodable = sys.platform == "linux"
    for name in NAMES:
        if undecodable or name.isascii():
            world.write(name, f"# {name!a}\n\nthe file {name!a} of this folder\n")
    world.write("z.zip", archive(MEMBERS, "first"))
    world.write("z.zip!/plain.md", "no member of the archive beside it\n")
    world.write("Yahoo!/z!.zip", archive(MEMBERS, "second"))
    world.write("t.tar", tar((*MEMBERS, *(("caf\udce9.md", "caf%E9.md") if undecodable else ()))))
    return world


def documents(world: World) -> int:
    files = [path for path in world.folder.rglob("*") if path.is_file() and path.suffix not in {".zip", ".tar"}]
    with tarfile.open(world.folder / "t.tar") as file:
        return len(files) + 2 * len(MEMBERS) + len(file.getnames())


def assert_whole(world: World) -> None:
    """Every document has its rows once, no run finds anything to do, and nothing is wrong with the table."""
    report = world.run()
    assert (world.engine.texts, report.chunks.deleted, report.files.pending_deletes) == ([], 0, 0)
    assert report.files.unchanged + report.files.empty == report.files.seen
    with world.pipeline() as pipeline:
        assert pipeline.verify().problems == []
    assert len(world.sources_in_table()) == documents(world)
    world.assert_like_fresh()


def test_every_document_has_a_source_that_leads_back_to_it(world: World) -> None:
    report = world.run()
    assert report.failures == []
    sources = [Source.parse(source) for source in world.sources_in_table()]
    assert {source.alias for source in sources} == {"Docs!"}
    assert {source.path for source in sources} >= {os.path.relpath(p, world.folder) for p in world.folder.rglob("*.md")}
    assert {source.members[0] for source in sources if source.path == "z.zip"} == set(MEMBERS)
    assert_whole(world)


@only_deep
def test_a_lost_journal_loses_no_document(world: World) -> None:
    world.run()
    before = world.contents()
    for path in world.state.glob("chunks.sqlite*"):
        path.unlink()
    world.run()
    assert world.contents() == before
    assert_whole(world)


@only_deep
def test_a_commit_by_anybody_else_loses_no_document(world: World) -> None:
    world.run()
    before = world.contents()
    with contextlib.closing(world.table()) as table:
        source = next(source for source in sorted(world.sources_in_table()) if "%21" in source)
        (first, *_) = table.rows([source])[source]
        table.commit(Changes(delete=[first.id]))
    world.run()
    assert world.contents() == before
    assert_whole(world)


@only_deep
def test_a_restored_snapshot_loses_no_document(world: World) -> None:
    world.run()
    before = world.contents()
    with contextlib.closing(world.table()) as table:
        snapshots.tag(table, "whole")
    world.write("Yahoo!/more.md", "some more of the same\n")
    world.run()
    (world.folder / "Yahoo!/more.md").unlink()
    with contextlib.closing(world.table()) as table:
        snapshots.restore(table, "whole")
    world.run()
    assert world.contents() == before
    assert_whole(world)


def test_a_change_below_such_a_folder_is_of_that_folder_alone(world: World) -> None:
    world.run()
    (world.folder / "Yahoo!/news.md").write_text("other words\n")
    (world.folder / "a!!/b").unlink()
    report = world.run()
    assert (report.files.changed, report.files.deleted) == (1, 1)
    assert_whole(world)


def test_a_path_rule_sees_the_name_that_the_folder_has(world: World) -> None:
    world.settings["metadata_rules"] = {"path": ["{client}/news.md"]}
    world.run()
    said = {row.source: row.metadata for row, _ in world.contents().values()}
    assert said["Docs%21/Yahoo%21/news.md"] == '{"client":"Yahoo!"}'


def test_a_root_that_is_forgotten_takes_no_other_with_it(world: World, tmp_path: Path) -> None:
    other = tmp_path / "Docs%21"
    other.mkdir()
    (other / "a.md").write_text("of the other root\n")
    first = world.sources[0]
    world.sources.append(first.model_copy(update={"path": other}))
    world.run()
    with world.pipeline() as pipeline:
        pipeline.forget("Docs!")
    assert world.sources_in_table() == {"Docs%252521/a.md"}

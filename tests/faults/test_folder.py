"""Folders hold everything a system allows; each thing is taken, or left with a reason, and the rest goes on."""

from __future__ import annotations

import os
import socket

import pytest

from tests.depth import only_deep
from tests.faults.elsewhere import as_nobody

pytestmark = pytest.mark.slow

NAMES = [
    b"x' OR 'a'='a",
    b'quo"te.md',
    b"new\nline.md",
    b"caf\xe9.md",
    b"\xff\xfe.md",
    b"100%41.md",
    "caf\u00e9.md".encode(),
    "cafe\u0301.md".encode(),
    b"Case.md",
    b"case.md",
    b"a" * 250 + b".md",
    b" leading and trailing ",
    b"back\\slash.md",
    b";--.md",
]


def test_files_of_any_name_are_stored_edited_and_deleted_each_on_its_own(world):
    world.run()
    stored = world.contents()
    folder = os.fsencode(world.folder)
    for name in NAMES:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"the text of the file whose name is " + name.hex().encode())
    assert world.run().files.new == len(NAMES)
    assert stored.items() <= world.contents().items()
    for name in NAMES:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"another text of the file whose name is " + name.hex().encode())
    assert world.run().files.changed == len(NAMES)
    assert stored.items() <= world.contents().items()
    world.assert_like_fresh()
    for name in NAMES:
        os.unlink(os.path.join(folder, name))
    assert world.run(allow_deletes=True).files.deleted == len(NAMES)
    assert world.contents() == stored


def test_fifos_sockets_and_sparse_giants_are_skipped_and_counted(world):
    os.mkfifo(world.folder / "pipe.md")
    with (world.folder / "sparse.txt").open("wb") as file:
        file.truncate(10 * 2**30)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(world.folder / "socket.md"))
        report = world.run()
    assert (report.files.new, report.files.skipped, report.files.failed) == (12, 3, 0)
    assert world.run().files.unchanged == 12


def test_a_file_under_500_folders_is_ingested_and_deleted(world):
    here = os.getcwd()
    try:
        os.chdir(world.folder)
        for _ in range(500):
            os.mkdir("nest")
            os.chdir("nest")
        with open("deep.md", "w") as file:
            file.write("deep down")
    finally:
        os.chdir(here)
    assert world.run().files.new == 13
    (name,) = [name for name in world.sources_in_table() if name.endswith("deep.md")]
    assert name.count("/nest") == 500
    os.rename(world.folder / "nest", world.base / "nest")
    assert world.run().files.deleted == 1
    world.assert_like_fresh()


def test_a_path_of_four_thousand_characters_is_ingested(world):
    here = os.getcwd()
    try:
        os.chdir(world.folder)
        for _ in range(20):
            os.mkdir("n" * 199)
            os.chdir("n" * 199)
        with open("far.md", "w") as file:
            file.write("far away")
    finally:
        os.chdir(here)
    assert world.run().files.new == 13
    assert max(map(len, world.sources_in_table())) > 4_000
    assert world.run().files.unchanged == 13


@only_deep
def test_thousands_of_empty_files_are_counted_and_store_nothing(world):
    (world.folder / "empty").mkdir()
    count = 3_000
    for number in range(count):
        os.close(os.open(world.folder / f"empty/e{number}", os.O_CREAT))
    report = world.run()
    assert (report.files.empty, report.files.new) == (count, 12)
    assert world.run().files.empty == count
    world.assert_like_fresh()


@only_deep
def test_hard_links_and_links_inside_are_documents_of_their_own_and_embed_nothing(world):
    world.run()
    os.link(world.folder / "part0/doc0.md", world.folder / "twin.md")
    (world.folder / "alias").symlink_to("part1")
    (world.folder / "loop").symlink_to(".")
    (world.folder / "out").symlink_to("/etc")
    report = world.run()
    assert report.embedded.texts == 0
    assert report.files.skipped == 2
    assert {"docs/twin.md", "docs/alias/doc1.md"} <= world.sources_in_table()
    assert not any(name.startswith(("docs/out/", "docs/loop/")) for name in world.sources_in_table())
    world.assert_like_fresh()


@only_deep
def test_renames_that_change_case_only_keep_every_row(world):
    world.run()
    count = len(world.contents())
    (world.folder / "part0/doc0.md").rename(world.folder / "part0/DOC0.md")
    report = world.run()
    assert (report.files.moved, report.embedded.texts) == (1, 0)
    assert len(world.contents()) == count
    world.assert_like_fresh()


def test_a_file_that_may_not_be_read_fails_alone_and_keeps_what_was_stored(open_world):
    world = open_world
    world.state.mkdir(exist_ok=True)
    world.state.chmod(0o777)
    run = """
        world = World(base)
        report = world.run()
        print(report.files.failed, len(world.sources_in_table()), *[f.kind for f in report.failures])
    """
    assert as_nobody(run, world.base) == ["0 12"]
    (world.folder / "part0/doc0.md").chmod(0)
    (world.folder / "part1/doc1.md").write_text("changed meanwhile")
    assert as_nobody(run, world.base) == ["1 12 transient"]
    (world.folder / "part0/doc0.md").chmod(0o644)
    again = run.replace("report = world.run()", "world.now += 10_000; report = world.run()")
    assert as_nobody(again, world.base) == ["0 12"]


def test_our_own_output_inside_the_folder_is_never_ingested_even_when_renamed(world):
    world.state = world.folder / "output"
    world.db = world.state / "lancedb"
    world.run()
    assert len(world.sources_in_table()) == 12
    world.write("output/notes.md", "a note that lies in our own folder")
    assert world.run().files.seen == 12
    (world.folder / "output").rename(world.folder / "renamed")
    world.state = world.base / "other"
    world.db = world.state / "lancedb"
    assert world.run().files.seen == 12

"""What a folder lies on can go for a while: its documents wait for a person, and come back by themselves."""

from __future__ import annotations

import shutil

import pytest

from embedingest.config import SourceConfig
from tests.faults.elsewhere import as_nobody, with_tiny_disk
from tests.faults.following import Following

MOUNTING = """
    import shutil, subprocess

    def mount(path, kind="tmpfs"):
        path.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", kind, kind, path], check=True)

    def unmount(path):
        subprocess.run(["umount", path], check=True)

    world = World(base)
    disk = world.folder / "sub/disk"
    for number in range(20):
        world.write(f"doc{number}.md", f"A document of the root, {number}.")

    def furnish():
        for number in range(3):
            (disk / "deep").mkdir(exist_ok=True)
            (disk / f"deep/d{number}.md").write_text(f"A document of the disk, {number}.")

    def run(**options):
        report = world.run(**options)
        print(report.files.deleted, report.files.pending_deletes, len(world.sources_in_table()))
"""


def test_documents_of_an_unmounted_folder_wait_and_are_there_again_when_it_is(tmp_path):
    code = """
    mount(disk); furnish(); run()
    (world.folder / "doc0.md").unlink()
    unmount(disk); run(); run()
    (disk / "deep").mkdir(); (disk / "deep/other.md").write_text("A document of the folder below."); run()
    shutil.rmtree(disk / "deep")
    mount(disk); furnish(); run()
    """
    said = with_tiny_disk(MOUNTING + code, tmp_path)
    assert said == ["0 0 23", "1 3 22", "0 3 22", "0 3 23", "1 0 22"]


def test_a_person_may_let_them_go_and_what_comes_after_that_is_ordinary(tmp_path):
    code = """
    mount(disk); furnish(); run()
    unmount(disk); run()
    with world.pipeline() as pipeline:
        pipeline.journal.confirm(pipeline.journal.pending())
        print(pipeline.converge().files.deleted)
    run()
    disk.mkdir(exist_ok=True)
    furnish(); run()
    shutil.rmtree(disk); run(); run()
    """
    said = with_tiny_disk(MOUNTING + code, tmp_path)
    assert said == ["0 0 23", "0 3 23", "3", "0 0 20", "0 0 23", "3 0 20", "0 0 20"]


def test_an_empty_mount_another_disk_a_removed_mount_point_and_one_that_hides_a_folder_are_no_deletions(tmp_path):
    code = """
    mount(disk); furnish(); run()
    shutil.rmtree(disk / "deep"); run()
    furnish(); run()
    unmount(disk); mount(disk, "ramfs"); (disk / "new.md").write_text("A document of another disk."); run()
    unmount(disk); shutil.rmtree(world.folder / "sub"); run()
    disk.mkdir(parents=True); furnish(); run()
    mount(disk.parent); run()
    unmount(disk.parent); run()
    """
    said = with_tiny_disk(MOUNTING + code, tmp_path)
    assert said == [
        *("0 0 23", "0 3 23", "0 0 23", "0 3 24", "0 4 24", "0 1 24", "0 4 24", "0 1 24"),
    ]  # fmt: skip


def test_with_leave_to_delete_nothing_waits(tmp_path):
    code = "\n    mount(disk); furnish(); run(); unmount(disk); run(allow_deletes=True)\n"
    assert with_tiny_disk(MOUNTING + code, tmp_path) == ["0 0 23", "3 0 20"]


def test_a_bind_mount_of_the_same_disk_is_a_mount_too(tmp_path):
    code = """
    (base / "real").mkdir(); disk.mkdir(parents=True)
    subprocess.run(["mount", "--bind", base / "real", disk], check=True); furnish(); run()
    unmount(disk); run()
    """
    assert with_tiny_disk(MOUNTING + code, tmp_path) == ["0 0 23", "0 3 23"]


@pytest.mark.parametrize("links", ["inside", "always"])
def test_documents_behind_a_link_wait_while_its_target_is_gone(world, links):
    place = world.folder if links == "inside" else world.base
    world.sources = [SourceConfig(path=world.folder, follow_symlinks=links)]
    (place / "target/deep").mkdir(parents=True)
    (place / "target/deep/a.md").write_text("A text behind a link to a folder.")
    (place / "single.md").write_text("A text behind a link to a file.")
    (world.folder / "link").symlink_to(place / "target")
    (world.folder / "link.md").symlink_to(place / "single.md")
    world.run()
    behind = {"docs/link/deep/a.md", "docs/link.md"}
    assert behind <= world.sources_in_table()
    for name in ("target", "single.md"):
        (place / name).rename(world.base / f"away-{name}")
    assert world.run().files.pending_deletes == 2
    assert behind <= world.sources_in_table()
    for name in ("target", "single.md"):
        (world.base / f"away-{name}").rename(place / name)
    assert world.run().files.pending_deletes == 0
    assert behind <= world.sources_in_table()
    (world.folder / "link").unlink()
    (world.folder / "link.md").unlink()
    assert world.run().files.deleted == 2


@pytest.mark.slow
def test_a_watch_lets_them_wait_too_without_a_sweep(world):
    (world.folder / "target").mkdir()
    (world.folder / "target/a.md").write_text("A text behind a link to a folder.")
    (world.folder / "link").symlink_to("target")
    with Following(world) as following:
        following.until(lambda: "docs/link/a.md" in following.sources())
        shutil.move(world.folder / "target", world.base / "away")
        following.until(lambda: following.pending() == {"docs/link/a.md"})
        assert "docs/link/a.md" in following.sources()
        shutil.move(world.base / "away", world.folder / "target")
        following.until(lambda: following.pending() == set())


@pytest.mark.slow
@pytest.mark.parametrize("polling", [False, True], ids=["events", "polling"])
def test_what_is_mounted_and_unmounted_under_a_watch_waits_without_a_sweep(tmp_path, polling):
    code = f"""
    from tests.faults.following import Following
    with Following(world, polling={polling}) as following:
        mount(disk); furnish()
        following.until(lambda: len(following.sources()) == 23)
        unmount(disk)
        following.until(lambda: len(following.pending()) == 3)
        print(len(following.sources()))
        mount(disk); furnish()
        following.until(lambda: not following.pending())
        print(len(following.sources()))
    """
    assert with_tiny_disk(MOUNTING + code, tmp_path) == ["23", "23"]


def test_documents_of_a_folder_that_became_unreadable_stay_and_are_told(open_world):
    world = open_world
    world.state.mkdir(exist_ok=True)
    world.state.chmod(0o777)
    run = """
        world = World(base)
        report = world.run()
        print(report.files.deleted, len(world.sources_in_table()), *[(f.source, f.kind) for f in report.failures])
    """
    assert as_nobody(run, world.base) == ["0 12"]
    for mode in (0o000, 0o444):
        (world.folder / "part0").chmod(mode)
        (said,) = as_nobody(run, world.base)
        assert said.startswith("0 12")
        assert "docs/part0" in said
    (world.folder / "part0").chmod(0o755)
    assert as_nobody(run, world.base) == ["0 12"]

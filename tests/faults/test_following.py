"""With a real watcher, a real table and real changes: afterwards the table equals a fresh ingest of the folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading

import pytest

from tests.depth import only_deep
from tests.faults.elsewhere import with_tiny_disk
from tests.faults.following import Following
from tests.ingest.world import CountingEngine
from tests.waiting import HANGS_SECONDS, until

pytestmark = pytest.mark.slow


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"]
    subprocess.run(["git", *identity, "-C", folder, *arguments], check=True, capture_output=True)


def test_edits_renames_moves_and_removals_are_followed(world):
    outside = world.base / "outside"
    with Following(world, confirm_share=1.0) as following:
        path = world.folder / "part0/doc0.md"
        path.write_text(path.read_text().replace("says 0 again", "says nothing any more"))
        aside = world.write("part1/.doc1.md.new", "saved aside and renamed over")
        aside.rename(world.folder / "part1/doc1.md")
        (world.folder / "part2/doc2.md").rename(world.folder / "part2/renamed.md")
        following.until(lambda: "saved aside and renamed over" in following.texts())
        following.until(lambda: "docs/part2/renamed.md" in following.sources())
        (world.folder / "part0").rename(world.folder / "within")
        following.until(lambda: "docs/within/doc0.md" in following.sources())
        (world.folder / "within").rename(outside)
        following.until(lambda: not any("within" in name for name in following.sources()))
        outside.rename(world.folder / "part1/back")
        following.until(lambda: "docs/part1/back/doc0.md" in following.sources())
        shutil.rmtree(world.folder / "part2")
        following.until(lambda: not any("part2" in name for name in following.sources()))
        following.until_quiet()
    world.assert_like_fresh()


@only_deep
def test_moves_embed_nothing(world):
    with Following(world) as following:
        world.engine.texts.clear()
        (world.folder / "part0").rename(world.folder / "elsewhere")
        (world.folder / "part1/doc1.md").rename(world.folder / "doc1.md")
        shutil.copytree(world.folder / "part2", world.folder / "copy")
        following.until(lambda: {"docs/elsewhere/doc0.md", "docs/doc1.md", "docs/copy/doc2.md"}
                        <= following.sources())  # fmt: skip
        following.until(lambda: "docs/part0/doc0.md" not in following.sources())
        assert world.engine.texts == []
    world.assert_like_fresh()


@only_deep
def test_branches_are_switched_back_and_forth(world):
    git(world.folder, "init", "-q", "-b", "main")
    git(world.folder, "add", ".")
    git(world.folder, "commit", "-qm", "one")
    git(world.folder, "checkout", "-qb", "side")
    git(world.folder, "mv", "part0", "moved")
    world.write("part1/doc1.md", "rewritten on a branch")
    git(world.folder, "rm", "-q", "part2/doc2.md")
    git(world.folder, "add", ".")
    git(world.folder, "commit", "-qm", "two")
    with Following(world) as following:
        for branch, there in (("main", "part0/doc0.md"), ("side", "moved/doc0.md"), ("main", "part0/doc0.md")):
            git(world.folder, "checkout", "-q", branch)
            following.until(lambda there=there: f"docs/{there}" in following.sources())
        following.until_quiet()
        seen = len(world.engine.texts)
        git(world.folder, "checkout", "-q", "side")
        following.until(lambda: "rewritten on a branch" in following.texts())
        assert len(world.engine.texts) == seen, "what was seen before is not embedded again"
        following.until_quiet()
    world.assert_like_fresh()


@only_deep
def test_a_log_that_is_appended_to_is_read_now_and_then_and_whole_at_the_end(world):
    log = world.write("service.log", "")
    with Following(world, settle_ms=200, settle_max_ms=400) as following:
        stop = threading.Event()

        def append():
            number = 0
            while not stop.wait(0.02):
                number += 1
                with log.open("a") as file:
                    file.write(f"line {number} of the log\n")

        writer = threading.Thread(target=append)
        writer.start()
        try:
            following.until(lambda: "docs/service.log" in following.sources())
        finally:
            stop.set()
            writer.join()
        following.until_quiet()
    world.assert_like_fresh()


def test_a_root_that_is_emptied_is_kept_until_a_person_says_so(world):
    world.run()
    stored = world.contents()
    with Following(world) as following:
        following.ask("pause")  # what is removed is missed in one look, however long removing it takes
        for part in ("part0", "part1", "part2"):
            shutil.rmtree(world.folder / part)
        following.ask("resume")
        following.until(lambda: len(following.pending()) == 12)
        world.write("new.md", "a document that came since")
        following.until(lambda: "docs/new.md" in following.sources())
        assert world.contents().keys() > stored.keys()
        following.ask("confirm", sources=sorted(following.pending()))
        following.until(lambda: following.sources() == {"docs/new.md"})


@only_deep
def test_files_that_come_back_before_it_was_confirmed_were_never_away(world):
    world.run()
    stored = world.contents()
    with Following(world) as following:
        world.engine.texts.clear()
        world.folder.rename(world.base / "unplugged")
        until(lambda: any(notice.code == "root_missing" for notice in following.notices))
        assert world.contents() == stored
        (world.base / "unplugged").rename(world.folder)
        until(lambda: any(notice.code == "root_back" for notice in following.notices))
        following.until_quiet()
        # Only the file that `until_quiet` itself made.
        assert all(text.startswith("mark ") for text in world.engine.texts)
        assert not following.pending()
    world.assert_like_fresh()


def test_a_disk_that_is_unmounted_deletes_nothing(tmp_path):
    said = with_tiny_disk(
        """
        import subprocess, time
        from tests.faults.following import Following
        world = World(base)
        world.folder = base / "tiny"
        from embedingest.config import SourceConfig
        world.sources = [SourceConfig(path=world.folder, alias="docs")]
        for number in range(12):
            world.write(f"doc{number}.md", f"document number {number} on a disk")
        with Following(world) as following:
            stored = world.contents()
            subprocess.run(["umount", "-l", str(world.folder)], check=True)
            following.until(lambda: following.pending() or following.notices)
            time.sleep(1.5)
            print("kept:", world.contents() == stored)
        """,
        tmp_path,
    )
    assert said[-1] == "kept: True"


class Gated(CountingEngine):
    """An engine that answers nothing of the backlog until it is let."""

    def __init__(self):
        super().__init__()
        self.shut = threading.Event()
        self.waiting = threading.Event()
        self.open = threading.Event()

    def embed(self, texts, *, priority, **options):
        if texts and priority == "bulk" and self.shut.is_set():  # without texts only the model is wanted
            self.waiting.set()
            self.open.wait(HANGS_SECONDS)
        return super().embed(texts, priority=priority, **options)


@only_deep
def test_a_file_of_the_backlog_that_is_saved_again_does_not_wait_for_its_old_version(world):
    world.engine = Gated()
    with Following(world) as following:
        world.engine.shut.set()
        aside = world.base / "aside"
        aside.mkdir()
        for number in range(60):
            (aside / f"b{number}.md").write_text(f"backlog number {number}")
            os.utime(aside / f"b{number}.md", (number + 1, number + 1))
        aside.rename(world.folder / "backlog")
        assert world.engine.waiting.wait(HANGS_SECONDS)
        world.write("backlog/b0.md", "saved while its old version waits")
        following.until(lambda: "saved while its old version waits" in following.texts())
        assert "backlog number 1" not in following.texts()
        world.engine.open.set()
        following.until(lambda: sum("/backlog/" in name for name in following.sources()) == 60)
        following.until_quiet()
    world.assert_like_fresh()


@only_deep
def test_a_save_is_searchable_while_a_backlog_is_ingested(world):
    with Following(world) as following:
        for number in range(600):
            world.write(f"backlog/d{number % 20}/b{number}.md", f"backlog number {number} " * 30)
        following.until(lambda: any("/backlog/" in name for name in following.sources()))
        world.write("part0/doc0.md", "saved in the middle of it all")
        following.until(lambda: "saved in the middle of it all" in following.texts())
        following.until(lambda: sum("/backlog/" in name for name in following.sources()) == 600)
        following.until_quiet()
    world.assert_like_fresh()

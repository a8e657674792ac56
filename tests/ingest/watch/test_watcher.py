"""Whatever is done to a watched folder, a settled batch says where to look, and soon."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest

from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.watch.values import Batch
from embedingest.ingest.watch.watcher import Watcher
from tests.ingest.watch.watched import Watched
from tests.waiting import until

pytestmark = pytest.mark.slow


def append_line(path):
    """When it was begun, at the latest."""
    now = time.monotonic()
    with path.open("a") as file:
        file.write("line\n")
    return now


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    for relative in ("a.md", "sub/b.md", "sub/deep/c.md"):
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder / relative).write_text("text")
    return folder


@pytest.fixture
def watched(root):
    with Watched(root) as watched:
        yield watched


class TestEdits:
    def test_a_write_an_append_and_a_delete(self, root, watched):
        (root / "a.md").write_text("other")
        assert watched.said("a.md") == ["a.md"]
        with (root / "sub/b.md").open("a") as file:
            file.write("more")
        assert watched.said("sub/b.md") == ["sub/b.md"]
        (root / "sub/deep/c.md").unlink()
        assert watched.said("sub/deep/c.md") == ["sub/deep/c.md"]

    def test_a_file_rename_names_both_ends_in_one_batch(self, root, watched):
        (root / "a.md").rename(root / "sub/z.md")
        assert watched.said("a.md", "sub/z.md") == ["a.md", "sub/z.md"]

    def test_files_that_are_moved_one_by_one_and_written_to_at_once_are_named_with_where_they_were(self, root, watched):
        (root / "to").mkdir()
        for number in range(60):
            (root / f"sub/f{number}.md").write_text("text")
        watched.said("to", *(f"sub/f{number}.md" for number in range(60)))
        first, batches = {}, 0
        for number in range(60):
            (root / f"sub/f{number}.md").rename(root / f"to/f{number}.md")
            if number % 3 == 0:
                append_line(root / f"to/f{number}.md")

        def all_named():
            nonlocal batches
            for batch in watched.watcher.get(timeout=0.05):
                batches += 1
                for path in batch.files | batch.folders:
                    first.setdefault(path, batches)
            return {f"{folder}/f{number}.md" for folder in ("sub", "to") for number in range(60)} <= first.keys()

        until(all_named)
        assert [first[f"sub/f{number}.md"] for number in range(60)] == [
            first[f"to/f{number}.md"] for number in range(60)
        ]

    def test_a_rename_that_changes_case_only(self, root, watched):
        (root / "a.md").rename(root / "A.md")
        assert watched.said("a.md", "A.md") == ["A.md", "a.md"]

    def test_touching_and_permissions_are_changes_too(self, root, watched):
        os.utime(root / "a.md")
        watched.said("a.md")
        (root / "a.md").chmod(0o600)
        watched.said("a.md")

    def test_leftovers_and_excluded_folders_say_nothing(self, root, watched):
        (root / ".a.md.swp").write_text("swap")
        (root / ".git").mkdir()
        (root / ".git/index").write_text("index")
        assert watched.said() == []


class TestFolders:
    def test_what_appears_in_a_new_folder_is_seen_and_goes_on_being_seen(self, root, watched):
        (root / "new/er/est").mkdir(parents=True)
        (root / "new/er/est/x.md").write_text("one")
        watched.said("new/er/est/x.md")
        (root / "new/er/est/x.md").write_text("two")
        assert watched.said("new/er/est/x.md") == ["new/er/est/x.md"]

    def test_a_renamed_folder_is_two_subtrees_to_scan_and_is_watched_under_its_new_name(self, root, watched):
        (root / "sub").rename(root / "bus")
        assert watched.said("sub", "bus") == ["bus", "sub"]
        (root / "bus/deep/c.md").write_text("other")
        assert watched.said("bus/deep/c.md") == ["bus/deep/c.md"]

    def test_a_folder_moved_in_and_out(self, root, watched, tmp_path):
        shutil.copytree(root / "sub", tmp_path / "outside")
        (tmp_path / "outside").rename(root / "inside")
        watched.said("inside")
        (root / "inside/b.md").write_text("other")
        watched.said("inside/b.md")
        (root / "inside").rename(tmp_path / "outside")
        watched.said("inside")

    def test_a_folder_replaced_by_another_of_its_name(self, root, watched):
        shutil.rmtree(root / "sub")
        (root / "sub").mkdir()
        (root / "sub/new.md").write_text("one")
        watched.said("sub/new.md", "sub/deep/c.md")
        (root / "sub/new.md").write_text("two")
        watched.said("sub/new.md")

    def test_a_removed_tree(self, root, watched):
        shutil.rmtree(root / "sub")
        watched.said("sub/b.md", "sub/deep/c.md")

    def test_a_changed_ignore_file_has_its_folder_scanned(self, root, watched):
        (root / "sub/.gitignore").write_text("b.md")
        assert watched.said("sub") == ["sub"]

    def test_folders_and_files_of_undecodable_names_are_looked_at_instead(self, root, watched):
        folder = os.fsencode(root) + b"/\xff\xfe"
        os.mkdir(folder)
        watched.said("\udcff\udcfe")
        with open(folder + b"/x.md", "w") as file:
            file.write("one")
        watched.said("\udcff\udcfe/x.md")
        (root / "sub/b.md").write_text("other")
        watched.said("sub/b.md")
        assert watched.state() == "events"


class TestEditors:
    """Each saves as its system calls do; afterwards the file is named, and no leftover is."""

    def test_vim_with_a_backup(self, root, watched):
        (root / "4913").write_text("")
        (root / "4913").unlink()
        (root / "a.md").rename(root / "a.md~")
        with (root / "a.md").open("w") as file:
            file.write("by vim")
            os.fsync(file.fileno())
        (root / "a.md~").unlink()
        # A document of the probe's name may have gone: only who knows what there was can tell.
        assert watched.said("a.md") in (["a.md"], ["4913", "a.md"], ["a.md", "a.md~"], ["4913", "a.md", "a.md~"])

    def test_emacs_with_a_lock_and_a_backup(self, root, watched):
        (root / ".#a.md").symlink_to("user@host.1:2")
        (root / "#a.md#").write_text("autosave")
        (root / "a.md").rename(root / "a.md~")
        (root / "a.md").write_text("by emacs")
        (root / "#a.md#").unlink()
        (root / ".#a.md").unlink()
        assert watched.said("a.md") == ["a.md"]

    def test_code_truncates_and_writes(self, root, watched):
        with (root / "a.md").open("r+") as file:
            file.truncate(0)
            file.write("by code")
        assert watched.said("a.md") == ["a.md"]

    def test_gedit_writes_aside_and_renames_over(self, root, watched):
        (root / ".goutputstream-X1Y2Z3").write_text("by gedit")
        (root / ".goutputstream-X1Y2Z3").rename(root / "a.md")
        assert watched.said("a.md") == ["a.md"]

    def test_an_office_program_swaps_in_a_new_file(self, root, watched):
        (root / "~$a.docx").write_text("lock")
        (root / "a.tmp").write_text("by office")
        (root / "a.md").unlink()
        (root / "a.tmp").rename(root / "a.md")
        (root / "~$a.docx").unlink()
        assert watched.said("a.md") in (["a.md"], ["a.md", "a.tmp"])

    def test_sed_in_place(self, root, watched):
        subprocess.run(["sed", "-i", "s/text/by sed/", root / "a.md"], check=True)
        assert "a.md" in watched.said("a.md")
        assert (root / "a.md").read_text() == "by sed"

    def test_rsync_writes_a_hidden_file_and_renames_it(self, root, watched):
        (root / "sub/.b.md.Xy12Zw").write_text("by rsync")
        (root / "sub/.b.md.Xy12Zw").rename(root / "sub/b.md")
        assert watched.said("sub/b.md") == ["sub/b.md"]


class TestSettling:
    def test_a_file_is_named_only_when_it_rests(self, root):
        with Watched(root, settle_ms=300) as watched:
            for _ in range(5):
                written = append_line(root / "a.md")
                time.sleep(0.1)
                assert watched.watcher.get(timeout=0) == [] or time.monotonic() - written > 0.25
            written = append_line(root / "a.md")
            watched.said("a.md")
            assert time.monotonic() - written > 0.25

    def test_and_at_the_latest_after_the_bound(self, root):
        with Watched(root, settle_ms=300, settle_max_ms=600) as watched:
            stop, written = threading.Event(), [time.monotonic()]

            def append():
                while not stop.wait(0.02):
                    written.append(append_line(root / "a.md"))

            writer = threading.Thread(target=append)
            writer.start()
            try:
                watched.said("a.md")
                named = time.monotonic()
            finally:
                stop.set()
                writer.join()
            longest_rest = max(after - before for before, after in pairwise(written))
            assert named - written[0] > 0.5 or longest_rest > 0.25

    def test_a_file_that_a_scan_found_too_young_is_held(self, root, watched):
        (found,) = [one for one in Scanner(root).scan() if one.relative == "a.md"]
        watched.watcher.hold(str(root), "a.md", found.facts)
        assert watched.said("a.md") == ["a.md"]

    def test_a_linked_file_that_a_scan_found_too_young_is_held_as_any_other(self, root):
        (root / "link.md").symlink_to("a.md")
        with Watched(root) as watched:
            (found,) = [one for one in Scanner(root).scan() if one.relative == "link.md"]
            watched.watcher.hold(str(root), "link.md", found.facts)
            assert watched.said("link.md") == ["link.md"]


class TestBursts:
    def test_thousands_of_files_at_once_are_all_covered(self, root, watched):
        paths = [f"burst/d{i % 40}/f{i}.md" for i in range(3000)]
        for path in paths:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("x")
        watched.said(*paths)

    def test_git_checks_out_a_branch_with_renames(self, root):
        def git(*arguments):
            subprocess.run(
                ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", root, *arguments],
                check=True,
                capture_output=True,
            )

        git("init", "-q", "-b", "main")
        git("add", ".")
        git("commit", "-qm", "one")
        git("checkout", "-qb", "side")
        git("mv", "sub", "moved")
        (root / "new.md").write_text("new")
        git("add", ".")
        git("commit", "-qm", "two")
        with Watched(root) as watched:
            git("checkout", "-q", "main")
            watched.said("new.md", "moved", "sub/b.md", "sub/deep/c.md")
            git("checkout", "-q", "side")
            watched.said("new.md", "moved/b.md", "moved/deep/c.md", "sub")

    def test_an_archive_is_unpacked(self, root, watched, tmp_path):
        shutil.make_archive(str(tmp_path / "archive"), "zip", root)
        shutil.unpack_archive(str(tmp_path / "archive.zip"), root / "unpacked")
        watched.said("unpacked/a.md", "unpacked/sub/deep/c.md")


class TestLinks:
    def test_a_change_is_named_under_every_path_that_links_give_it(self, root):
        (root / "link").symlink_to("sub")
        (root / "link.md").symlink_to("a.md")
        with Watched(root) as watched:
            (root / "sub/deep/c.md").write_text("other")
            watched.said("sub/deep/c.md", "link/deep/c.md")
            (root / "a.md").write_text("other")
            watched.said("a.md", "link.md")

    def test_nothing_behind_a_link_out_of_the_root_is_watched(self, root, tmp_path):
        (tmp_path / "outside").mkdir()
        (root / "out").symlink_to(tmp_path / "outside")
        with Watched(root) as watched:
            (tmp_path / "outside/x.md").write_text("one")
            assert watched.said() == []

    def test_unless_it_is_asked_for(self, root, tmp_path):
        (tmp_path / "outside").mkdir()
        (root / "out").symlink_to(tmp_path / "outside")
        with Watched(root, rules={"follow_symlinks": "always"}) as watched:
            (tmp_path / "outside/x.md").write_text("one")
            watched.said("out/x.md")

    def test_hard_links_of_a_file_edited_in_place_are_left_to_the_sweep(self, root):
        os.link(root / "a.md", root / "sub/twin.md")
        with Watched(root, sweep_seconds=1) as watched:
            with (root / "a.md").open("a") as file:
                file.write("more")
            watched.said("a.md", "sub/twin.md")


class TestRoots:
    def test_a_root_that_appears_later_is_followed_then(self, tmp_path):
        root = tmp_path / "later"
        with Watched(root) as watched:
            assert (watched.state(), watched.notices[0].code) == ("missing", "root_missing")
            root.mkdir()
            (root / "a.md").write_text("one")
            assert watched.said("a.md") == [""]
            (root / "a.md").write_text("two")
            assert watched.said("a.md") == ["a.md"]

    def test_a_root_that_goes_away_is_said_to_be_missing_and_taken_up_again(self, root, watched, tmp_path):
        root.rename(tmp_path / "away")
        watched.said("")
        until(lambda: watched.state() == "missing")
        assert "nothing of it is deleted" in watched.notices[-1].message
        (tmp_path / "away").rename(root)
        until(lambda: watched.state() == "events")
        (root / "sub/b.md").write_text("other")
        watched.said("sub/b.md")

    def test_another_folder_in_its_place_is_swept_and_followed(self, root, watched, tmp_path):
        root.rename(tmp_path / "away")
        root.mkdir()
        (root / "x.md").write_text("one")
        watched.said("")
        time.sleep(1.2)
        watched.watcher.get(timeout=0.2)
        (root / "x.md").write_text("two")
        watched.said("x.md")

    def test_a_single_file_is_followed_through_replacement_and_removal(self, root):
        with Watched(root / "a.md") as watched:
            (root / "aside").write_text("other")
            assert watched.said() == []
            (root / "aside").rename(root / "a.md")
            watched.said("")
            (root / "a.md").unlink()
            watched.said("")

    def test_two_roots_are_told_apart(self, root, tmp_path):
        (tmp_path / "second").mkdir()
        with Watcher([Scanner(root), Scanner(tmp_path / "second")], settle_ms=50) as watcher:
            while watcher.get(timeout=0.2):
                pass
            (tmp_path / "second/x.md").write_text("x")
            (batch,) = watcher.get(timeout=60)
            assert (batch.root, batch.files) == (str(tmp_path / "second"), {"x.md"})


class TestWithoutEvents:
    def test_polling_finds_edits_new_folders_and_deletions(self, root):
        with Watched(root, polling=True) as watched:
            assert watched.state() == "polling"
            (root / "a.md").write_text("other")
            watched.said("a.md")
            (root / "new/er").mkdir(parents=True)
            (root / "new/er/x.md").write_text("x")
            watched.said("new/er/x.md")
            shutil.rmtree(root / "sub")
            watched.said("sub/b.md", "sub/deep/c.md")

    def test_a_sweep_comes_now_and_then(self, root):
        with Watched(root, sweep_seconds=1) as watched:
            assert watched.said("") == [""]

    @pytest.mark.parametrize(
        ("limit", "allowed", "name"),
        [("max_inotify_watches", 1, "max_user_watches"), ("max_inotify_instances", 0, "max_user_instances")],
    )
    def test_a_limit_of_inotify_is_named_with_its_remedy_and_polling_goes_on_until_it_is_raised(
        self, root, limit, allowed, name
    ):
        code = (
            "import sys, time, pathlib\n"
            "from embedingest.ingest.scan.scanner import Scanner\n"
            "from embedingest.ingest.watch.watcher import Watcher\n"
            f"limit = pathlib.Path('/proc/sys/user/{limit}')\n"
            f"limit.write_text('{allowed}')\n"
            "root = sys.argv[1]\n"
            "say = lambda notice: print(notice.message)\n"
            "with Watcher([Scanner(root)], settle_ms=50, poll_ms=50, sweep_seconds=0.5, on_notice=say) as watcher:\n"
            "    watcher.get(timeout=1)\n"
            "    pathlib.Path(root, 'sub/b.md').write_text('other')\n"
            "    while not (files := {file for batch in watcher.get(timeout=60) for file in batch.files}): pass\n"
            "    print(sorted(files), *watcher.watching().values())\n"
            "    limit.write_text('100')\n"
            "    while 'polling' in watcher.watching().values(): watcher.get(timeout=60)\n"
            "    pathlib.Path(root, 'a.md').write_text('other')\n"
            "    while not (files := {file for batch in watcher.get(timeout=60) for file in batch.files}): pass\n"
            "    print(sorted(files), *watcher.watching().values())\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", code, str(root)]
        result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        assert result.returncode == 0, result.stderr
        notice, *outcome = result.stdout.splitlines()
        assert f"fs.inotify.{name}" in notice
        assert f"sudo sysctl fs.inotify.{name}=" in notice
        assert "looking every 0.05 s instead" in notice
        assert outcome == ["['sub/b.md'] polling", "['a.md'] events"]


def test_batches_merge_and_a_sweep_swallows_the_rest():
    one = Batch("r", frozenset({"a"}), frozenset({"s"}))
    two = Batch("r", frozenset({"b"}))
    assert one | two == Batch("r", frozenset({"a", "b"}), frozenset({"s"}))
    assert one | Batch("r", sweep=True) == Batch("r", sweep=True)


def test_closing_waits_for_no_sweep_and_may_be_done_twice(root):
    threads = threading.active_count()
    watcher = Watcher([Scanner(root)], sweep_seconds=10_000, poll_ms=10_000_000)
    watcher.start()
    watcher.close()
    watcher.close()
    until(lambda: threading.active_count() <= threads, "the end of its threads")


def test_after_a_storm_of_folders_every_file_is_still_watched(root):
    """Folders vanish while they are listed and while they are put under watch; none may be left out for that."""
    chance = random.Random(3)
    with Watched(root) as watched:
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            folders = [path for path in root.rglob("*") if path.is_dir()]
            folder = chance.choice(folders) if folders else root
            kind = chance.choice(["rename", "make", "make", "remove"])
            if kind == "rename" and folder != root:
                folder.rename(root / f"r{chance.getrandbits(32):08x}")
            elif kind == "make":
                new = folder / f"m{chance.getrandbits(32):08x}"
                new.mkdir()
                (new / "x.md").write_text("one")
            elif len(folders) > 5 and folder != root:
                shutil.rmtree(folder)
            time.sleep(chance.choice([0, 0.002, 0.02]))
        watched.said()
        watched.said()
        files = list(root.rglob("*.md"))
        for path in files:
            path.write_text("another text")
        watched.said(*(str(path.relative_to(root)) for path in files))

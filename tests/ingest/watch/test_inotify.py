"""Linux's own events: what runs over is noticed, what is no folder any more is dropped alone, nothing stays open."""

from __future__ import annotations

import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.scan.ignore import Rules
from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.watch import inotify
from embedingest.ingest.watch.events import EventsReady
from embedingest.ingest.watch.folder_watches import FolderWatches
from embedingest.ingest.watch.kernel_reader import Gathered
from embedingest.ingest.watch.pulse import Pulse
from embedingest.ingest.watch.watcher import Watcher
from tests.ingest.watch.watched import Watched
from tests.waiting import until

pytestmark = pytest.mark.skipif(not inotify.is_available(), reason="inotify is Linux's")

OVERFLOW = struct.pack("iIII", -1, inotify.OVERFLOW, 0, 0)


def event(watch, mask, name, cookie=0):
    """As the kernel writes it: the name is padded with null bytes."""
    padded = os.fsencode(name) + b"\0" * (16 - len(os.fsencode(name)) % 16)
    return struct.pack("iIII", watch, mask, cookie, len(padded)) + padded


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    for relative in ("a.md", "sub/b.md", "sub/deep/c.md"):
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder / relative).write_text("text")
    return folder


class Watches:
    """The watches of one root, without the thread that follows it."""

    def __init__(self, scanner):
        self._inbox = queue.SimpleQueue()
        self.pulse = Pulse(scanner)
        self.watches = FolderWatches(scanner, self.pulse, self._inbox)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.watches.close()
        self.pulse.close()

    def paths(self):
        """Where something happened, once something did."""
        assert isinstance(self._inbox.get(timeout=60), EventsReady)
        return self.watches.take().paths


class Disturbed(Scanner):
    """A scanner that does something once it has listed a folder, before that is put under watch."""

    def __init__(self, root, deeds):
        super().__init__(root)
        self.deeds = deeds

    def listings(self, below="", *, files=True):
        yield from list(super().listings(below, files=files))
        if self.deeds:
            self.deeds.pop(0)()


class TestQueue:
    def test_a_queue_that_ran_over_has_everything_looked_at_at_once(self, root):
        """A real one: the program stands still while more happens than the kernel queues."""
        code = (
            "import sys\n"
            "from embedingest.ingest.scan.scanner import Scanner\n"
            "from embedingest.ingest.watch.watcher import Watcher\n"
            "with Watcher([Scanner(sys.argv[1])], settle_ms=50) as watcher:\n"
            "    for _ in range(3):\n"
            "        (batch,) = watcher.get(timeout=60)\n"
            "        print(batch.sweep, sorted(batch.files), flush=True)\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", code, str(root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
            assert program.stdout.readline() == "True []\n"
            program.send_signal(signal.SIGSTOP)
            for _ in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) // 2 + 100):
                os.utime(root / "a.md")
                os.utime(root / "sub/b.md")
            (root / "new.md").write_text("what is not told any more")
            program.send_signal(signal.SIGCONT)
            assert program.stdout.readline() == "True []\n"
            (root / "new.md").write_text("and what is told again")
            assert program.stdout.readline() == "False ['new.md']\n"

    @given(st.lists(st.sampled_from("abc"), max_size=20), st.data())
    def test_whatever_is_gathered_before_and_after_an_overflow_is_lost_with_it(self, names, data):
        events = [event(1, 0x2, name) for name in names]
        events.insert(data.draw(st.integers(0, len(events))), OVERFLOW)
        split = data.draw(st.integers(0, len(events)))
        first, second = Gathered(), Gathered()
        first.read(b"".join(events[:split]), {})
        second.read(b"".join(events[split:]), {})
        first.add(second)
        assert (first.lost, first.places, first.moves) == (True, set(), {})

    def test_both_ends_of_a_rename_are_paired_whatever_comes_between(self):
        gathered = Gathered()
        gathered.read(
            event(1, inotify.MOVED_FROM, "old.md", 7) + event(2, 0x2, "b.md") + event(3, inotify.MOVED_FROM, "x", 8)
            + event(2, inotify.MOVED_TO, "new.md", 7) + event(1, inotify.IGNORED, ""),
            {},
        )  # fmt: skip
        assert gathered.moves == {(2, "new.md"): (1, "old.md")}
        assert gathered.places == {(1, "old.md"), (2, "b.md"), (3, "x"), (2, "new.md")}
        assert gathered.ended == {1}

    def test_more_places_than_are_worth_a_look_at_each_are_a_look_at_everything(self):
        gathered = Gathered()
        gathered.read(b"".join(event(1, 0x2, f"f{number}") for number in range(10_001)), {})
        assert gathered.lost
        assert gathered.places == set()

    def test_names_that_are_no_text_come_as_they_are(self, root):
        with Watches(Scanner(root)) as watched:
            watched.watches.extend([""])
            with open(os.fsencode(root) + b"/sub/\xff.md", "w") as file:
                file.write("text")
            assert watched.paths() == {"sub/\udcff.md"}


class TestFolders:
    def test_a_folder_that_is_no_folder_any_more_when_it_is_to_be_watched_is_dropped_alone(self, root):
        def replace():
            for relative in ("sub/b.md", "sub/deep/c.md"):
                (root / relative).unlink()
            (root / "sub/deep").rmdir()
            (root / "sub").rmdir()
            (root / "sub").write_text("a file now")

        with Watches(Disturbed(root, [replace])) as watched:
            assert watched.watches.extend([""]) == []
            (root / "a.md").write_text("other")
            assert watched.paths() == {"a.md"}

    def test_what_is_made_between_a_listing_and_its_watch_is_watched(self, root):
        with Watches(Disturbed(root, [lambda: (root / "late/er").mkdir(parents=True)])) as watched:
            assert watched.watches.extend([""]) == []
            (root / "late/er/x.md").write_text("text")
            assert watched.paths() == {"late/er/x.md"}

    def test_folders_that_come_without_end_are_looked_at_again_later(self, root):
        make = [lambda number=number: (root / f"late{number}").mkdir() for number in range(9)]
        with Watches(Disturbed(root, make)) as watched:
            assert watched.watches.extend([""]) == [""]

    def test_a_moved_folder_is_known_by_its_new_name_only(self, root):
        with Watched(root) as watched:
            (root / "sub").rename(root / "moved")
            watched.said("sub", "moved")
            (root / "sub").mkdir()
            watched.said("sub")
            (root / "moved/deep/c.md").write_text("other")
            assert watched.said("moved/deep/c.md") == ["moved/deep/c.md"]
            (root / "sub/x.md").write_text("new")
            assert watched.said("sub/x.md") == ["sub/x.md"]

    def test_links_that_lead_in_circles_leave_the_rest_under_events(self, root):
        (root / "loop").symlink_to("loop")
        (root / "ping").symlink_to("pong")
        (root / "pong").symlink_to("ping")
        (root / "up").symlink_to(".")
        (root / "sub/up").symlink_to("..")
        with Watched(root) as watched:
            (root / "new").symlink_to("new")
            watched.said("new")
            (root / "new").unlink()
            (root / "new").mkdir()
            watched.said("new")
            (root / "new/x.md").write_text("text")
            watched.said("new/x.md")
            assert (watched.state(), watched.notices) == ("events", [])

    def test_a_path_longer_than_a_system_call_takes_is_watched(self, root):
        here = os.getcwd()
        try:
            os.chdir(root)
            for _ in range(20):
                os.mkdir("n" * 240)
                os.chdir("n" * 240)
            with Watched(root) as watched:
                with open("far.md", "w") as file:
                    file.write("far away")
                relative = "/".join(["n" * 240] * 20 + ["far.md"])
                assert watched.said(relative) == [relative]
                assert watched.state() == "events"
        finally:
            os.chdir(here)


def test_a_follower_that_is_closed_leaves_no_thread_and_nothing_open(root):
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    before, threads = descriptors(), set(threading.enumerate())
    for _ in range(3):
        with Watcher([Scanner(root, Rules.of()), Scanner(root / "a.md")], sweep_seconds=0.05, poll_ms=10) as watcher:
            until(lambda watcher=watcher: watcher.get(timeout=0.2))
            (root / "sub/b.md").write_text("other")
    assert set(threading.enumerate()) == threads
    assert descriptors() == before

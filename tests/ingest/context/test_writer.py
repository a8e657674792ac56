"""Requests under way at once, and what closing makes of them: no program lives and none is started any more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from embedingest.ingest.context.command import Command
from embedingest.ingest.context.request import Request
from embedingest.ingest.context.writer import Writer, Written
from embedingest.ingest.extract.values import Part
from embedingest.types import Chunk, Document
from tests.ingest.context.test_command import is_alive
from tests.waiting import HANGS_SECONDS, until

ROOT = Path(__file__).parents[3]
HANGS = (
    "import os, pathlib, signal, sys\n"
    "there = pathlib.Path(sys.argv[1], str(os.getpid()))\n"
    "there.touch()\n"
    "signal.pause()\n"
)
PART = Part(Document(source="docs/a.md", text="owls"), (), 4, "structured", "1")


def request(key: str) -> Request:
    return Request(key, PART, Chunk("owls", 0, 4, 1, 1), 0)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pids(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]


def test_once_it_is_closed_no_program_is_left_and_none_is_started(tmp_path):
    outcomes: list[Written] = []
    command = Command([sys.executable, "-S", "-c", HANGS, str(tmp_path)], None, HANGS_SECONDS, name="writer")
    writer = Writer(command, 3, outcomes.append)
    for number in range(9):
        writer.submit(request(str(number)), lambda: True)
    until(lambda: len(pids(tmp_path)) == 3)
    writer.close()
    assert [pid for pid in pids(tmp_path) if is_there(pid)] == []
    writer.submit(request("late"), lambda: True)
    assert len(pids(tmp_path)) == 3
    assert outcomes == []


def test_no_program_is_left_by_one_that_ends_without_closing(tmp_path):
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from embedingest.ingest.context.writer import Writer\n"
        "from tests.ingest.context.test_writer import HANGS, Command, HANGS_SECONDS, pids, request, until\n"
        "command = Command([sys.executable, '-S', '-c', HANGS, sys.argv[1]], None, HANGS_SECONDS, name='writer')\n"
        "writer = Writer(command, 2, print)\n"
        "for number in range(6):\n    writer.submit(request(str(number)), lambda: True)\n"
        "until(lambda: len(pids(Path(sys.argv[1]))) == 2)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=False)
    assert ended.returncode == 0
    left = pids(tmp_path)
    assert len(left) >= 2
    until(lambda: not any(map(is_alive, left)))


def test_one_that_was_about_to_be_asked_is_not_started_once_it_is_closed(tmp_path):
    about, go_on = threading.Event(), threading.Event()

    def wanted() -> bool:
        about.set()
        return go_on.wait(HANGS_SECONDS)

    code = "import pathlib, sys; pathlib.Path(sys.argv[1], '1').touch()"
    command = Command([sys.executable, "-S", "-c", code, str(tmp_path)], None, HANGS_SECONDS, name="writer")
    writer = Writer(command, 1, lambda _: None)
    writer.submit(request("a"), wanted)
    assert about.wait(HANGS_SECONDS)
    closing = threading.Thread(target=writer.close)
    closing.start()
    until(command._closed.is_set)
    go_on.set()
    closing.join(HANGS_SECONDS)
    assert not closing.is_alive()
    assert pids(tmp_path) == []

"""What stands in where a system lacks something: the whole program with all of POSIX's own taken away from its modules."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from embedingest import system
from tests.depth import only_deep
from tests.waiting import until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
ELSEWHERE = ROOT / "tests" / "elsewhere"
STORE = ("--db", "kept/db", "--state", "kept")


@pytest.fixture
def elsewhere(tmp_path):
    """Runs the program in a folder with a document, on a computer without POSIX."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nThe walrus sleeps on the ice.\n")
    environment = {**os.environ, "PYTHONPATH": f"{ELSEWHERE}{os.pathsep}{ROOT}", "HF_HUB_OFFLINE": "1"}

    def command(*words):
        return {"args": [sys.executable, "-m", "embedingest", *words], "cwd": tmp_path, "env": environment}

    return command


def ran(command):
    done = subprocess.run(**command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_computer_of_these_tests_lacks_what_it_is_to_lack(elsewhere):
    code = (
        "import embedingest.system as s, embedingest.asking.address as a, embedingest.ingest.watch.inotify as i\n"
        "print(s.user_id(), s.hangup(), s.can_lock(), s.NO_FOLLOW, s.peak_bytes(), a.is_supported(), i.is_available())"
    )
    command = elsewhere()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=command["cwd"], env=command["env"], capture_output=True, text=True
    )
    assert done.stdout.split() == ["None", "None", "False", "0", "0", "False", "False"], done.stderr


def test_a_folder_is_ingested_and_searched_without_posix(elsewhere, tmp_path):
    (tmp_path / "docs" / "b.txt").write_text("The llama spits.\n")
    (tmp_path / "docs" / "bad.pdf").write_bytes(b"%PDF-1.7\nnot really\n")
    command = elsewhere("ingest", "docs", "--model", "hashing", "--json", *STORE)
    done = subprocess.run(**command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, json.loads(done.stdout)["files"]["new"]) == (1, 2), done.stderr
    hits = ran(elsewhere("search", "walrus", "--json", *STORE))["results"]
    assert hits[0]["source"] == "docs/a.md"


@only_deep
def test_a_folder_is_followed_without_posix(elsewhere, tmp_path):
    command = elsewhere("watch", "docs", "--model", "hashing", "--json", *STORE)
    reports = tmp_path / "reports"

    def counted(kind):
        lines = [json.loads(line) for line in reports.read_text().splitlines()]
        return sum(line["files"][kind] for line in lines)

    with reports.open("wb") as out, subprocess.Popen(**command, stdout=out, stderr=subprocess.DEVNULL) as watch:
        try:
            until(lambda: counted("new") == 1, "the first report")
            (tmp_path / "docs" / "b.txt").write_text("The llama spits.\n")
            until(lambda: counted("new") == 2, "the new file")
            (tmp_path / "docs" / "b.txt").write_text("The llama sleeps.\n")
            until(lambda: counted("changed") == 1, "the edit")
            (tmp_path / "docs" / "b.txt").unlink()
            until(lambda: counted("deleted") == 1, "the deletion")
        finally:
            watch.send_signal(signal.SIGINT)
        assert watch.wait(60) in {0, 130}


def test_what_only_some_systems_have_is_asked_for_in_one_room():
    asked = re.compile(r"^\s*import (?:fcntl|resource|pwd|grp|termios|msvcrt)\b|\bos\.(?:killpg|wait4|geteuid|getuid|sysconf|"
                       r"register_at_fork|O_NOFOLLOW|O_DIRECTORY|O_CLOEXEC|O_NONBLOCK|O_PATH)\b|signal\.SIG(?:KILL|HUP)\b",
                       re.MULTILINE)  # fmt: skip
    found = {
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "embedingest").rglob("*.py")
        if asked.search(p.read_text("utf-8"))
    }
    assert found == {"embedingest/system.py"}


@only_deep
def test_a_process_that_stays_is_killed_and_its_size_is_told():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
        assert system.reap(process, 0.0, lambda: system.end_group(process.pid)) > 0
        assert process.returncode == -system.KILL
        assert system.reap(process, 0.0, pytest.fail) == 0

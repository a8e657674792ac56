"""A run in a real terminal: what is said stands in rows of its own, above a live line that is never torn."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.depth import only_deep, some

if TYPE_CHECKING:
    from pathlib import Path

MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def on_screen(folder: Path, *args: str, columns: int = 80) -> tuple[int, list[str]]:
    """The exit code of a command in a terminal, and every row that stood there for a while."""
    child, terminal = os.forkpty()
    if not child:
        os.chdir(folder)
        # What readline told the C library of another terminal stays out.
        os.execve(sys.executable, [sys.executable, "-m", "embedingest", *args], dict(os.environ))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    said = b""
    while True:
        try:
            more = os.read(terminal, 1 << 16)
        except OSError:  # as Linux ends a terminal
            break
        if not more:
            break
        said += more
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    rows = []
    for row in COLOURS.sub("", said.decode()).split("\n"):
        rows += [part for part in re.split(r"\r|\x1b\[2K", row) if MOVES.sub("", part).strip()]
    return code, [MOVES.sub("", row).rstrip() for row in rows]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    (tmp_path / "docs").mkdir()
    for number in range(400):
        (tmp_path / "docs" / f"note-{number}.md").write_text(f"# Note {number}\n\n" + f"river {number} boat " * 60)
    for number in range(20):
        (tmp_path / "docs" / f"film-{number}.bin").write_bytes(b"\0\1\2" * 99)
    (tmp_path / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    return tmp_path


@only_deep
@pytest.mark.skipif(not hasattr(os, "forkpty"), reason="there is no such terminal here")
@pytest.mark.parametrize("columns", some([40, 80, 140], 40, 140))
def test_log_lines_stand_above_the_live_line_and_each_failure_once_with_its_remedy(folder: Path, columns: int) -> None:
    code, rows = on_screen(folder, "-v", "ingest", "docs", "--model", "hashing", columns=columns)
    assert code == 1
    live = [row for row in rows if row.lstrip().startswith(("scan", "ingest", "tidy", "done")) and "━" in row]
    assert live
    assert max(map(len, live)) <= columns
    logged = [row for row in rows if "is skipped" in row]
    assert len(logged) == 20
    assert [row for row in logged if not row.startswith("INFO embedingest")] == []
    assert [row for row in rows if "━" in row and "INFO" in row] == []
    failed = [row for row in rows if row.startswith("failed: ")]
    assert len(failed) == 1
    assert failed[0].count("docs/broken.pdf") == 1
    assert "save it again" in failed[0]


def test_a_failure_is_not_told_twice_without_v(shell) -> None:
    shell.write("docs/broken.pdf", b"%PDF-1.4 nothing")
    said = shell.run("ingest", "docs", "--model", "hashing").err
    assert said.count("broken.pdf is damaged") == 1


def test_quiet_says_nothing_of_a_run_that_succeeds_and_why_another_does_not(shell) -> None:
    shell.write("docs/a.md", "The mill stands by the river.")
    assert shell.run("-q", "ingest", "docs", "--model", "hashing") == (0, "", "")
    shell.write("docs/broken.pdf", b"%PDF-1.4 nothing")
    ran = shell.run("-q", "ingest", "docs", "--model", "hashing")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("failed: docs/broken.pdf is damaged")
    assert len(ran.err.splitlines()) == 1
    assert "files: " in shell.run("ingest", "docs", "--model", "hashing").err, "it was for that command alone"

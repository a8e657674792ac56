"""A command that writes context: what it is given, what it may answer, and how every way of failing is told and ended."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from embedingest.errors import ConfigError
from embedingest.ingest.context.command import Command
from embedingest.ingest.context.request import MOST_BYTES, MOST_CHARACTERS, AnswerError
from tests.waiting import HANGS_SECONDS, until

SOON = HANGS_SECONDS / 4


def command(code: str, *arguments: str, seconds: float = HANGS_SECONDS, folder: Path | None = None) -> Command:
    return Command([sys.executable, "-S", "-c", code, *arguments], folder, seconds, name="writer")


def error_of(code: str, *, body: bytes = b"{}", seconds: float = HANGS_SECONDS) -> str:
    began = time.monotonic()
    with pytest.raises(AnswerError) as failed:
        command(code, seconds=seconds).ask(body)
    assert time.monotonic() - began < HANGS_SECONDS
    return str(failed.value)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z" if Path("/proc").is_dir() else True
    )


def test_it_reads_the_request_and_its_one_line_is_the_answer():
    asked = {"chunk": "Größe", "title": None, "headings": ["a", "b"]}
    echo = "import json, sys; d = json.load(sys.stdin); print(d['chunk'], d['title'], d['headings'])"
    assert command(echo).ask(json.dumps(asked).encode()) == "Größe None ['a', 'b']"


def test_lines_are_folded_and_control_characters_removed():
    wild = (
        r"import sys; sys.stdout.buffer.write(b'\xef\xbb\xbf One\r\n\x1b[31mtwo\x00  three\xc2\x85\xe2\x80\xa8four \n')"
    )
    assert command(wild).ask(b"{}") == "One [31mtwo three four"


def test_a_long_answer_is_cut():
    assert len(command(f"print('a' * {MOST_CHARACTERS + 9})").ask(b"{}")) == MOST_CHARACTERS


def test_no_shell_reads_the_arguments(tmp_path):
    odd = "$(touch made); `touch made` > made"
    assert command("import sys; print(sys.argv[1])", odd, folder=tmp_path).ask(b"{}") == odd
    assert list(tmp_path.iterdir()) == []


def test_it_runs_in_its_folder_with_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("WRITER_WORD", "owl")
    there = command("import os; print(os.getcwd(), os.environ['WRITER_WORD'])", folder=tmp_path)
    assert there.ask(b"{}") == f"{tmp_path.resolve()} owl"


@pytest.mark.parametrize("program", ["no-such-program-anywhere", "./no-such", "/no/such"])
def test_a_program_that_is_not_there_is_refused_before_anything_runs(tmp_path, program):
    with pytest.raises(ConfigError, match="there is no program"):
        Command([program], tmp_path, 1.0, name=program)


def test_a_program_in_its_folder_is_found_there(tmp_path):
    (tmp_path / "writer").write_text("#!/bin/sh\necho found\n")
    (tmp_path / "writer").chmod(0o755)
    assert Command(["./writer"], tmp_path, HANGS_SECONDS, name="writer").ask(b"{}") == "found"


def test_a_program_that_went_away_is_told_when_it_is_asked(tmp_path):
    (tmp_path / "writer").write_text("#!/bin/sh\necho found\n")
    (tmp_path / "writer").chmod(0o755)
    gone = Command(["./writer"], tmp_path, HANGS_SECONDS, name="writer")
    (tmp_path / "writer").unlink()
    with pytest.raises(AnswerError, match="`writer` cannot be started"):
        gone.ask(b"{}")


def test_an_exit_status_is_told_with_the_first_line_of_standard_error():
    told = error_of(
        "import sys; print('half'); print('\\n quota \\x1b[1mis over\\nTrace', file=sys.stderr); sys.exit(3)"
    )
    assert told == "`writer` exited with status 3: quota [1mis over"


def test_one_that_kills_itself_is_told_by_the_signal():
    assert error_of("import os; os.kill(os.getpid(), 9)") == "`writer` was ended by SIGKILL"


@pytest.mark.parametrize("code", ["", "print()", "print('\\x00 \\n')"])
def test_one_that_writes_nothing_has_failed(code):
    assert error_of(code) == "`writer` answered nothing"


def test_bytes_that_are_no_utf8_are_refused():
    assert (
        error_of("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')")
        == "`writer` answered with bytes that are no UTF-8"
    )


def test_one_that_writes_without_end_is_ended():
    told = error_of("import sys\nwhile True: sys.stdout.write('x' * 65536)")
    assert told == f"`writer` wrote more than {MOST_BYTES // 1024} KiB, and was ended"
    told = error_of("import os; os.write(1, b'x' * 100_000_000)")
    assert "wrote more than" in told


def test_much_on_standard_error_hinders_nothing():
    assert command("import sys; sys.stderr.write('x' * 10_000_000); print('fine')").ask(b"{}") == "fine"


def test_one_that_reads_nothing_of_a_large_request_may_answer():
    assert command("print('fine')").ask(b"x" * 5_000_000) == "fine"
    assert command("import sys; sys.stdin.close(); print('fine')").ask(b"x" * 5_000_000) == "fine"
    reads = "import sys; print(len(sys.stdin.read()))"
    assert command(reads).ask(b"x" * 5_000_000) == "5000000"


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    code = (
        "import os, pathlib, signal, sys\n"
        "child = os.fork()\n"
        "if child: pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()} {child}')\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while True: signal.pause()\n"
    )
    hangs = command(code, str(tmp_path / "pids"), seconds=1.0)
    with pytest.raises(AnswerError, match="was ended: it took longer than 1 s"):
        hangs.ask(b"{}")
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    until(lambda: not any(map(is_alive, pids)))


def test_what_it_leaves_behind_is_neither_waited_for_nor_left(tmp_path):
    code = (
        "import os, pathlib, signal, sys\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    while True: signal.pause()\n"
        "pathlib.Path(sys.argv[1]).write_text(str(child))\n"
        "print('fine')\n"
    )
    assert command(code, str(tmp_path / "pid")).ask(b"{}") == "fine"
    until(lambda: not is_alive(int((tmp_path / "pid").read_text())))


def test_closing_ends_what_runs_at_once(tmp_path):
    begun = tmp_path / "begun"
    hangs = command("import pathlib, signal, sys; pathlib.Path(sys.argv[1]).touch(); signal.pause()", str(begun))
    failures: list[AnswerError] = []

    def ask() -> None:
        try:
            hangs.ask(b"{}")
        except AnswerError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    until(begun.exists)
    began = time.monotonic()
    hangs.close()
    thread.join(HANGS_SECONDS)
    assert time.monotonic() - began < SOON
    assert [str(error) for error in failures] == ["`writer` was ended: the run was stopped"]


def test_it_is_not_interrupted_with_us():
    ours = os.getpgid(0)
    assert command("import os; print(os.getpgid(0))").ask(b"{}") != str(ours)
    assert signal.getsignal(signal.SIGINT) is not None

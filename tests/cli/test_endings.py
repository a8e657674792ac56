"""However a command is cut short, by Ctrl-C, a reader that leaves or a full disk, it ends with a line and a code."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedingest.cli._commands import COMMANDS
from tests.depth import few, only_deep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="has no /dev/full")

# Sends SIGINT when a module is imported, or when a function is called; then runs the program as its console script does.
PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
moment = sys.argv.pop(1)
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == moment:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
if moment == "in an import lock":
    import weakref
    class Lock: pass
    import embedingest.cli._output as output
    def write(*args, **options):
        lock = Lock()
        ref = weakref.ref(lock, lambda _: os.kill(os.getpid(), signal.SIGINT))
        del lock
    output.print_json = write
if moment == "at the end":
    import threading
    threading._register_atexit(os.kill, os.getpid(), signal.SIGINT)
from embedingest.cli import main
main()
"""
MOMENTS = [
    "embedingest.cli._interrupt",  # before there is any handler but the first
    "rich_click",
    "embedingest.cli.set_up.config",
    "embedingest.config.show",  # in the command
    "in an import lock",  # where nothing can be raised
    "at the end",
]


def test_ctrl_c_at_any_moment_ends_with_130_and_one_line():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = {
        moment: subprocess.Popen(
            [sys.executable, "-c", PROGRAM, moment, "config", "schema"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for moment in MOMENTS
    }
    ended = {moment: (process.communicate(timeout=60)[1], process.returncode) for moment, process in started.items()}
    assert ended == dict.fromkeys(MOMENTS, ("interrupted\n", 130))


QUICK = [
    ["--help"],
    ["--version"],
    ["search", "document"],
    ["search", "document", "--json"],
    ["get", "docs/a.md"],
    ["get", "docs/a.md", "--json"],
    ["evaluate", "questions.yaml"],
    ["evaluate", "questions.yaml", "--json"],
    ["keys", "list", "--file", "keys.yaml"],
    ["keys", "new", "other", "--file", "keys.yaml"],
    ["status"],
    ["status", "--json"],
    ["plan"],
    ["verify"],
    ["retry", "--json"],
    ["confirm", "--json"],
    ["optimize", "--json"],
    ["tag", "one", "--json"],
    ["tag"],
    ["restore", "--resume", "--json"],
    ["ingest", "docs", "--model", "hashing", "--json"],
    ["watch", "docs", "--once", "--model", "hashing", "--json"],
    ["rebuild", "--json"],
    ["chunk", "docs/a.md", "--model", "hashing"],
    ["embed", "text", "--model", "hashing"],
    ["models"],
    ["cache"],
    ["plugins"],
    ["doctor"],
    ["config", "schema"],
    ["config", "show", "a.yaml"],
    ["completion", "bash"],
    ["run", "a.yaml", "--once", "--json"],
    ["bench", "--model", "hashing", "-n", "8", "--repeats", "1", "--queries", "10"],
    ["forget", "docs", "--json"],
]


def test_every_command_that_prints_is_among_these():
    assert {args[0] for args in QUICK} >= set(COMMANDS) - {"serve", "mcp"}


@pytest.fixture
def asked(shell):
    shell.write("docs/a.md", "a document")
    shell.write("a.yaml", "pipelines: {default: {sources: [{path: docs}], model: hashing}}")
    shell.write("questions.yaml", "- {question: which document, sources: [a.md]}")
    shell.ingest()
    assert shell.run("keys", "new", "one", "--file", "keys.yaml").code == 0
    return shell


@only_deep
@LINUX
@pytest.mark.parametrize("reader", ["left", "full disk"])
def test_output_that_cannot_be_written_is_no_traceback(asked, monkeypatch, reader):
    for args in QUICK:
        with unwritable(reader) as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            ran = asked.run(*args)
        assert (args, ran.code) == (args, 0 if reader == "left" else 3)
        assert reader == "left" or "error: the output could not be written: No space left on device" in ran.err


@LINUX
def test_what_is_said_beside_the_result_may_be_lost(asked, monkeypatch):
    with unwritable("full disk") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        codes = [asked.run(*args).code for args in (["ingest", "docs", "--model", "hashing"], ["restore", "never"])]
    assert codes == [0, 3]


@contextlib.contextmanager
def unwritable(reader):
    if reader == "full disk":
        number = os.open("/dev/full", os.O_WRONLY)
    else:
        read, number = os.pipe()
        os.close(read)
    with contextlib.suppress(OSError), open(number, "w") as stream:
        yield stream


@only_deep
def test_a_stream_that_is_closed_is_nobodys(asked):
    """The table's first file would get its number otherwise, and be written into."""
    program = f"exec {sys.executable} -m embedingest ingest docs --model hashing --json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    asked.write("docs/a.md", "another text")
    ran = subprocess.run(f"{program} >&- <&-", shell=True, env=environment, stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, "Traceback" in ran.stderr) == (0, False)
    assert asked.run("verify").code == 0


@few(1)
@pytest.mark.parametrize(
    "args",
    [
        ["chunk", "docs/a.md", "--model", "hashing", "--html"],
        ["plan", "docs", "--model", "hashing", "--out"],
        ["config", "init", "docs", "--output"],
        ["plugins", "new", "mine", "--output"],
    ],
    ids=lambda args: args[0],
)
def test_an_output_that_cannot_be_written_is_named(asked, args):
    ran = asked.run(*args, "docs/a.md/page")
    assert (ran.code, "error: cannot write docs/a.md/page" in ran.err) == (2, True)


def test_a_page_of_a_file_whose_name_is_no_text_is_written(asked):
    if sys.platform != "linux":
        pytest.skip("names are text here")
    os.link("docs/a.md", b"docs/\xff.md")
    assert asked.run("chunk", "docs/\udcff.md", "--model", "hashing", "--html", "page.html").code == 0
    assert "a document" in Path("page.html").read_text("utf-8")

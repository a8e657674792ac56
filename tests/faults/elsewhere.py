"""Programs run where things go wrong: in a mount namespace with a tiny disk, or as somebody who may not write.

Each place has one process, which runs one program after another: what they all import is imported once.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import subprocess
import sys
import textwrap
import threading

_HEAD = """
import contextlib, os, sys, threading
from pathlib import Path
from embedingest.errors import *
from tests.ingest.world import World

"""

# Reads programs from standard input, a JSON line each, and answers each with what it raised and what it printed.
_LOOP = """
import contextlib, io, json, os, sys, traceback

asked, told = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)  # so that nothing else gets between the answers
if __name__ == "__main__":
    for line in asked:
        code, folder, names = json.loads(line)
        raised, printed = "", io.StringIO()
        try:
            os.chdir(folder)
            with contextlib.redirect_stdout(printed):
                exec(code, {"__name__": "__main__", **names})
        except BaseException:
            raised = traceback.format_exc()
        os.chdir("/")
        told.write(json.dumps([raised, printed.getvalue()]) + "\\n")
        told.flush()
"""

_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
_TINY_DISK = """
import subprocess
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", base + "/tiny"], check=True)
try:
    exec(program, {"base": __import__("pathlib").Path(base)})
finally:
    with open("/proc/self/mountinfo") as mounts:
        points = [line.split()[4] for line in mounts]
    for point in reversed([point for point in points if point.startswith(base + "/")]):
        subprocess.run(["umount", "--lazy", point], check=True)
"""

_READ_ONLY = """
import os, subprocess
subprocess.run(["mount", "--bind", folder, mount], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", mount], check=True)
try:
    os.chdir(cwd)
    exec(program, {"__name__": "__main__", "lines": lines})
finally:
    os.chdir("/")
    subprocess.run(["umount", "--lazy", mount], check=True)
"""

_COMMANDS = """
import contextlib, io, json, sys
from embedingest.cli._commands import cli
from embedingest.cli._main import run_command

def ran(line):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command(cli, line.split())
    return int(code), out.getvalue(), err.getvalue()

if __name__ == "__main__":
    print(json.dumps([ran(line) for line in lines]))
"""


class Elsewhere:
    """A Python behind `wrapper`, the words of a command that runs another one. Started with its first program."""

    def __init__(self, wrapper):
        self._command = [*wrapper, sys.executable, "-c", _LOOP]
        self._environment = {"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
        self._process = None
        atexit.register(self._end)

    def run(self, code, folder="/", /, **names):
        """The lines that `code` prints, run in `folder` with these names."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        hung = threading.Timer(100, self._process.kill)
        hung.start()
        try:
            self._process.stdin.write(json.dumps([code, str(folder), names]) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        finally:
            hung.cancel()
        assert answer, f"the process ended, or was too slow: {self._process.wait()}"
        raised, printed = json.loads(answer)
        assert not raised, raised[-4000:]
        return printed.splitlines()

    def _start(self):
        self._end()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **self._environment}
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd="/"
        )

    def _end(self):
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()


@functools.cache
def _namespace():
    return Elsewhere(_NAMESPACE)


@functools.cache
def _nobody():
    another = ["setpriv", "--reuid", "65534", "--clear-groups"] if os.getuid() == 0 else []
    return Elsewhere(another)


@functools.cache
def _unprivileged():
    dropped = "-dac_override,-dac_read_search"
    setpriv = ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}"]
    return Elsewhere(setpriv if os.getuid() == 0 else [])


@functools.cache
def _reader():
    another = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    another += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    return Elsewhere(another if os.getuid() == 0 else [])


def with_tiny_disk(code, base, *, size="2m"):
    """Run `code` with a tmpfs of that size mounted at `base`/tiny, which nobody else sees."""
    (base / "tiny").mkdir()
    return _namespace().run(_TINY_DISK, base=str(base), size=size, program=_HEAD + textwrap.dedent(code))


def as_nobody(code, base):
    """Run `code` as a user whom permissions stop, whoever runs the tests. `base` is below an `open_path`."""
    return _nobody().run(f"{_HEAD}base = Path(base)\n{textwrap.dedent(code)}", base=str(base))


def without_privileges(*commands, cwd):
    """Run commands in `cwd` as the user of the tests, whom permissions stop even where that is root: codes, outputs."""
    return json.loads(_unprivileged().run(_COMMANDS, cwd, lines=commands)[-1])


def as_reader(*commands, cwd):
    """Run commands in `cwd` as another user, who may read everything and write nothing there: codes and outputs.

    Who is not root is that user; the folder itself then forbids to write.
    """
    return json.loads(_reader().run(_COMMANDS, cwd, lines=commands)[-1])


def on_a_read_only_mount(folder, mount, *commands, cwd):
    """Run commands in `cwd` with `folder` mounted at `mount` for reading only, which nobody else sees."""
    names = {"folder": str(folder), "mount": str(mount), "cwd": str(cwd), "program": _COMMANDS, "lines": commands}
    return json.loads(_namespace().run(_READ_ONLY, **names)[-1])

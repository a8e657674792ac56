"""Programs run where things go wrong: in a mount namespace with a tiny disk, or as somebody who may not write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

HEAD = """
import contextlib, os, sys, threading
from pathlib import Path
from embedingest.errors import *
from tests.ingest.world import World

base = Path(sys.argv[1])
"""


def with_tiny_disk(code, base, *, size="2m"):
    """Run `code` with a tmpfs of that size mounted at `base`/tiny, which nobody else sees."""
    (base / "tiny").mkdir()
    mount = f'mount -t tmpfs -o size={size} tmpfs "$1"/tiny && exec "$2" -c "$3" "$1"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    return _run([*command, str(base), sys.executable, HEAD + textwrap.dedent(code)])


def as_nobody(code, base):
    """Run `code` as a user whom permissions stop, whoever runs the tests. `base` is below an `open_path`."""
    command = ["setpriv", "--reuid", "65534", "--clear-groups"] if os.getuid() == 0 else []
    return _run([*command, sys.executable, "-c", HEAD + textwrap.dedent(code), str(base)], HOME="/nonexistent")


def _run(command, **environment):
    environment = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)
    assert result.returncode == 0, result.stderr[-4000:]
    return result.stdout.splitlines()


def as_reader(*commands, cwd):
    """Run commands in `cwd` as another user, who may read everything and write nothing there: codes and outputs.

    Who is not root is that user; the folder itself then forbids to write.
    """
    another = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    another += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    return _programs([*another] if os.getuid() == 0 else [], commands, cwd)


def on_a_read_only_mount(folder, mount, *commands, cwd):
    """Run commands in `cwd` with `folder` mounted at `mount` for reading only, which nobody else sees."""
    script = 'mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" && cd "$3" && shift 3 && exec "$@"'
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", folder, mount, cwd]
    return _programs([str(part) for part in namespace], commands, "/")


COMMANDS = """
import contextlib, io, json, sys
from embedingest.cli._commands import cli
from embedingest.cli._main import run_command

def ran(line):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command(cli, line.split())
    return int(code), out.getvalue(), err.getvalue()

if __name__ == "__main__":
    print(json.dumps([ran(line) for line in sys.argv[1:]]))
"""


def _programs(wrapper, commands, cwd):
    """The exit code, standard output and standard error of each of some commands, run by one process."""
    environment = {**os.environ, "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
    whole = [*wrapper, sys.executable, "-c", COMMANDS, *commands]
    ran = subprocess.run(whole, capture_output=True, text=True, env=environment, cwd=cwd, timeout=100)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout)

"""Programs run where things go wrong: in a mount namespace with a tiny disk, or as somebody who may not write."""

from __future__ import annotations

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

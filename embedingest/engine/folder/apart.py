"""Code of ours that may never end, or die, over what a model folder says: run by a Python process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

__all__ = ["run_apart"]

_WHERE: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1])\n"


def run_apart(code: str, given: bytes, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """What a process that runs `code`, and finds modules where this one does, wrote with `given` as standard input.

    Raises subprocess.TimeoutExpired after so many seconds, and OSError where no process can be had.
    """
    return subprocess.run(
        [sys.executable, "-I", "-c", _WHERE + code, json.dumps(sys.path)],
        input=given,
        capture_output=True,
        timeout=seconds,
        check=False,
    )

"""Whether every Python and system that we name can install us from wheels: `python packaging/resolve.py [--newest]`.

Resolves pyproject.toml with all extras for each, by uv, which downloads no wheel for it: with the tested versions of
constraints.txt, or with `--newest` as an installation without them would. Exit code 1 where one cannot be resolved.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {
    "Linux x86_64, glibc 2.28": "x86_64-manylinux_2_28",
    "Linux aarch64, glibc 2.35": "aarch64-manylinux_2_35",
    "macOS 14 arm64": "aarch64-apple-darwin",
    "Windows x86_64": "x86_64-pc-windows-msvc",
}


AT_ONCE = 4  # each mostly waits for an index


def resolved(python: str, platform: str, *, newest: bool) -> str | None:
    """Why it cannot be resolved; `None` where it can."""
    command = [
        sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--all-extras",
        "--only-binary", ":all:", "--python-version", python, "--python-platform", platform, "pyproject.toml",
    ]  # fmt: skip
    if not newest:
        command += ["--constraints", "constraints.txt"]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}  # the oldest that torch has wheels for
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip()


def main() -> int:
    newest = sys.argv[1:] == ["--newest"]
    failed = 0
    wanted = [(system, python) for system in SYSTEMS for python in PYTHONS]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        reasons = threads.map(lambda each: resolved(each[1], SYSTEMS[each[0]], newest=newest), wanted)
        for (system, python), reason in zip(wanted, reasons, strict=True):
            failed += reason is not None
            print(f"{system}, Python {python}: {'resolved' if reason is None else reason}", flush=True)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())

"""The browser of these tests: Debian's `chromium-headless-shell` or `chromium`, or the one that `EMBEDINGEST_CHROMIUM` names.

Run by itself it sees to it that there is one: on Debian as root the first is installed, which opens a page for a third of
the processor time, since it draws no window around it; elsewhere it is said how to get one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
REMEDY = "install Chromium (`apt-get install chromium-headless-shell` on Debian), or name one by EMBEDINGEST_CHROMIUM"


def found() -> str | None:
    """The path of the browser; `None` where there is none."""
    named = os.environ.get("EMBEDINGEST_CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    if shutil.which(SHELL) is None and not os.environ.get("EMBEDINGEST_CHROMIUM") and _may_install():
        _get("update", "-q")
        _get("install", "-q", "-y", "--no-install-recommends", SHELL)
        if found() is None:  # a release without it
            _get("install", "-q", "-y", "--no-install-recommends", "chromium")
    if found() is None:
        print(f"no browser to test the page with: {REMEDY}", file=sys.stderr)
        return 1
    return 0


def _get(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", *command], env=environment, check=False)


def _may_install() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None and os.geteuid() == 0


if __name__ == "__main__":
    sys.exit(main())

"""The browser of these tests: Debian's `chromium`, or the one that `EMBEDINGEST_CHROMIUM` names.

Run by itself it sees to it that there is one: on Debian as root it is installed, elsewhere it is said how to get it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
REMEDY = "install Chromium (`apt-get install chromium` on Debian), or name one by EMBEDINGEST_CHROMIUM"


def found() -> str | None:
    """The path of the browser; `None` where there is none."""
    named = os.environ.get("EMBEDINGEST_CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    if found() is None and not os.environ.get("EMBEDINGEST_CHROMIUM") and _may_install():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *command], env=environment, check=False)
    if found() is None:
        print(f"no browser to test the page with: {REMEDY}", file=sys.stderr)
        return 1
    return 0


def _may_install() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None and os.geteuid() == 0


if __name__ == "__main__":
    sys.exit(main())

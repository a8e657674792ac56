"""Environments of their own for other people's programs: made on the first run, and kept for the next."""

from __future__ import annotations

import subprocess
import sys
import venv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["is_made", "note_made", "python_in"]


def python_in(folder: Path, packages: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages."""
    python = folder / "bin" / "python"
    if not is_made(folder, packages):
        venv.create(folder, with_pip=False, clear=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "--disable-pip-version-check", *packages], check=True)
        note_made(folder, packages)
    return python


def is_made(folder: Path, packages: Sequence[str]) -> bool:
    """Whether a folder was made with these packages, to its end."""
    mark = folder / ".made"
    return mark.is_file() and mark.read_text() == " ".join(packages)


def note_made(folder: Path, packages: Sequence[str]) -> None:
    """What `is_made` will find."""
    (folder / ".made").write_text(" ".join(packages))

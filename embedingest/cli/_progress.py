"""The progress of a command, on standard error."""

from __future__ import annotations

import sys

from embedingest.progress import ProgressLine

__all__ = ["progress_line"]


def progress_line(*, as_json: bool) -> ProgressLine:
    """Draws in a terminal, writes plain lines when piped; with `--json` only the terminal is drawn to."""
    return ProgressLine(quiet=as_json and not sys.stderr.isatty())

"""The progress of a command, on standard error."""

from __future__ import annotations

import sys

from embedingest.cli._output import teller
from embedingest.progress import ProgressLine

__all__ = ["progress_line"]


def progress_line(*, as_json: bool) -> ProgressLine:
    """Draws in a terminal, writes plain lines when piped; with `--json` only the terminal is drawn to.

    Nothing where standard error is read by a program.
    """
    return ProgressLine(quiet=teller() is not None or (as_json and not sys.stderr.isatty()))

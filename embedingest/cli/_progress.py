"""The progress of a command, on standard error."""

from __future__ import annotations

import sys

from embedingest.cli._output import is_quiet, stderr, teller
from embedingest.progress import ProgressLine

__all__ = ["progress_line"]


def progress_line(*, as_json: bool) -> ProgressLine:
    """Draws in a terminal, writes plain lines when piped; with `--json` only the terminal is drawn to.

    On the console that notes and log lines are printed on, so that they come above the line and never into it.
    Nothing where standard error is read by a program.
    """
    quiet = is_quiet() or teller() is not None or (as_json and not sys.stderr.isatty())
    return ProgressLine(console=stderr(), quiet=quiet)

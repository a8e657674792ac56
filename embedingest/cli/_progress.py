"""The progress of a command, on standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from embedingest.cli._output import is_quiet, stderr, teller
from embedingest.progress import ProgressLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.report import Progress, ProgressSink

__all__ = ["named_progress_line", "progress_line"]


def progress_line(*, as_json: bool) -> ProgressLine:
    """Draws in a terminal, writes plain lines when piped; with `--json` only the terminal is drawn to.

    On the console that notes and log lines are printed on, so that they come above the line and never into it.
    Nothing where standard error is read by a program.
    """
    quiet = is_quiet() or teller() is not None or (as_json and not sys.stderr.isatty())
    return ProgressLine(console=stderr(), quiet=quiet)


@contextmanager
def named_progress_line(name: str, *, as_json: bool) -> Iterator[ProgressSink]:
    """The same line for one of several pipelines, which it names: `notes: ingest`."""
    with progress_line(as_json=as_json) as line:

        def show(progress: Progress) -> None:
            line(replace(progress, stage=f"{name}: {progress.stage}"))

        yield show

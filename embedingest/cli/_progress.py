"""Draws where a run stands: a live line on a terminal, plain lines when piped. Knows only `Progress` values."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from embedingest.ingest.report import Progress

__all__ = ["ProgressLine"]

_PLAIN_EVERY_SECONDS = 5.0


class ProgressLine:
    """Callable with a `Progress`; shows files, chunks/s, tokens/s and the time left. Silent with `quiet`."""

    def __init__(self, *, quiet: bool = False, live: bool | None = None) -> None:
        self._live = sys.stderr.isatty() if live is None else live
        self._quiet = quiet
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._said = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if self._quiet:
            return
        if self._live:
            self._draw(progress)
        elif time.monotonic() - self._said >= _PLAIN_EVERY_SECONDS:
            self._said = time.monotonic()
            print(_plain(progress), file=sys.stderr, flush=True)  # noqa: T201 -- a log line for pipes

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = _new_bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=None, rate="")
        assert self._task is not None
        self._bar.update(
            self._task,
            description=progress.stage,
            completed=progress.done,
            total=progress.total or None,
            rate=_rate(progress),
        )

    def close(self) -> None:
        """Take the line away; the summary follows."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _new_bar() -> Bar:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from embedingest.cli._output import console

    return Progress(
        TextColumn("{task.description:>8}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("files"),
        TextColumn("{task.fields[rate]}", style="dim"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console(),
        transient=True,
    )


def _rate(progress: Progress) -> str:
    if progress.seconds <= 0 or not progress.tokens:
        return ""
    chunks = progress.chunks / progress.seconds
    return f"{progress.chunks:,} chunks, {chunks:,.0f}/s, {progress.tokens_per_second:,.0f} tokens/s"


def _plain(progress: Progress) -> str:
    line = f"{progress.stage}: {progress.done}/{progress.total} files"
    rate = _rate(progress)
    left = _seconds_left(progress)
    return line + (f", {rate}" if rate else "") + (f", about {left:.0f} s left" if left is not None else "")


def _seconds_left(progress: Progress) -> float | None:
    if not progress.done or progress.total <= progress.done:
        return None
    return progress.seconds / progress.done * (progress.total - progress.done)

"""Draws where a run stands: a live line in a terminal or a notebook, plain lines elsewhere.

Knows only `Progress` values. Imports rich at the first of them.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from embedingest.ingest.report import Progress

__all__ = ["ProgressLine", "duration"]

_PLAIN_LINE_SECONDS: Final = 5.0
_BAR_COLUMNS: Final = 16
_FILES, _SIZE, _CHUNKS, _TOKENS = range(4)
"""Places of what is told beside the bar; the time left comes last."""


class ProgressLine:
    """A sink for `Progress`: files and bytes done of those known, chunks/s, tokens/s and the time left.

    `console` is where it is drawn, standard error by default: a live line in a terminal and in a notebook, one plain
    line every five seconds elsewhere. Nothing is drawn with `quiet`. A context manager: the line goes at its end.

        with ProgressLine() as line, open_pipeline(session, progress=line) as pipeline:
            pipeline.converge()
    """

    def __init__(self, *, console: Console | None = None, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._display: _Display | None = None

    def __call__(self, progress: Progress) -> None:
        if self._quiet:
            return
        if self._display is None:
            self._display = _display(self._console)
        self._display.show(progress)

    def close(self) -> None:
        """Take the line away. The next `Progress` draws a new one."""
        if self._display is not None:
            self._display.close()
            self._display = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Display(Protocol):
    """One way to draw."""

    def show(self, progress: Progress) -> None: ...

    def close(self) -> None: ...


def _display(console: Console | None) -> _Display:
    """What suits the console. `FORCE_COLOR` makes no terminal of a pipe."""
    from rich.console import Console

    console = Console(stderr=True) if console is None else console
    if console.is_jupyter:
        return _NotebookBar()
    return _TerminalBar(console) if console.file.isatty() else _PlainLines(console)


class _TerminalBar:
    """A bar that rich redraws in place, and takes away at the end. Beside it stands what the line has room for."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar, self._task = _new_bar(console=console, transient=True)

    def show(self, progress: Progress) -> None:
        _update(self._bar, self._task, progress, self._console.width)
        self._bar.start()  # nothing where it is started already

    def close(self) -> None:
        self._bar.stop()


class _NotebookBar:
    """The same bar as an output of the cell. rich alone would need ipywidgets to redraw it; IPython does not."""

    def __init__(self) -> None:
        self._bar, self._task = _new_bar(auto_refresh=False)
        self._output: Any = None

    def show(self, progress: Progress) -> None:
        from IPython.display import display

        _update(self._bar, self._task, progress)
        table = self._bar.make_tasks_table(self._bar.tasks)
        if self._output is None:
            self._output = display(table, display_id=True)
        else:
            self._output.update(table)

    def close(self) -> None:
        if self._output is not None:
            self._output.update({"text/plain": ""}, raw=True)


class _PlainLines:
    """A line now and then, for logs; none for a run that is soon over."""

    def __init__(self, console: Console) -> None:
        self._file = console.file
        self._last_line = time.monotonic()

    def show(self, progress: Progress) -> None:
        if time.monotonic() - self._last_line >= _PLAIN_LINE_SECONDS:
            self._last_line = time.monotonic()
            with suppress(OSError):  # a run does not fail for want of somebody to tell
                self._file.write(_plain(progress) + "\n")
                self._file.flush()

    def close(self) -> None:
        pass


def _new_bar(**settings: Any) -> tuple[Bar, TaskID]:
    from rich.progress import BarColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("{task.description:>6}"),
        BarColumn(bar_width=_BAR_COLUMNS),
        TextColumn("{task.fields[said]}", markup=False),
        **settings,
    )
    return bar, bar.add_task("", total=None, said="")


def _update(bar: Bar, task: TaskID, progress: Progress, width: int = 10**6) -> None:
    """The bar is drawn by bytes: a large file moves it as many small ones do. The line has `width` columns."""
    by_bytes = progress.bytes_total > 0
    bar.update(
        task,
        description=progress.stage,
        completed=progress.bytes_done if by_bytes else progress.done,
        total=(progress.bytes_total if by_bytes else progress.total) or None,
        said=_fitting(progress, width - _BAR_COLUMNS - len(f"{progress.stage:>6}") - 3),
    )


def _fitting(progress: Progress, columns: int) -> str:
    """What is told beside the bar: in a narrow line first the counts go, then the size, and the time left stays."""
    parts = [_files(progress), _size(progress), *_rates(progress), _left(progress)]
    for least in (_CHUNKS, _SIZE, _TOKENS, _FILES):
        if len(", ".join(filter(None, parts))) <= columns:
            break
        parts[least] = ""
    return ", ".join(filter(None, parts))


def _files(progress: Progress) -> str:
    return f"{progress.done:,}/{progress.total:,} files"


def _size(progress: Progress) -> str:
    if not progress.bytes_total:
        return ""
    return f"{progress.bytes_done / 1e6:,.1f} of {progress.bytes_total / 1e6:,.1f} MB"


def _rates(progress: Progress) -> tuple[str, str]:
    """Chunks, and tokens a second."""
    if progress.seconds <= 0 or not progress.tokens:
        return "", ""
    chunks = progress.chunks / progress.seconds
    return f"{progress.chunks:,} chunks, {chunks:,.0f}/s", f"{progress.tokens_per_second:,.0f} tokens/s"


def _plain(progress: Progress) -> str:
    parts = [_files(progress), _size(progress), *_rates(progress), _left(progress)]
    return f"{progress.stage}: {', '.join(filter(None, parts))}"


def _left(progress: Progress) -> str:
    left = progress.seconds_left
    return "" if left is None else f"about {duration(left)} left"


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `35 min`, `2.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

"""The progress of a pull on standard error: bytes, rate and time left. Live in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from embedingest.cli._output import print_note, stderr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from rich.console import Console
    from rich.status import Status

__all__ = ["PullLine", "size_text"]

_PLAIN_LINE_SECONDS: Final = 5.0
_SMALL_BYTES: Final = 2**20  # not worth a line of its own in a log


class PullLine:
    """Shows the steps of a pull. `received` counts the bytes that came over the network.

    `say` prints a line, `clock` tells seconds; `console` is drawn on where it is a terminal.
    """

    def __init__(
        self,
        *,
        console: Console | None = None,
        say: Callable[[str], None] = print_note,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.received = 0
        self._console = stderr() if console is None else console
        self._say = say
        self._clock = clock
        self._live: Status | None = None
        self._status = ""
        self._file = ""
        self._began = self._told = 0.0  # seconds
        self._start = self._done = 0  # bytes of the file

    def __call__(self, step: Mapping[str, Any]) -> None:
        if "file" not in step:
            text = str(step["status"])
            kind = text.partition(":")[2] or text  # a wait counts its seconds down
            if kind != self._status:
                self._status = kind
                self._say(text)
            return
        self._count(step)
        text = self._text(step)
        if self._console.is_terminal:
            self._draw(text)
        elif self._is_due(step):
            self._say(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def _count(self, step: Mapping[str, Any]) -> None:
        done = int(step["completed"])
        if step["file"] != self._file or done < self._done:
            self._file, self._start, self._began = step["file"], done, self._clock()
            self._told = self._began
        else:
            self.received += done - self._done
        self._done = done

    def _text(self, step: Mapping[str, Any]) -> str:
        total, seconds = int(step["total"]), self._clock() - self._began
        text = f"{self._file}: {size_text(self._done)} of {size_text(total)}"
        rate = (self._done - self._start) / seconds if seconds > 0 else 0.0
        if rate <= 0:
            return text
        left = f", {(total - self._done) / rate:.0f} s left" if self._done < total else ""
        return f"{text}, {size_text(rate)}/s{left}"

    def _is_due(self, step: Mapping[str, Any]) -> bool:
        """Whether a log should have this line: the end of a large file, and a sign of life every few seconds."""
        now, is_done = self._clock(), self._done == step["total"]
        if now - self._told < _PLAIN_LINE_SECONDS and not (is_done and self._done >= _SMALL_BYTES):
            return False
        self._told = now
        return True

    def _draw(self, text: str) -> None:
        if self._live is None:
            self._live = self._console.status(text)
            self._live.start()
        else:
            self._live.update(text)


def size_text(size: float) -> str:
    """Bytes as people read them: `0.4 KB`, `438.0 MB`."""
    for unit in ("KB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.2f} GB"

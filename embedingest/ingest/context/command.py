"""A command of the user's that writes a sentence: started for one chunk, bounded in time and output, ended whole."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.ingest.context.request import MOST_BYTES, AnswerError, sentence_of, shown
from embedingest.system import end_group, group_begun, group_ended, signal_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import IO

__all__ = ["Command"]

_MOST_ERROR_BYTES: Final = 4096
_LOOK_SECONDS: Final = 0.05
_PIPE_BYTES: Final = 32 * 1024


class Command:
    """A program with its arguments, run without a shell in `folder`, with the environment of this process.

    It is told as `name`. `ask` may be called from several threads; after `close` nothing runs any more. Raises
    ConfigError where there is no such program.
    """

    def __init__(self, arguments: Sequence[str], folder: Path | None, seconds: float, *, name: str) -> None:
        self._arguments = [str(argument) for argument in arguments]
        self._folder = folder
        self._seconds = seconds
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self.name: Final = f"`{name}`"
        program = self._arguments[0]
        where = program if folder is None or os.sep not in program else str(folder / program)
        if folder is not None and not folder.is_dir():
            raise ConfigError(f"{self.name} is to run in {folder}, which is no folder", remedy="mend `context.folder`")
        if shutil.which(where) is None:
            raise ConfigError(
                f"the command of `context` cannot be run: there is no program `{program}`",
                remedy="install it, or name it with its path; a shell is not used",
            )

    def ask(self, body: bytes) -> str:
        """The sentence that the command writes, given `body`. Raises AnswerError."""
        deadline = time.monotonic() + self._seconds
        with self._started() as process:
            talk = _Talk(process, body)
            try:
                ended = talk.go_on_until(deadline, self._closed)
            finally:
                self._end(process)
            status = process.wait()
        self._check(talk, status, ended=ended)
        return sentence_of(bytes(talk.answer), self.name)

    def close(self) -> None:
        """Start nothing any more, and end what runs with all that it started."""
        with self._lock:
            self._closed.set()
            for pid in self._running:
                end_group(pid)

    def _started(self) -> subprocess.Popen[bytes]:
        """A process that `close` knows of. Raises AnswerError, also where everything is closed."""
        with self._lock:
            if self._closed.is_set():
                raise AnswerError(f"{self.name} was not started: the run was stopped")
            try:
                process = subprocess.Popen(
                    self._arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    cwd=self._folder,
                    start_new_session=True,  # Ctrl-C is for us, and all that it starts can be ended together
                )
            except OSError as error:
                raise AnswerError(f"{self.name} cannot be started: {error.strerror or error}") from error
            group_begun(process.pid)
            self._running.add(process.pid)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End it with all that it started, before it is waited for, so that the group is still its own."""
        with self._lock:
            self._running.discard(process.pid)
            end_group(process.pid)
            group_ended(process.pid)

    def _check(self, talk: _Talk, status: int, *, ended: bool) -> None:
        if len(talk.answer) > MOST_BYTES:
            raise AnswerError(f"{self.name} wrote more than {MOST_BYTES // 1024} KiB, and was ended")
        if not ended or self._closed.is_set():
            late = "the run was stopped" if self._closed.is_set() else f"it took longer than {self._seconds:g} s"
            raise AnswerError(f"{self.name} was ended: {late}{_told(talk.errors)}")
        if status:
            how = f"exited with status {status}" if status > 0 else f"was ended by {signal_name(-status)}"
            raise AnswerError(f"{self.name} {how}{_told(talk.errors)}")


class _Talk:
    """What goes into a process and comes out of it, as far as it goes without waiting."""

    def __init__(self, process: subprocess.Popen[bytes], body: bytes) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.answer = bytearray()
        self.errors = bytearray()
        self._process = process
        self._body = memoryview(body)
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._selector = selectors.DefaultSelector()
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
        self._selector.register(self._stdin, selectors.EVENT_WRITE)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)

    def go_on_until(self, deadline: float, closed: threading.Event) -> bool:
        """Whether the process came to its end by itself: what it started and left behind is not waited for."""
        with self._selector:
            while not closed.is_set() and time.monotonic() < deadline and len(self.answer) <= MOST_BYTES:
                over = _is_over(self._process)
                for key, _ in self._selector.select(0 if over else _LOOK_SECONDS):
                    self._move(key.fileobj)  # type: ignore[arg-type]
                if over:
                    self._drain()
                    return True
        return False

    def _drain(self) -> None:
        """What was written before the end stands in the pipes."""
        for pipe in (self._stdout, self._stderr):
            while pipe in self._selector.get_map() and self._read(pipe):
                pass

    def _move(self, pipe: IO[bytes]) -> None:
        if pipe is self._stdin:
            self._write()
        else:
            self._read(pipe)

    def _write(self) -> None:
        try:
            written = os.write(self._stdin.fileno(), self._body[:_PIPE_BYTES])
        except BlockingIOError:
            return
        except OSError:  # it reads no further, which is its own affair
            written = len(self._body)
        self._body = self._body[written:]
        if not self._body:
            self._selector.unregister(self._stdin)
            with contextlib.suppress(OSError):
                self._stdin.close()

    def _read(self, pipe: IO[bytes]) -> bool:
        """Whether something came."""
        try:
            data = os.read(pipe.fileno(), _PIPE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(pipe)
        elif pipe is self._stdout:
            self.answer += data
        else:
            self.errors += data[: _MOST_ERROR_BYTES - len(self.errors)]
        return bool(data) and len(self.answer) <= MOST_BYTES


def _is_over(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has ended. Where the system can say so, it is not reaped: its group keeps its number."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # where ended children are not waited for at all
        return True


def _told(errors: bytearray) -> str:
    """The first line of what it said on standard error; of a traceback the last, which says what was wrong."""
    lines = [line for each in errors.decode("utf-8", "replace").splitlines() if (line := each.strip())]
    line = lines[-1 if lines[0].startswith("Traceback ") else 0] if lines else ""
    said = shown(line)
    return f": {said}" if said else ""

"""Torch's side of a model that is compiled: its vectors, its graphs, the rest of its gate, from a process of its own.

So a process that serves a compiled model never imports torch, and nobody's process dies of converting one. Knows no
cache.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import pickle
import queue
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Final, cast

from embedingest.engine import cancellation
from embedingest.engine.compiled.children import STOP, death, read_frame, start, write_frame
from embedingest.engine.compiled.gauge import first_texts, gauge_rows
from embedingest.errors import ModelLoadError
from embedingest.inbox import Inbox

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.cache import Entry
    from embedingest.engine.compiled.graphs import Share
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.gate import Figures

__all__ = ["DiedError", "Reference"]

_PROCESS: Final = "embedingest.engine.compiled.reference_process"
_KEPT_SECONDS: Final = 10.0  # for the next model: importing torch takes longer than most models do
# One batch a thread, and no threads that wait for each other within one.
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class DiedError(Exception):
    """The process ended by itself; says how."""


class Reference:
    """One model in torch. The process is started at once, and the model loaded by `load`; ended by `close`.

    `rows` are the gate's texts as token rows, `first` those before the model serves. Raises OSError where no process
    can be started.
    """

    def __init__(self, folder: ModelFolder, settings: ModelConfig, share: Share) -> None:
        self._folder, self._settings, self._share = folder, settings, share
        self._process: _Process | None = _taken()
        self._is_loaded = False
        self.rows = gauge_rows(folder, settings)
        self.first = self.rows[: first_texts(folder, self.rows)]

    def load(self) -> bool:
        """Load the model, and answer whether padding changes its vectors. Raises ModelLoadError."""
        answer = cast("bool", self._asked_of_torch("load", self._folder, self.first, self._share.threads))
        self._is_loaded = True
        return answer

    def graph(self, kind: str, path: Path) -> None:
        """Write a graph (`convert.py` says of which kinds). Raises whatever it fails with, DiedError too."""
        self._ask("graph", kind, path)

    def vectors(self) -> NDArray[np.float32]:
        """Torch's vectors of the first texts, float32 (N, D). Raises ModelLoadError."""
        return cast("NDArray[np.float32]", self._asked_of_torch("vectors"))

    def begin_rest(self, entry: Entry, first: Figures) -> None:
        """Let it compare the texts that follow those of `first` with what a kept form gives, behind everything else."""
        self._loaded().say("rest", entry, self._settings, self._share, self.rows[first.texts :], first)

    def rest(self, seconds: float) -> Figures | None:
        """The figures of all texts; `None` where it was stopped. Raises TimeoutError after so many seconds."""
        assert self._process is not None
        return cast("Figures | None", self._process.answer(seconds))

    def stop(self) -> None:
        """Let `rest` answer once its batch is done."""
        if (process := self._process) is not None:
            process.stop()

    def end(self) -> None:
        """Let whatever is asked raise OSError now."""
        if (process := self._process) is not None:
            process.kill()

    def close(self, *, end: bool = False) -> None:
        """Give its memory back, to the next model where it is free; with `end` to the system, now."""
        process, self._process = self._process, None
        if process is not None and (end or process.owes_an_answer):
            process.end()
        elif process is not None:
            _keep(process)

    def _asked_of_torch(self, order: str, *arguments: Any) -> Any:
        try:
            return self._ask(order, *arguments)
        except (DiedError, OSError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            raise ModelLoadError(
                f"torch cannot run {self._folder.path}: {reason}", remedy="free some memory, or take a smaller model"
            ) from error

    def _ask(self, order: str, *arguments: Any) -> Any:
        process = self._started() if order == "load" else self._loaded()
        try:
            process.say(order, *arguments)
            return process.answer()
        except (DiedError, OSError):
            self._process, self._is_loaded = None, False  # what is asked next is asked of another one
            process.end()
            raise

    def _started(self) -> _Process:
        if self._process is None:
            self._process = _taken()
        return self._process

    def _loaded(self) -> _Process:
        if not self._is_loaded:
            self.load()
        return self._started()


class _Process:
    """One process that answers each order once, in their order."""

    def __init__(self) -> None:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 -- open while the process is
        try:
            self._process = start(_PROCESS, errors=self._words, environment=_ENVIRONMENT)
        except BaseException:
            self._words.close()
            raise
        self._frames: Inbox[bytes | None] = Inbox()
        self.owes_an_answer = False
        threading.Thread(target=self._read, name="embedingest-reference", daemon=True).start()

    def say(self, order: str, *arguments: Any) -> None:
        """Give an order; a process that is no more says so where its answer is asked for."""
        assert self._process.stdin is not None
        self.owes_an_answer = order != "forget"
        level = logging.getLogger("embedingest").getEffectiveLevel()
        with contextlib.suppress(OSError, ValueError):
            write_frame(self._process.stdin, pickle.dumps((order, level, arguments)))

    def answer(self, seconds: float | None = None) -> Any:
        """What the order gave. Raises what it raised, DiedError, OSError, Cancelled; TimeoutError after so long."""
        while True:
            try:
                frame = cancellation.get(self._frames, seconds)
            except queue.Empty:
                raise TimeoutError from None
            if frame is None:
                raise DiedError(death(self._process.wait(), self._last_words(), doing="converts it"))
            kind, value = pickle.loads(frame)  # noqa: S301 -- our own process says it
            if kind == "log":
                logging.getLogger(value[0]).log(value[1], "%s", value[2])
                continue
            self.owes_an_answer = False
            if kind == "failed":
                raise value
            return value

    def stop(self) -> None:
        """Let what it compares end with the batch that it is at."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            write_frame(self._process.stdin, STOP)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()

    def end(self) -> None:
        self.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._words.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while (frame := read_frame(stream)) is not None:
                self._frames.put(frame)
        self._frames.put(None)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._words.seek(0)
            lines = self._words.read()[-4096:].decode("utf-8", "replace").split("\n")
            return next((line.strip()[-300:] for line in reversed(lines) if line.strip()), "")
        return ""


_idle: list[_Process] = []
_idle_lock = threading.Lock()


def _taken() -> _Process:
    with _idle_lock:
        while _idle:
            process = _idle.pop()
            if process.is_alive:
                return process
            process.end()
    return _Process()


def _keep(process: _Process) -> None:
    process.say("forget")  # before somebody takes it, and loads another model
    with _idle_lock:
        _idle.append(process)
    timer = threading.Timer(_KEPT_SECONDS, _end_idle, [process])
    timer.daemon = True
    timer.start()


def _end_idle(process: _Process) -> None:
    with _idle_lock:
        if process not in _idle:
            return  # it was taken
        _idle.remove(process)
    process.end()


@atexit.register
def _end_all() -> None:
    for process in tuple(_idle):
        _end_idle(process)

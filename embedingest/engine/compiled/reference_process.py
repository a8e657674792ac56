"""What the process does that holds torch's side of a model: load it, convert it, give its vectors, compare the rest.

Orders come on standard input and are answered on what was standard output, pickled; the parent alone speaks to it. It
ends when nobody is left to give orders, whatever it does then.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, Any, Final

from embedingest.engine.compiled import runtime
from embedingest.engine.compiled.children import STOP, lower_priority, read_frame, write_frame
from embedingest.engine.compiled.convert import Converter
from embedingest.engine.compiled.left_out import leave_out
from embedingest.engine.compiled.running import Compiled
from embedingest.engine.gate import compare
from embedingest.engine.scheduling.batching import batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.cache import Entry
    from embedingest.engine.compiled.graphs import Share
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.gate import Figures

__all__ = ["main"]

_BATCH_TOKENS: Final = 512


def main() -> None:
    """Get ready, then do what is ordered until nobody is left to order anything."""
    answers = _Answers(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # a library may print what it likes
    work = _Work()
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, orders, work.stopped), daemon=True).start()
    leave_out()
    import sentence_transformers  # noqa: F401 -- while the parent is not ready

    gc.freeze()  # what was imported is never garbage

    logging.getLogger().addHandler(_Teller(answers))
    while True:
        order, level, arguments = pickle.loads(orders.get())  # noqa: S301 -- the parent's
        logging.getLogger("embedingest").setLevel(level)
        try:
            told = "done", getattr(work, order)(*arguments)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the parent raises it
            told = "failed", _portable(error)
        if order != "forget":
            answers.give(*told)


def _listen(stream: IO[bytes], orders: queue.SimpleQueue[bytes], stopped: threading.Event) -> None:
    while (frame := read_frame(stream)) is not None:
        if frame == STOP:
            stopped.set()
        else:
            orders.put(frame)
    os._exit(0)


class _Work:
    """The model that is loaded, and what was computed of it."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._converter: Converter | None = None
        self._first: Sequence[Sequence[int]] = ()
        self._threads = 1
        self._vectors: Future[NDArray[np.float32]] | None = None

    def load(self, folder: ModelFolder, first: Sequence[Sequence[int]], threads: int) -> bool:
        self.forget()
        self._first, self._threads = first, threads
        self._converter = Converter(folder)
        return self._converter.needs_padding_left_out

    def graph(self, kind: str, path: Path) -> None:
        assert self._converter is not None
        runtime.load().save_model(self._converter.graph(kind), str(path), compress_to_fp16=False)
        self._begin()  # while the parent tries what was written

    def vectors(self) -> NDArray[np.float32]:
        return self._begin().result()

    def rest(
        self, entry: Entry, settings: ModelConfig, share: Share, rows: Sequence[Sequence[int]], first: Figures
    ) -> Figures | None:
        """In a thread of its own: priorities are those of threads, and what this one starts inherits its own."""
        with ThreadPoolExecutor(1, "embedingest-rest", lower_priority) as pool:
            return pool.submit(self._compared, entry, settings, share, rows, first).result()

    def forget(self) -> None:
        self._converter, self._vectors = None, None
        self.stopped.clear()
        gc.collect()

    def _begin(self) -> Future[NDArray[np.float32]]:
        assert self._converter is not None
        if self._vectors is None:
            pool = ThreadPoolExecutor(1, "embedingest-reference")
            self._vectors = pool.submit(self._converter.reference, self._first, self._threads)
            pool.shutdown(wait=False)
        return self._vectors

    def _compared(
        self, entry: Entry, settings: ModelConfig, share: Share, rows: Sequence[Sequence[int]], first: Figures
    ) -> Figures | None:
        assert self._converter is not None
        kept = Compiled(self._converter.folder, settings, entry, share)
        figures = first
        for group in batches([len(row) for row in rows], budget=_BATCH_TOKENS, most=16):
            if self.stopped.is_set():
                return None
            batch = [rows[i] for i in group]
            figures = figures.with_more(compare(self._converter.reference(batch), kept.vectors(batch), first.spread))
        return figures


class _Answers:
    """What is told to the parent, by any thread."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def give(self, kind: str, value: Any) -> None:
        with self._lock:
            write_frame(self._stream, pickle.dumps((kind, value)))


class _Teller(logging.Handler):
    """Hands on what is logged: the parent's handlers show it."""

    def __init__(self, answers: _Answers) -> None:
        super().__init__()
        self._answers = answers

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == "embedingest":  # others' remarks were never shown
            self._answers.give("log", (record.name, record.levelno, record.getMessage()))


def _portable(error: Exception) -> Exception:
    """The error as another process can have it."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own
    except Exception:  # noqa: BLE001 -- it has no such form
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error

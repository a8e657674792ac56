"""The texts of the gate that a model was not held against before it served: compared while it does.

What fails is told, and the next form takes its place. Knows torch by way of the gauge, no queue.
"""

from __future__ import annotations

import atexit
import logging
import threading
from typing import TYPE_CHECKING, Final

from embedingest.engine.gate import Figures, compare
from embedingest.engine.scheduling.batching import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.engine.compiled.gauge import Gauge

__all__ = ["Rest"]

_log = logging.getLogger(__name__)

_NOT_COMPARED: Final = "the rest of the gate could not be compared; it is tried again by a later process"
_BATCH_TOKENS: Final = 512  # who asks meanwhile waits for one of these at most
_SECONDS_UNTIL_RESUMED: Final = 60.0  # of a process that goes on where another ended: only one that stays


class Rest:
    """One comparison that goes on in a thread of its own until it is done or stopped.

    `first` are the figures so far, `vectors` gives those of token rows by the form in question. `open_gauge` loads
    torch's side where no `gauge` was kept. `settle` is told the figures of all texts.
    """

    def __init__(
        self,
        first: Figures,
        vectors: Callable[[Sequence[Sequence[int]]], NDArray[np.float32]],
        open_gauge: Callable[[], Gauge],
        settle: Callable[[Figures], None],
        gauge: Gauge | None = None,
    ) -> None:
        self._first, self._vectors, self._open_gauge, self._settle = first, vectors, open_gauge, settle
        self._gauge = gauge
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedingest-gate", daemon=True)
        atexit.register(self.stop)  # torch must not compute while the process ends
        self._thread.start()

    def stop(self) -> None:
        """End it, where it is not done; another process goes on with it."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def wait(self) -> None:
        """Until it is done."""
        self._thread.join()

    def _run(self) -> None:
        if self._gauge is None and self._stopped.wait(_SECONDS_UNTIL_RESUMED):
            return
        try:
            figures = self._compared(self._gauge or self._open_gauge())
            self._gauge = None  # torch's weights go before anything else is made
            if figures is not None:
                self._settle(figures)
        except OSError as error:  # out of descriptors or of room, say: nothing that a traceback would explain
            _log.warning("%s: %s", _NOT_COMPARED, error)
        except Exception:  # noqa: BLE001 -- whatever it is, the model serves as before
            _log.exception(_NOT_COMPARED)
        finally:
            self._gauge = None
            atexit.unregister(self.stop)

    def _compared(self, gauge: Gauge) -> Figures | None:
        rows = gauge.rows[self._first.texts :]
        figures = self._first
        for group in batches([len(row) for row in rows], budget=_BATCH_TOKENS, most=16):
            if self._stopped.is_set():
                return None
            batch = [rows[i] for i in group]
            figures = figures.with_more(compare(gauge.converter.reference(batch), self._vectors(batch)))
        return figures

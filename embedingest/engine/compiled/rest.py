"""The texts of the gate that a model was not held against before it served: compared while it does.

In a process of its own that everything else goes before, while there is memory for it. What fails is told, and the next
form takes its place. Of several programs that run a model one compares, and the others take over what it finds. Knows
no torch and no queue.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine import hardware
from embedingest.engine.compiled import cache
from embedingest.engine.compiled.reference import DiedError, Reference
from embedingest.engine.gate import Figures
from embedingest.errors import EmbedingestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.cache import Entry
    from embedingest.engine.compiled.graphs import Share
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["Rest"]

_log = logging.getLogger(__name__)

_NOT_COMPARED: Final = "the rest of the gate could not be compared; it is tried again by a later process"
_SECONDS_UNTIL_RESUMED: Final = 60.0  # of a process that goes on where another ended: only one that stays
_LOOK_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 0.2
_LIBRARIES_BYTES: Final = 512 * 2**20
_COPIES: Final = 2  # of the weights in fp32: torch's, and what is compiled


class Rest:
    """One comparison that goes on until it is done or stopped.

    `reference` is torch's side where it is loaded already, closed by this. `settle` is told the figures of all texts;
    `None` where another process found that the form fails.
    """

    def __init__(
        self,
        folder: ModelFolder,
        settings: ModelConfig,
        share: Share,
        entry: Entry,
        settle: Callable[[Figures | None], None],
        reference: Reference | None = None,
    ) -> None:
        self._folder, self._settings, self._share = folder, settings, share
        self._entry, self._settle = entry, settle
        self._reference = reference
        self._waits = False  # for memory, and said so
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedingest-gate", daemon=True)
        atexit.register(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """End it, where it is not done; another process goes on with it."""
        self._stopped.set()
        if self._thread is threading.current_thread():
            return
        if (reference := self._reference) is not None:
            reference.stop()
            self._thread.join(_STOP_SECONDS)
            reference.end()
        self._thread.join()

    def wait(self) -> None:
        """Until it is done."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set() and not self._step():
                self._stopped.wait(_SECONDS_UNTIL_RESUMED)
        except (OSError, DiedError, EmbedingestError) as error:  # nothing that a traceback would explain
            self._tell_unless_stopped(error)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the model serves as before
            self._tell_unless_stopped(error, exc_info=True)
        finally:
            self._close()
            atexit.unregister(self.stop)

    def _step(self) -> bool:
        """Compare, or take over what another process found; whether there is nothing left to do."""
        if self._reference is None and not self._waits and self._stopped.wait(_SECONDS_UNTIL_RESUMED):
            return True
        with cache.comparing(self._entry.note["key"], self._stopped.wait) as is_mine:
            if not is_mine:
                return True
            latest = cache.latest(self._entry)
            if latest is None or latest.note.get("form") != self._entry.note["form"]:
                self._settle(None)
                return True
            gate = latest.note["gate"]
            first = Figures(gate["texts"], gate["mean"], gate["least"], gate.get("spread"))
            figures = self._compared(latest, first) if first.texts < latest.note["texts"] else first
            if figures is not None:
                self._settle(figures)
            return figures is not None

    def _compared(self, entry: Entry, first: Figures) -> Figures | None:
        """The figures of all texts; `None` where it was stopped, or memory became short."""
        if not self._has_memory():
            return None
        reference = self._reference = self._reference or Reference(self._folder, self._settings, self._share)
        if self._stopped.is_set():  # from here on who stops it sees the other process
            return None
        reference.begin_rest(entry, first)
        while True:
            with contextlib.suppress(TimeoutError):
                figures = reference.rest(_LOOK_SECONDS)
                self._close()
                return figures
            if not self._has_memory():
                return None

    def _has_memory(self) -> bool:
        """Whether the machine has as much memory to spare as all this takes; where not, what this took is given back.

        So it never takes what a first run over many documents needs: they go on, and this waits.
        """
        needed = _LIBRARIES_BYTES + _COPIES * 4 * self._folder.parameters
        if hardware.available_bytes() >= needed:
            return True
        self._close(end=True)
        if not self._waits:
            _log.info("the rest of the gate of %s waits for %d MiB of free memory", self._folder.name, needed >> 20)
        self._waits = True
        return False

    def _close(self, *, end: bool = False) -> None:
        reference, self._reference = self._reference, None
        if reference is not None:
            reference.close(end=end)

    def _tell_unless_stopped(self, error: Exception, **how: Any) -> None:
        if not self._stopped.is_set():
            _log.warning("%s: %s", _NOT_COMPARED, error, **how)

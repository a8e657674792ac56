"""Engines that live as long as the process, one for each set of settings: what the functions of the front door use."""

from __future__ import annotations

import atexit
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedingest.build.models import open_engine
from embedingest.config import DEFAULT, Config
from embedingest.system import after_fork_in_child

if TYPE_CHECKING:
    from embedingest.engine.engine import Engine

__all__ = ["SharedEngines"]

_lock = threading.Lock()
_open: dict[str, Engine] = {}
_left: list[dict[str, Engine]] = []
"""What a fork left behind; only kept."""


@dataclass(frozen=True)
class SharedEngines:
    """The engines of a configuration, each shared with every other configuration that sets it the same way.

    They are closed when the process ends. A model that nobody uses leaves memory after the engine's keep-alive time.
    """

    config: Config

    def engine_of(self, name: str = DEFAULT) -> Engine:
        """The engine of this name, opened when it is first asked for."""
        settings = self.config.engine_of(name)
        models = {model: section.model_dump_json() for model, section in sorted(self.config.models.items())}
        key = f"{settings.model_dump_json()} {models}"
        with _lock:
            if not _open:
                atexit.register(_close_all)
            if key not in _open:
                _open[key] = open_engine(settings, self.config.models)
            return _open[key]


def _forget_parents() -> None:
    """In a forked child: the threads of the parent's engines are not here, and its lock may be held for ever.

    The engines themselves stay in memory, since to take one down is to wait for its threads.
    """
    global _lock, _open
    _left.append(_open)
    _lock, _open = threading.Lock(), {}


after_fork_in_child(_forget_parents)


def _close_all() -> None:
    with _lock:
        for engine in _open.values():
            engine.close()
        _open.clear()

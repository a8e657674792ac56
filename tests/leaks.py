"""What belongs to the whole process, and which a test must leave as it found it for those after it."""

from __future__ import annotations

import locale
import os
import signal
from typing import Final

__all__ = ["changed", "process_state"]

_SIGNALS: Final = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_OF_LIBRARIES: Final = ("LANCE", "OPENVINO", "TORCH", "KMP_", "TOKENIZERS_", "TRANSFORMERS_", "PYTEST_")
"""How variables begin that libraries set for good once they are imported."""


def process_state() -> dict[str, object]:
    """Working folder, locale, handlers of signals, and variables of the environment."""
    state: dict[str, object] = {number.name: signal.getsignal(number) for number in _SIGNALS}
    state |= {f"${name}": value for name, value in os.environ.items() if not name.startswith(_OF_LIBRARIES)}
    state["locale"] = locale.setlocale(locale.LC_ALL)
    try:
        state["folder"] = os.getcwd()
    except FileNotFoundError:
        state["folder"] = "one that is gone"
    return state


def changed(before: dict[str, object], after: dict[str, object]) -> dict[str, tuple[object, object]]:
    """What is other than it was: by its name, what it was and what it is."""
    if before == after:
        return {}
    names = sorted(before.keys() | after.keys())
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}

"""Where what Ray prints goes: its threads write to standard output, which is for reports. Imports no Ray."""

from __future__ import annotations

import sys
import threading
from typing import Any, Final, cast

__all__ = ["RayOutput"]


class RayOutput:
    """Standard output, but what threads of Ray's print there goes to standard error, until it is given back."""

    def __init__(self) -> None:
        self._stream: Final = sys.stdout
        sys.stdout = cast("Any", self)

    def __getattr__(self, name: str) -> Any:
        rays = threading.current_thread().name.startswith("ray_")
        return getattr(sys.stderr if rays else self._stream, name)

    def give_back(self) -> None:
        """Standard output is again what it was."""
        sys.stdout = self._stream

"""Who asks the writer for something, and whether that process still waits for the answer. Opens no journal."""

from __future__ import annotations

import json
import os
import socket
from typing import Final, NamedTuple, Self

import psutil

__all__ = ["Asker"]

_GRAIN_SECONDS: Final = 2.0
"""A system tells when a process began to some hundredths of a second, and may correct its clock meanwhile."""


class Asker(NamedTuple):
    """A process: where it runs, its number there, when it began (seconds since the epoch). A number is used again."""

    place: str
    pid: int
    began: float

    @classmethod
    def here(cls) -> Self:
        """The process that runs."""
        return cls(_place(), os.getpid(), psutil.Process().create_time())

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """What `to_text` wrote; `None` where nothing of that kind was."""
        try:
            place, pid, began = json.loads(text)
            return cls(str(place), int(pid), float(began))
        except (ValueError, TypeError):
            return None

    def to_text(self) -> str:
        return json.dumps(list(self))

    @property
    def gone(self) -> bool:
        """Whether the process has surely ended. Of another machine, or another container, nothing is sure."""
        if self.place != _place():
            return False
        try:
            process = psutil.Process(self.pid)
            began, ended = process.create_time(), process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:
            return False
        return ended or abs(began - self.began) > _GRAIN_SECONDS


def _place() -> str:
    """The machine and, where the system numbers processes by container, the container."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 -- a name, not the path of a file
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()

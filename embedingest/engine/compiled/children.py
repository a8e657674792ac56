"""Processes of our own that may die without us: started, spoken to, and told by how they ended. Knows no model.

They end with this process, since their standard input ends with it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import struct
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Final

from embedingest.system import interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STOP", "death", "lower_priority", "read_frame", "start", "write_frame"]

STOP: Final = b"stop"
"""A message that is heard whatever the process is at."""

_LENGTH: Final = struct.Struct("<Q")
_LOWEST: Final = 19
_FROM_OUTSIDE: Final = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")  # the system short of memory, a person


def start(
    module: str, *, errors: int | IO[bytes] = subprocess.PIPE, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A process that runs `main` of a module, with pipes to and from it. Raises OSError."""
    # A session of its own: Ctrl-C in the terminal is for the parent to answer.
    return subprocess.Popen(
        interpreter(module),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
    )


def death(code: int, last_words: str, *, doing: str) -> str:
    """The reason of a process that ended by itself while `doing`. Raises OSError where another ended it."""
    name = _signal_name(code)
    if name in _FROM_OUTSIDE:
        raise OSError(errno.ENOMEM, f"the process that {doing} was ended from outside ({name})")
    words = f": {last_words}" if last_words else ""
    return f"the process that {doing} died ({name}){words}"


def write_frame(stream: IO[bytes], content: bytes) -> None:
    """One message of any length. Raises OSError where nobody reads it."""
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The next message; `None` where the other side has ended."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else None


def lower_priority() -> None:
    """Let everything else go first, before this thread and those that it starts; where the system can do so."""
    if sys.platform == "linux":  # elsewhere it would be that of the whole process, for good
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)


def _signal_name(code: int) -> str:
    if os.name == "posix" and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"

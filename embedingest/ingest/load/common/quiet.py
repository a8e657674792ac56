"""A library that panics says so in an exception; what it prints about that besides is left out."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["without_panics"]

_ERRORS: Final = 2  # the number of the stream
_PANIC: Final = re.compile(rb"(?:\A|\n)thread '[^'\n]*'[^\n]* panicked at .*", re.DOTALL)
_ONE_AT_A_TIME: Final = threading.Lock()
"""The stream is the process's."""


@contextmanager
def without_panics() -> Iterator[None]:
    """What is written to the error stream meanwhile is passed on behind it, up to where a library in Rust panics."""
    with _ONE_AT_A_TIME, ExitStack() as at_the_end:
        with suppress(OSError):  # there is no such stream, or no room for a file: then all is written as it comes
            kept = at_the_end.enter_context(tempfile.TemporaryFile())
            before = os.dup(_ERRORS)
            at_the_end.callback(_pass_on, kept, before)
            os.dup2(kept.fileno(), _ERRORS)
        yield


def _pass_on(kept: IO[bytes], stream: int) -> None:
    """The stream is again what it was, and gets what was kept."""
    os.dup2(stream, _ERRORS)
    os.close(stream)
    kept.seek(0)
    said = _PANIC.sub(b"", kept.read())
    with suppress(OSError):
        while said:
            said = said[os.write(_ERRORS, said) :]

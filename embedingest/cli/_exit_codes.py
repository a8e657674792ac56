"""Exit codes, and which error ends with which. The numbers are fixed names: scripts rely on them."""

from __future__ import annotations

from enum import IntEnum

from embedingest.errors import ConfigError, EmbedingestError, EngineError, StoreError

__all__ = ["ExitCode", "exit_code"]


class ExitCode(IntEnum):
    """How a command ended. SIGTERM is a usual end, of code 0."""

    DONE = 0
    DOCUMENTS = 1  # some documents failed, or deletions wait
    USAGE = 2  # wrong usage or configuration
    FAILED = 3  # the store, the lock or the engine failed
    INTERRUPTED = 130  # Ctrl-C


def exit_code(error: BaseException) -> ExitCode:
    """The code of a command that `error` ended; a foreign error counts as a failure of store or engine."""
    if isinstance(error, ConfigError):
        return ExitCode.USAGE
    if isinstance(error, (StoreError, EngineError)) or not isinstance(error, EmbedingestError):
        return ExitCode.FAILED
    return ExitCode.DOCUMENTS

"""The command line: parse, build, call, print. Does no work of its own and starts at once: commands load lazily."""

from __future__ import annotations

import atexit
import gc
import os
import sys

__all__ = ["main"]

# Many values of a command live until its end: to look through them as often as Python does takes a fifth of its time.
_COLLECT_AFTER = (50_000, 20, 100)
# Arrow's own pool keeps what a commit took; the system's gives it back.
_ARROW_POOL = ("ARROW_DEFAULT_MEMORY_POOL", "system")


def main() -> None:
    """Entry point of the console script: runs a command and exits with one of the documented codes."""
    try:
        _end_at_once_on_interrupt()
        gc.set_threshold(*_COLLECT_AFTER)
        os.environ.setdefault(*_ARROW_POOL)
        from embedingest.cli._commands import cli
        from embedingest.cli._logs import log_what_nobody_catches
        from embedingest.cli._main import run_command

        log_what_nobody_catches()
        code = run_command(cli)
    except KeyboardInterrupt:
        _end_at_once()
    # Where Ctrl-C came in the midst of an `exec`, Python remembers that and would end by the signal, with no exit code
    # of ours; the next `exec` makes it forget.
    exec("")  # noqa: S102
    sys.exit(code)


def _end_at_once_on_interrupt() -> None:
    """Ctrl-C ends the program while it imports what it needs, and while it shuts down: there is nothing to undo."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell may have it ignored
        signal.signal(signal.SIGINT, _end_at_once)
        # What is registered first is called last: the interpreter takes handlers away before it is through.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def _end_at_once(*_: object) -> None:
    try:
        os.write(2, b"interrupted\n")
        from embedingest.system import exit_at_once

        exit_at_once(130)
    finally:
        os._exit(130)

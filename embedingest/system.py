"""What only some systems have, each with what stands in for it elsewhere: the one room that asks for it.

Flags that a system lacks are 0, so that they may be or-ed with others. What a system cannot do is left out, or told.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

__all__ = [
    "BINARY",
    "CLOEXEC",
    "DIRECTORY",
    "FROM_OUTSIDE",
    "KILL",
    "NONBLOCK",
    "NO_FOLLOW",
    "PATH_ONLY",
    "after_fork_in_child",
    "can_lock",
    "die_with",
    "end_group",
    "exit_at_once",
    "group_begun",
    "group_ended",
    "hangup",
    "interpreter",
    "leave_no_core",
    "limit_address_space",
    "limit_processor",
    "lock_file",
    "open_files",
    "page_bytes",
    "peak_bytes",
    "reap",
    "signal_name",
    "user_id",
]

BINARY: Final[int] = getattr(os, "O_BINARY", 0)
CLOEXEC: Final[int] = getattr(os, "O_CLOEXEC", 0)
DIRECTORY: Final[int] = getattr(os, "O_DIRECTORY", 0)
NONBLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0)
NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
PATH_ONLY: Final[int] = getattr(os, "O_PATH", 0)

KILL: Final[int] = getattr(signal, "SIGKILL", signal.SIGTERM)
"""The signal that no program can refuse; where there is none, the one that ends a process there."""

FROM_OUTSIDE: Final = (KILL, signal.SIGTERM)
"""What ends a process that did nothing wrong: sent by a system short of memory, a service manager, a person."""

_USUAL_PAGE_BYTES: Final = 4096
_MAXRSS_UNIT_BYTES: Final = 1 if sys.platform == "darwin" else 1024
_REAP_SECONDS: Final = 0.005
_PR_SET_PDEATHSIG: Final = 1
_groups: Final[set[int]] = set()
_leaving: Final = threading.Event()


def user_id() -> int | None:
    """The user that this process acts as; `None` where files have no owners to compare with."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def signal_name(number: int) -> str:
    """What a signal is called."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def hangup() -> int | None:
    """The signal that asks a program to read its settings again; `None` where there is none."""
    return getattr(signal, "SIGHUP", None)


def after_fork_in_child(act: Callable[[], None]) -> None:
    """Have `act` called in each forked child; never, where processes do not fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=act)


def can_lock() -> bool:
    """Whether `lock_file` can."""
    try:
        import fcntl  # noqa: F401 -- looked for
    except ImportError:
        return False
    return True


def lock_file(descriptor: int) -> None:
    """Lock an open file for this process, without waiting. Raises BlockingIOError where another has it, OSError."""
    try:
        import fcntl
    except ImportError as error:
        raise OSError("this system has no such locks of files") from error
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def interpreter(module: str, *arguments: int, first: str = "") -> list[str]:
    """The command of a Python process that finds modules where this one does, and runs `main` of one of ours.

    The statement `first` is run before anything of ours is imported; what `main` gives is the exit status.
    """
    given = ", ".join(map(str, arguments))
    code = f"import os, sys; {first}\nsys.path[:] = {sys.path!r}; from {module} import main; sys.exit(main({given}))"
    return [sys.executable, "-c", code]


def end_group(pid: int) -> None:
    """End a process that leads a session, and whatever it started; nothing happens where it is gone."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(pid, KILL)
        return
    import psutil

    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        for process in (*first.children(recursive=True), first):
            with contextlib.suppress(psutil.Error):
                process.kill()


def die_with(parent: int) -> None:
    """Ask the kernel to end this process with its parent, which code stuck in C would not notice; where it can."""
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, KILL)
    if os.getppid() != parent:
        os._exit(0)


def group_begun(pid: int) -> None:
    """A process that leads a session was started, which ends with this one until `group_ended`."""
    _groups.add(pid)
    if _leaving.is_set():
        end_group(pid)


def group_ended(pid: int) -> None:
    """It was ended, or is about to be waited for: its number may soon be another's."""
    _groups.discard(pid)


@atexit.register
def _end_groups() -> None:
    _leaving.set()
    for pid in tuple(_groups):
        end_group(pid)


def exit_at_once(status: int) -> NoReturn:
    """End this process, with the groups that it began and nothing else put in order. A signal handler may call it."""
    _end_groups()
    os._exit(status)


def reap(process: subprocess.Popen[bytes], seconds: float, kill: Callable[[], None]) -> int:
    """Wait for the end of a process, with `kill` called after so many seconds.

    Its largest size in memory in bytes; 0 where the system does not tell, or somebody waited for it before.
    """
    deadline = time.monotonic() + seconds
    while process.returncode is None:
        if hasattr(os, "wait4"):
            try:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            except ChildProcessError:
                return 0
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return usage.ru_maxrss * _MAXRSS_UNIT_BYTES
        elif process.poll() is not None:
            return 0
        if time.monotonic() > deadline:
            kill()
        time.sleep(_REAP_SECONDS)
    return 0


def page_bytes() -> int:
    """Size of a page of memory."""
    return os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else _USUAL_PAGE_BYTES


def peak_bytes() -> int:
    """The largest size that this process had in memory; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT_BYTES


def limit_address_space(limit_bytes: int) -> bool:
    """Let this process map no more memory than that; False where the system holds no such limit."""
    return _limit("RLIMIT_AS", limit_bytes)


def limit_processor(seconds: int) -> bool:
    """Let this process take no more processor time than that, all told; False where the system holds no such limit."""
    return _limit("RLIMIT_CPU", seconds)


def _limit(of: str, most: int) -> bool:
    try:
        import resource
    except ImportError:
        return False
    limit = getattr(resource, of)
    hard = resource.getrlimit(limit)[1]
    resource.setrlimit(limit, (most if hard < 0 else min(most, hard), hard))
    return True


def leave_no_core() -> None:
    """Write no image of this process to the disk should it crash; where systems do so."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def open_files(wanted: int) -> int:
    """How many files this process may have open, once the limit was raised towards `wanted`; at most `wanted`."""
    try:
        import resource
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < limit:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if now == resource.RLIM_INFINITY else now


after_fork_in_child(_groups.clear)  # they end with who began them

"""Connecting to a Ray cluster, and what is said where that fails. Is given Ray, and imports none."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from embedingest.cluster.launcher import GOES_ON
from embedingest.cluster.ray_address import ADDRESS, host_and_port, named, silence
from embedingest.errors import ConfigError, EngineError
from embedingest.inbox import Inbox
from embedingest.ingest.run.walk_seam import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AUTHENTICATION", "connect", "first_line"]

_log = logging.getLogger(__name__)
AUTHENTICATION: Final = "RAY_AUTH_MODE"
"""The variable that tells whether a cluster asks for a token."""
_TOKEN: Final = "RAY_AUTH_TOKEN"  # noqa: S105 -- the name of a variable
_TOKEN_FILE: Final = "RAY_AUTH_TOKEN_PATH"  # noqa: S105 -- the name of a variable
_MOST_TRIES: Final = 3
_LOOK_SECONDS: Final = 0.2
_PROXY_FAILED: Final = "Starting Ray client server failed"  # a crash in Ray, not an address


def connect(ray: Any, address: str | None, stop: threading.Event | None = None) -> None:
    """Connect to the cluster at an address, or to the one that the environment names, or begin one of this machine.

    Raises ConfigError where there is none or it lets nobody in, EngineError where Ray's proxy crashes each time, and
    Stopped once `stop` is set.
    """
    place = host_and_port(named(address))
    if place is not None and (reason := silence(*place)) is not None:
        raise _unreachable(address, reason)
    try:
        if _begins(address):
            _here(lambda: _init(ray, address))
        else:
            _beside(lambda: _init(ray, address), stop)
    except ray.exceptions.AuthenticationError as error:
        raise _refused(address, error.message) from error
    except (ConnectionError, RuntimeError, ValueError) as error:
        if _PROXY_FAILED in str(error):
            message = f"the Ray cluster at {address} could not begin a connection: {_ends(error)}"
            raise EngineError(message, remedy=f"try again; {GOES_ON}") from error
        if place is None:
            raise _unreachable(address, _ends(error)) from error
        told = type(error) is not ConnectionError  # by the cluster
        raise (_unfit if told else _refused)(address, _ends(error)) from error


def _begins(address: str | None) -> bool:
    """Whether a cluster of this machine alone is begun, rather than one joined."""
    return address is None and os.environ.get(ADDRESS, "local") in {"", "local"}


def _here(work: Callable[[], None]) -> None:
    """Do work in this thread: what Ray starts on this machine ends with the thread that started it.

    It takes SIGTERM for itself meanwhile.
    """
    before = signal.getsignal(signal.SIGTERM) if threading.current_thread() is threading.main_thread() else None
    try:
        work()
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _beside(work: Callable[[], None], stop: threading.Event | None) -> None:
    """Do work in a thread that nothing waits for but this. Raises what the work raises, and Stopped.

    Ray tries for half a minute where it is not let in. In the main thread no signal is heard meanwhile, and it takes
    SIGTERM for itself.
    """
    ended: Inbox[BaseException | None] = Inbox()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 -- raised below, in the thread that waits
            ended.put(error)
        else:
            ended.put(None)

    threading.Thread(target=run, name="ray_connection", daemon=True).start()
    while True:
        if stop is not None and stop.is_set():
            raise Stopped
        with suppress(queue.Empty):
            error = ended.get(timeout=_LOOK_SECONDS)
            break
    if error is not None:
        raise error


def _unreachable(address: str | None, reason: str) -> ConfigError:
    return ConfigError(
        f"the Ray cluster at {named(address) or 'this machine'} cannot be reached: {reason}",
        remedy=f"start it, or name another address with `--on ray://HOST:10001` or {ADDRESS}",
    )


def _unfit(address: str | None, reason: str) -> ConfigError:
    return ConfigError(
        f"the Ray cluster at {named(address)} answers, and cannot be joined: {reason}",
        remedy="Ray and Python must have the same versions on the driver and on all machines of the cluster",
    )


def _refused(address: str | None, reason: str) -> ConfigError:
    """Ray tells no reason where the token is another: neither does it where the port is none of its own."""
    where, mode = named(address) or "this machine", os.environ.get(AUTHENTICATION)
    port = "its client server" if "://" in where else "its head"
    return ConfigError(
        f"the Ray cluster at {where} does not let this process in, though its port answers: {reason}; "
        f"either its token is another than {_token()} ({AUTHENTICATION} is {f'`{mode}`' if mode else 'not set'} here), "
        f"or the port is not that of {port}",
        remedy=f"set {AUTHENTICATION} as the head of the cluster has it, and copy the token of that; look at the port",
    )


def _token() -> str:
    """Where Ray reads the token, in its order."""
    if os.environ.get(_TOKEN):
        return f"that of {_TOKEN}"
    return f"that in {os.environ.get(_TOKEN_FILE) or '~/.ray/auth_token'}"


def first_line(error: BaseException) -> str:
    """What an error says first, or what it is."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _init(ray: Any, address: str | None) -> None:
    """Connect. What Ray's proxy starts for a connection may crash while it starts: that is tried again."""
    logging.getLogger("ray").setLevel(logging.ERROR)  # before Ray does: it would miss the main thread
    for left in reversed(range(_MOST_TRIES)):
        try:
            ray.init(address=address, namespace="embedingest", logging_level=logging.ERROR, **_quietly(address))
        except (ConnectionError, RuntimeError) as error:
            if not left or _PROXY_FAILED not in str(error):
                raise
            _log.info("Ray's proxy at %s failed to start, trying again: %s", address, _ends(error))
        else:
            return


def _quietly(address: str | None) -> dict[str, Any]:
    """No dashboard of a cluster of this machine alone, and nothing of what nodes print on standard output."""
    dashboard = {"include_dashboard": False} if _begins(address) else {}
    return dashboard if address is not None and "://" in address else {**dashboard, "log_to_driver": False}


def _ends(error: BaseException) -> str:
    """The first line, and the last where that is another: between them is Ray's traceback."""
    return " ".join(dict.fromkeys((first_line(error), *str(error).strip().splitlines()[-1:])))

"""Connecting to a Ray cluster, and what is said where that fails. Is given Ray, and imports none."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import Any, Final

from embedingest.cluster.launcher import GOES_ON
from embedingest.errors import ConfigError, EngineError

__all__ = ["ADDRESS", "connect", "first_line"]

_log = logging.getLogger(__name__)
ADDRESS: Final = "RAY_ADDRESS"
"""The variable that names a cluster where nothing else does."""
_MOST_TRIES: Final = 3
_PROXY_FAILED: Final = "Starting Ray client server failed"  # a crash in Ray, not an address


def connect(ray: Any, address: str | None) -> None:
    """Connect to the cluster at an address, or to the one that the environment names, or begin one of this machine.

    Raises ConfigError where there is none, EngineError where Ray's proxy crashes each time.
    """
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if main else None
    try:
        _init(ray, address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        if _PROXY_FAILED in str(error):
            message = f"the Ray cluster at {address} could not begin a connection: {_ends(error)}"
            raise EngineError(message, remedy=f"try again; {GOES_ON}") from error
        named = address or os.environ.get(ADDRESS, "this machine")
        raise ConfigError(
            f"the Ray cluster at {named} cannot be reached: {_ends(error)}",
            remedy=f"start it, or name another address with `--on ray://HOST:10001` or {ADDRESS}",
        ) from error
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def first_line(error: BaseException) -> str:
    """What an error says first, or what it is."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _init(ray: Any, address: str | None) -> None:
    """Connect. What Ray's proxy starts for a connection may crash while it starts: that is tried again."""
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
    here = address is None and os.environ.get(ADDRESS, "local") in {"", "local"}
    dashboard = {"include_dashboard": False} if here else {}
    return dashboard if address is not None and "://" in address else {**dashboard, "log_to_driver": False}


def _ends(error: BaseException) -> str:
    """The first line, and the last where that is another: between them is Ray's traceback."""
    return " ".join(dict.fromkeys((first_line(error), *str(error).strip().splitlines()[-1:])))

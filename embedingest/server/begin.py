"""What a server does by itself from its start on: loads the models of its settings, looks whether it is ready and
whether its file of keys changed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from embedingest.errors import EmbedingestError
from embedingest.server.readiness import LOOK_SECONDS, Problem
from embedingest.server.threads import Threads

if TYPE_CHECKING:
    from embedingest.server.state import ServerState

__all__ = ["follow_keys", "keep_looking", "preload"]

_log = logging.getLogger(__name__)
_FIRST_WAIT_SECONDS: Final = 5.0
_LONGEST_WAIT_SECONDS: Final = 60.0
_KEYS_SECONDS: Final = 1.0  # a file of keys that changed is noticed so soon


async def preload(state: ServerState) -> None:
    """Load each model of the settings. One that fails is tried again until it is there, after growing waits."""
    readiness, wait = state.readiness, _FIRST_WAIT_SECONDS
    left = list(state.settings.preload)
    while left:
        left = [name for name in left if not await _loaded(state, name)]
        readiness.preloaded = True
        if left:
            await asyncio.sleep(wait)
            left = [name for name in left if name in readiness.preload_failures]  # else a request had it loaded
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
    readiness.preloaded = True


async def _loaded(state: ServerState, name: str) -> bool:
    known = state.readiness.preload_failures
    try:
        await state.engine.load(name)
    except Exception as error:  # noqa: BLE001 -- told; a request for the model fails with the same error
        if name not in known:
            _log.error("preload failed model=%s error=%s", name, error)
        what, remedy = (error.message, error.remedy) if isinstance(error, EmbedingestError) else (str(error), None)
        known[name] = Problem("model", f"model `{name}` cannot be loaded: {what}", remedy or "see the log")
        return False
    known.pop(name, None)
    return True


async def keep_looking(state: ServerState) -> None:
    """Look whether the server is ready, until it stops. One look at a time, on a thread: a disk may not answer."""
    threads = Threads(1, "embedingest-readiness")
    while True:
        await threads.run(state.readiness.look)
        await asyncio.sleep(LOOK_SECONDS)


async def follow_keys(state: ServerState) -> None:
    """Read a file of keys again whenever it changed."""
    while state.settings.keys_file is not None:
        await asyncio.sleep(_KEYS_SECONDS)
        await state.threads.run(state.guard.callers.keyring.read_again)

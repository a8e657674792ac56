"""`POST /api/pull`: making a model ready, step by step. Case 155.

One download is shared by all that ask for the same model. Few run at a time, on threads of their own; others wait for
their turn. Knows the engine's steps; knows no hub.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import orjson

from embedingest.engine.known import repository_of
from embedingest.engine.names import InvalidNameError, ModelName
from embedingest.errors import EmbedingestError
from embedingest.server.downloads import Download, Step
from embedingest.server.http import Request, json_answer, stream
from embedingest.server.state import MOST_PULLS, wire_error
from embedingest.server.wire.decode import WireError, decode
from embedingest.server.wire.ollama import error_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from starlette.responses import Response

    from embedingest.server.state import ServerState

__all__ = ["pull"]

_NDJSON: Final = "application/x-ndjson"
_MOST_WAITING: Final = 32  # downloads that wait for their turn


async def pull(state: ServerState, request: Request) -> Response:
    """Progress as lines, or one answer with `"stream": false`. A name that is none is told with how names look."""
    fields = await state.read(request, decode)
    name = fields.text("model") or fields.text("name")
    if not name:
        raise WireError(400, "invalid model name")
    try:
        state.parse(name)
    except WireError as error:
        if isinstance(error.__cause__, InvalidNameError):
            raise WireError(error.status, error.text, hint=error.__cause__.remedy) from error
        raise
    steps = _errors_as_steps(_steps(state, name))
    if fields.flag("stream", default=True):
        return stream(_lines(steps), _NDJSON)
    last = await state.unless_disconnected(request, _last(steps))
    if "error" in last:
        raise WireError(503 if state.stop.is_set() else 500, last["error"])
    return json_answer(last)


async def _steps(state: ServerState, name: str) -> AsyncIterator[Step]:
    """The progress of a pull. A model that is here and whole needs nothing from the network."""
    yield {"status": "pulling manifest"}
    if not await _is_here(state, name):
        if not state.settings.allow_pull:
            yield {"error": "pull model manifest: pulling is off on this server; start it with `--allow-pull`"}
            return
        async with contextlib.aclosing(_fetched(state, name)) as steps:
            async for step in steps:
                yield step
    yield {"status": "success"}


async def _is_here(state: ServerState, name: str) -> bool:
    """Whether a model answers to this name and its files are what they should be."""
    try:
        return state.allows((await state.engine.adescribe(name)).name)
    except EmbedingestError:
        return False


async def _fetched(state: ServerState, name: str) -> AsyncGenerator[Step, None]:
    """The steps of a download of this model, begun for this client or for another."""
    parsed = ModelName.parse(name)
    key = repository_of(parsed) or parsed.key
    download = state.downloads.get(key)
    if download is None:
        if len(state.downloads) >= MOST_PULLS + _MOST_WAITING:
            raise WireError(503, f"{len(state.downloads)} models wait to be fetched; try again later")
        if len(state.downloads) >= MOST_PULLS:
            yield {"status": f"waiting: {MOST_PULLS} models are being fetched"}
        download = state.downloads.setdefault(key, Download(lambda: state.engine.pull(name)))
        download.work = download.work or state.pulls.submit(download.run)
    watcher = download.join()
    try:
        while (step := await state.unless_stopping(watcher.next())) is not None:
            yield step
    finally:
        if download.leave(watcher) and state.downloads.get(key) is download:
            del state.downloads[key]


async def _errors_as_steps(steps: AsyncIterator[Step]) -> AsyncIterator[Step]:
    """The steps, and a failure as the last of them."""
    try:
        async for step in steps:
            yield step
    except EmbedingestError as error:
        yield {"error": f"pull model manifest: {wire_error(error).text}"}
    except WireError as error:
        yield {"error": f"pull model manifest: {error.text}"}


async def _last(steps: AsyncIterator[Step]) -> Step:
    last: Step = {}
    async for step in steps:
        last = step
    return last


async def _lines(steps: AsyncIterator[Step]) -> AsyncIterator[bytes]:
    async for step in steps:
        text = step.get("error")
        yield (orjson.dumps(step) if text is None else error_body(text, {})) + b"\n"

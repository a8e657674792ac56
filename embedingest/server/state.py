"""What all routes of one server share: the engine, the settings, the counters; and how a name becomes a model.

Knows the engine's errors and which status each has on the wire; knows no route.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from embedingest.engine.known import is_allowed
from embedingest.engine.names import InvalidNameError, ModelName
from embedingest.errors import (
    ConfigError,
    DamagedTableError,
    EmbedingestError,
    EngineClosedError,
    FingerprintError,
    InputError,
    InputTooLongError,
    ModelLoadError,
    ModelNotFoundError,
    OverloadedError,
    PluginError,
    SourceMissingError,
    TableMissingError,
)
from embedingest.server.answers import Answers
from embedingest.server.confined import Confined, confined_search
from embedingest.server.engine import UnsupportedByEngineError
from embedingest.server.http import Disconnected, Request
from embedingest.server.metrics import Metrics
from embedingest.server.pipelines import PipelineRefusalError, document_of
from embedingest.server.streams import Streams
from embedingest.server.threads import Threads
from embedingest.server.wire.decode import LARGE_BYTES, WireError
from embedingest.server.wire.refusals import BUSY, NO_TABLE, STOPPING

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from embedingest.config import ServerConfig
    from embedingest.server.assistants import Assistants
    from embedingest.server.downloads import Download
    from embedingest.server.engine import ServedEngine
    from embedingest.server.guard import Guard
    from embedingest.server.pipelines import PipelinesView
    from embedingest.server.readiness import Readiness
    from embedingest.server.tables import TableView
    from embedingest.server.vocabulary import Vocabulary
    from embedingest.server.wire.ollama import PromptChoice
    from embedingest.types import ModelInfo

__all__ = ["MOST_PULLS", "Search", "ServerState", "wire_error"]

T = TypeVar("T")

Search = Callable[..., Mapping[str, Any]]
"""`search(query, limit=…, mode=…, filter=…, group=…)` → the document of `search --json`; called on a thread."""

_REQUEST_THREADS: Final = 16
_DECODING_THREADS: Final = 2
_THREAD_FROM_BYTES: Final = 64 * 1024  # a body of this size takes the decoder long enough to be noticed
_WATCHED_FROM_SECONDS: Final = 0.05  # a request that takes less is answered before it would matter who left
_NAME_CHARACTERS: Final = 1000  # more than any model's name has
MOST_PULLS: Final = 2
"""Models that are fetched at once."""

_ROLES: Final = {
    "query": "query",
    "search_query": "query",
    "document": "document",
    "search_document": "document",
    "passage": "document",
}
"""The prompt's role, by the `input_type` of a request."""


@dataclass
class ServerState:
    """One server's state. `readiness` knows whether requests should be sent here.

    `body_bytes` is the size of all request bodies in memory now, `stop` is set when the server begins to end. `threads`
    do what requests wait for, `decoding` reads large bodies, `pulls` fetch models: what takes long takes nothing from
    the others. `streams` are the pages that follow the pipelines, `deeds` counts what is asked of pipelines now.
    """

    engine: ServedEngine
    settings: ServerConfig
    guard: Guard
    readiness: Readiness
    search: Search | None = None
    vocabulary: Vocabulary | None = None
    pipelines: PipelinesView | None = None
    table: TableView | None = None
    assistants: Assistants | None = None
    metrics: Metrics = field(init=False)
    answers: Answers = field(init=False)
    body_bytes: int = 0
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    threads: Threads = field(default_factory=lambda: Threads(_REQUEST_THREADS, "embedingest-requests"))
    decoding: Threads = field(default_factory=lambda: Threads(_DECODING_THREADS, "embedingest-decoding"))
    pulls: Threads = field(default_factory=lambda: Threads(MOST_PULLS, "embedingest-pulls"))
    downloads: dict[str, Download] = field(default_factory=dict)
    streams: Streams = field(init=False)
    deeds: int = 0

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.engine, self.pipelines, self.readiness)
        self.answers = Answers(self.settings.max_answer_bytes)
        self.streams = Streams(self._pipelines_event, self.stop)

    async def _pipelines_event(self) -> bytes:
        document = await self.threads.run(document_of, self.pipelines)
        return b"event: pipelines\ndata: " + document + b"\n\n"

    def table_for(self, request: Request) -> Confined:
        """The table as who asks may see it. Raises WireError (404) where none is served."""
        if self.table is None:
            raise WireError(404, NO_TABLE)
        return Confined(self.table, request.access.filter)

    def search_for(self, request: Request) -> Search:
        """The search over what who asks may see. Raises WireError (404) where no table is served."""
        if self.search is None:
            raise WireError(404, NO_TABLE)
        return confined_search(self.search, request.access.filter)

    def assistants_for(self, request: Request) -> Callable[[], ASGIApp]:
        """Makes, on a thread, the application that answers assistants within this access. Raises WireError (404)."""
        if self.assistants is None:
            raise WireError(404, NO_TABLE)
        return partial(self.assistants.application, request.access.filter, self._run_tool)

    async def _run_tool(self, tool: Callable[..., Mapping[str, Any]], *arguments: Any, **named: Any) -> Any:
        told = await self.threads.run(tool, *arguments, **named)
        self.metrics.searched(told)
        return told

    def names(self) -> list[str]:
        """Registered names that this server may show, newest first. May ask another machine: not on the event loop."""
        return [name for name in self.engine.models() if self.allows(name)]

    def allows(self, name: str) -> bool:
        """Whether this server serves the model of a registered name, whichever of its names it was allowed by."""
        return is_allowed(name, self.settings.allow_models)

    def parse(self, model: str) -> ModelName:
        """Steps 2 and 3 of `routes/embed.py`: an empty name 404, a malformed one 400, a cloud one 403."""
        if len(model) > _NAME_CHARACTERS:
            raise WireError(400, "invalid model name")
        if not model.strip():
            raise WireError(404, f"model '{model}' not found")
        try:
            name = ModelName.parse(model)
        except InvalidNameError as error:
            raise WireError(400, error.message) from error
        if name.cloud:
            raise WireError(403, "ollama cloud is disabled: remote model is unavailable")
        return name

    async def find(self, model: str) -> ModelInfo:
        """Step 5 of `routes/embed.py`: the model, or 404 with the name as the client wrote it (case 46)."""
        with contextlib.suppress(ModelNotFoundError):
            info = await self.engine.adescribe(model)
            if self.allows(info.name):
                return info
        raise WireError(404, f'model "{model}" not found, try pulling it first')

    def window(self, info: ModelInfo) -> int:
        """The tokens a text may have where a request names no `num_ctx`: what `/api/show` reports."""
        return min(info.max_tokens, self.settings.context_length or info.max_tokens)

    def context(self, info: ModelInfo, num_ctx: int | None) -> int | None:
        """The window of one call in tokens: `num_ctx`, else the server's bound if it is lower than the model's."""
        if num_ctx is not None:
            return num_ctx
        window = self.window(info)
        return window if window < info.max_tokens else None

    @staticmethod
    def prompt(info: ModelInfo, choice: PromptChoice) -> str | None:
        """The literal prompt a request chose; `None` leaves it to the model's name and default."""
        if choice.name is not None:
            if choice.name in ("query", "document"):
                return info.prompt(choice.name)
            if choice.name not in info.prompts:
                known = ", ".join(sorted({*info.prompts, "query", "document"}))
                raise WireError(400, f'model has no prompt "{choice.name}"; it has {known}')
            return info.prompts[choice.name]
        role = _role(choice)
        return None if role is None else info.prompt(role)

    @staticmethod
    def name(info: ModelInfo, model: str, choice: PromptChoice) -> str:
        """The name that the engine is asked by: `model`, with the role that a request chose where that has a way of its
        own through the model.
        """
        role = _role(choice)
        return model if role is None else info.name_for(role, model)

    async def read(self, request: Request, read: Callable[[bytes], T]) -> T:
        """What `read` makes of the body: of a large one on a thread, which a client that leaves need not wait for."""
        if len(request.content) < _THREAD_FROM_BYTES:
            return read(request.content)
        threads = self.threads if len(request.content) < LARGE_BYTES else self.decoding
        return await self.unless_disconnected(request, threads.run(read, request.content))

    async def unless_disconnected(self, request: Request, computation: Coroutine[Any, Any, T]) -> T:
        """The result of `computation`, which is cancelled when the client disconnects. Raises Disconnected."""
        return await _unless(request.wait_for_disconnect, computation, Disconnected(), moment=_WATCHED_FROM_SECONDS)

    async def unless_stopping(self, computation: Coroutine[Any, Any, T]) -> T:
        """The result of what takes too long to be waited for at the end. Raises WireError (503)."""
        return await _unless(self.stop.wait, computation, WireError(503, STOPPING))


def _role(choice: PromptChoice) -> str | None:
    """The role of the texts of a request, by the name of the prompt where it is one of a role. Raises WireError."""
    if choice.name is not None:
        return _ROLES.get(choice.name.lower())
    if choice.input_type is None:
        return None
    role = _ROLES.get(choice.input_type.lower())
    if role is None:
        raise WireError(400, f'field "input_type" must be query or document, not "{choice.input_type}"')
    return role


async def _unless(
    event: Callable[[], Coroutine[Any, Any, object]],
    computation: Coroutine[Any, Any, T],
    error: Exception,
    *,
    moment: float = 0.0,
) -> T:
    """The result of `computation`, which is cancelled when `event` comes first; then `error` is raised.

    It is computed in the task of the caller. Whether the event comes is watched, in a task of its own, from `moment`
    seconds on: what takes less makes no task at all.
    """
    task = asyncio.current_task()
    assert task is not None
    watch = _Watch(task, event)
    timer = asyncio.get_running_loop().call_later(moment, watch.begin)
    try:
        return await computation
    except asyncio.CancelledError as cancelled:
        if watch.is_cause:
            raise error from cancelled
        raise
    finally:
        timer.cancel()
        watch.end()


class _Watch:
    """Waits for an event, and then cancels a task."""

    def __init__(self, task: asyncio.Task[Any], event: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._task = task
        self._event = event
        self._requests = task.cancelling()
        self._waiting: asyncio.Task[object] | None = None
        self._has_come = False

    @property
    def is_cause(self) -> bool:
        """Whether nobody but this event has cancelled the task."""
        return self._has_come and self._task.cancelling() == self._requests + 1

    def begin(self) -> None:
        self._waiting = asyncio.ensure_future(self._event())
        self._waiting.add_done_callback(self._came)

    def end(self) -> None:
        if self._waiting is not None:
            self._waiting.remove_done_callback(self._came)
            self._waiting.cancel()
        if self._has_come:
            self._task.uncancel()

    def _came(self, waiting: asyncio.Task[object]) -> None:
        if not waiting.cancelled():
            self._has_come = True
            self._task.cancel()


def wire_error(error: Exception) -> WireError:
    """The one table from our errors to statuses. Any other error is a 500 that shows nothing of the cause."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, InputTooLongError):
        return WireError(400, error.message, index=error.index)
    if isinstance(error, InputError):
        return WireError(500, error.message, index=error.index)
    if isinstance(error, OverloadedError):
        return WireError(503, BUSY)
    if isinstance(error, EngineClosedError):
        return WireError(503, STOPPING)
    if isinstance(error, ModelNotFoundError):
        return WireError(404, error.message)
    if isinstance(error, ModelLoadError):
        return WireError(500, _without_folder(error))
    statuses: tuple[tuple[type[EmbedingestError], int], ...] = (
        (PipelineRefusalError, 409),
        (PluginError, 500),
        (SourceMissingError, 404),
        (ConfigError, 400),
        (UnsupportedByEngineError, 501),
        (FingerprintError, 409),
        (TableMissingError, 404),
        (DamagedTableError, 503),
        (EmbedingestError, 500),
    )
    for error_type, status in statuses:
        if isinstance(error, error_type):
            return WireError(status, str(error))
    return WireError(500, "internal error; the server's log has the details")


def _without_folder(error: ModelLoadError) -> str:
    """What is wrong with a model, for who only knows its name: where its files lie is the owner's business."""
    text = str(error)
    if error.folder is not None:
        whole = Path(error.folder).absolute()
        for folder in sorted({str(whole), os.path.realpath(whole)}, key=len, reverse=True):
            text = text.replace(folder + os.sep, "").replace(folder, "its folder")
    return text if error.model is None else f"model '{error.model}': {text}"

"""The routes about models: which are registered or loaded, unloading, and what is refused.

Cases 147 to 154 and 156 to 159. Knows model descriptions; embeds nothing.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import EmbedingestError
from embedingest.server.http import Answer, Request, json_answer
from embedingest.server.wire import openai
from embedingest.server.wire.decode import Fields, WireError, decode
from embedingest.server.wire.ollama import keep_alive_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from embedingest.server.state import ServerState
    from embedingest.types import ModelInfo

__all__ = [
    "VERSION",
    "chat",
    "generate",
    "model",
    "model_list",
    "ps",
    "refuse",
    "show",
    "tags",
    "version",
]

VERSION: Final = "0.33.0"
"""The Ollama version whose wire this is; some clients compare it (case 149)."""

_FOREVER: Final = timedelta(days=292 * 365)


async def version(_state: ServerState, _request: Request) -> Answer:
    """`GET /api/version`, case 149."""
    return json_answer({"version": VERSION})


async def tags(state: ServerState, _request: Request) -> Answer:
    """`GET /api/tags`, case 150. A model whose folder is damaged is left out: it cannot be served."""
    described = [(name, info) async for name, info in _described(state)]
    return json_answer({"models": [_listed(state, info) | {"name": name, "model": name} for name, info in described]})


async def show(state: ServerState, request: Request) -> Answer:
    """`POST /api/show`, cases 151 to 153."""
    fields = await state.read(request, decode)
    name = fields.text("model") or fields.text("name")
    if not name:
        raise WireError(400, "model is required")
    state.parse(name)
    try:
        info = await state.find(name)
    except WireError as error:
        raise WireError(404, f"model '{name}' not found") if error.status == 404 else error from error
    window = state.window(info)
    architecture = info.architecture
    return json_answer(
        {
            "parameters": f"{'num_ctx':<30} {window}",
            "template": "",
            "modelfile": f"# A sentence-transformers folder served by embedingest\nFROM {info.name}\n",
            "details": _details(state, info),
            "model_info": {
                "general.architecture": architecture,
                "general.parameter_count": info.parameters,
                f"{architecture}.context_length": window,
                **({f"{architecture}.embedding_length": info.dimensions} if info.kind == "embedding" else {}),
                "embedingest.fingerprint": info.fingerprint,
                "embedingest.positions": info.context_length,
                "embedingest.prompts": sorted(info.prompts),
                **({"embedingest.routes": dict(info.routes)} if info.routes else {}),
            },
            "capabilities": [_capability(info)],
            "modified_at": _time(info.modified_at),
        }
    )


async def ps(state: ServerState, _request: Request) -> Answer:
    """`GET /api/ps`, case 154: the models in memory, longest-lived first."""
    now = datetime.now(UTC)
    models = []
    for running in state.engine.running():
        if not state.allows(running.info.name):
            continue
        remaining = _FOREVER if running.seconds_left == float("inf") else timedelta(seconds=running.seconds_left)
        entry = _listed(state, running.info)
        models.append(
            {
                "name": entry["name"],
                "model": entry["model"],
                "size": running.size_bytes,
                "digest": entry["digest"],
                "details": entry["details"],
                "expires_at": (now + min(remaining, _FOREVER)).isoformat(),
                "size_vram": 0,
                "context_length": state.window(running.info),
                "runtime": dict(running.runtime),
            }
        )
    return json_answer({"models": models})


async def model_list(state: ServerState, _request: Request) -> Answer:
    """`GET /v1/models`, case 147; an empty list where there are none, since `null` breaks clients."""
    data = [openai.model_object(name, int(info.modified_at)) async for name, info in _described(state)]
    return json_answer({"object": "list", "data": data})


async def model(state: ServerState, request: Request) -> Answer:
    """`GET /v1/models/NAME`, case 148."""
    name = request.path.removeprefix("/v1/models/")
    if not name:
        return Answer(301, media=None, headers=[("Location", request.with_query(f"{request.prefix}/v1/models"))])
    if name.count("/") != state.parse(name).short.count("/"):
        raise WireError(404, "404 page not found")  # only ids as they are listed (case 148)
    return json_answer(openai.model_object(name, int((await state.find(name)).modified_at)))


async def generate(state: ServerState, request: Request) -> Answer:
    """`POST /api/generate`, cases 156 and 157: only unloading a model is supported."""
    return await _unload(state, request, asks="prompt", answer={"response": ""}, action="generate")


async def chat(state: ServerState, request: Request) -> Answer:
    """`POST /api/chat`, case 158: without messages it may unload a model, as `/api/generate` does."""
    message = {"role": "assistant", "content": ""}
    return await _unload(state, request, asks="messages", answer={"message": message}, action="chat")


async def refuse(_state: ServerState, request: Request) -> Answer:
    """What changes Ollama's own store is not supported, case 159."""
    return json_answer({"error": f"{request.path} is not supported: models are folders, not a registry's layers"}, 501)


async def _unload(state: ServerState, request: Request, *, asks: str, answer: dict[str, Any], action: str) -> Answer:
    """Let the model go where nothing is asked of it and its period is 0; `asks` is the field that would ask."""
    fields = await state.read(request, decode)
    name = await _model_name(state, fields)
    if fields.get(asks) or keep_alive_of(fields) != 0:
        raise WireError(400, f'"{name}" does not support {action}')
    if (refused := state.guard.refused(request, "control")) is not None:
        return refused
    await state.threads.run(state.engine.unload, name)
    created = datetime.now(UTC).isoformat()
    return json_answer({"model": name, "created_at": created, **answer, "done": True, "done_reason": "unload"})


async def _model_name(state: ServerState, fields: Fields) -> str:
    """The registered model that a body names. Raises WireError (400, 403, 404)."""
    name = fields.text("model")
    state.parse(name)
    await state.find(name)
    return name


async def _described(state: ServerState) -> AsyncIterator[tuple[str, ModelInfo]]:
    """Every model that can be served, by its name; one of the hub also by the name that Ollama's library has for it."""
    for name in await state.threads.run(state.names):
        with contextlib.suppress(EmbedingestError):
            info = await state.engine.adescribe(name)
            yield info.name, info
            for alias in info.aliases[:1]:
                yield state.parse(alias).short, info


def _listed(state: ServerState, info: ModelInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "model": info.name,
        "modified_at": _time(info.modified_at),
        "size": info.size_bytes,
        "digest": info.digest,
        "details": _details(state, info),
        "capabilities": [_capability(info)],
    }


def _capability(info: ModelInfo) -> str:
    """By the words that Ollama's clients look for; theirs has none for models that give no vectors of texts."""
    return "rerank" if info.kind == "reranker" else info.kind


def _details(state: ServerState, info: ModelInfo) -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "safetensors",
        "family": info.architecture,
        "families": [info.architecture],
        "parameter_size": f"{info.parameters / 1e6:.2f}M",
        "quantization_level": "F32",
        "context_length": state.window(info),
        "embedding_length": info.dimensions,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

"""The routes that embed: `/api/embed`, `/api/embeddings`, `/v1/embeddings`, and the tokens beside them.

Each walks the steps of section 1 in their order, because the order decides which error wins.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from embedingest.errors import InputError, InputTooLongError
from embedingest.server.http import Answer, Request, json_answer
from embedingest.server.wire import ollama, openai
from embedingest.server.wire.decode import WireError, decode

if TYPE_CHECKING:
    from embedingest.engine.engine import Priority
    from embedingest.server.service import Service
    from embedingest.types import Embeddings

__all__ = ["detokenize", "embed", "embeddings", "legacy", "tokenize"]

_FEW = 8  # requests of so few texts are somebody waiting; larger ones are work in bulk
_IN_THREAD = 64  # answers of so many vectors are written off the event loop


async def embed(service: Service, request: Request) -> Answer:
    """`POST /api/embed`, cases 1 to 115."""
    began = time.perf_counter()
    asked = ollama.embed_request(request.content)
    service.parse(asked.model)
    texts = ollama.texts_of(asked.input) or []
    _bounded(service, texts)
    if not texts and asked.keep_alive == 0 and (refused := service.guard.control(request)) is not None:
        return refused  # unloading is control, not embedding
    info = await service.find(asked.model)
    answer = await service.unless_gone(
        request,
        service.engine.aembed(
            texts,
            model=asked.model,
            truncate=asked.truncate,
            dimensions=asked.dimensions,
            context=service.context(info, ollama.option_context(asked.options)),
            prompt=service.prompt(info, asked.prompt),
            keep_alive=asked.keep_alive,
            priority=_priority(texts),
        ),
    )
    if not texts:
        return Answer(200, ollama.empty_answer(asked.model))
    service.metrics.embedded(answer)
    body = await _written(answer, lambda: ollama.embed_answer(asked.model, answer, time.perf_counter() - began))
    return Answer(200, body, headers=_timings(answer))


async def legacy(service: Service, request: Request) -> Answer:
    """`POST /api/embeddings`, cases 130 to 135: one vector, and never a cut."""
    asked = ollama.legacy_request(request.content)
    if not asked.model:
        raise WireError(400, "model is required")
    service.parse(asked.model)
    info = await service.find(asked.model)
    texts = [asked.prompt] if asked.prompt else []
    work = service.engine.aembed(
        texts,
        model=asked.model,
        truncate=False,
        context=service.context(info, ollama.option_context(asked.options)),
        keep_alive=asked.keep_alive,
    )
    try:
        answer = await service.unless_gone(request, work)
    except InputTooLongError as error:
        raise WireError(500, error.message, index=error.index) from error
    if not texts:
        return Answer(200, ollama.legacy_answer(None))
    service.metrics.embedded(answer)
    return Answer(200, ollama.legacy_answer(answer), headers=_timings(answer))


async def embeddings(service: Service, request: Request) -> Answer:
    """`POST /v1/embeddings`, cases 136 to 146: always cuts, and says so."""
    asked = openai.embeddings_request(request.content)
    service.parse(asked.model)
    texts = asked.texts()
    _bounded(service, texts)
    info = await service.find(asked.model)
    work = service.engine.aembed(
        texts,
        model=asked.model,
        dimensions=asked.dimensions,
        context=service.context(info, None),
        prompt=service.prompt(info, asked.prompt),
        keep_alive=asked.keep_alive,
        priority=_priority(texts),
    )
    answer = await service.unless_gone(request, work)
    service.metrics.embedded(answer)
    body = await _written(answer, lambda: openai.embeddings_answer(asked.model, answer, base64=asked.base64))
    return Answer(200, body, "application/json", _timings(answer))


async def tokenize(service: Service, request: Request) -> Answer:
    """`POST /api/tokenize`: `{"tokens":[…]}` for one `content`, a list of such lists for a list of texts."""
    fields = decode(request.content)
    model = fields.text("model")
    service.parse(model)
    given = next((v for n in ("content", "text", "input", "prompt") if (v := fields.get(n)) is not None), "")
    texts = [given] if isinstance(given, str) else ollama.texts_of(given) or []
    _bounded(service, texts)
    await service.find(model)
    work = service.engine.tokenize(texts, model=model, keep_alive=ollama.keep_alive_of(fields))
    tokens = [list(ids) for ids in await service.unless_gone(request, work)]
    answer: dict[str, Any] = {"model": model, "tokens": tokens[0] if isinstance(given, str) else tokens}
    return json_answer({**answer, "count": sum(map(len, tokens))})


async def detokenize(service: Service, request: Request) -> Answer:
    """`POST /api/detokenize`: the text that content tokens spell."""
    fields = decode(request.content)
    model = fields.text("model")
    service.parse(model)
    tokens = fields.get("tokens")
    if not isinstance(tokens, list) or not all(type(token) is int and 0 <= token < 2**63 for token in tokens):
        raise WireError(400, 'field "tokens" must be a list of whole numbers from 0')
    await service.find(model)
    work = service.engine.detokenize(tokens, model=model, keep_alive=ollama.keep_alive_of(fields))
    try:
        text = await service.unless_gone(request, work)
    except InputError as error:
        raise WireError(400, error.message) from error
    return json_answer({"model": model, "content": text})


def _priority(texts: list[str]) -> Priority:
    return "query" if len(texts) <= _FEW else "bulk"


def _bounded(service: Service, texts: list[str]) -> None:
    most = service.settings.max_inputs
    if len(texts) > most:
        raise WireError(413, f"{len(texts)} inputs in one request; the limit is {most}")


async def _written(answer: Embeddings, write: Any) -> bytes:
    if len(answer.vectors) < _IN_THREAD:
        return b"".join(write())
    return await asyncio.to_thread(lambda: b"".join(write()))


def _timings(answer: Embeddings) -> list[tuple[str, str]]:
    stages = ", ".join(f"{stage};dur={seconds * 1e3:.3f}" for stage, seconds in answer.seconds.items())
    return [("Server-Timing", stages), ("X-Embedding-Fingerprint", answer.fingerprint)]

"""The routes that embed: `/api/embed`, `/api/embeddings`, `/v1/embeddings`, TEI's `/embed`; and the tokens beside them.

Each takes the same steps in Ollama's order, because the order decides which error wins: 1 decode the body (400); 2 read
the model's name (404 where empty, 400 where malformed); 3 refuse a cloud model (403); 4 check the shape of `input`
(400); 5 look the model up (404); 6 read `options` (500 for a wrong type); 7 load the model or wait for it (503);
8 embed.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from embedingest import tracing
from embedingest.engine.engine import QUERY_TEXTS
from embedingest.errors import InputError, InputTooLongError
from embedingest.server.http import Answer, Request, json_answer
from embedingest.server.only import only_of_kind
from embedingest.server.wire import ollama, openai, tei
from embedingest.server.wire.decode import Fields, WireError, decode
from embedingest.server.wire.numbers import json_row_pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.engine.engine import Priority
    from embedingest.server.state import ServerState
    from embedingest.types import Embeddings, ModelInfo

__all__ = ["detokenize", "embed", "embeddings", "legacy", "of_tei", "tokenize"]

_THREAD_FROM_VECTORS: Final = 64  # answers of so many vectors are written off the event loop
_MOST_CHARACTERS: Final = 2**22  # that are tokenised whole at once: nothing is cut, so it takes as long as it is
_MOST_TOKENS: Final = 2**17  # that are spelled out at once: the library does it in one step
_NUMBER_BYTES: Final = 16  # of an answer's number while it is written: four, and up to twelve characters


async def embed(state: ServerState, request: Request) -> Answer:
    """`POST /api/embed`, cases 1 to 115."""
    began = time.perf_counter()
    call = await state.read(request, ollama.embed_request)
    state.parse(call.model)
    texts = call.texts()
    _check_count(state, texts)
    if (refused := state.guard.unloading(request, call.keep_alive)) is not None:
        return refused  # unloading is control, not embedding
    info = await state.find(call.model)
    request.room.extend(_answer_bytes(info, texts))
    answer = await state.unless_disconnected(
        request,
        state.engine.aembed(
            texts,
            model=state.name(info, call.model, call.prompt),
            truncate=call.truncate,
            dimensions=call.dimensions,
            context=state.context(info, ollama.option_context(call.options)),
            prompt=state.prompt(info, call.prompt),
            keep_alive=call.keep_alive,
            priority=_priority(texts),
        ),
    )
    if not texts:
        return Answer(200, ollama.empty_answer(call.model))
    _count(state, answer)
    body = await _written(state, answer, lambda: ollama.embed_answer(call.model, answer, time.perf_counter() - began))
    return Answer(200, body, headers=_timings(answer))


async def legacy(state: ServerState, request: Request) -> Answer:
    """`POST /api/embeddings`, cases 130 to 135: one vector, and never a cut."""
    call = await state.read(request, ollama.legacy_request)
    if not call.model:
        raise WireError(400, "model is required")
    state.parse(call.model)
    if (refused := state.guard.unloading(request, call.keep_alive)) is not None:
        return refused
    info = await state.find(call.model)
    texts = [call.prompt] if call.prompt else []
    embedding = state.engine.aembed(
        texts,
        model=state.name(info, call.model, call.choice),
        truncate=False,
        context=state.context(info, ollama.option_context(call.options)),
        prompt=state.prompt(info, call.choice),
        keep_alive=call.keep_alive,
    )
    try:
        answer = await state.unless_disconnected(request, embedding)
    except InputTooLongError as error:
        raise WireError(500, error.message, index=error.index) from error
    if not texts:
        return Answer(200, ollama.legacy_answer(None))
    _count(state, answer)
    return Answer(200, ollama.legacy_answer(answer), headers=_timings(answer))


async def embeddings(state: ServerState, request: Request) -> Answer:
    """`POST /v1/embeddings`, cases 136 to 146: always cuts, and says so."""
    read = partial(openai.embeddings_request, vocabulary=state.vocabulary)
    call = await state.read(request, read)
    state.parse(call.model)
    texts = call.texts()
    _check_count(state, texts)
    if (refused := state.guard.unloading(request, call.keep_alive)) is not None:
        return refused
    info = await state.find(call.model)
    request.room.extend(_answer_bytes(info, texts))
    embedding = state.engine.aembed(
        texts,
        model=state.name(info, call.model, call.prompt),
        dimensions=call.dimensions,
        context=state.context(info, None),
        prompt=state.prompt(info, call.prompt),
        keep_alive=call.keep_alive,
        priority=_priority(texts),
    )
    answer = await state.unless_disconnected(request, embedding)
    _count(state, answer)
    body = await _written(state, answer, lambda: openai.embeddings_answer(call.model, answer, base64=call.base64))
    return Answer(200, body, "application/json", _timings(answer))


async def of_tei(state: ServerState, request: Request) -> Answer:
    """`POST /embed`, as TEI has it: the vectors alone, by the one embedding model where none is named."""
    call = await state.read(request, tei.embed_request)
    if model := call.model or request.query_params.get("model", ""):
        state.parse(model)
    _check_count(state, call.texts)
    info = await state.find(model) if model else await only_of_kind(state, "embedding")
    request.room.extend(_answer_bytes(info, call.texts))
    embedding = state.engine.aembed(
        call.texts,
        model=state.name(info, model or info.name, call.prompt),
        truncate=call.truncate,
        dimensions=call.dimensions,
        context=state.context(info, None),
        prompt=state.prompt(info, call.prompt),
        priority=_priority(call.texts),
    )
    answer = await state.unless_disconnected(request, embedding)
    if not call.texts:
        return json_answer([])
    _count(state, answer)
    body = await _written(state, answer, lambda: json_row_pieces(answer.vectors))
    return Answer(200, body, headers=_timings(answer))


async def tokenize(state: ServerState, request: Request) -> Answer:
    """`POST /api/tokenize`: `{"tokens":[…]}` for one `content`, a list of such lists for a list of texts."""
    fields, content, shape = await state.read(request, _to_tokenize)
    model = fields.text("model")
    state.parse(model)
    texts = [content] if isinstance(content, str) else ollama.shaped(shape) or []
    _check_count(state, texts)
    if (size := sum(map(len, texts))) > _MOST_CHARACTERS:
        raise WireError(413, f"{size} characters to tokenize in one request; the limit is {_MOST_CHARACTERS}")
    keep_alive = ollama.keep_alive_of(fields)
    if (refused := state.guard.unloading(request, keep_alive)) is not None:
        return refused
    await state.find(model)
    tokenizing = state.engine.tokenize(texts, model=model, keep_alive=keep_alive)
    tokens = await state.unless_disconnected(request, tokenizing)
    is_list = not isinstance(content, str)
    return Answer(200, await state.threads.run(ollama.tokens_answer, model, tokens, is_list=is_list))


async def detokenize(state: ServerState, request: Request) -> Answer:
    """`POST /api/detokenize`: the text that content tokens spell."""
    fields, tokens = await state.read(request, _to_detokenize)
    model = fields.text("model")
    state.parse(model)
    if tokens is None:
        raise WireError(400, 'field "tokens" must be a list of whole numbers from 0')
    if len(tokens) > _MOST_TOKENS:
        raise WireError(413, f"{len(tokens)} tokens in one request; the limit is {_MOST_TOKENS}")
    keep_alive = ollama.keep_alive_of(fields)
    if (refused := state.guard.unloading(request, keep_alive)) is not None:
        return refused
    await state.find(model)
    detokenizing = state.engine.detokenize(tokens, model=model, keep_alive=keep_alive)
    try:
        text = await state.unless_disconnected(request, detokenizing)
    except InputError as error:
        raise WireError(400, error.message) from error
    return json_answer({"model": model, "content": text})


def _to_tokenize(body: bytes) -> tuple[Fields, Any, list[str] | WireError | None]:
    """The fields, what is to be tokenised, and its shape."""
    fields = decode(body)
    contents = (fields.get(name) for name in ("content", "text", "input", "prompt"))
    content = next((content for content in contents if content is not None), "")
    return fields, content, ollama.shape_of(content)


def _to_detokenize(body: bytes) -> tuple[Fields, list[int] | None]:
    """The fields, and the tokens if they are tokens."""
    fields = decode(body)
    tokens = fields.get("tokens")
    are_tokens = isinstance(tokens, list) and all(type(token) is int and 0 <= token < 2**63 for token in tokens)
    return fields, tokens if are_tokens else None


def _priority(texts: list[str]) -> Priority:
    return "query" if len(texts) <= QUERY_TEXTS else "bulk"


def _check_count(state: ServerState, texts: list[str]) -> None:
    limit = state.settings.max_inputs
    if len(texts) > limit:
        raise WireError(413, f"{len(texts)} inputs in one request; the limit is {limit}")


def _answer_bytes(info: ModelInfo, texts: list[str]) -> int:
    return len(texts) * info.dimensions * _NUMBER_BYTES


async def _written(state: ServerState, answer: Embeddings, write: Callable[[], list[bytes]]) -> bytes | list[bytes]:
    """The body; a long one is written on a thread, and stays in pieces."""
    if len(answer.vectors) < _THREAD_FROM_VECTORS:
        return b"".join(write())
    return await state.threads.run(write)


def _count(state: ServerState, answer: Embeddings) -> None:
    state.metrics.embedded(answer)
    tracing.stages(
        "embed", answer.seconds, {"embedingest.model": answer.model, "embedingest.tokens": int(answer.tokens)}
    )


def _timings(answer: Embeddings) -> list[tuple[str, str]]:
    stages = ", ".join(f"{stage};dur={seconds * 1e3:.3f}" for stage, seconds in answer.seconds.items())
    return [("Server-Timing", stages), ("X-Embedding-Fingerprint", answer.fingerprint)]

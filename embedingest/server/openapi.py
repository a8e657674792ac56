"""The description of what is served, as an OpenAPI 3.1 document. Knows the wire; a pure function of the models' names.

Not generated from types, since the decoder is more lenient than any type; the tests hold the server against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.store.unit import LEAST_BUDGET, MOST_BUDGET, UNITS, USUAL_BUDGET
from embedingest.types import MODES, MOST_CANDIDATES
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["document"]

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_NUMBERS: Final[Schema] = {"type": "array", "items": {"type": "number"}}
_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": _TEXT, "index": {"type": ["integer", "null"]}},
}
_OPENAI_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "object", "required": ["message", "type"], "properties": {"message": _TEXT, "type": _TEXT}}
    },
}
_TRUNCATED: Final[Schema] = {
    "type": "object",
    "description": "Only when something was cut: how many inputs, and which",
    "required": ["count", "inputs"],
    "properties": {"count": _COUNT, "inputs": {"type": "array", "items": _COUNT}},
}
_KEEP_ALIVE: Final[Schema] = {
    "description": "A Go duration, or seconds; negative for ever, 0 unloads after the answer",
    "oneOf": [
        {"type": "string", "pattern": "^-?[0-9]{1,4}(ms|s|m|h)$"},
        {"type": "number", "minimum": -1000000, "maximum": 1000000},
    ],
}
_TEXTS: Final[Schema] = {
    "description": "One text, or a list of them",
    "oneOf": [_TEXT, {"type": "array", "items": _TEXT, "maxItems": 32768}],
}
_DIMENSIONS: Final[Schema] = {
    "type": "integer",
    "minimum": -(2**31),
    "maximum": 2**31,
    "description": "Keep so many numbers and normalise again; 0, negative or too many is ignored",
}
_PROMPT_NAME: Final[Schema] = {"type": "string", "enum": ["query", "document"], "description": "The model's own prompt"}
_OPTIONS: Final[Schema] = {
    "type": "object",
    "properties": {"num_ctx": {"type": "integer", "description": "Window of this request; 0 or less: the model's"}},
    "description": "Ollama's options; all but num_ctx are accepted without effect",
    "additionalProperties": False,
}
_SEARCH: Final[Schema] = {
    "type": "object",
    "required": ["query"],
    "properties": {
        "query": {"type": "string", "minLength": 1},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10},
        "offset": {"type": "integer", "minimum": 0, "maximum": 1000000, "default": 0},
        "mode": {"type": "string", "enum": list(MODES), "default": "hybrid"},
        "filter": {
            "type": "string",
            "description": "Only rows that match, such as: source startswith 'docs/' and metadata.author = 'Ann'",
        },
        "group": {"description": "Group results, as `search --group`"},
        "fold": {"type": "boolean", "description": "Copies of one text as one result with `places`; true by default"},
        "rerank": {
            "description": "Put the best results in the order of a reranker: its name, true for that of the settings "
            "or the only one there is, false for none; without this as the settings say",
            "oneOf": [{"type": "boolean"}, {"type": "string", "minLength": 1}],
        },
        "rerank_candidates": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_CANDIDATES,
            "description": "Best results that the reranker scores; 20 where the settings do not say it",
        },
        "as": {
            "type": "string",
            "enum": list(UNITS),
            "default": "chunk",
            "description": "What a result is: a chunk, or the section or document that it stands in",
        },
        "budget": {
            "type": "integer",
            "minimum": LEAST_BUDGET,
            "maximum": MOST_BUDGET,
            "default": USUAL_BUDGET,
            "description": "Most tokens of the text of a section or document",
        },
    },
    "additionalProperties": False,
}

_FROM_ONE: Final[Schema] = {"type": "integer", "minimum": 1}
_DOCUMENT: Final[Schema] = {
    "type": "object",
    "required": ["source"],
    "properties": {
        "source": {"type": "string", "minLength": 1, "description": "The `source` of a result of `/api/search`"},
        "start_line": _FROM_ONE | {"description": "Only the chunks from this line of the file on"},
        "end_line": _FROM_ONE | {"description": "Only the chunks up to this line of the file"},
        "page": _FROM_ONE | {"description": "Only the chunks that begin on this page or slide"},
        "start_chunk": _COUNT | {"description": "Only the chunks from this `chunk_index` on"},
        "end_chunk": _COUNT | {"description": "Only the chunks up to this `chunk_index`"},
        "around": _TEXT | {"description": "The `id` of a chunk that the part is to hold"},
        "start_character": _COUNT | {"description": "Go on from here: what `more` of the last answer says"},
        "max_characters": {"type": "integer", "minimum": 100, "maximum": 100000, "default": 20000},
    },
    "additionalProperties": False,
}


def document(names: Sequence[str], prefix: str = "") -> Schema:
    """The whole description; `names` are the registered models, `prefix` the path that the server is seen under."""
    model: Schema = {"type": "string", "enum": list(names)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "embedingest",
            "version": __version__,
            "description": "Embeddings as Ollama and OpenAI spell them, by the engine that fills the table.",
        },
        **({"servers": [{"url": prefix}]} if prefix else {}),
        "paths": {**_embedding_paths(model), **_model_paths(model), **_other_paths()},
    }


def _embedding_paths(model: Schema) -> Schema:
    embed = _body({
        "model": model, "input": _TEXTS, "truncate": {"type": "boolean", "default": True},
        "dimensions": _DIMENSIONS, "keep_alive": _KEEP_ALIVE, "options": _OPTIONS,
        "prompt_name": _PROMPT_NAME, "input_type": _PROMPT_NAME,
    })  # fmt: skip
    embedded = _object({
        "model": _TEXT, "embeddings": {"type": "array", "items": _NUMBERS}, "total_duration": _COUNT,
        "load_duration": _COUNT, "prompt_eval_count": _COUNT, "truncated": _TRUNCATED,
    }, required=["model", "embeddings"])  # fmt: skip
    legacy = _body({"model": model, "prompt": _TEXT, "keep_alive": _KEEP_ALIVE, "options": _OPTIONS})
    tokenize = _body({"model": model, "content": _TEXTS, "keep_alive": _KEEP_ALIVE})
    tokens: Schema = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 1000}}
    detokenize = _body({"model": model, "tokens": tokens, "keep_alive": _KEEP_ALIVE}, required=["model", "tokens"])
    return {
        "/api/embed": _post("Embed one text or a list", embed, embedded, refused=(400, 404, 413)),
        "/api/embeddings": _post(
            "Embed one text (older form)", legacy, _object({"embedding": _NUMBERS}), refused=(400, 404, 413),
            failed={"500": "The text does not fit the window"},
        ),
        "/api/tokenize": _post("The tokens of a text", tokenize, _object({
            "model": _TEXT, "tokens": {"type": "array"}, "count": _COUNT}), refused=(400, 404, 413)),
        "/api/detokenize": _post("The text of some tokens", detokenize, _object({
            "model": _TEXT, "content": _TEXT}), refused=(400, 404, 413)),
        "/v1/embeddings": _openai_embeddings(model),
        **_rerank_paths(),
        "/embed": _tei_path(model),
        "/embed_sparse": _sparse_path(),
    }  # fmt: skip


def _tei_path(model: Schema) -> Schema:
    body = _body({
        "model": model, "inputs": _TEXTS, "truncate": {"type": "boolean", "default": False},
        "dimensions": _DIMENSIONS, "prompt_name": _PROMPT_NAME,
    }, required=["inputs"])  # fmt: skip
    return _post("Embed, in TEI's form", body, {"type": "array", "items": _NUMBERS}, refused=(400, 404, 413))


def _info_path(model: Schema) -> Schema:
    counted = ("max_concurrent_requests", "max_input_length", "max_batch_tokens", "max_client_batch_size")
    info = _object({
        "model_id": _TEXT, "model_dtype": _TEXT, "model_type": {"type": "object"}, "auto_truncate": {"type": "boolean"},
        "version": _TEXT, **dict.fromkeys((*counted, "tokenization_workers"), _COUNT),
    })  # fmt: skip
    path = _get("One model and what is taken at once, in TEI's form", info)
    path["get"]["parameters"] = [{"name": "model", "in": "query", "required": False, "schema": model}]
    path["get"]["responses"] |= _refusals((400, 404), _ERROR)
    return path


def _sparse_path() -> Schema:
    body = _body({
        "model": _TEXT, "inputs": _TEXTS, "truncate": {"type": "boolean", "default": False},
        "prompt_name": {"type": "string", "enum": ["query", "document"]},
    }, required=["inputs"])  # fmt: skip
    weight = _object({"index": _COUNT, "value": {"type": "number"}}, required=["index", "value"])
    answer: Schema = {"type": "array", "items": {"type": "array", "items": weight}}
    return _post("The weights of a text's tokens, by a sparse model", body, answer, refused=(400, 404, 413))


def _rerank_paths() -> Schema:
    """One call under four paths, in the spelling of Cohere and Jina or in TEI's."""
    whole: Schema = {"type": "integer", "minimum": 1}
    texts: Schema = {"type": "array", "items": {"oneOf": [_TEXT, _object({"text": _TEXT})]}, "maxItems": 32768}
    common = {
        "model": _TEXT, "query": {"type": "string", "minLength": 1}, "keep_alive": _KEEP_ALIVE,
        "truncate": {"type": "boolean", "default": True}, "raw_scores": {"type": "boolean", "default": False},
    }  # fmt: skip
    body = {"schema": {"oneOf": [
        _object({**common, "documents": texts, "top_n": whole, "return_documents": {"type": "boolean"}},
                required=["query", "documents"]),
        _object({**common, "texts": texts, "return_text": {"type": "boolean"}}, required=["query", "texts"]),
    ]}}  # fmt: skip
    result = _object({"index": _COUNT, "relevance_score": {"type": "number"}, "document": _object({"text": _TEXT})},
                     required=["index", "relevance_score"])  # fmt: skip
    bare = _object({"index": _COUNT, "score": {"type": "number"}, "text": _TEXT}, required=["index", "score"])
    answer: Schema = {"oneOf": [
        _object({"model": _TEXT, "results": {"type": "array", "items": result}, "truncated": _TRUNCATED,
                 "usage": _object({"prompt_tokens": _COUNT, "total_tokens": _COUNT})}, required=["model", "results"]),
        {"type": "array", "items": bare},
    ]}  # fmt: skip
    return {
        path: _post("Score documents against a query", body, answer, refused=(400, 404, 413),
                    error=_OPENAI_ERROR if path.startswith("/v1/") else _ERROR)
        for path in ("/api/rerank", "/rerank", "/v1/rerank", "/v2/rerank")
    }  # fmt: skip


def _openai_embeddings(model: Schema) -> Schema:
    one_or_more = {"oneOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 32768}]}
    body = _body({
        "model": model, "input": one_or_more, "encoding_format": {"type": "string", "enum": ["float", "base64"]},
        "dimensions": _DIMENSIONS, "keep_alive": _KEEP_ALIVE, "user": _TEXT, "input_type": _PROMPT_NAME,
    }, required=["model", "input"])  # fmt: skip
    item = _object({
        "object": {"const": "embedding"}, "index": _COUNT, "embedding": {"oneOf": [_NUMBERS, _TEXT]},
    })  # fmt: skip
    answer = _object({
        "object": {"const": "list"}, "data": {"type": "array", "items": item}, "model": _TEXT,
        "usage": _object({"prompt_tokens": _COUNT, "total_tokens": _COUNT}), "truncated": _TRUNCATED,
    }, required=["object", "data", "model", "usage"])  # fmt: skip
    return _post("Embed, in OpenAI's form", body, answer, refused=(400, 404, 413), error=_OPENAI_ERROR)


def _model_paths(model: Schema) -> Schema:
    named = _body({"model": model})
    generate = _body({"model": model, "keep_alive": {"const": 0}}, required=["model", "keep_alive"])
    listed = _object({"models": {"type": "array", "items": {"type": "object", "required": ["name", "model"]}}})
    entry = _object({"id": _TEXT, "object": {"const": "model"}, "created": _COUNT, "owned_by": _TEXT})
    name = {"name": "model", "in": "path", "required": True, "schema": model}
    single = _get("One model, in OpenAI's form", entry)
    single["get"]["parameters"] = [name]
    single["get"]["responses"] |= _refusals((400, 404), _OPENAI_ERROR)
    pulled = _body({"model": model, "stream": {"type": "boolean"}})
    pull = _post("Make a model ready", pulled,
                 _object({"status": _TEXT}), refused=(400, 403, 404), failed={"500": "It cannot be had"})  # fmt: skip
    pull["post"]["responses"]["200"]["content"]["application/x-ndjson"] = {}  # a step a line, unless stream is false
    return {
        "/api/tags": _get("Registered models", listed),
        "/api/ps": _get("Models in memory", listed),
        "/api/show": _post("What is known of a model", named, _object({
            "details": {"type": "object"}, "model_info": {"type": "object"},
            "capabilities": {"type": "array", "items": _TEXT}}), refused=(400, 404, 413)),
        "/api/generate": _post("Unload a model", generate, _object({
            "model": _TEXT, "done": {"const": True}, "done_reason": {"const": "unload"}}), refused=(400, 403, 404)),
        "/api/pull": pull,
        "/v1/models": _get("Registered models, in OpenAI's form", _object({
            "object": {"const": "list"}, "data": {"type": "array", "items": entry}})),
        "/v1/models/{model}": single,
        "/info": _info_path(model),
    }  # fmt: skip


def _other_paths() -> Schema:
    status = _object({"status": _TEXT})
    results = _object({"query": _TEXT, "mode": _TEXT, "results": {"type": "array"}, "seconds": {"type": "number"}})
    search = _post("Search the table", {"schema": _SEARCH}, results, refused=(400, 403, 404, 409))
    listed: Schema = {"type": "array"}
    or_none: Schema = {"type": ["object", "null"]}
    read = _post("Read a document of the table", {"schema": _DOCUMENT}, _object({
        "source": _TEXT, "title": {"type": ["string", "null"]}, "mime": _TEXT, "text": _TEXT, "chunks": listed,
        "gaps": listed, "notices": listed, "failure": or_none, "more": or_none,
    }, required=["source", "text", "chunks", "notices", "failure", "more"]), refused=(400, 403, 404, 413))  # fmt: skip
    unavailable: Schema = {"description": "Not now", "content": _json(status)}
    health = _get("Whether the engine can compute", status)
    ready = _get("Whether requests should be sent here", status)
    for path in (health, ready):
        path["get"]["responses"]["503"] = unavailable
    page = {"get": {"summary": "What clients look for", "responses": {"200": {
        "description": "Ollama is running", "content": {"text/plain": {"schema": _TEXT}}}}}}  # fmt: skip
    return {
        "/": page,
        "/api/version": _get("The Ollama version whose wire this is", _object({"version": _TEXT})),
        "/api/search": search,
        "/api/document": read,
        "/healthz": health,
        "/readyz": ready,
    }


def _object(properties: Mapping[str, Schema], *, required: Sequence[str] | None = None) -> Schema:
    names = list(properties) if required is None else list(required)
    return {"type": "object", "required": names, "properties": dict(properties)}


def _body(properties: Mapping[str, Schema], *, required: Sequence[str] = ("model",)) -> Schema:
    return {"schema": _object(properties, required=required)}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _get(summary: str, answer: Schema) -> Schema:
    return {"get": {"summary": summary, "responses": {"200": {"description": "Done", "content": _json(answer)}}}}


def _post(
    summary: str,
    body: Schema,
    answer: Schema,
    *,
    refused: Sequence[int],
    failed: Mapping[str, str] | None = None,
    error: Schema = _ERROR,
) -> Schema:
    responses: Schema = {"200": {"description": "Done", "content": _json(answer)}} | _refusals(refused, error)
    for status, description in {"503": "Busy; see Retry-After", **(failed or {})}.items():
        responses[status] = {"description": description, "content": _json(error)}
    request = {"required": True, "content": {"application/json": body}}
    return {"post": {"summary": summary, "requestBody": request, "responses": responses}}


def _refusals(statuses: Sequence[int], error: Schema) -> Schema:
    descriptions = {
        400: "The request is not understood",
        403: "Not from here",
        404: "There is no such thing",
        409: "Another model",
        413: "Too large",
    }
    return {str(status): {"description": descriptions[status], "content": _json(error)} for status in statuses}

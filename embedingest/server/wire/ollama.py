"""Ollama's spelling of the embed calls: bodies to values, values to bodies. Knows no engine and no HTTP.

Case numbers: see `embedingest/server/__init__.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from embedingest.durations import DurationError, seconds_of
from embedingest.server.wire.decode import Fields, WireError, decode, is_number
from embedingest.server.wire.escape import escaped
from embedingest.server.wire.numbers import json_row, json_row_pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.engine.encoder import TokenIds
    from embedingest.types import Embeddings

__all__ = [
    "EmbedRequest",
    "LegacyRequest",
    "PromptChoice",
    "embed_answer",
    "embed_request",
    "empty_answer",
    "error_body",
    "keep_alive_of",
    "legacy_answer",
    "legacy_request",
    "option_context",
    "shape_of",
    "shaped",
    "texts_of",
    "tokens_answer",
]

_INTEGER: Final = (
    "num_ctx num_batch num_gpu main_gpu num_thread draft_num_predict num_keep seed num_predict top_k repeat_last_n"
)
_IDS_AT_ONCE: Final = 50_000  # that are written in one go
_FLOAT: Final = "top_p min_p typical_p temperature repeat_penalty presence_penalty frequency_penalty"
_OPTIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_INTEGER.split(), "integer"),
    **dict.fromkeys(_FLOAT.split(), "float32"),
    "use_mmap": "boolean",
    "stop": "array",
}


@dataclass(frozen=True, slots=True)
class PromptChoice:
    """Which of the model's prompts a request asks for; neither: the model's default."""

    name: str | None = None
    input_type: str | None = None


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """A decoded `/api/embed` body. `shape` is `None` for an empty input: load, and embed nothing (cases 34 to 36).

    What is wrong with `shape` or `options` is said later (`routes/embed.py`): after the model's name, and after the
    look-up.
    """

    model: str
    shape: list[str] | WireError | None
    truncate: bool = True
    dimensions: int | None = None
    keep_alive: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    prompt: PromptChoice = PromptChoice()

    def texts(self) -> list[str]:
        """Raises WireError (400)."""
        return shaped(self.shape) or []


@dataclass(frozen=True, slots=True)
class LegacyRequest:
    """A decoded `/api/embeddings` body (cases 130 to 135)."""

    model: str
    prompt: str
    keep_alive: float | None
    options: Mapping[str, Any]
    choice: PromptChoice = PromptChoice()


def embed_request(body: bytes) -> EmbedRequest:
    """Step 1 of `routes/embed.py`. Raises WireError (400)."""
    fields = decode(body)
    return EmbedRequest(
        model=fields.text("model"),
        shape=shape_of(fields.get("input")),
        truncate=fields.flag("truncate", default=True),
        dimensions=fields.whole("dimensions"),
        keep_alive=keep_alive_of(fields),
        options=fields.mapping("options"),
        prompt=prompt_choice(fields),
    )


def legacy_request(body: bytes) -> LegacyRequest:
    """Raises WireError (400)."""
    fields = decode(body)
    return LegacyRequest(
        model=fields.text("model"),
        prompt=fields.text("prompt"),
        keep_alive=keep_alive_of(fields),
        options=fields.mapping("options"),
        choice=prompt_choice(fields),
    )


def prompt_choice(fields: Fields) -> PromptChoice:
    return PromptChoice(fields.text("prompt_name") or None, fields.text("input_type") or None)


def texts_of(value: Any) -> list[str] | None:
    """The shape of `input` (cases 31 to 40): `None` for an empty one. Raises WireError (400)."""
    if value is None or (value == "" and isinstance(value, str)):
        return None
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise WireError(400, "invalid input type")
    return value or None


def shape_of(value: Any) -> list[str] | WireError | None:
    """What `texts_of` returns or raises, to be raised by `shaped`: a long list is looked at where it is decoded."""
    try:
        return texts_of(value)
    except WireError as error:
        return error.with_traceback(None)  # whose frames hold the body


def shaped(shape: list[str] | WireError | None) -> list[str] | None:
    """The texts, `None` for none. Raises WireError (400)."""
    if isinstance(shape, WireError):  # one that is raised holds the frames that hold `shape`, so another is
        raise WireError(shape.status, shape.text, **shape.extra)
    return shape


def keep_alive_of(fields: Fields) -> float | None:
    """Seconds, negative for ever, `None` where the body has none (cases 80 to 89). Raises WireError (400)."""
    value = fields.get("keep_alive")
    if value is None:
        return None
    if isinstance(value, bool):
        raise WireError(400, "Unsupported type: 'bool'")
    if isinstance(value, list):
        raise WireError(400, "Unsupported type: '[]interface {}'")
    if isinstance(value, dict):
        raise WireError(400, "Unsupported type: 'map[string]interface {}'")
    if not isinstance(value, str) and not is_number(value):
        raise WireError(400, 'field "keep_alive" is a number beyond those that 64 bits can hold')
    try:
        return seconds_of(value)
    except DurationError as error:
        raise WireError(400, str(error)) from error


def option_context(options: Mapping[str, Any]) -> int | None:
    """`num_ctx` of the options, all of them checked (cases 73 to 78); 0 or less is no limit. Raises WireError (400)."""
    for name, value in options.items():
        type_name = _OPTIONS.get(name)
        if type_name is not None and value is not None:
            _check_option(name, type_name, value)
    context = options.get("num_ctx")
    if context is None or not abs(context) < 2**63:
        return None
    return int(context) if context >= 1 else None


def _check_option(name: str, type_name: str, value: object) -> None:
    fits = {
        "integer": is_number(value),
        "float32": is_number(value),
        "boolean": isinstance(value, bool),
        "array": isinstance(value, list),
    }[type_name]
    if not fits:
        raise WireError(400, f'option "{name}" must be of type {type_name}')
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        raise WireError(400, f'option "{name}" must be of an array of strings')


def embed_answer(model: str, answer: Embeddings, total_seconds: float) -> list[bytes]:
    """The 200 body in Go's key order (case 99), in parts to be joined.

    Durations are whole nanoseconds and never 0, since strict clients require all three counters (case 100).
    `truncated` is there only when something was cut.
    """
    tail = (
        f',"total_duration":{_nanoseconds(total_seconds)},"load_duration":{_nanoseconds(answer.load_seconds)}'
        f',"prompt_eval_count":{max(1, answer.tokens)}'
    )
    if answer.truncated:
        truncated = {"count": len(answer.truncated), "inputs": list(answer.truncated)}
        tail += ',"truncated":' + orjson.dumps(truncated).decode()
    return [b'{"model":', _string(model), b',"embeddings":', *json_row_pieces(answer.vectors), tail.encode(), b"}"]


def tokens_answer(model: str, tokens: Sequence[TokenIds], *, is_list: bool) -> list[bytes]:
    """The answer of `/api/tokenize`, in parts to be joined: the tokens of one text, or a list for each of several."""
    pieces = [b'{"model":', _string(model), b',"tokens":', b"[" if is_list else b""]
    for place, ids in enumerate(tokens):
        pieces.append(b",[" if place else b"[")
        for start in range(0, len(ids), _IDS_AT_ONCE):
            numbers = orjson.dumps(list(ids[start : start + _IDS_AT_ONCE]))
            pieces += [b"," if start else b"", numbers[1:-1]]
        pieces.append(b"]")
    return [*pieces, b"]" if is_list else b"", b',"count":%d}' % sum(map(len, tokens))]


def empty_answer(model: str) -> bytes:
    """The answer to an empty input: exactly these two keys (case 34)."""
    return b'{"model":' + _string(model) + b',"embeddings":[]}'


def legacy_answer(answer: Embeddings | None) -> bytes:
    """`{"embedding":[…]}`: float32 widened to float64, 17 digits (case 130)."""
    numbers = b"[]" if answer is None else json_row(answer.vectors[0].astype(np.float64))
    return b'{"embedding":' + numbers + b"}"


def error_body(text: str, extra: Mapping[str, object]) -> bytes:
    """`{"error": …}`, and nothing more unless something is known of the failing input."""
    return escaped(orjson.dumps({"error": text, **extra}))


def _string(text: str) -> bytes:
    return escaped(orjson.dumps(text))


def _nanoseconds(seconds: float) -> int:
    return max(1, round(seconds * 1e9))

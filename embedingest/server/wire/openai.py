"""OpenAI's spelling of the embed call (cases 136 to 148). Knows no engine and no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from embedingest.server.vocabulary import TooLargeError, UnknownTokenError
from embedingest.server.wire.decode import WireError, decode
from embedingest.server.wire.escape import escaped
from embedingest.server.wire.numbers import base64_rows, json_row
from embedingest.server.wire.ollama import PromptChoice, keep_alive_of, prompt_choice, shape_of, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.server.vocabulary import Vocabulary
    from embedingest.types import Embeddings

__all__ = ["EmbeddingsRequest", "embeddings_answer", "embeddings_request", "error_body", "model_object"]

_IDS_HINT: Final = (
    "token ids are of another model's vocabulary; send text (LangChain: `check_embedding_ctx_length=False`)"
)


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """A decoded `/v1/embeddings` body. `keep_alive` and the prompt choice are ours, beyond OpenAI."""

    model: str
    shape: list[str] | WireError | None
    base64: bool
    dimensions: int | None
    keep_alive: float | None
    prompt: PromptChoice

    def texts(self) -> list[str]:
        """Never empty: an empty string is one text here (case 141). Raises WireError (400)."""
        texts = shaped(self.shape)
        return [""] if texts is None else texts


def embeddings_request(body: bytes, vocabulary: Vocabulary | None = None) -> EmbeddingsRequest:
    """Token ids are spelled out by the vocabulary, and refused without one. Raises WireError (400, 413)."""
    fields = decode(body, empty="EOF")
    encoding = fields.text("encoding_format")
    value = fields.get("input")
    request = EmbeddingsRequest(
        model=fields.text("model"),
        shape=_shape_of(value, vocabulary),
        base64=encoding.lower() == "base64",
        dimensions=fields.whole("dimensions"),
        keep_alive=keep_alive_of(fields),
        prompt=prompt_choice(fields),
    )
    if value is None or value == []:
        raise WireError(400, "invalid input")
    if encoding.lower() not in ("", "float", "base64"):
        raise WireError(
            400, f"Invalid value for 'encoding_format' = {encoding}. Supported values: ['float', 'base64']."
        )
    return request


def _shape_of(value: Any, vocabulary: Vocabulary | None) -> list[str] | WireError | None:
    shape = shape_of(value)
    if not isinstance(shape, WireError) or not isinstance(value, list) or not value:
        return shape
    if not isinstance(value[0], (int, list)):
        return shape
    lists = value if isinstance(value[0], list) else [value]
    if vocabulary is None or not all(_are_ids(one) for one in lists):
        return WireError(shape.status, f"{shape.text}: {_IDS_HINT}", hint=_IDS_HINT)
    try:
        return vocabulary.texts(lists)
    except UnknownTokenError as error:
        return WireError(400, str(error))
    except TooLargeError as error:
        return WireError(413, str(error))


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(number) is int for number in value)


def embeddings_answer(model: str, answer: Embeddings, *, base64: bool) -> list[bytes]:
    """The 200 body and the newline after it (case 136), in parts to be joined."""
    if base64:
        vectors = [orjson.dumps(text) for text in base64_rows(answer.vectors)]
    else:
        vectors = [json_row(row) for row in answer.vectors]
    parts = [b'{"object":"list","data":[']
    for index, vector in enumerate(vectors):
        parts += [b"," if index else b"", b'{"object":"embedding","embedding":', vector, b',"index":%d}' % index]
    usage = {"prompt_tokens": answer.tokens, "total_tokens": answer.tokens}
    tail: dict[str, object] = {"model": model, "usage": usage}
    if answer.truncated:
        tail["truncated"] = {"count": len(answer.truncated), "inputs": list(answer.truncated)}
    parts += [b"],", escaped(orjson.dumps(tail))[1:], b"\n"]
    return parts


def error_body(status: int, text: str, extra: Mapping[str, object]) -> bytes:
    """OpenAI's error object; `hint` and `index` are beside its fields where they are known."""
    types = {401: "authentication_error", 404: "not_found_error"}
    type_ = types.get(status, "invalid_request_error" if status in (400, 413, 415) else "api_error")
    error = {"message": text, "type": type_, "param": None, "code": None, **extra}
    return escaped(orjson.dumps({"error": error}))


def model_object(name: str, created: int) -> dict[str, object]:
    """One entry of `/v1/models` (case 147)."""
    return {"id": name, "object": "model", "created": created, "owned_by": "library"}
